/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_keep.c - nodes survive a daemon that is killed, on a real kernel's CUSE
 * (docs/contract.md, "When devswd dies").
 *
 * The daemon is this program once more, run by the keeper (main/keeper.c): the
 * front end over the double of K in tests/front/h_k.c, with main/keep.c.
 * Clients are processes.  After each case no task is left in state D.
 *
 * Runs in tools/uml; skipped where there is no /dev/cuse.
 */
#undef NDEBUG
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "front/h_k.h"
#include "h_test.h"
#include "host/host.h"
#include "main/daemon.h"
#include "main/keep.h"
#include "main/keeper.h"

#define	DIR_RUN		"/tmp/t_keep"
#define	ECHO		"/dev/devswK0"	/* what is written can be read */
#define	HID		"/dev/devswK1"
#define	BACK_MS		5000	/* on a machine with much to do */
#define	CLIENTS		16
#define	KILLS		40	/* or what DEVSW_KILLS says */

/* What all processes see. */
static struct shared {
	_Atomic pid_t	 daemon;
	_Atomic unsigned starts;
	_Atomic int	 fds;		/* of the daemon that started last */
	atomic_bool	 stop;
	_Atomic unsigned calls, deaths;	/* of clients; files that died */
	_Atomic unsigned wrong;
	_Atomic uint64_t slowest;	/* ms, an open */
	_Atomic unsigned crashing;	/* the next ones die at once */
} *sh;
static pid_t keeper_pid;

/* ---- the daemon ----------------------------------------------------- */

static int
count_fds(pid_t pid)
{
	char path[64];
	struct dirent *de;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir != NULL && (de = readdir(dir)) != NULL)
		n += de->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return n;
}

static void
node_make(const char *path, int class, uint32_t minor)
{
	void *host;

	if (hyp_node_create(hk_node_of(HK_ECHO, HK_NORMAL), path + 5, class,
	    minor, &host) != 0)
		_exit(101);
}

static void
count_front(struct hk_counts *c)
{

	c->zombies = front_zombies();
}

