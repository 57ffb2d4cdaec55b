/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_clients.c - processes that do to device nodes whatever a program can.
 *
 *	storm_clients SEED SECONDS PROCESSES PATTERN ...
 *
 * Each process, of SEED and its number, opens nodes of the patterns, of which it
 * looks for new ones all the while, and makes call after call on them, in any
 * order, with any arguments: with buffers that are mapped from a file, end at a
 * page that is not there, or are none; by io_uring(7) and aio, which they close
 * under what is on its way; on descriptors that it has from others;
 * in children with another root, another user or a namespace of their own, and in
 * threads under which it closes.  A timer interrupts it; others stop it, and
 * some are killed and replaced.  SIGTERM ends it early.
 *
 * Printed is one JSON object: how often each call worked, and each errno.
 *
 * Exit status 1, with a line that says why: a process made no call for STUCK_S,
 * or did not end; a call said that it did more than it was asked for, or ENOSYS
 * or ENOTCONN, with which a node never answers; 2 usage.
 */
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/aio_abi.h>
#include <linux/ioctl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <devsw/revoke.h>

#include "storm/ring.h"
#include "storm/storm.h"

#define	ALARM_MS	60
#define	ABSENT_US	50000
#define	STUCK_S		60
#define	ERRNOS		134
#define	MAXPROCS	256
#define	FDS		12
#define	PAGE		4096
#define	BUF		(64 * 1024)

enum call { OPEN, CLOSE, READ, READV, PREAD, WRITE, WRITEV, IOCTL, POLL, SELECT,
	EPOLL, FCNTL, FLOCK, DUP, SEEK, SYNC, STAT, TRUNC, MMAP, SPLICE,
	SENDFILE, AIO, RING, PASS, TAKE, FORK, THREAD, SIGNAL, REVOKE, NCALLS };
static const char *const names[NCALLS] = { "open", "close", "read", "readv",
	"pread", "write", "writev", "ioctl", "poll", "select", "epoll", "fcntl",
	"flock", "dup", "lseek", "fsync", "fstat", "ftruncate", "mmap",
	"splice", "sendfile", "aio", "io_uring", "pass", "take", "fork",
	"thread", "signal", "revoke" };

/* Shared by all processes. */
static struct shared {
	_Atomic unsigned long s_done[NCALLS];
	_Atomic unsigned long s_errno[NCALLS][ERRNOS];
	_Atomic unsigned long s_calls[MAXPROCS];	/* of each process */
	_Atomic int	 s_now[MAXPROCS];	/* what it is about to do */
	_Atomic pid_t	 s_pid[MAXPROCS];
	_Atomic int	 s_bad;
	char		 s_last[64];	/* the node that was opened last; any
					   mixture of two does no harm */
} *shared;

static unsigned nprocs, self;
static char **patterns;
static int mailbox[2];			/* descriptors under way */
static volatile sig_atomic_t ending;

/* Of this process. */
static struct chance dice;
static int fds[FDS];
static char *mapped, *edge;		/* BUF bytes; then nothing */
static int devdir, epfd;
static bool child;

/* ---- what came of a call -------------------------------------------- */

static void
bad(enum call call, const char *what, long n)
{

	fprintf(stderr, "storm_clients: %s: %s %ld\n", names[call], what, n);
	shared->s_bad = 1;
}

static long
did(enum call call, long result, long most)
{
	const int error = errno;

	shared->s_calls[self]++;
	if (result >= 0) {
		shared->s_done[call]++;
		if (result > most)
			bad(call, "more than was asked for:", result);
	} else {
		shared->s_errno[call][error > 0 && error < ERRNOS ? error : 0]++;
		if (error == ENOSYS || error == ENOTCONN || error >= ERRNOS)
			bad(call, "errno", error);
	}
	return result;
}

/* ---- arguments ------------------------------------------------------ */

