/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_front.c - the front end on a real kernel's CUSE: clients that block, get
 * signals, die, poll; daemons that die; nodes that come and go.
 *
 * Each case starts a daemon (a child process: the front end over the double
 * of K in tests/front/h_k.c) and plays its clients, in processes and threads
 * of their own where they block.  What the daemon knows is read with an
 * ioctl on its nodes.  After each case no task may be left in state D: that
 * is a client whom not even SIGKILL ends.
 *
 * Runs in tools/uml; skipped where there is no /dev/cuse.
 */
#undef NDEBUG
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "front/h_k.h"
#include "h_test.h"
#include "host/host.h"

#define	DEADLINE_MS	500
#define	READERS		200
#define	NODES		256

/* ---- the daemon ----------------------------------------------------- */

static pid_t daemon_pid;
static int daemon_ctl;

struct spec {
	const char	*s_name;
	enum hk_kind	 s_kind;
	enum hk_mode	 s_mode;
	int		 s_class;
	unsigned	 s_minor;
};

static void
count_front(struct hk_counts *c)
{
	struct front_stats fs;

	front_getstats(&fs);
	c->zombies = fs.zombies;
	c->threads = fs.threads;
	c->idle = fs.idle;
	c->nodes = fs.nodes;
}

/* One byte for each node: 0, or the error of hyp_node_create. */
static int
daemon_main(const struct spec *spec, int n, int ctl, int status)
{
	struct front_config fc;
	unsigned char c;
	void *host;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hyp_posix_set_loglevel(0);	/* its lines would be no TAP */
	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = DEADLINE_MS;
	fc.idle_ms = 50;
	fc.tty.gid = 20;
	fc.tty.mode = 0660;
	if (front_start(&fc) != 0)
		return 100;
	hk_count_front = count_front;
	hk.close_mode = spec[0].s_mode == HK_SLEEP ? HK_DEAF : HK_NORMAL;
	for (int i = 0; i < n; i++) {
		c = (unsigned char)hyp_node_create(hk_node_of(spec[i].s_kind,
		    spec[i].s_mode), spec[i].s_name, spec[i].s_class,
		    spec[i].s_minor, &host);
		if (write(status, &c, 1) != 1)
			return 101;
	}
	while (read(ctl, &c, 1) == 1)
		hk_release();
	return (int)front_stop();
}

