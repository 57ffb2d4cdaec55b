/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cat_revoke.c - the load of NetBSD's go.sh (tech-kern, January 2022): many
 * processes that cat and revoke device nodes, while somebody else pulls and
 * plugs the adapters.
 *
 *	cat_revoke [-s SECONDS] SECONDS PROCESSES NODE ...
 *
 * Each process, again and again, takes a node by chance and opens it (waiting
 * or not), reads, writes, polls and asks for its settings for a while, and
 * closes it; one process in eight revokes instead.  A call that has slept for
 * ALARM_MS gets a signal, some processes are killed and replaced.  The counts
 * are printed as one JSON object: what was done, and how often each errno was
 * the answer to which call.
 *
 * With -s there is a line before that every so many seconds, a JSON list: how
 * many calls came back since the last one that should not sleep (an open that
 * does not wait, tcgetattr, close, revoke), and in how many microseconds half
 * of them, all but one in a hundred, and all.
 *
 * On a slow machine an adapter may be gone again before anybody's open has
 * come through, time after time.  So it does not end before one has, at most
 * END_S later.
 *
 * Exit status 1: a process did not end; 2: the command line.
 */
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <devsw/revoke.h>

#define	ALARM_MS	300
#define	END_S		30		/* to come to the end */
#define	ERRNOS		134
#define	WORKERS_MAX	1024
#define	TIMES		64		/* two for each power of two, in us */

enum call { OPEN, READ, WRITE, POLL, TCGETATTR, CLOSE, REVOKE, NCALLS };
static const char *const call_names[NCALLS] = {
	"open", "read", "write", "poll", "tcgetattr", "close", "revoke"
};

/* Shared by all processes. */
static struct counts {
	_Atomic unsigned long c_done[NCALLS];
	_Atomic unsigned long c_errno[NCALLS][ERRNOS];
	_Atomic unsigned long c_killed;
	_Atomic unsigned long c_took[TIMES];
	_Atomic unsigned long c_slowest;	/* us */
} *counts;

static char **nodes;
static unsigned nnodes;

/* Count a call; its result. */
static long
did(enum call call, long result)
{

	if (result >= 0)
		counts->c_done[call]++;
	else
		counts->c_errno[call][errno < ERRNOS ? errno : 0]++;
	return result;
}

static unsigned long
clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long)ts.tv_sec * 1000000 +
	    (unsigned long)ts.tv_nsec / 1000;
}

/* Count a call that should not sleep, and how long it took. */
static long
timed(enum call call, long result, unsigned long began)
{
	const int error = errno;
	const unsigned long us = (clock_us() - began) | 1;
	const unsigned top = 63 - (unsigned)__builtin_clzl(us);
	const unsigned i = 2 * top + (top > 0 ? us >> (top - 1) & 1 : 0);
	unsigned long slowest = counts->c_slowest;

	counts->c_took[i < TIMES ? i : TIMES - 1]++;
	while (us > slowest && !atomic_compare_exchange_weak(
	    &counts->c_slowest, &slowest, us))
		;
	errno = error;
	return did(call, result);
}

/* So long, or half as long again, took the n-th of them, the quickest first. */
static unsigned long
took_us(const unsigned long *took, unsigned long n)
{
	unsigned i = 0;

	for (; i < TIMES - 1 && n > took[i]; i++)
		n -= took[i];
	return (2ul + (i & 1)) << (i / 2) >> 1;
}

static void
print_times(void)
{
	unsigned long took[TIMES], n = 0;

	for (unsigned i = 0; i < TIMES; i++)
		n += took[i] = atomic_exchange(&counts->c_took[i], 0);
	printf("[%lu, %lu, %lu, %lu]\n", n, took_us(took, (n + 1) / 2),
	    took_us(took, n - n / 100),
	    atomic_exchange(&counts->c_slowest, 0));
	fflush(stdout);
}

static void
on_alarm(int sig)
{

	(void)sig;
}

/* A signal every so many ms from now on; 0: no more. */
static void
alarm_every(int ms)
{
	const struct itimerval it = {
		.it_interval.tv_usec = ms * 1000L,
		.it_value.tv_usec = ms * 1000L,
	};

	setitimer(ITIMER_REAL, &it, NULL);
}

/* What cat does, and some more.  fd stays open whatever happens. */
static void
use(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct termios t;
	unsigned long began;
	char buf[4096];

	switch (rand() % 6) {
	case 0:
		(void)did(WRITE, write(fd, buf, (size_t)(rand() % 300)));
		break;
	case 1:
		(void)did(POLL, poll(&pfd, 1, rand() % 50));
		break;
	case 2:
		began = clock_us();
		(void)timed(TCGETATTR, tcgetattr(fd, &t), began);
		break;
	default:
		(void)did(READ, read(fd, buf, sizeof(buf)));
	}
}