/* Mostly an open one, if there is one. */
static int
any_fd(void)
{
	unsigned i = below(&dice, FDS);

	for (unsigned n = 0; n < FDS && fds[i] == -1 && below(&dice, 50); n++)
		i = (i + 1) % FDS;
	return fds[i];
}

static size_t
any_size(void)
{
	static const size_t sizes[] = { 0, 1, 7, 64, 65, 511, 4096, 5000,
	    BUF, 1 << 20 };

	return below(&dice, 3) ? below(&dice, 300) : sizes[below(&dice, 10)];
}

/* Where len bytes are, or only some of them, or none. */
static void *
any_buf(size_t len)
{

	switch (below(&dice, 8)) {
	case 0:
		return NULL;
	case 1:
		return edge + BUF - (len > BUF ? BUF : len / 2);
	case 2:
		return edge + BUF - (len > BUF ? BUF : len);
	case 3:
		return (void *)(uintptr_t)chance(&dice);
	default:
		return mapped;
	}
}

static void
take_slot(int fd)
{
	const unsigned i = below(&dice, FDS);

	if (fds[i] != -1)
		(void)did(CLOSE, close(fds[i]), 0);
	fds[i] = fd;
}

/* A node that there is now, if there is one of that pattern. */
static bool
any_node(char *path, size_t size)
{
	unsigned n = 0;
	bool found;
	glob_t g;

	if (below(&dice, 2) && shared->s_last[0] != '\0') {
		snprintf(path, size, "%.63s", shared->s_last);
		return true;
	}
	while (patterns[n] != NULL)
		n++;
	found = glob(patterns[below(&dice, n)], GLOB_NOSORT, NULL, &g) == 0;
	if (found)
		snprintf(path, size, "%s", g.gl_pathv[below(&dice,
		    (unsigned)g.gl_pathc)]);
	else
		usleep(1000);
	globfree(&g);
	shared->s_calls[self]++;
	return found;
}

/* ---- calls ---------------------------------------------------------- */

static void
do_open(void)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDONLY, O_WRONLY,
	    O_RDWR | O_TRUNC, O_RDWR | O_APPEND, O_RDWR | O_SYNC,
	    O_RDWR | O_DIRECT, O_RDWR | O_EXCL, O_CREAT | O_RDWR, 3,
	    O_RDWR | O_ASYNC };
	int flags = below(&dice, 40) ? modes[below(&dice,
	    sizeof(modes) / sizeof(modes[0]))] : below(&dice, 2) ? O_PATH :
	    O_RDONLY | O_DIRECTORY;
	char path[128];
	int fd;

	if (!any_node(path, sizeof(path)))
		return;
	flags |= below(&dice, 4) ? O_NONBLOCK : 0;
	flags |= below(&dice, 6) ? O_NOCTTY : 0;
	/* With another root there is only what was open before. */
	fd = below(&dice, 4) ? open(path, flags, 0600) :
	    openat(devdir, path + 5, flags & ~O_CREAT);
	if (did(OPEN, fd, 1 << 20) < 0) {
		/* There is no hardware; who asks too often keeps it away. */
		if (errno == ENXIO)
			usleep(below(&dice, ABSENT_US));
		return;
	}
	take_slot(fd);
	if ((flags & (O_PATH | O_DIRECTORY)) == 0)
		snprintf(shared->s_last, sizeof(shared->s_last), "%.63s",
		    path);
}

static void
do_io(enum call call)
{
	const size_t len = any_size();
	void *const buf = any_buf(len);
	const struct iovec iov[3] = { { buf, len / 3 }, { any_buf(len), 0 },
	    { any_buf(len), len - len / 3 } };
	const int fd = any_fd();
	long n;

	if (call == READ)
		n = read(fd, buf, len);
	else if (call == WRITE)
		n = write(fd, buf, len);
	else if (call == READV)
		n = readv(fd, iov, 3);
	else if (call == WRITEV)
		n = writev(fd, iov, 3);
	else
		n = pread(fd, buf, len, (off_t)below(&dice, 9000));
	(void)did(call, n, (long)len);
}

