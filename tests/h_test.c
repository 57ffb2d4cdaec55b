/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_test.c - main() of every test program; see h_test.h.
 *
 * The case runs on the main thread.  A failed check there jumps back to the
 * loop; one on another thread marks the case and lets the thread go on,
 * because its stack belongs to the code under test.
 */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "h_test.h"

struct t_thread {
	pthread_t	 tt_thread;
	void		(*tt_func)(void *);
	void		*tt_arg;
};

static pthread_t main_thread;
static jmp_buf case_end;
static atomic_int case_failed;
static const char *case_skipped;
static _Atomic uint32_t random_state = 1;

static void
case_stop(void)
{

	if (pthread_equal(pthread_self(), main_thread))
		longjmp(case_end, 1);
}

void
t_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	flockfile(stdout);
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	funlockfile(stdout);
	atomic_store(&case_failed, 1);
	case_stop();
}

void
t_fail_eq(const char *file, int line, const char *as, long long a,
    const char *bs, long long b)
{

	t_fail(file, line, "%s is %lld, %s is %lld", as, a, bs, b);
}

void
t_skip(const char *why)
{

	case_skipped = why;
	case_stop();
}

void
t_note(const char *fmt, ...)
{
	va_list ap;

	flockfile(stdout);
	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	funlockfile(stdout);
}

static void *
thread_main(void *arg)
{
	struct t_thread *tt = arg;

	tt->tt_func(tt->tt_arg);
	return NULL;
}

struct t_thread *
t_spawn(void (*func)(void *), void *arg)
{
	struct t_thread *tt = calloc(1, sizeof(*tt));
	pthread_attr_t attr;
	int error;

	assert(tt != NULL);
	tt->tt_func = func;
	tt->tt_arg = arg;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	error = pthread_create(&tt->tt_thread, &attr, thread_main, tt);
	assert(error == 0);
	pthread_attr_destroy(&attr);
	return tt;
}

void
t_join(struct t_thread *tt)
{

	pthread_join(tt->tt_thread, NULL);
	free(tt);
}

uint64_t
t_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
t_msleep(unsigned ms)
{

	usleep(ms * 1000);
}

/* xorshift; shared by all threads, so only random enough. */
uint32_t
t_random(void)
{
	uint32_t x = atomic_load(&random_state);

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	atomic_store(&random_state, x);
	return x;
}

void
t_until(int (*func)(void *), void *arg, const char *what)
{
	const uint64_t end = t_now_ms() + 20000;

	while (!func(arg)) {
		if (t_now_ms() > end)
			t_fail(__FILE__, __LINE__, "%s never became true",
			    what);
		usleep(500);
	}
}

static void
run_case(const struct t_case *tc)
{

	if (setjmp(case_end) == 0)
		tc->tc_func();
}

static int
wanted(const char *name, int argc, char **argv)
{

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return 1;
	}
	return argc <= 1;
}

int
main(int argc, char **argv)
{
	int n = 0, failed = 0, skipped = 0;

	main_thread = pthread_self();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (const struct t_case *tc = t_cases; tc->tc_name != NULL; tc++) {
		if (!wanted(tc->tc_name, argc, argv))
			continue;
		n++;
		atomic_store(&case_failed, 0);
		case_skipped = NULL;
		run_case(tc);
		if (atomic_load(&case_failed)) {
			failed++;
			printf("not ok %d - %s\n", n, tc->tc_name);
		} else if (case_skipped != NULL) {
			skipped++;
			printf("ok %d - %s # SKIP %s\n", n, tc->tc_name,
			    case_skipped);
		} else
			printf("ok %d - %s\n", n, tc->tc_name);
	}
	printf("1..%d\n", n);
	if (n == 0)
		return 1;
	return failed > 0 ? 1 : skipped == n ? 77 : 0;
}
