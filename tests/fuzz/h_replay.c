/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_replay.c - a fuzz target as a test: its seeds, its cases, and for a while
 * mutations of both, by chance that is the same in every run.
 *
 *	t_fuzz_NAME [--ms N] [FILE | DIRECTORY] ...
 *	t_fuzz_NAME --seeds DIRECTORY
 *
 * The files are those of tests/fuzz/cases/NAME: what has broken the target
 * once.  N is how many ms of the CPU's time the mutations may take (300).
 * --seeds writes the seeds, one file each, for libFuzzer to begin with.
 *
 * No compiler but the usual one is needed.  Of an input that breaks something
 * the bytes are printed, in hexadecimal: "xxd -r -p" makes a file of them.
 */
#undef NDEBUG
#include <sys/stat.h>

#include <assert.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/h_fuzz.h"

#define	MAXLEN	4096
#define	MAXPOOL	1024
#define	MAXFILE	(1 << 20)
#define	SHOWN	1024

struct input {
	size_t		 i_len;
	uint8_t		*i_bytes;
};

static struct input pool[MAXPOOL];
static size_t npool;
static const char *seeds_dir;
static const uint8_t *now;		/* what is run */
static size_t nnow;

/* The sanitizers', if there are any. */
void	__sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

static void
dying(void)
{
	static int before;

	if (before++ > 0 || now == NULL)
		return;
	fprintf(stderr, "the input of %zu bytes%s:\n", nnow,
	    nnow > SHOWN ? ", the first of them" : "");
	for (size_t i = 0; i < nnow && i < SHOWN; i++)
		fprintf(stderr, "%02x%s", now[i], i % 32 == 31 ? "\n" : "");
	fprintf(stderr, "\n");
}

static void
on_signal(int sig)
{

	dying();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Run it from memory of exactly its length. */
static void
run(const uint8_t *bytes, size_t n)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);

	assert(exact != NULL);
	if (n > 0)
		memcpy(exact, bytes, n);
	now = exact;
	nnow = n;
	(void)LLVMFuzzerTestOneInput(exact, n);
	now = NULL;
	free(exact);
}

static void
keep(const void *bytes, size_t n)
{

	if (npool == MAXPOOL)
		return;
	pool[npool].i_bytes = malloc(n > 0 ? n : 1);
	assert(pool[npool].i_bytes != NULL);
	if (n > 0)
		memcpy(pool[npool].i_bytes, bytes, n);
	pool[npool++].i_len = n;
}

/* ---- seeds and files ------------------------------------------------ */

static void
write_seed(const char *name, const void *bytes, size_t n)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", seeds_dir, name);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
run_seed(const char *name, const void *bytes, size_t n)
{

	(void)name;
	run(bytes, n);
	keep(bytes, n);
}

static size_t
run_file(const char *path)
{
	static uint8_t buf[MAXFILE];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	run(buf, n);
	keep(buf, n);
	return 1;
}

/* A file, or all of a directory; one that is not there has none. */
static size_t
run_path(const char *path)
{
	struct dirent **list;
	char name[4096];
	struct stat st;
	size_t count = 0;
	int n;

	if (stat(path, &st) == -1)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return run_file(path);
	n = scandir(path, &list, NULL, alphasort);
	assert(n >= 0);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			count += run_file(name);
		free(list[i]);
	}
	free(list);
	return count;
}

/* ---- mutations ------------------------------------------------------ */

static uint32_t
rnd(size_t n)
{
	static uint32_t seed = 2463534242u;

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return n == 0 ? 0 : (uint32_t)(seed % n);
}

/* Values that are on the edge of something. */
static uint32_t
edge(void)
{
	static const uint32_t v[] = { 0, 1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33,
	    63, 64, 65, 127, 128, 129, 254, 255, 256, 1023, 1024, 1025, 4095,
	    4096, 32767, 32768, 65535, 65536, 0x7fffffff, 0x80000000u,
	    0xffffffffu };

	return v[rnd(sizeof(v) / sizeof(v[0]))];
}

/* So many bytes of another one, to that place. */
static size_t
graft(uint8_t *buf, size_t n, size_t at)
{
	const struct input *in = &pool[rnd(npool)];
	const size_t from = rnd(in->i_len);
	size_t len = 1 + rnd(32);

	if (len > in->i_len - from)
		len = in->i_len - from;
	if (len > MAXLEN - at)
		len = MAXLEN - at;
	memcpy(buf + at, in->i_bytes + from, len);
	return n > at + len ? n : at + len;
}

static size_t
mutate(uint8_t *buf, size_t n)
{
	const size_t at = rnd(n), most = 1 + rnd(16);
	const size_t len = most < n - at ? most : n - at;
	const uint32_t v = edge();
	const unsigned width = 1u << rnd(3);

	switch (rnd(8)) {
	case 0:
		if (n > 0)
			buf[at] ^= (uint8_t)(1u << rnd(8));
		break;
	case 1:
		if (n > 0)
			buf[at] = (uint8_t)rnd(256);
		break;
	case 2:
		if (n - at >= width)
			memcpy(buf + at, &v, width);
		break;
	case 3:
		memmove(buf + at, buf + at + len, n - at - len);
		return n - len;
	case 4:
		if (n + len > MAXLEN)
			break;
		memmove(buf + at + len, buf + at, n - at);
		return n + len;
	case 5:
		return rnd(8) == 0 ? at : n;
	case 6:
		return graft(buf, n, n == 0 ? 0 : at);
	case 7:
		if (n < MAXLEN)
			buf[n++] = (uint8_t)rnd(256);
		break;
	}
	return n;
}

static uint64_t
cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static unsigned
run_mutations(unsigned ms)
{
	const uint64_t until = cpu_ms() + ms;
	uint8_t buf[MAXLEN];
	unsigned count = 0;
	size_t n;

	if (npool == 0)
		return 0;
	for (; cpu_ms() < until; count++) {
		const struct input *in = &pool[rnd(npool)];

		n = in->i_len < MAXLEN ? in->i_len : MAXLEN;
		memcpy(buf, in->i_bytes, n);
		for (uint32_t k = 1 + rnd(6); k > 0; k--)
			n = mutate(buf, n);
		run(buf, n);
	}
	return count;
}

int
main(int argc, char **argv)
{
	unsigned ms = 300;
	size_t cases = 0, seeds;
	int i = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
		seeds_dir = argv[2];
		fuzz_sink = write_seed;
		fuzz_seeds();
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "--ms") == 0) {
		ms = (unsigned)atoi(argv[2]);
		i = 3;
	}
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(dying);
	signal(SIGABRT, on_signal);
	printf("1..3\n");
	fuzz_sink = run_seed;
	fuzz_seeds();
	seeds = npool;
	printf("%sok 1 - %zu seeds\n", seeds == 0 ? "not " : "", seeds);
	for (; i < argc; i++)
		cases += run_path(argv[i]);
	printf("ok 2 - %zu cases that were faults once\n", cases);
	printf("ok 3 - %u mutations of them\n", run_mutations(ms));
	for (size_t k = 0; k < npool; k++)
		free(pool[k].i_bytes);
	return seeds == 0;
}