static unsigned long
any_ioctl(void)
{
	static const char groups[] = "TTTTUUHPhuf";
	static const unsigned sizes[] = { 0, 1, 2, 4, 8, 12, 16, 20, 24, 36,
	    44, 60, 152, 256, 1024, 1028 };
	const unsigned size = below(&dice, 3) ? sizes[below(&dice, 16)] :
	    below(&dice, 0x3fff);
	const unsigned char group = (unsigned char)groups[below(&dice,
	    sizeof(groups) - 1)];

	if (group == 'T' && below(&dice, 8))
		return 0x5400u | below(&dice, 0x80);
	if (below(&dice, 20) == 0)
		return chance(&dice) & 0xffff7fff;
	return _IOC(below(&dice, 4), group, below(&dice, 128), size);
}

static void
do_ioctl(void)
{
	const unsigned long command = any_ioctl();
	void *arg = any_buf(_IOC_SIZE(command));

	for (unsigned i = 0; i < 64; i++)
		mapped[i] = (char)(below(&dice, 2) ? 0 : chance(&dice));
	if (below(&dice, 4) == 0)
		arg = (void *)(uintptr_t)below(&dice, 5);
	(void)did(IOCTL, ioctl(any_fd(), command, arg), 0x7fffffff);
}

static void
do_poll(void)
{
	struct pollfd p[3];

	for (int i = 0; i < 3; i++)
		p[i] = (struct pollfd){ .fd = any_fd(),
		    .events = (short)chance(&dice) };
	(void)did(POLL, poll(p, 1 + below(&dice, 3), (int)below(&dice, 80) - 1),
	    3);
}

static void
do_select(void)
{
	struct timeval tv = { .tv_usec = below(&dice, 50000) };
	const int fd = any_fd();
	fd_set r, w, x;

	if (fd < 0 || fd >= FD_SETSIZE)
		return;
	FD_ZERO(&r);
	FD_SET(fd, &r);
	w = x = r;
	(void)did(SELECT, select(fd + 1, &r, &w, &x, &tv), 3);
}

static void
do_epoll(void)
{
	struct epoll_event ev = { .events = (uint32_t)chance(&dice) &
	    ~(uint32_t)EPOLLEXCLUSIVE }, out[4];

	if (below(&dice, 3) == 0)
		(void)did(EPOLL, epoll_wait(epfd, out, 4,
		    (int)below(&dice, 60) - 1), 4);
	else
		(void)did(EPOLL, epoll_ctl(epfd, 1 + (int)below(&dice, 3),
		    any_fd(), &ev), 0);
}

static void
do_fcntl(void)
{
	struct flock fl = { .l_type = (short)below(&dice, 3),
	    .l_len = below(&dice, 20) };
	const int fd = any_fd();
	long n;

	switch (below(&dice, 6)) {
	case 0:
		n = fcntl(fd, F_SETFL, below(&dice, 2) ? O_NONBLOCK : 0);
		break;
	case 1:
		n = fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK | O_APPEND);
		break;
	case 2:
		n = fcntl(fd, F_SETOWN, getpid());
		break;
	case 3:
		n = fcntl(fd, F_SETLK, &fl);
		break;
	case 4:
		n = fcntl(fd, F_GETFL);
		break;
	default:
		n = fcntl(fd, F_SETLEASE, F_RDLCK);
	}
	(void)did(FCNTL, n, 0x7fffffff);
}