/* errors[i]: what came of node i. */
static pid_t
start_daemon(const struct spec *spec, int n, int *ctl, unsigned char *errors)
{
	int c[2], s[2];
	pid_t pid;

	T_EQ(pipe2(c, O_CLOEXEC), 0);
	T_EQ(pipe2(s, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		close(c[1]);
		close(s[0]);
		_exit(daemon_main(spec, n, c[0], s[1]));
	}
	close(c[0]);
	close(s[1]);
	for (int i = 0; i < n; i++)
		T_EQ(read(s[0], &errors[i], 1), 1);
	close(s[0]);
	*ctl = c[1];
	return pid;
}

static void
up(const struct spec *spec, int n)
{
	unsigned char errors[NODES];

	daemon_pid = start_daemon(spec, n, &daemon_ctl, errors);
	for (int i = 0; i < n; i++)
		T_EQ(errors[i], 0);
}

static void
up_echo(void)
{
	static const struct spec spec = { "devswT0", HK_ECHO, HK_NORMAL,
	    HYP_NODE_OTHER, 0 };

	up(&spec, 1);
}

/* Tasks of this program, and their number, in state D. */
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
		if (strstr(stat, "(t_front") != NULL &&
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

	close(daemon_ctl);
	T_EQ(waitpid(daemon_pid, &status, 0), daemon_pid);
	T_EQ(status, 0);
	T_UNTIL(nobody_is_stuck, NULL);
}

static void
kill_daemon(void)
{
	int status;

	kill(daemon_pid, SIGKILL);
	T_EQ(waitpid(daemon_pid, &status, 0), daemon_pid);
	close(daemon_ctl);
}

static void
counts(int fd, struct hk_counts *c)
{

	T_EQ(ioctl(fd, HK_GET, c), 0);
}

static int
open_echo(int flags)
{
	int fd = open("/dev/devswT0", flags);

	T_CHECK(fd != -1);
	return fd;
}

static struct until {
	int		 fd;
	unsigned	 n;
} until;

static int
asleep(void *arg)
{
	const struct until *u = arg;
	struct hk_counts c;

	counts(u->fd, &c);
	return c.asleep == u->n;
}

static void
wait_asleep(int fd, unsigned n)
{

	until.fd = fd;
	until.n = n;
	t_until(asleep, &until, "asleep");
}

static int
quiet(void *arg)
{
	const struct until *u = arg;
	struct hk_counts c;

	counts(u->fd, &c);
	return c.threads == 2 && c.zombies == 0 && c.asleep == 0;
}

static void
wait_quiet(int fd)
{

	until.fd = fd;
	t_until(quiet, &until, "quiet");
}

/* ---- clients -------------------------------------------------------- */

static void
on_signal(int number)
{

	(void)number;
}

/* Reads a byte; its exit status is the errno. */
static pid_t
reader(const char *path)
{
	struct sigaction sa;
	pid_t pid;
	char c;
	int fd;

	fflush(stdout);
	pid = fork();
	assert(pid != -1);
	if (pid != 0)
		return pid;
	close(daemon_ctl);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART;	/* which CUSE does not honour */
	sigaction(SIGUSR1, &sa, NULL);
	fd = open(path, O_RDWR);
	if (fd == -1)
		_exit(200);
	_exit(read(fd, &c, 1) == -1 ? errno : 0);
}

static int
exit_of(pid_t pid)
{
	int status;

	T_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- cases ---------------------------------------------------------- */

static void
echo_and_two_round_ioctls(void)
{
	char buf[64], in[HK_SIZE], swap[8] = "abcdefg";
	struct hk_counts c;
	int fd;

	up_echo();
	fd = open_echo(O_RDWR);
	T_EQ(write(fd, "hello", 5), 5);
	T_EQ(read(fd, buf, sizeof(buf)), 5);
	memset(in, 0, sizeof(in));
	T_EQ(ioctl(fd, HK_SET, in), 0);
	T_EQ(ioctl(fd, HK_SWAP, swap), 0);
	T_EQ(swap[0], 'b');
	T_EQ(ioctl(fd, HK_FLUSH, 2), 0);
	T_CHECK(ioctl(fd, HK_SET, 16) == -1 && errno == EFAULT);
	T_CHECK(ioctl(fd, HK_GET, NULL) == -1 && errno == EFAULT);
	T_CHECK(ioctl(fd, 0x80041234, in) == -1 && errno == ENOTTY);
	counts(fd, &c);
	T_EQ(c.opens, 1);
	T_EQ(c.nodes, 1);
	close(fd);
	down();
	T_CHECK(access("/dev/devswT0", F_OK) == -1 && errno == ENOENT);
}

struct scribbler {
	_Atomic uint32_t *word;		/* nobody else's */
	atomic_bool	 stop;
	unsigned	 undone;
};

static void
scribbler(void *arg)
{
	struct scribbler *const s = arg;

	for (uint32_t i = 0; !atomic_load(&s->stop); i++) {
		atomic_store(s->word, i);
		for (int n = 0; n < 100; n++)
			s->undone += atomic_load(s->word) != i;
	}
}

/*
 * An answer that is shorter than the command's number says: the memory
 * behind it need not be there, and another thread that writes there is not
 * disturbed.  Nor is the length undone, which is only read.
 */
static void
an_answer_ends_where_it_ends(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const uint32_t len = 4, none = 0;
	struct scribbler s = { .stop = false };
	unsigned char *map, *p;
	struct t_thread *t;
	int fd;

	up_echo();
	fd = open_echo(O_RDWR);
	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(map != MAP_FAILED);
	T_EQ(mprotect(map + page, page, PROT_NONE), 0);
	p = map + page - sizeof(len) - len;
	memcpy(p, &len, sizeof(len));
	T_EQ(ioctl(fd, HK_PART, p), 0);
	T_CHECK(memcmp(p, &len, sizeof(len)) == 0);
	for (uint32_t i = 1; i < len; i++)
		T_EQ(p[sizeof(len) + i], p[sizeof(len)]);
	T_EQ(p[sizeof(len)], len + 1);
	/* One byte more than there is. */
	p++;
	memcpy(p, &len, sizeof(len));
	T_CHECK(ioctl(fd, HK_PART, p) == -1 && errno == EFAULT);
	/* Only read. */
	p = map + page - sizeof(none);
	memcpy(p, &none, sizeof(none));
	T_EQ(mprotect(map, page, PROT_READ), 0);
	T_EQ(ioctl(fd, HK_PART, p), 0);
	T_EQ(mprotect(map, page, PROT_READ | PROT_WRITE), 0);

	memcpy(map, &len, sizeof(len));
	s.word = (_Atomic uint32_t *)(void *)(map + sizeof(len) + len);
	t = t_spawn(scribbler, &s);
	for (int i = 0; i < 2000; i++)
		T_EQ(ioctl(fd, HK_PART, map), 0);
	atomic_store(&s.stop, true);
	t_join(t);
	T_EQ(s.undone, 0);
	munmap(map, 2 * page);
	close(fd);
	down();
}

static void
nonblocking_is_per_call(void)
{
	char c;
	int fd;

	up_echo();
	fd = open_echo(O_RDWR | O_NONBLOCK);
	T_CHECK(read(fd, &c, 1) == -1 && errno == EAGAIN);
	T_EQ(write(fd, "x", 1), 1);
	T_EQ(read(fd, &c, 1), 1);
	close(fd);
	down();
}

static void
large_transfers_come_in_pieces(void)
{
	const size_t size = 300000;
	char *buf = calloc(1, size);
	int fd;

	assert(buf != NULL);
	up_echo();
	fd = open_echo(O_RDWR);
	T_EQ(write(fd, buf, size), size);
	T_EQ(read(fd, buf, size), size);
	/* Two full pieces are there, the third must not be waited for. */
	T_EQ(write(fd, buf, 262144), 262144);
	T_EQ(read(fd, buf, size), 262144);
	close(fd);
	down();
	free(buf);
}

static void
signals_end_a_blocked_read(void)
{
	pid_t pid;
	int fd;

	up_echo();
	fd = open_echo(O_RDWR);
	pid = reader("/dev/devswT0");
	wait_asleep(fd, 1);
	kill(pid, SIGUSR1);
	T_EQ(exit_of(pid), EINTR);

	pid = reader("/dev/devswT0");
	wait_asleep(fd, 1);
	kill(pid, SIGINT);
	T_EQ(exit_of(pid), -SIGINT);

	pid = reader("/dev/devswT0");
	wait_asleep(fd, 1);
	kill(pid, SIGKILL);
	T_EQ(exit_of(pid), -SIGKILL);

	pid = reader("/dev/devswT0");
	wait_asleep(fd, 1);
	kill(pid, SIGSTOP);
	wait_asleep(fd, 0);
	kill(pid, SIGCONT);
	T_EQ(exit_of(pid), EINTR);
	wait_quiet(fd);
	close(fd);
	down();
}

static void
others_go_on_beside_200_readers(void)
{
	pid_t pid[READERS];
	int fd, fd2;

	up_echo();
	fd = open_echo(O_RDWR);
	for (int i = 0; i < READERS; i++)
		pid[i] = reader("/dev/devswT0");
	wait_asleep(fd, READERS);
	fd2 = open_echo(O_RDWR | O_NONBLOCK);
	T_EQ(write(fd2, "x", 1), 1);
	wait_asleep(fd, READERS - 1);
	close(fd2);
	for (int i = 0; i < READERS; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < READERS; i++)
		(void)exit_of(pid[i]);
	wait_quiet(fd);
	close(fd);
	down();
}

/* A client with a life of its own, until it is killed. */
static pid_t
wanderer(unsigned seed)
{
	struct pollfd pfd = { .events = POLLIN };
	char buf[64];
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert(pid != -1);
	if (pid != 0)
		return pid;
	close(daemon_ctl);
	for (;;) {
		pfd.fd = open("/dev/devswT0", O_RDWR);
		for (unsigned i = rand_r(&seed) % 8; i > 0; i--) {
			switch (rand_r(&seed) % 4) {
			case 0:
				(void)!read(pfd.fd, buf, 64);
				break;
			case 1:
				(void)!write(pfd.fd, buf, 3);
				break;
			case 2:
				(void)poll(&pfd, 1, (int)(rand_r(&seed) % 5));
				break;
			default:
				(void)ioctl(pfd.fd, HK_GET, buf);
				break;
			}
		}
		close(pfd.fd);
	}
}

static int
all_closed(void *arg)
{
	const struct until *u = arg;
	struct hk_counts c;

	counts(u->fd, &c);
	return c.opens == c.closes + 1;
}

static void
clients_killed_at_random(void)
{
	struct hk_counts c;
	pid_t pid[30];
	int fd;

	up_echo();
	fd = open_echo(O_RDWR);
	for (unsigned i = 0; i < 30; i++)
		pid[i] = wanderer(i);
	for (unsigned i = 0; i < 300; i++) {
		t_msleep(t_random() % 8);
		kill(pid[i % 30], SIGKILL);
		T_EQ(exit_of(pid[i % 30]), -SIGKILL);
		pid[i % 30] = i < 270 ? wanderer(i) : -1;
	}
	wait_quiet(fd);
	t_until(all_closed, &until, "all closed");
	counts(fd, &c);
	t_note("%u opens", (unsigned)c.opens);
	close(fd);
	down();
}

struct poller {
	int	 fd;
	int	 revents;
};

static void
poller(void *arg)
{
	struct poller *const p = arg;
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };

	T_EQ(poll(&pfd, 1, 20000), 1);
	p->revents = pfd.revents;
}

static void
epoller(void *arg)
{
	struct poller *const p = arg;
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	T_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p->fd, &ev), 0);
	T_EQ(epoll_wait(ep, &ev, 1, 20000), 1);
	p->revents = (int)ev.events;
	close(ep);
}

