/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crowd.c - very many blocked readers of one node.
 *
 *	crowd NODE FILES READERS
 *
 * Opens NODE FILES times and reads from each with READERS threads.  Prints
 * "blocked" when the kernel says that all of them sleep in read(2), and when
 * all have returned one JSON object: how often each result came ("0" for an
 * end of file, "data", or an errno).
 *
 * Each thread counts its own result, atomically; main waits for all.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define	READERS_MAX	8192
#define	ERRNOS		134
#define	STACK		(64 * 1024)

static struct reader {
	pthread_t	r_thread;
	int		r_fd;
	_Atomic pid_t	r_tid;
} readers[READERS_MAX];

static atomic_uint eofs, data, errors[ERRNOS];

static void *
reader(void *arg)
{
	struct reader *r = arg;
	ssize_t n;
	char c;

	atomic_store(&r->r_tid, (pid_t)syscall(SYS_gettid));
	n = read(r->r_fd, &c, 1);
	atomic_fetch_add(n == 0 ? &eofs : n > 0 ? &data : &errors[errno], 1);
	return NULL;
}

/* "0" is read(2); whoever runs has no number, whoever has ended no file. */
static int
sleeps(const struct reader *r)
{
	char path[64], text[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall",
	    (int)atomic_load(&r->r_tid));
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	if (fscanf(f, "%15s", text) != 1)
		text[0] = '\0';
	fclose(f);
	return strcmp(text, "0") == 0;
}

static _Noreturn void
die(const char *what)
{

	perror(what);
	exit(1);
}

static void
start(const char *node, unsigned files, unsigned n)
{
	pthread_attr_t attr;
	int fd;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (unsigned i = 0; i < files; i++) {
		if ((fd = open(node, O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1)
			die(node);
		for (unsigned k = 0; k < n; k++) {
			struct reader *r = &readers[i * n + k];

			r->r_fd = fd;
			errno = pthread_create(&r->r_thread, &attr, reader, r);
			if (errno != 0)
				die("pthread_create");
		}
	}
}

int
main(int argc, char **argv)
{
	const unsigned files = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
	const unsigned each = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
	struct rlimit rl;

	if (files == 0 || each == 0 || files > READERS_MAX / each) {
		fprintf(stderr, "usage: crowd NODE FILES READERS\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	start(argv[1], files, each);
	for (unsigned i = 0; i < files * each; i++)
		while (!sleeps(&readers[i]))
			usleep(1000);
	printf("blocked\n");
	fflush(stdout);
	for (unsigned i = 0; i < files * each; i++)
		pthread_join(readers[i].r_thread, NULL);
	printf("{\"0\": %u, \"data\": %u", eofs, data);
	for (int e = 0; e < ERRNOS; e++) {
		if (errors[e] > 0)
			printf(", \"%s\": %u", strerrorname_np(e), errors[e]);
	}
	printf("}\n");
	return 0;
}