static void
do_odd(enum call call)
{
	off_t at = 0;
	struct stat st;
	int p[2], fd;
	void *map;

	switch (call) {
	case FLOCK:
		(void)did(call, flock(any_fd(), (below(&dice, 2) ? LOCK_EX :
		    LOCK_UN) | LOCK_NB), 0);
		break;
	case DUP:
		if (did(call, fd = dup(any_fd()), 1 << 20) >= 0)
			take_slot(fd);
		break;
	case SEEK:
		(void)did(call, lseek(any_fd(), (off_t)below(&dice, 100000) -
		    50, (int)below(&dice, 6)) < 0 ? -1 : 0, 0);
		break;
	case SYNC:
		(void)did(call, below(&dice, 2) ? fsync(any_fd()) :
		    fdatasync(any_fd()), 0);
		break;
	case STAT:
		(void)did(call, fstat(any_fd(), &st), 0);
		break;
	case TRUNC:
		(void)did(call, below(&dice, 2) ? ftruncate(any_fd(), 10) :
		    fallocate(any_fd(), 0, 0, 10), 0);
		break;
	case MMAP:
		map = mmap(NULL, PAGE, PROT_READ, below(&dice, 2) ?
		    MAP_SHARED : MAP_PRIVATE, any_fd(), 0);
		if (did(call, map == MAP_FAILED ? -1 : 0, 0) == 0)
			munmap(map, PAGE);
		break;
	case SPLICE:
		if (pipe2(p, O_NONBLOCK) == -1)
			break;
		(void)!write(p[1], mapped, 200);
		if (below(&dice, 2))
			(void)did(call, splice(any_fd(), NULL, p[1], NULL, 300,
			    SPLICE_F_NONBLOCK), 300);
		else
			(void)did(call, splice(p[0], NULL, any_fd(), NULL, 300,
			    SPLICE_F_NONBLOCK), 300);
		close(p[0]);
		close(p[1]);
		break;
	default:
		(void)did(SENDFILE, sendfile(any_fd(), any_fd(), &at, 100),
		    100);
	}
}

/* A read, write or poll that somebody else waits for. */
static void
do_aio(void)
{
	struct iocb cb = { .aio_fildes = (uint32_t)any_fd(),
	    .aio_lio_opcode = (uint16_t[]){ IOCB_CMD_PREAD, IOCB_CMD_PWRITE,
	    IOCB_CMD_POLL }[below(&dice, 3)],
	    .aio_buf = (uintptr_t)mapped, .aio_nbytes = any_size() };
	struct iocb *list[1] = { &cb };
	aio_context_t ctx = 0;

	if (cb.aio_lio_opcode == IOCB_CMD_POLL) {
		cb.aio_buf = POLLIN | POLLOUT;
		cb.aio_nbytes = 0;
	}
	if (syscall(SYS_io_setup, 1, &ctx) == -1)
		return;
	(void)did(AIO, syscall(SYS_io_submit, ctx, 1, list), 1);
	(void)syscall(SYS_io_destroy, ctx);
}

/*
 * Several at once, by a ring that may be closed under them, or wait a little for
 * the first answers; a request of which nobody has the answer any more, the
 * kernel ends as by a signal.
 */
static void
do_ring(void)
{
	static const uint8_t ops[] = { IORING_OP_READ, IORING_OP_WRITE,
	    IORING_OP_POLL_ADD, IORING_OP_FSYNC, IORING_OP_ASYNC_CANCEL };
	const unsigned n = 1 + below(&dice, RING_MOST);
	size_t asked[RING_MOST];
	struct io_uring_cqe cqe;
	struct ring ring;

	if (!ring_open(&ring))
		return;
	for (unsigned i = 0; i < n; i++) {
		struct io_uring_sqe *const sqe = ring_next(&ring);

		asked[i] = 0x7fffffff;
		sqe->opcode = ops[below(&dice, sizeof(ops))];
		sqe->user_data = i;
		sqe->fd = any_fd();
		if (below(&dice, 3) == 0)
			sqe->flags = IOSQE_ASYNC;
		if (below(&dice, 5) == 0)
			sqe->flags |= IOSQE_IO_LINK;
		if (sqe->opcode == IORING_OP_POLL_ADD)
			sqe->poll32_events = POLLIN | POLLOUT;
		else if (sqe->opcode == IORING_OP_ASYNC_CANCEL) {
			sqe->fd = -1;
			sqe->addr = below(&dice, n);
		} else if (sqe->opcode != IORING_OP_FSYNC) {
			asked[i] = any_size();
			sqe->len = (uint32_t)asked[i];
			sqe->addr = (uintptr_t)any_buf(asked[i]);
			sqe->off = below(&dice, 2) ? UINT64_MAX : 0;
		}
	}
	(void)ring_enter(&ring, below(&dice, 3));
	while (ring_answer(&ring, &cqe)) {
		errno = cqe.res < 0 ? -cqe.res : 0;
		(void)did(RING, cqe.res < 0 ? -1 : cqe.res,
		    (long)asked[cqe.user_data]);
	}
	ring_close(&ring);
}