static int
polled(void *arg)
{
	char path[64], line[128];
	FILE *f;

	(void)arg;
	/* Two threads beside the main one, both asleep. */
	for (int i = 0, n = 0; ; i++) {
		DIR *dir = opendir("/proc/self/task");
		struct dirent *de;

		assert(dir != NULL && i == 0);
		while ((de = readdir(dir)) != NULL) {
			if (atoi(de->d_name) == getpid())
				continue;
			snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
			    atoi(de->d_name));
			if ((f = fopen(path, "r")) == NULL)
				continue;
			if (fgets(line, sizeof(line), f) != NULL &&
			    strstr(line, ") S ") != NULL)
				n++;
			fclose(f);
		}
		closedir(dir);
		return n == 2;
	}
}

static void
poll_and_epoll_wake(void)
{
	struct poller p[2];
	struct t_thread *t[2];
	struct pollfd pfd;
	char buf[8];
	int fd;

	up_echo();
	fd = open_echo(O_RDWR);
	pfd.fd = fd;
	pfd.events = POLLIN | POLLOUT;
	for (int i = 0; i < 20; i++) {
		T_EQ(poll(&pfd, 1, 0), 1);
		T_EQ(pfd.revents, POLLOUT);
		p[0].fd = p[1].fd = fd;
		t[0] = t_spawn(poller, &p[0]);
		t[1] = t_spawn(epoller, &p[1]);
		if (i % 2 == 0)
			T_UNTIL(polled, NULL);
		T_EQ(write(fd, "x", 1), 1);
		t_join(t[0]);
		t_join(t[1]);
		T_EQ(p[0].revents, POLLIN);
		T_EQ(p[1].revents, POLLIN);
		T_EQ(read(fd, buf, sizeof(buf)), 1);
	}
	close(fd);
	down();
}

