/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_day.c - see h_day.h.
 */
#undef NDEBUG
#include <sys/mman.h>
#include <sys/wait.h>

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture/h_day.h"
#include "torture/h_fail.h"

#define	REAL_S		60
#define	SAID		65536
#define	ERRORS		5	/* that a call has, at most */
#define	SHOWN		20	/* complaints, with what was said */

struct day *day;
static const struct day_life *life;
static unsigned fail_n, fail_kinds, fail_error;
static unsigned ndays, nbad, ntests;
static bool all, verbose;
static char said[SAID];		/* on standard output and standard error */

static void
day_failed(void)
{

	day->d_what = fail_what();
	day->d_where = fail_where();
	day->d_errors = fail_errors();
}

void
day_broken(const char *what, int line)
{

	day->d_broken = what;
	day_failed();
	day->d_line = line;
	_exit(2);
}

void
day_failures_begin(void)
{

	fail_at(fail_n, fail_kinds, fail_error);
}

void
day_failures_end(void)
{

	day->d_calls = fail_count();
	day_failed();
	fail_at(0, 0, 0);
}

/* In the process of the day. */
static _Noreturn void
live(int fd)
{

	if (!verbose) {
		(void)dup2(fd, STDERR_FILENO);
		(void)dup2(fd, STDOUT_FILENO);
	}
	close(fd);
	alarm(REAL_S);
	(*life->dl_live)();
	exit(0);
}

/* The end of what comes from fd. */
static void
listen_to(int fd)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, said + len, SAID - 1 - len)) > 0)
		if ((len += (size_t)n) == SAID - 1)
			len = SAID / 2;
	said[len] = '\0';
}

/* A day; its exit status, as waitpid(2) has it. */
static int
live_alone(void)
{
	int fds[2], status;
	pid_t pid;

	memset(day, 0, sizeof(*day));
	day->d_phase = "the start";
	fflush(NULL);
	assert(pipe(fds) == 0 && (pid = fork()) != -1);
	if (pid == 0) {
		close(fds[0]);
		live(fds[1]);
	}
	close(fds[1]);
	listen_to(fds[0]);
	close(fds[0]);
	assert(waitpid(pid, &status, 0) == pid);
	ndays++;
	return status;
}

/* Is this in the last line that was said? */
static bool
has_last_line(const char *text)
{
	const char *last = said;

	for (const char *s = said; s[0] != '\0' && s[1] != '\0'; s++)
		if (*s == '\n')
			last = s + 1;
	return strstr(last, text) != NULL;
}

/* Has the daemon ended itself, and said why? */
static bool
said_why(int status)
{

	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return strstr(said, "error: ") != NULL &&
		    strstr(said, "Sanitizer") == NULL &&
		    strstr(said, "runtime error: ") == NULL;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		return strstr(said, "out of memory\n") != NULL;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
	    has_last_line("out of memory");
}

static bool
was_good(const struct day *usual, int status)
{

	if (fail_n != 0 && said_why(status))
		return true;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 && day->d_over &&
	    day->d_memory <= usual->d_memory &&
	    (day->d_nodes == usual->d_nodes || day->d_nodes == 0);
}

static void
complain(const struct day *usual, int status)
{

	nbad++;
	printf("# %s: failure %u of %u, error %u: %s (%p), in %s%s%s: ",
	    life->dl_name, fail_n, usual->d_calls, fail_error,
	    day->d_what != NULL ? day->d_what : "?", day->d_where,
	    day->d_phase, day->d_within != NULL ? ", within " : "",
	    day->d_within != NULL ? day->d_within : "");
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else if (day->d_broken != NULL)
		printf("line %d: %s\n", day->d_line, day->d_broken);
	else if (WEXITSTATUS(status) != 0)
		printf("status %d\n", WEXITSTATUS(status));
	else
		printf("%llu bytes instead of %llu, %u nodes instead of %u\n",
		    (unsigned long long)day->d_memory,
		    (unsigned long long)usual->d_memory, day->d_nodes,
		    usual->d_nodes);
	for (const char *s = said; *s != '\0' && nbad < SHOWN;) {
		const size_t n = strcspn(s, "\n");

		printf("#   %.*s\n", (int)n, s);
		s += n + (s[n] == '\n');
	}
}

/* The n'th fails, with each error that it has, or with one. */
static void
fail_one(const struct day *usual, unsigned n, unsigned from, unsigned to)
{
	int status;

	fail_n = n;
	for (fail_error = from; fail_error < to; fail_error++) {
		status = live_alone();
		if (!was_good(usual, status))
			complain(usual, status);
		else if (verbose)
			printf("# %s (%p), in %s: %d; status %#x\n",
			    day->d_what != NULL ? day->d_what : "?",
			    day->d_where, day->d_within != NULL ?
			    day->d_within : "no call", day->d_result, status);
		if (day->d_errors != 0 && fail_error + 1 >= day->d_errors)
			break;
	}
}

static void
fail_each(unsigned kinds, unsigned only, int error)
{
	const char *const what = kinds == FAIL_MEMORY ? "memory" : "calls";
	const unsigned share = all ? 1 : kinds == FAIL_MEMORY ?
	    life->dl_memshare : life->dl_share;
	const unsigned errors = kinds == FAIL_MEMORY ? 1 : ERRORS;
	const unsigned bad = nbad, before = ndays;
	struct day usual;
	unsigned n;
	int status;

	if (share == 0)
		return;
	ntests++;
	fail_kinds = kinds;
	fail_n = fail_error = 0;
	status = live_alone();
	usual = *day;
	if (!was_good(&usual, status) || usual.d_calls == 0) {
		complain(&usual, status);
		printf("not ok %u - %s: a day without failures\n", ntests,
		    life->dl_name);
		return;
	}
	if (only != 0)
		fail_one(&usual, only, error < 0 ? 0 : (unsigned)error,
		    error < 0 ? errors : (unsigned)error + 1);
	for (n = 1; only == 0 && n <= usual.d_calls; n++) {
		if (all)
			fail_one(&usual, n, 0, errors);
		else if (n == 1 || n % share == ntests % share)
			fail_one(&usual, n, n / share % errors,
			    n / share % errors + 1);
	}
	printf("%sok %u - %s: %s: %u that may fail, %u days\n",
	    nbad == bad ? "" : "not ", ntests, life->dl_name, what,
	    usual.d_calls, ndays - before);
}

int
main(int argc, char **argv)
{
	const char *name = NULL;
	bool memory = false;
	unsigned only = 0;
	int error = -1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--all") == 0)
			all = true;
		else if (strcmp(argv[i], "--memory") == 0)
			memory = all = true;
		else if (strcmp(argv[i], "--day") == 0 && i + 1 < argc)
			name = argv[++i];
		else if (only == 0)
			only = (unsigned)atoi(argv[i]);
		else
			error = atoi(argv[i]);
	}
	verbose = only != 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	day = mmap(NULL, sizeof(*day), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(day != MAP_FAILED);
	for (life = day_lives; life->dl_name != NULL; life++) {
		if (name != NULL && strcmp(name, life->dl_name) != 0)
			continue;
		if (!memory && (life->dl_kinds & FAIL_CALLS) != 0)
			fail_each(FAIL_CALLS, only, error);
		if ((life->dl_kinds & FAIL_MEMORY) != 0 &&
		    (memory || only == 0))
			fail_each(FAIL_MEMORY, only, error);
	}
	printf("1..%u\n", ntests);
	printf("# %u days, %u bad\n", ndays, nbad);
	return nbad > 0 || ntests == 0;
}