static void
do_mail(enum call call)
{
	union {
		struct cmsghdr	c;
		char		space[CMSG_SPACE(sizeof(int))];
	} u;
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &u, .msg_controllen = sizeof(u) };
	struct cmsghdr *c;
	int fd = any_fd();

	memset(&u, 0, sizeof(u));
	if (call == PASS) {
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		(void)did(call, sendmsg(mailbox[0], &msg, MSG_DONTWAIT), 1);
		return;
	}
	if (did(call, recvmsg(mailbox[1], &msg, MSG_DONTWAIT), 1) <= 0 ||
	    (c = CMSG_FIRSTHDR(&msg)) == NULL)
		return;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	take_slot(fd);
}

static void
do_signal(void)
{
	static const int signals[] = { SIGUSR1, SIGUSR1, SIGIO, SIGSTOP,
	    SIGCONT, SIGWINCH };
	const pid_t pid = shared->s_pid[below(&dice, nprocs)];

	/* main() lets those go on that were stopped. */
	if (pid > 0)
		(void)did(SIGNAL, kill(pid, signals[below(&dice, 6)]), 0);
}

static void
do_revoke(void)
{
	char path[128];

	if (below(&dice, 4) == 0 && any_node(path, sizeof(path)))
		(void)did(REVOKE, revoke(path), 0);
}

static void *
read_thread(void *arg)
{
	char buf[200];
	long n;

	/* Not did(): the descriptor may be anything's by now. */
	n = read(*(int *)arg, buf, sizeof(buf));
	(void)n;
	return NULL;
}

/* Somebody reads, and the descriptor is closed. */
static void
do_thread(void)
{
	const unsigned i = below(&dice, FDS);
	struct timespec ts;
	pthread_t thread;
	int fd = fds[i];

	if (child || fd == -1 ||
	    pthread_create(&thread, NULL, read_thread, &fd) != 0)
		return;
	usleep(below(&dice, 5000));
	(void)did(CLOSE, close(fds[i]), 0);
	fds[i] = -1;
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_nsec += 20000000;
		if (ts.tv_nsec >= 1000000000) {
			ts.tv_nsec -= 1000000000;
			ts.tv_sec++;
		}
		if (pthread_timedjoin_np(thread, NULL, &ts) == 0)
			break;
		pthread_kill(thread, SIGUSR1);
	}
	(void)did(THREAD, 0, 0);
}

static void some_calls(unsigned);