static void
read_thread(void *arg)
{
	int *const fdp = arg;
	char c;

	T_EQ(read(*fdp, &c, 1), 1);
}

static int
one_close(void *arg)
{
	struct hk_counts c;

	counts(*(int *)arg, &c);
	return c.closes == 1;
}

/* close(2) tells the daemon nothing as long as a read is in progress. */
static void
close_beside_a_blocked_read(void)
{
	struct hk_counts c;
	struct t_thread *t;
	int fd, fd2;

	up_echo();
	fd = open_echo(O_RDWR);
	fd2 = open_echo(O_RDWR);
	t = t_spawn(read_thread, &fd2);
	wait_asleep(fd, 1);
	T_EQ(close(fd2), 0);
	counts(fd, &c);
	T_EQ(c.closes, 0);
	T_EQ(write(fd, "x", 1), 1);
	t_join(t);
	T_UNTIL(one_close, &fd);
	close(fd);
	down();
}

static void
close_does_not_wait_for_the_driver(void)
{
	static const struct spec spec = { "devswT0", HK_ECHO, HK_SLEEP,
	    HYP_NODE_OTHER, 0 };
	struct hk_counts c;
	uint64_t begin;
	int fd, fd2;

	up(&spec, 1);
	fd = open_echo(O_RDWR);
	fd2 = open_echo(O_RDWR);
	begin = t_now_ms();
	T_EQ(close(fd2), 0);
	T_CHECK(t_now_ms() - begin < 2000);
	counts(fd, &c);
	T_EQ(c.closes, 0);
	T_EQ(write(daemon_ctl, "r", 1), 1);
	T_UNTIL(one_close, &fd);
	close(fd);
	down();
}