static void
cat(const char *node)
{
	const int flags = O_RDWR | O_NOCTTY | (rand() % 3 ? O_NONBLOCK : 0);
	unsigned long began;
	int fd;

	alarm_every(ALARM_MS);
	began = clock_us();
	fd = open(node, flags);
	(void)((flags & O_NONBLOCK) != 0 ? timed(OPEN, fd, began) :
	    did(OPEN, fd));
	if (fd != -1) {
		for (int n = rand() % 12; n > 0; n--)
			use(fd);
		began = clock_us();
		(void)timed(CLOSE, close(fd), began);
	}
	alarm_every(0);
}

static int
goes_on(time_t end)
{
	const time_t now = time(NULL);

	return now < end || (counts->c_done[CLOSE] == 0 && now < end + END_S);
}

static _Noreturn void
worker(unsigned number, time_t end)
{
	const struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	srand((unsigned)getpid());
	while (goes_on(end)) {
		const char *node = nodes[(unsigned)rand() % nnodes];

		if (number % 8 == 0) {
			const unsigned long began = clock_us();

			(void)timed(REVOKE, revoke(node), began);
			usleep((useconds_t)(rand() % 500000));
		} else
			cat(node);
		/* Nodes that answer at once must not keep others away. */
		usleep((useconds_t)(rand() % 5000));
	}
	_exit(0);
}

static pid_t
start(unsigned number, time_t end)
{
	const pid_t pid = fork();

	if (pid == 0)
		worker(number, end);
	if (pid == -1) {
		perror("fork");
		exit(1);
	}
	return pid;
}

/*
 * Kill somebody now and then and put another in his place; the times, every so
 * many seconds.
 */
static void
kill_some(pid_t *pids, unsigned n, time_t end, unsigned sample)
{
	time_t next = time(NULL) + sample;

	while (goes_on(end)) {
		const unsigned i = (unsigned)rand() % n;

		usleep(200000);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		counts->c_killed++;
		pids[i] = start(i, end);
		if (sample > 0 && time(NULL) >= next) {
			print_times();
			next += sample;
		}
	}
}

/* How many did not end; the time for it counts from the last that did. */
static unsigned
wait_all(const pid_t *pids, unsigned n)
{
	time_t limit = time(NULL) + END_S;
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		while (waitpid(pids[i], NULL, WNOHANG) == 0 &&
		    time(NULL) <= limit)
			usleep(10000);
		if (waitpid(pids[i], NULL, WNOHANG) != 0)
			limit = time(NULL) + END_S;
		else {
			fprintf(stderr, "process %d does not end\n",
			    (int)pids[i]);
			left++;
		}
	}
	return left;
}

static void
print_counts(void)
{
	const char *comma = "";

	printf("{");
	for (int call = 0; call < NCALLS; call++)
		printf("\"%s\": %lu, ", call_names[call],
		    counts->c_done[call]);
	printf("\"killed\": %lu, \"errors\": {", counts->c_killed);
	for (int call = 0; call < NCALLS; call++) {
		for (int e = 0; e < ERRNOS; e++) {
			if (counts->c_errno[call][e] == 0)
				continue;
			printf("%s\"%s %s\": %lu", comma, call_names[call],
			    strerrorname_np(e), counts->c_errno[call][e]);
			comma = ", ";
		}
	}
	printf("}}\n");
}

int
main(int argc, char **argv)
{
	static pid_t pids[WORKERS_MAX];
	unsigned n, sample = 0;
	time_t end;

	if (argc > 3 && strcmp(argv[1], "-s") == 0) {
		sample = (unsigned)atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	n = argc > 3 ? (unsigned)atoi(argv[2]) : 0;
	if (n < 1 || n > WORKERS_MAX || atoi(argv[1]) < 1) {
		fprintf(stderr,
		    "usage: cat_revoke [-s SECONDS] SECONDS PROCESSES NODE "
		    "...\n");
		return 2;
	}
	nodes = argv + 3;
	nnodes = (unsigned)argc - 3;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	end = time(NULL) + atoi(argv[1]);
	for (unsigned i = 0; i < n; i++)
		pids[i] = start(i, end);
	kill_some(pids, n, end, sample);
	n = wait_all(pids, n);
	print_counts();
	return n != 0;
}