static int
daemon_main(void)
{
	struct pollfd pfd[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo si;
	struct front_config fc;
	sigset_t set;
	int n;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pfd[0].fd = signalfd(-1, &set, SFD_CLOEXEC);
	hyp_posix_set_loglevel(getenv("V") ? 7 : 0);
	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = 500;
	fc.idle_ms = 50;
	fc.tty.gid = 20;
	fc.tty.mode = 0660;
	hk_count_front = count_front;
	keep_open();
	keep_front(&fc);
	if (fc.journal == NULL || front_start(&fc) != 0)
		return 1;
	pfd[1].fd = keep_adopt();
	node_make(ECHO, HYP_NODE_TTY, 0);
	node_make(HID, HYP_NODE_HID, 1);
	/* Hardware: at once for one of them. */
	front_node_serve(0);
	sh->fds = count_fds(getpid());
	daemon_ready();
	atomic_store(&sh->daemon, getpid());
	sh->starts++;
	if (sh->crashing > 0) {
		sh->crashing--;
		abort();
	}
	for (;;) {
		if (poll(pfd, 2, -1) < 1)
			continue;
		if (pfd[0].revents != 0 &&
		    read(pfd[0].fd, &si, sizeof(si)) == (ssize_t)sizeof(si) &&
		    si.ssi_signo == SIGUSR2) {
			sh->daemon = 0;
			keep_hand_over();
			_exit(EXIT_HANDED);
		}
		if (pfd[0].revents != 0)
			break;
		keep_serve();
		pfd[1].fd = -1;
	}
	sh->daemon = 0;
	keep_stop();
	n = (int)front_stop();
	keep_close();
	return n;
}

static void
nothing(void)
{
}

static bool
is_there(const char *path)
{

	return access(path, F_OK) == 0;
}

static int
nodes_are_gone(void *arg)
{

	(void)arg;
	return !is_there(ECHO) && !is_there(HID);
}

/* The keeper, whose children begin in t_begin below. */
static void
up_with(unsigned pause_ms, unsigned tries)
{
	static char *argv[] = { (char *)"t_keep", (char *)"--daemon", NULL };
	const struct keeper_config kc = { .kc_dir = DIR_RUN, .kc_cwd = "/",
	    .kc_argv = argv, .kc_ready = nothing, .kc_pause_ms = pause_ms,
	    .kc_tries = tries };

	if (access("/dev/cuse", R_OK | W_OK) == -1) {
		t_skip("no /dev/cuse");
		return;
	}
	if (keeper_pid != 0) {		/* a case before has failed */
		kill(keeper_pid, SIGKILL);
		(void)waitpid(keeper_pid, NULL, 0);
		T_UNTIL(nodes_are_gone, NULL);
	}
	memset(sh, 0, sizeof(*sh));
	fflush(stdout);
	keeper_pid = fork();
	assert(keeper_pid != -1);
	if (keeper_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hyp_posix_set_loglevel(getenv("V") ? 7 : 0);
		_exit(keeper_run(&kc));
	}
}

static int
is_started(void *arg)
{
	const unsigned *n = arg;

	return sh->starts >= *n && sh->daemon != 0;
}

static void
wait_started(unsigned n)
{

	T_UNTIL(is_started, &n);
}

static void
up(void)
{

	up_with(1, 10);
	wait_started(1);
}

static void
kill_daemon(void)
{
	const pid_t pid = atomic_exchange(&sh->daemon, 0);

	T_CHECK(pid > 0);
	kill(pid, SIGKILL);
}

/* Tasks of this program in state D; they all have its name. */
static int
nobody_is_stuck(void *arg)
{
	char path[300], stat[256], *p;
	DIR *dir = opendir("/proc");
	struct dirent *de;
	int fd, stuck = 0;
	ssize_t n;

	(void)arg;
	assert(dir != NULL);
	while ((de = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%s/stat", de->d_name);
		if ((fd = open(path, O_RDONLY)) == -1)
			continue;
		n = read(fd, stat, sizeof(stat) - 1);
		close(fd);
		stat[n > 0 ? n : 0] = '\0';
		if (strstr(stat, "(t_keep") != NULL &&
		    (p = strrchr(stat, ')')) != NULL && p[2] == 'D')
			stuck++;
	}
	closedir(dir);
	return stuck == 0;
}

static void
down(void)
{
	int status;

	kill(keeper_pid, SIGTERM);
	T_EQ(waitpid(keeper_pid, &status, 0), keeper_pid);
	keeper_pid = 0;
	T_EQ(status, 0);
	T_CHECK(nodes_are_gone(NULL));
	T_UNTIL(nobody_is_stuck, NULL);
}

/* ---- clients -------------------------------------------------------- */

static pid_t
client(void (*func)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		(*func)();
		_exit(0);
	}
	return pid;
}

static int
exit_of(pid_t pid)
{
	int status;

	T_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int
open_node(const char *path)
{
	int fd = open(path, O_RDWR);

	T_CHECK(fd != -1);
	return fd;
}

static int
asleep(void *arg)
{
	const int *fd = arg;
	struct hk_counts c;

	return ioctl(*fd, HK_GET, &c) == 0 && c.asleep > 0;
}

/* Its exit status: 0 for the end of the file, an errno, 255 for bytes. */
static void
reads(void)
{
	char c;
	int fd = open(ECHO, O_RDWR);
	ssize_t n;

	if (fd == -1)
		_exit(200);
	n = read(fd, &c, 1);
	if (n == 0 && (write(fd, "x", 1) != -1 || errno != EIO))
		_exit(201);
	_exit(n == 0 ? 0 : n == -1 ? errno : 255);
}

static void
polls(void)
{
	struct pollfd pfd = { .fd = open(ECHO, O_RDWR), .events = POLLIN };

	if (pfd.fd == -1 || poll(&pfd, 1, -1) != 1)
		_exit(200);
	_exit((pfd.revents & POLLERR) != 0 ? 0 : 201);
}

static int
echo_is_open(void *arg)
{
	int fd;

	(void)arg;
	fd = open(ECHO, O_RDWR);
	if (fd != -1)
		close(fd);
	return fd != -1;
}

/* ---- cases ---------------------------------------------------------- */

static void
calls_end_and_files_are_dead(void)
{
	struct stat was, is;
	pid_t reader, poller;
	struct hk_counts c;
	uint64_t since;
	int fd, fresh;
	char byte;

	up();
	T_EQ(chmod(ECHO, 0640), 0);
	T_EQ(stat(ECHO, &was), 0);
	fd = open_node(ECHO);
	reader = client(reads);
	poller = client(polls);
	T_UNTIL(asleep, &fd);
	t_msleep(50);			/* the poller too */
	since = t_now_ms();
	kill_daemon();
	T_CHECK(is_there(ECHO) && is_there(HID));
	fresh = open_node(ECHO);	/* waits */
	T_CHECK(t_now_ms() - since < BACK_MS);
	T_EQ(exit_of(reader), 0);
	T_EQ(exit_of(poller), 0);
	T_CHECK(t_now_ms() - since < BACK_MS);
	/* The old one is dead, the new one is not. */
	T_EQ(read(fd, &byte, 1), 0);
	T_CHECK(write(fd, "x", 1) == -1 && errno == EIO);
	T_CHECK(ioctl(fd, HK_GET, &c) == -1 && errno == EBADF);
	T_EQ(write(fresh, "y", 1), 1);
	T_EQ(read(fresh, &byte, 1), 1);
	T_EQ(byte, 'r');		/* as h_k.c has it */
	T_EQ(ioctl(fresh, HK_GET, &c), 0);
	T_EQ(c.opens, 1);
	T_EQ(stat(ECHO, &is), 0);
	T_CHECK(is.st_ino == was.st_ino && is.st_mode == was.st_mode &&
	    is.st_uid == was.st_uid && is.st_gid == was.st_gid);
	close(fd);
	close(fresh);
	down();
}

/* While there is no daemon at all. */
static void
nobody_waits_for_ever(void)
{
	pid_t reader, late;
	int fd;

	up();
	fd = open_node(ECHO);
	reader = client(reads);
	T_UNTIL(asleep, &fd);
	kill(keeper_pid, SIGSTOP);
	kill_daemon();
	late = client(reads);		/* its open is not read by anybody */
	t_msleep(50);
	kill(reader, SIGKILL);		/* the kernel waits for the answer */
	kill(late, SIGKILL);
	T_EQ(exit_of(late), -SIGKILL);
	kill(keeper_pid, SIGCONT);
	T_EQ(exit_of(reader), -SIGKILL);
	close(fd);
	wait_started(2);
	close(open_node(ECHO));
	down();
}

static void
a_node_without_hardware_waits_a_second_at_most(void)
{
	uint64_t since;
	int fd;

	up();
	kill_daemon();
	since = t_now_ms();
	fd = open_node(HID);
	T_CHECK(t_now_ms() - since < BACK_MS);
	close(fd);
	down();
}

static void
a_stop_takes_the_nodes_away(void)
{
	pid_t reader;
	int fd, status;

	up();
	fd = open_node(ECHO);
	reader = client(reads);
	T_UNTIL(asleep, &fd);
	kill_daemon();
	wait_started(2);
	T_EQ(exit_of(reader), 0);
	down();
	close(fd);
	/* A keeper that is killed takes its child along. */
	up();
	kill(keeper_pid, SIGKILL);
	T_EQ(waitpid(keeper_pid, &status, 0), keeper_pid);
	keeper_pid = 0;
	T_UNTIL(nodes_are_gone, NULL);
	T_UNTIL(nobody_is_stuck, NULL);
}

/* Somebody ends the connection; the node's new one is kept as well. */
static void
a_lost_connection_is_kept_anew(void)
{
	int ab, fd;

	up();
	fd = open_node(ECHO);
	ab = open("/sys/class/cuse/devswK0/abort", O_WRONLY);
	T_CHECK(ab != -1);
	T_EQ(write(ab, "1", 1), 1);
	close(ab);
	T_UNTIL(echo_is_open, NULL);
	close(fd);
	kill_daemon();
	T_CHECK(is_there(ECHO));
	fd = open_node(ECHO);
	T_EQ(write(fd, "x", 1), 1);
	close(fd);
	down();
}

static void
a_crash_loop_ends(void)
{
	int status;

	up();
	sh->crashing = 100;
	kill_daemon();
	T_EQ(waitpid(keeper_pid, &status, 0), keeper_pid);
	keeper_pid = 0;
	T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	T_EQ(sh->crashing, 90);
	T_UNTIL(nodes_are_gone, NULL);
}

static void
upgrade(unsigned n)
{

	T_CHECK(sh->daemon > 0);
	kill(sh->daemon, SIGUSR2);
	wait_started(n);
}

/* Who reads goes on reading, through any number of daemons. */
static void
upgraded_it_goes_on(void)
{
	pid_t reader, poller;
	struct hk_counts c;
	struct stat was, is;
	char byte;
	int fd;

	up();
	fd = open_node(ECHO);
	T_EQ(stat(ECHO, &was), 0);
	reader = client(reads);
	poller = client(polls);
	T_UNTIL(asleep, &fd);
	t_msleep(50);
	for (unsigned i = 2; i < 7; i++) {
		upgrade(i);
		T_EQ(ioctl(fd, HK_GET, &c), 0);
		T_EQ(c.opens, 3);
		T_UNTIL(asleep, &fd);
		T_EQ(waitpid(reader, NULL, WNOHANG), 0);
		T_EQ(waitpid(poller, NULL, WNOHANG), 0);
	}
	T_EQ(stat(ECHO, &is), 0);
	T_EQ(is.st_ino, was.st_ino);
	/* The poller sees it first, or the reader takes it. */
	T_EQ(write(fd, "xx", 2), 2);
	T_EQ(exit_of(reader), 255);
	T_EQ(exit_of(poller), 201);
	T_EQ(read(fd, &byte, 1), 1);
	/* And a crash is one. */
	reader = client(reads);
	T_UNTIL(asleep, &fd);
	kill_daemon();
	wait_started(7);
	T_EQ(exit_of(reader), 0);
	T_CHECK(write(fd, "x", 1) == -1 && errno == EIO);
	close(fd);
	down();
}

/* ---- many ----------------------------------------------------------- */

static void
note_slowest(uint64_t ms)
{
	uint64_t old = sh->slowest;

	while (old < ms && !atomic_compare_exchange_weak(&sh->slowest, &old,
	    ms))
		continue;
}

/* One call; false: the file is dead. */
static bool
call(int fd, unsigned which)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct hk_counts c;
	char buf[64];
	ssize_t n;

	switch (which % 4) {
	case 0:
		n = read(fd, buf, 1);
		return n == 1;
	case 1:
		n = write(fd, "abcdefgh", 8);
		if (n != 8 && n != -1)
			sh->wrong++;
		return n == 8;
	case 2:
		return poll(&pfd, 1, 20) >= 0 && (pfd.revents & POLLERR) == 0;
	default:
		return ioctl(fd, HK_GET, &c) == 0;
	}
}

static void
works(void)
{
	unsigned seed = (unsigned)getpid();
	uint64_t since;
	int fd;

	while (!sh->stop) {
		since = t_now_ms();
		fd = open(ECHO, O_RDWR);
		note_slowest(t_now_ms() - since);
		/* EIO: it was read, and nobody knows that it was an open. */
		if (fd == -1 && (errno == EINTR || errno == EIO)) {
			sh->deaths++;
			continue;
		}
		if (fd == -1)
			_exit(errno);
		for (int i = 0; i < 50 && !sh->stop; i++) {
			sh->calls++;
			/* Bytes first, so that most reads end. */
			if (!call(fd, i == 0 ? 1 : (unsigned)rand_r(&seed))) {
				sh->deaths++;
				break;
			}
		}
		close(fd);
	}
}

/* So that no read waits when the others have stopped. */
static void
feeds(void)
{
	int fd = -1;

	for (;;) {
		if (fd == -1)
			fd = open(ECHO, O_RDWR);
		if (fd != -1 && write(fd, "zzzzzzzzzzzzzzzz", 16) == -1) {
			close(fd);
			fd = -1;
		}
		usleep(10000);
	}
}

static void
many_kills_under_many_clients(void)
{
	pid_t pids[CLIENTS], feeder;
	const char *const text = getenv("DEVSW_KILLS");
	const unsigned kills = text != NULL ? (unsigned)atoi(text) : KILLS;
	int fds = 0, kept = 0;

	up_with(0, 2 * kills);
	wait_started(1);
	feeder = client(feeds);
	for (int i = 0; i < CLIENTS; i++)
		pids[i] = client(works);
	for (unsigned i = 0; i < kills; i++) {
		usleep(1000 * (i % 17));
		kill_daemon();
		wait_started(i + 2);
		if (i == 0) {
			fds = sh->fds;
			kept = count_fds(keeper_pid);
		}
	}
	/* One that is left over is so each time; for an open that is just being
	   looked at, and for a message, there may be one more or fewer. */
	t_note("descriptors after one kill, and after all: %d, %d; the "
	    "keeper's: %d, %d", fds, sh->fds, kept, count_fds(keeper_pid));
	T_CHECK(sh->fds < fds + (int)kills / 2);
	T_CHECK(count_fds(keeper_pid) < kept + (int)kills / 2);
	sh->stop = true;
	for (int i = 0; i < CLIENTS; i++)
		T_EQ(exit_of(pids[i]), 0);
	kill(feeder, SIGKILL);
	(void)exit_of(feeder);
	t_note("%u kills, %u calls, %u of them met a death, slowest open "
	    "%u ms", kills, sh->calls, sh->deaths, (unsigned)sh->slowest);
	T_EQ(sh->wrong, 0);
	T_CHECK(sh->deaths >= kills);
	T_CHECK(sh->slowest < 4 * BACK_MS);
	down();
}

/* ---- begin ---------------------------------------------------------- */

/* The keeper starts this program, with an argument, before main(). */
static __attribute__((constructor)) void
t_begin(int argc, char **argv)
{
	int fd;

	(void)mkdir(DIR_RUN, 0700);
	fd = open(DIR_RUN "/shared", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert(fd != -1 && ftruncate(fd, sizeof(*sh)) == 0);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	assert(sh != MAP_FAILED);
	close(fd);
	if (argc == 2 && strcmp(argv[1], "--daemon") == 0)
		exit(daemon_main());
}

const struct t_case t_cases[] = {
	{ "calls end, files are dead, names stay, opens wait",
	    calls_end_and_files_are_dead },
	{ "nobody waits for ever", nobody_waits_for_ever },
	{ "upgraded, calls and files go on", upgraded_it_goes_on },
	{ "a node without hardware waits a second at most",
	    a_node_without_hardware_waits_a_second_at_most },
	{ "a stop takes the nodes away", a_stop_takes_the_nodes_away },
	{ "a lost connection is kept anew", a_lost_connection_is_kept_anew },
	{ "a crash loop ends", a_crash_loop_ends },
	{ "many kills under many clients", many_kills_under_many_clients },
	{ NULL, NULL },
};