/* A driver that forgets an interrupted client does not keep it. */
static void
a_stuck_driver_keeps_no_client(void)
{
	static const struct spec spec[] = {
		{ "devswT0", HK_ECHO, HK_NORMAL, HYP_NODE_OTHER, 0 },
		{ "devswT1", HK_QUEUE, HK_DEAF, HYP_NODE_OTHER, 1 },
	};
	struct hk_counts c;
	uint64_t begin, took;
	pid_t pid;
	int fd;

	up(spec, 2);
	fd = open_echo(O_RDWR);
	pid = reader("/dev/devswT1");
	wait_asleep(fd, 1);
	begin = t_now_ms();
	kill(pid, SIGKILL);
	T_EQ(exit_of(pid), -SIGKILL);
	took = t_now_ms() - begin;
	T_CHECK(took >= DEADLINE_MS - 50 && took < 2 * DEADLINE_MS + 5000);
	counts(fd, &c);
	T_EQ(c.zombies, 1);
	T_EQ(write(daemon_ctl, "r", 1), 1);
	close(fd);
	kill_daemon();
	T_UNTIL(nobody_is_stuck, NULL);
}

static void
daemon_killed(void)
{
	pid_t pid;
	char c;
	int fd;

	up_echo();
	fd = open_echo(O_RDWR);
	pid = reader("/dev/devswT0");
	wait_asleep(fd, 1);
	kill_daemon();
	T_EQ(exit_of(pid), ECONNABORTED);
	T_CHECK(read(fd, &c, 1) == -1 && errno == ENOTCONN);
	T_CHECK(write(fd, "x", 1) == -1 && errno == ENOTCONN);
	T_EQ(close(fd), 0);
	T_CHECK(access("/dev/devswT0", F_OK) == -1 && errno == ENOENT);
	T_UNTIL(nobody_is_stuck, NULL);
	up_echo();
	fd = open_echo(O_RDWR);
	T_EQ(write(fd, "x", 1), 1);
	close(fd);
	down();
}

