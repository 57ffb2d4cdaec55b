/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_torture_devswd: failures in turn of devswd's own system calls and memory
 * (docs/testing.md).
 *
 * A day: devswd starts, with a claim that has a unit, so that there are nodes,
 * with units that are remembered, a trace, and a service manager that wants to
 * hear from it; a client asks for a node, whose hardware is not there; the
 * configuration is read again; and it is told to stop.  It is the whole
 * program, its main() as well.  /dev/cuse are the sockets of tests/front, and
 * /run/devsw is elsewhere.
 *
 * Whatever fails, it starts, and stops with exit status 0; or it ends with
 * exit status 1, and the log says why.  And a devswd that is started after that
 * in the same place, where nothing fails, is well.
 */
#undef NDEBUG
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/h_kern.h"
#include "h_test.h"
#include "torture/h_day.h"
#include "torture/h_fail.h"

#define	NODES	2		/* ttyU0, dtyU0 */
#define	WAIT_MS	300		/* for all of them */
#define	RUN	"/run/devsw"

int	devswd_main(int, char **);

static char dir[64];
static atomic_uint asked;		/* opens of /dev/cuse */
static struct kern *kerns[16];
static int manager = -1;

/* ---- h_test.h, for the doubles -------------------------------------- */

void
t_fail(const char *file, int line, const char *fmt, ...)
{

	(void)file;
	day_broken(fmt, line);
}

void
t_fail_eq(const char *file, int line, const char *as, long long a,
    const char *bs, long long b)
{

	(void)a;
	(void)bs;
	(void)b;
	t_fail(file, line, "%s", as);
}

uint64_t
t_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- what there is -------------------------------------------------- */

static const char *
path_of(const char *path)
{
	static _Thread_local char paths[2][256];
	static _Thread_local unsigned turn;
	char *const to = paths[turn++ % 2];

	if (strncmp(path, RUN, sizeof(RUN) - 1) != 0)
		return path;
	snprintf(to, sizeof(paths[0]), "%s/run%s", dir,
	    path + sizeof(RUN) - 1);
	return to;
}

/* The first one only asks whether it is there. */
static int
open_cuse(const char *path)
{
	unsigned n;
	int fd;

	if (strcmp(path, "/dev/cuse") != 0)
		return -1;
	if ((n = atomic_fetch_add(&asked, 1)) == 0)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	assert(n <= sizeof(kerns) / sizeof(kerns[0]));
	fd = kern_open_channel(NULL);
	kerns[n - 1] = kern_last();
	return fd;
}

/* Whoever started it reads what it says, and forgets it. */
static void *
manager_thread(void *arg)
{
	char text[512];

	(void)arg;
	while (recv(manager, text, sizeof(text), 0) >= 0)
		continue;
	return NULL;
}

static void
start_manager(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	pthread_t thread;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/notify", dir);
	(void)unlink(sun.sun_path);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert(manager != -1);
	assert(bind(manager, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	setenv("NOTIFY_SOCKET", sun.sun_path, 1);
	setenv("WATCHDOG_USEC", "150000", 1);
	assert(pthread_create(&thread, NULL, manager_thread, NULL) == 0);
}

/* ---- who uses it ---------------------------------------------------- */

static void
ask_for_nodes(void)
{
	const unsigned n = atomic_load(&asked);

	for (unsigned i = 1; i < n; i++) {
		const uint64_t request = kerns[i - 1] == NULL ||
		    kern_closed(kerns[i - 1]) ? 0 :
		    kern_open(kerns[i - 1], O_RDWR | O_NONBLOCK);

		for (int ms = 0; request != 0 && ms < 2000 &&
		    !kern_closed(kerns[i - 1]); ms++) {
			if (kern_done(kerns[i - 1], request))
				break;
			usleep(1000);
		}
	}
}

static void *
user_thread(void *arg)
{

	(void)arg;
	for (int ms = 0; ms < WAIT_MS && atomic_load(&asked) < 1 + NODES; ms++)
		usleep(1000);
	usleep(60000);			/* a tick of the watchdog, too */
	ask_for_nodes();
	kill(getpid(), SIGHUP);
	usleep(30000);
	kill(getpid(), SIGTERM);
	return NULL;
}

/* ---- a day ---------------------------------------------------------- */

static int
run_devswd(void)
{
	char units[96], trace[96];
	char *argv[] = { "devswd", "--foreground", "--config", "none",
	    "--claim", "0403:6001,unit=0", "--units", "remembered",
	    "--units-file", units, "--trace", trace, "--deadline", "1",
	    "--group", "root", "--major", "411", NULL };
	pthread_t user;
	sigset_t set;

	snprintf(units, sizeof(units), "%s/units", dir);
	snprintf(trace, sizeof(trace), "%s/trace", dir);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fail_path = path_of;
	fail_open = open_cuse;
	start_manager();
	assert(pthread_create(&user, NULL, user_thread, NULL) == 0);
	return devswd_main((int)(sizeof(argv) / sizeof(argv[0])) - 1, argv);
}

/* In a process of its own, which ends with it. */
static int
run_alone(bool fails)
{
	int fd, status;
	pid_t pid;

	fflush(NULL);
	assert((pid = fork()) != -1);
	if (pid != 0) {
		assert(waitpid(pid, &status, 0) == pid);
		return status;
	}
	alarm(20);
	if (fails) {
		day->d_phase = "devswd";
		day_failures_begin();
	} else {
		fd = open("/dev/null", O_RDWR);
		(void)dup2(fd, STDERR_FILENO);
		(void)dup2(fd, STDOUT_FILENO);
	}
	status = run_devswd();
	if (fails)
		day_failures_end();
	/* With what it had at a start that is refused the process ends. */
	if (status != 0)
		_exit(status);
	exit(0);
}

static int
take_away(const char *path, const struct stat *st, int what, struct FTW *ftw)
{

	(void)st;
	(void)what;
	(void)ftw;
	return remove(path);
}

static void
live(void)
{
	int status, next;

	strcpy(dir, "/tmp/t_torture.XXXXXX");
	assert(mkdtemp(dir) != NULL);
	status = run_alone(true);
	next = run_alone(false);
	(void)nftw(dir, take_away, 8, FTW_DEPTH | FTW_PHYS);
	if (WIFSIGNALED(status)) {
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)raise(WTERMSIG(status));
	}
	day->d_phase = "the devswd after that";
	PROMISE(next == 0);
	day->d_nodes = 1;
	day->d_over = true;
	_exit(WEXITSTATUS(status));
}

const struct day_life day_lives[] = {
	{ "devswd", live, FAIL_CALLS | FAIL_MEMORY, 8, 8 },
	{ NULL, NULL, 0, 0, 0 },
};