/* A process begins: it ends with its parent, and nothing lasts for long. */
static void
begin(void)
{
	const struct itimerval it = { .it_interval.tv_usec = ALARM_MS * 1000,
	    .it_value.tv_usec = ALARM_MS * 1000 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setitimer(ITIMER_REAL, &it, NULL);
}

/* A child that has our descriptors, and is somebody or somewhere else. */
static void
do_fork(void)
{
	pid_t pid;
	int status;

	if (child)
		return;
	pid = fork();
	if (pid == 0) {
		child = true;
		begin();
		switch (below(&dice, 6)) {
		case 0:
			(void)!unshare(CLONE_NEWUSER);
			break;
		case 1:
			(void)!unshare(CLONE_NEWUSER | CLONE_NEWNS |
			    CLONE_NEWPID | CLONE_FILES);
			break;
		case 2:
			(void)!chroot("/proc/self/fdinfo");
			break;
		case 3:
			(void)!chroot("/dev");
			(void)!setresuid(65534, 65534, 65534);
			break;
		case 4:
			(void)!setsid();
			break;
		default:
			execl("/bin/true", "true", (char *)NULL);
		}
		some_calls(12);
		_exit(0);
	}
	if (did(FORK, pid, 0x7fffffff) < 0)
		return;
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	shared->s_calls[self]++;
}

static bool
any_open(void)
{

	for (unsigned i = 0; i < FDS; i++) {
		if (fds[i] != -1)
			return true;
	}
	return false;
}

static void
one_call(void)
{
	static const enum call often[] = { OPEN, READ, WRITE, IOCTL, POLL,
	    CLOSE, IOCTL };
	enum call call = below(&dice, 2) ? often[below(&dice, 7)] :
	    (enum call)below(&dice, NCALLS);

	if (!any_open() && below(&dice, 20)) {
		usleep(2000);
		call = OPEN;
	}
	shared->s_now[self] = (int)call;
	switch (call) {
	case OPEN:	do_open(); break;
	case CLOSE:	take_slot(-1); break;
	case READ: case READV: case PREAD: case WRITE: case WRITEV:
		do_io(call); break;
	case IOCTL:	do_ioctl(); break;
	case POLL:	do_poll(); break;
	case SELECT:	do_select(); break;
	case EPOLL:	do_epoll(); break;
	case FCNTL:	do_fcntl(); break;
	case AIO:	do_aio(); break;
	case RING:	do_ring(); break;
	case PASS: case TAKE:	do_mail(call); break;
	case FORK:	if (below(&dice, 3) == 0) do_fork(); break;
	case THREAD:	if (below(&dice, 3) == 0) do_thread(); break;
	case SIGNAL:	do_signal(); break;
	case REVOKE:	do_revoke(); break;
	default:	do_odd(call);
	}
}

static void
some_calls(unsigned n)
{

	while (n-- > 0 && !ending)
		one_call();
}

/* ---- processes ------------------------------------------------------ */

static void
on_signal(int sig)
{

	if (sig == SIGTERM)
		ending = 1;
}

static void
set_signals(void)
{
	static const int some[] = { SIGALRM, SIGUSR1, SIGIO, SIGTERM, SIGPIPE,
	    SIGHUP };
	const struct sigaction sa = { .sa_handler = on_signal };

	for (unsigned i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		sigaction(some[i], &sa, NULL);
}

static void
set_buffers(void)
{
	char name[] = "/tmp/storm.XXXXXX";
	const int fd = mkstemp(name);

	unlink(name);
	if (fd == -1 || ftruncate(fd, 1 << 20) != 0)
		_exit(1);
	mapped = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	edge = mmap(NULL, BUF + PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED || edge == MAP_FAILED ||
	    mprotect(edge + BUF, PAGE, PROT_NONE) != 0)
		_exit(1);
	close(fd);
	memset(fds, -1, sizeof(fds));
	devdir = open("/dev", O_RDONLY | O_DIRECTORY);
	epfd = epoll_create1(0);
}

static _Noreturn void
worker(uint64_t seed, unsigned life)
{

	dice = chance_of(seed + self, life);
	set_buffers();
	begin();
	while (!ending) {
		some_calls(1);
		if (below(&dice, 10) == 0)
			usleep(below(&dice, 3000));
	}
	_exit(0);
}

static void
start(uint64_t seed, unsigned i)
{
	static unsigned lives;
	const unsigned life = lives++;
	const pid_t pid = fork();

	if (pid == 0) {
		self = i;
		worker(seed, life);
	}
	if (pid == -1) {
		perror("storm_clients: fork");
		exit(1);
	}
	shared->s_pid[i] = pid;
}

/* What the kernel says of a process that goes on no more. */
static void
tell_where(pid_t pid)
{
	static const char *const files[] = { "stat", "syscall", "stack" };
	char path[64], line[256];
	FILE *f;

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		while (fgets(line, sizeof(line), f) != NULL)
			fprintf(stderr, "storm_clients: %s", line);
		fclose(f);
	}
}

/* Let who was stopped go on; true: nobody has been still for too long. */
static bool
look(void)
{
	static unsigned long seen[MAXPROCS];
	static time_t since[MAXPROCS];
	const time_t now = time(NULL);

	for (unsigned i = 0; i < nprocs; i++) {
		(void)kill(shared->s_pid[i], SIGCONT);
		if (shared->s_calls[i] != seen[i] || since[i] == 0) {
			seen[i] = shared->s_calls[i];
			since[i] = now;
		} else if (now - since[i] > STUCK_S) {
			fprintf(stderr, "storm_clients: process %d, in %s, goes"
			    " on no more\n", (int)shared->s_pid[i],
			    names[shared->s_now[i]]);
			tell_where(shared->s_pid[i]);
			return false;
		}
	}
	return true;
}

/* Every process is told to end, and does. */
static bool
finish(void)
{
	bool all;
	int status;

	do {
		all = true;
		for (unsigned i = 0; i < nprocs; i++) {
			const pid_t pid = shared->s_pid[i];

			if (pid == 0)
				continue;
			(void)kill(pid, SIGTERM);
			if (waitpid(pid, &status, WNOHANG) == pid) {
				shared->s_pid[i] = 0;
				if (WIFSIGNALED(status)) {
					fprintf(stderr, "storm_clients: died "
					    "of signal %d\n", WTERMSIG(status));
					shared->s_bad = 1;
				}
			} else
				all = false;
		}
		if (!all && !look())
			return false;
		usleep(10000);
	} while (!all);
	return true;
}

static void
tell(void)
{
	const char *comma = "";

	printf("{");
	for (int c = 0; c < NCALLS; c++)
		printf("%s\"%s\": %lu", c == 0 ? "" : ", ", names[c],
		    shared->s_done[c]);
	printf(", \"errors\": {");
	for (int c = 0; c < NCALLS; c++) {
		for (int e = 0; e < ERRNOS; e++) {
			if (shared->s_errno[c][e] == 0)
				continue;
			printf("%s\"%s %s\": %lu", comma, names[c],
			    e == 0 ? "?" : strerrorname_np(e),
			    shared->s_errno[c][e]);
			comma = ", ";
		}
	}
	printf("}}\n");
}

int
main(int argc, char **argv)
{
	uint64_t seed;
	time_t end;
	bool good = true;

	nprocs = argc > 4 ? (unsigned)atoi(argv[3]) : 0;
	if (nprocs < 1 || nprocs > MAXPROCS || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: storm_clients SEED SECONDS PROCESSES "
		    "PATTERN ...\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	patterns = argv + 4;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, mailbox) != 0) {
		perror("storm_clients");
		return 1;
	}
	set_signals();
	dice = chance_of(seed, MAXPROCS);
	end = time(NULL) + atoi(argv[2]);
	for (unsigned i = 0; i < nprocs; i++)
		start(seed, i);
	while (good && !ending && time(NULL) < end) {
		const unsigned i = below(&dice, nprocs);

		usleep(200000);
		good = look();
		(void)kill(shared->s_pid[i], SIGKILL);
		(void)waitpid(shared->s_pid[i], NULL, 0);
		start(seed, i);
	}
	good = good && finish();
	tell();
	return !good || shared->s_bad;
}