static int
can_open(void *arg)
{
	int *const fdp = arg;

	*fdp = open("/dev/devswT0", O_RDWR);
	return *fdp != -1;
}

/* The kernel ends the connection: the node comes back with a new one. */
static void
connection_aborted(void)
{
	struct hk_counts c;
	int fd, ab, again;
	pid_t pid;
	char b;

	up_echo();
	fd = open_echo(O_RDWR);
	pid = reader("/dev/devswT0");
	wait_asleep(fd, 1);
	ab = open("/sys/class/cuse/devswT0/abort", O_WRONLY);
	T_CHECK(ab != -1);
	T_EQ(write(ab, "1", 1), 1);
	close(ab);
	T_EQ(exit_of(pid), ECONNABORTED);
	T_UNTIL(can_open, &again);
	T_CHECK(read(fd, &b, 1) == -1 && errno == ENOTCONN);
	counts(again, &c);
	T_EQ(c.opens, 3);
	T_EQ(c.closes, 2);
	T_EQ(c.nodes, 1);
	T_EQ(write(again, "x", 1), 1);
	T_EQ(read(again, &b, 1), 1);
	close(fd);
	close(again);
	down();
}

static void
many_nodes(void)
{
	static struct spec spec[NODES];
	static char names[NODES][24];
	struct hk_counts c;
	char path[40], b;
	uint64_t begin;
	int fd = -1;

	for (int i = 0; i < NODES; i++) {
		snprintf(names[i], sizeof(names[i]), "devswT%d", i);
		spec[i].s_name = names[i];
		spec[i].s_kind = HK_ECHO;
		spec[i].s_minor = (unsigned)i / 2 | (i % 2 ? 0x80000u : 0);
	}
	begin = t_now_ms();
	up(spec, NODES);
	t_note("%d nodes in %u ms", NODES, (unsigned)(t_now_ms() - begin));
	for (int i = 0; i < NODES; i++) {
		if (fd != -1)
			close(fd);
		snprintf(path, sizeof(path), "/dev/devswT%d", i);
		fd = open(path, O_RDWR);
		T_CHECK(fd != -1);
		T_EQ(write(fd, "x", 1), 1);
		T_EQ(read(fd, &b, 1), 1);
	}
	wait_quiet(fd);
	counts(fd, &c);
	T_EQ(c.nodes, NODES);
	T_EQ(c.opens, NODES);
	close(fd);
	begin = t_now_ms();
	down();
	t_note("gone in %u ms", (unsigned)(t_now_ms() - begin));
	T_CHECK(access("/dev/devswT17", F_OK) == -1 && errno == ENOENT);
}

/* CUSE answers INIT as if all were well. */
static void
what_cannot_be_made_is_told(void)
{
	static const struct spec spec[] = {
		{ "devswT0", HK_ECHO, HK_NORMAL, HYP_NODE_OTHER, 5 },
		{ "devswT1", HK_ECHO, HK_NORMAL, HYP_NODE_OTHER, 0 },
		{ "null", HK_ECHO, HK_NORMAL, HYP_NODE_TTY, 6 },
		{ "devswT2", HK_ECHO, HK_NORMAL, HYP_NODE_OTHER, 7 },
	};
	unsigned char errors[4];
	struct stat before, after;
	pid_t other;
	int ctl, status;

	T_EQ(stat("/dev/null", &before), 0);
	up_echo();
	other = start_daemon(spec, 4, &ctl, errors);
	T_EQ(errors[0], EEXIST);	/* the name */
	T_EQ(errors[1], EEXIST);	/* the number */
	T_EQ(errors[2], EEXIST);	/* a name that is not CUSE's */
	T_EQ(errors[3], 0);
	T_EQ(stat("/dev/null", &after), 0);
	T_EQ(after.st_mode, before.st_mode);
	T_EQ(after.st_rdev, before.st_rdev);
	T_EQ(after.st_gid, before.st_gid);
	close(ctl);
	T_EQ(waitpid(other, &status, 0), other);
	T_EQ(status, 0);
	down();
}

static void
owner_and_mode_by_class(void)
{
	static const struct spec spec[] = {
		{ "devswT0", HK_ECHO, HK_NORMAL, HYP_NODE_TTY, 0x80003 },
		{ "devswT1", HK_ECHO, HK_NORMAL, HYP_NODE_HID, 4 },
	};
	struct stat st;

	up(spec, 2);
	T_EQ(stat("/dev/devswT0", &st), 0);
	T_EQ(st.st_mode, S_IFCHR | 0660);
	T_EQ(st.st_uid, 0);
	T_EQ(st.st_gid, 20);
	T_EQ(major(st.st_rdev), 120);
	T_EQ(minor(st.st_rdev), 0x80003);
	T_EQ(stat("/dev/devswT1", &st), 0);
	T_EQ(st.st_mode, S_IFCHR | 0600);
	down();
}

static void
stop_with_blocked_clients(void)
{
	pid_t pid[20];
	uint64_t begin;
	int fd;

	up_echo();
	fd = open_echo(O_RDWR);
	for (int i = 0; i < 20; i++)
		pid[i] = reader("/dev/devswT0");
	wait_asleep(fd, 20);
	begin = t_now_ms();
	down();
	T_CHECK(t_now_ms() - begin < 5000);
	for (int i = 0; i < 20; i++)
		T_EQ(exit_of(pid[i]), EINTR);
	close(fd);
}

#define	CASE(name)	{ #name, case_##name }
#define	DEFINE(name)							\
static void								\
case_##name(void)							\
{									\
									\
	if (access("/dev/cuse", R_OK | W_OK) == -1)			\
		t_skip("no /dev/cuse");					\
	name();								\
}

DEFINE(echo_and_two_round_ioctls)
DEFINE(an_answer_ends_where_it_ends)
DEFINE(nonblocking_is_per_call)
DEFINE(large_transfers_come_in_pieces)
DEFINE(signals_end_a_blocked_read)
DEFINE(others_go_on_beside_200_readers)
DEFINE(clients_killed_at_random)
DEFINE(poll_and_epoll_wake)
DEFINE(close_beside_a_blocked_read)
DEFINE(close_does_not_wait_for_the_driver)
DEFINE(a_stuck_driver_keeps_no_client)
DEFINE(daemon_killed)
DEFINE(connection_aborted)
DEFINE(many_nodes)
DEFINE(what_cannot_be_made_is_told)
DEFINE(owner_and_mode_by_class)
DEFINE(stop_with_blocked_clients)

const struct t_case t_cases[] = {
	CASE(echo_and_two_round_ioctls),
	CASE(an_answer_ends_where_it_ends),
	CASE(nonblocking_is_per_call),
	CASE(large_transfers_come_in_pieces),
	CASE(signals_end_a_blocked_read),
	CASE(others_go_on_beside_200_readers),
	CASE(clients_killed_at_random),
	CASE(poll_and_epoll_wake),
	CASE(close_beside_a_blocked_read),
	CASE(close_does_not_wait_for_the_driver),
	CASE(a_stuck_driver_keeps_no_client),
	CASE(daemon_killed),
	CASE(connection_aborted),
	CASE(many_nodes),
	CASE(what_cannot_be_made_is_told),
	CASE(owner_and_mode_by_class),
	CASE(stop_with_blocked_clients),
	{ NULL, NULL },
};
