/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor.c - what scenarios are written with: threads that make one system
 * call each, the plug, and the far end of the wire.
 *
 * A call: made by call_x(), which starts its thread; entered, just before
 * the system call; blocked, when the kernel says that the thread sleeps and
 * a loop in it does not go on; ended, when c_done is posted.  Calls are never
 * freed: their process is short.
 *
 * The scenario's own thread makes calls, waits and notes; no other thread
 * uses the run but for its own event.  A call's results are written before
 * c_done is posted and read after it is taken.  Nothing here waits without
 * a limit but what run.c ends.
 *
 * A user's rights are those of one thread (setresuid(2) as the kernel has
 * it, not as libc does, which changes all threads).
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <linux/hidraw.h>

#include <devsw/revoke.h>

#include "compare/compare.h"

#ifndef HIDIOCREVOKE
#define	HIDIOCREVOKE	_IOW('H', 0x0D, int)	/* Linux 6.12 */
#endif

#define	BLOCK		CALL_BLOCK
#define	GONE_LIMIT_MS	15000u
#define	FAR_QUIET_MS	20

struct call {
	struct run	*c_run;
	struct event	*c_event;
	long		(*c_make)(struct call *);
	pthread_t	c_thread;
	sem_t		c_done;
	bool		c_taken;	/* c_done has been */
	pid_t		c_tid;		/* atomic; 0: not entered */
	unsigned	c_steps;	/* atomic */
	long		c_result;
	int		c_errno;
	uint64_t	c_ended;
	/* what to call */
	char		c_path[64];
	const char	*c_lane;
	int		c_fd, c_flags;
	size_t		c_size;
	struct pollfd	c_pollfd;
	unsigned long	c_request;
	void		*c_arg;
	unsigned	c_uid;
};

/* ---- the end of a run ------------------------------------------------ */

_Noreturn static void
end(struct run *r, char *why, size_t size, const char *format, va_list ap)
{

	vsnprintf(why, size, format, ap);
	__atomic_store_n(&r->r_rec->rc_done, true, __ATOMIC_RELEASE);
	_exit(0);
}

_Noreturn void
cannot(struct run *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	end(r, r->r_rec->rc_cannot, sizeof(r->r_rec->rc_cannot), format, ap);
}

_Noreturn void
broken(struct run *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	end(r, r->r_rec->rc_broken, sizeof(r->r_rec->rc_broken), format, ap);
}

/* ---- calls ----------------------------------------------------------- */

static void
poll_text(short revents, char *to, size_t size)
{
	static const struct {
		short bit;
		const char *name;
	} bits[] = {
		{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" },
		{ POLLERR, "ERR" }, { POLLHUP, "HUP" }, { POLLNVAL, "NVAL" },
	};
	size_t len = 0;

	snprintf(to, size, "nothing");
	for (size_t i = 0; i < COUNT(bits); i++) {
		if ((revents & bits[i].bit) != 0)
			len += (size_t)snprintf(to + len, size - len, "%s%s",
			    len == 0 ? "" : " ", bits[i].name);
	}
}

static long
make_open(struct call *c)
{

	return open(c->c_path, c->c_flags | O_NOCTTY | O_CLOEXEC);
}

static long
make_read(struct call *c)
{
	char buffer[BLOCK];

	return read(c->c_fd, buffer,
	    c->c_size < sizeof(buffer) ? c->c_size : sizeof(buffer));
}

static long
make_write(struct call *c)
{
	char buffer[BLOCK];

	memset(buffer, 'U', sizeof(buffer));
	return write(c->c_fd, buffer,
	    c->c_size < sizeof(buffer) ? c->c_size : sizeof(buffer));
}

static long
make_fill(struct call *c)
{
	long n;

	while ((n = make_write(c)) == (long)c->c_size)
		__atomic_fetch_add(&c->c_steps, 1, __ATOMIC_RELAXED);
	return n;
}

static long
make_poll(struct call *c)
{

	return poll(&c->c_pollfd, 1, (int)c->c_size);
}

static long
make_ioctl(struct call *c)
{

	return ioctl(c->c_fd, c->c_request, c->c_arg);
}

static long
make_drain(struct call *c)
{

	return tcdrain(c->c_fd);
}

static long
make_close(struct call *c)
{

	return close(c->c_fd);
}

static long
make_revoke(struct call *c)
{

	return revoke(c->c_path);
}

static void
result_text(const struct call *c, char *to, size_t size)
{
	const char *name;

	if (c->c_result == -1) {
		name = strerrorname_np(c->c_errno);
		snprintf(to, size, "%s", name == NULL ? "?" : name);
	} else if (c->c_make == make_open)
		snprintf(to, size, "opened");
	else if (c->c_make == make_fill)
		snprintf(to, size, c->c_result == 0 ? "0" : "partial count");
	else if (c->c_make == make_poll)
		poll_text(c->c_pollfd.revents, to, size);
	else
		snprintf(to, size, "%ld", c->c_result);
}

/* This thread is that user's from now on; root's stays as it is. */
static bool
become(unsigned uid)
{

	return uid == 0 || (syscall(SYS_setgroups, 0, NULL) == 0 &&
	    syscall(SYS_setresgid, uid, uid, uid) == 0 &&
	    syscall(SYS_setresuid, uid, uid, uid) == 0);
}

static void *
call_thread(void *arg)
{
	struct call *const c = arg;

	c->c_result = -1;
	c->c_errno = EPERM;
	if (become(c->c_uid)) {
		c->c_event->ev_from = record_now();
		__atomic_store_n(&c->c_tid, gettid(), __ATOMIC_RELEASE);
		c->c_result = c->c_make(c);
		c->c_errno = errno;
	}
	c->c_ended = record_now();
	result_text(c, c->c_event->ev_result, sizeof(c->c_event->ev_result));
	c->c_event->ev_to = c->c_ended;
	sem_post(&c->c_done);
	return NULL;
}

static struct call *
prepare(struct run *r, const char *lane, int fd,
    long (*make)(struct call *))
{
	struct call *const c = calloc(1, sizeof(*c));

	if (c == NULL)
		broken(r, "no memory");
	c->c_run = r;
	c->c_lane = lane;
	c->c_fd = fd;
	c->c_make = make;
	sem_init(&c->c_done, 0, 0);
	return c;
}

/*
 * A thread takes no signal but those that call_signal sends: SIGCHLD of a
 * command that pulls the plug would end a call on a node of CUSE, which no
 * kernel restarts.
 */
static struct call *
begin(struct call *c, const char *format, ...)
{
	sigset_t all, before;
	char what[48];
	va_list ap;
	int error;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	c->c_event = record_event(c->c_run->r_rec, EV_CALL, c->c_lane, what);
	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&c->c_thread, NULL, call_thread, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		broken(c->c_run, "no thread: %s", strerror(error));
	return c;
}

struct call *
call_open_as(struct run *r, const char *lane, const char *path, int flags,
    unsigned uid)
{
	struct call *const c = prepare(r, lane, -1, make_open);

	snprintf(c->c_path, sizeof(c->c_path), "%s", path);
	c->c_flags = flags;
	c->c_uid = uid;
	return begin(c, "open %s%s", path,
	    (flags & O_NONBLOCK) != 0 ? " O_NONBLOCK" : "");
}

struct call *
call_open(struct run *r, const char *lane, const char *path, int flags)
{

	return call_open_as(r, lane, path, flags, 0);
}

struct call *
call_read(struct run *r, const char *lane, int fd, size_t size)
{
	struct call *const c = prepare(r, lane, fd, make_read);

	c->c_size = size;
	return begin(c, "read");
}

struct call *
call_write(struct run *r, const char *lane, int fd, size_t size)
{
	struct call *const c = prepare(r, lane, fd, make_write);

	c->c_size = size;
	return begin(c, "write %zu", size);
}

struct call *
call_fill(struct run *r, const char *lane, int fd, size_t size)
{
	struct call *const c = prepare(r, lane, fd, make_fill);

	c->c_size = size;
	return begin(c, "write until it waits");
}

struct call *
call_poll(struct run *r, const char *lane, int fd, short events, int ms)
{
	struct call *const c = prepare(r, lane, fd, make_poll);
	char text[40];

	c->c_pollfd = (struct pollfd){ .fd = fd, .events = events };
	c->c_size = (size_t)ms;
	poll_text(events, text, sizeof(text));
	return begin(c, "poll %s", text);
}

struct call *
call_ioctl(struct run *r, const char *lane, int fd, const char *name,
    unsigned long request, void *arg)
{
	struct call *const c = prepare(r, lane, fd, make_ioctl);

	c->c_request = request;
	c->c_arg = arg;
	return begin(c, "%s", name);
}

struct call *
call_drain(struct run *r, const char *lane, int fd)
{

	return begin(prepare(r, lane, fd, make_drain), "tcdrain");
}

struct call *
call_close(struct run *r, const char *lane, int fd)
{

	return begin(prepare(r, lane, fd, make_close), "close");
}

/*
 * What comes next to revoke(2).  With the kernel's driver: TIOCVHANGUP of a
 * tty, through a file that root has opened; HIDIOCREVOKE of the file that the
 * run has open, as there is nothing that reaches other files.
 */
struct call *
call_revoke(struct run *r, const char *lane, const char *path, unsigned uid)
{
	static int zero;
	struct call *const c = prepare(r, lane, -1, make_revoke);

	snprintf(c->c_path, sizeof(c->c_path), "%s", path);
	c->c_uid = uid;
	if (r->r_sys->s_bit != KERNEL)
		return begin(c, "revoke %s", path);
	c->c_make = make_ioctl;
	if (is_hid(r->r_hw)) {
		c->c_fd = r->r_fd;
		c->c_request = HIDIOCREVOKE;
		c->c_arg = NULL;
		return begin(c, "HIDIOCREVOKE");
	}
	c->c_fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (c->c_fd == -1)
		broken(r, "open of %s: %s", path, strerror(errno));
	c->c_request = TIOCVHANGUP;
	c->c_arg = &zero;
	return begin(c, "TIOCVHANGUP");
}

/* ---- what becomes of them -------------------------------------------- */

bool
call_ended(struct call *c, double seconds)
{
	struct timespec ts;

	if (c->c_taken)
		return true;
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += (time_t)seconds;
	ts.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	while (sem_timedwait(&c->c_done, &ts) == -1) {
		if (errno != EINTR)
			return false;
	}
	c->c_taken = true;
	return true;
}

/* 'R', 'S', 'D' of a thread (proc(5)); '?': there is none. */
static char
thread_state(pid_t pid, pid_t tid)
{
	char path[64], line[256], *end_of_name;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid,
	    (int)tid);
	in = fopen(path, "re");
	if (in == NULL)
		return '?';
	end_of_name = fgets(line, sizeof(line), in) == NULL ? NULL :
	    strrchr(line, ')');
	fclose(in);
	return end_of_name == NULL ? '?' : end_of_name[2];
}

/* devswd is at work.  A thread that waits for its program's page (D) is. */
static bool
system_works(void)
{
	const pid_t pid = system_pid();
	char path[64];
	struct dirent *entry;
	bool works = false;
	DIR *tasks;

	if (pid == 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (tasks == NULL)
		return false;
	while (!works && (entry = readdir(tasks)) != NULL)
		works = entry->d_name[0] != '.' && strchr("RD",
		    thread_state(pid, atoi(entry->d_name))) != NULL;
	closedir(tasks);
	return works;
}

/*
 * Blocked: the thread sleeps in three looks (20 for a loop, which must not
 * have gone on between them), and nobody is at work who could wake it.  Slow
 * is not stuck: on a busy machine the answer to a call that does not wait
 * takes longer than any number of looks, but then devswd is seen to run.  If
 * it never stops, the call has slept long enough.
 */
bool
call_blocked(struct run *r, struct call *c)
{
	unsigned quiet = 0, steps = 0;
	bool asleep = false;
	pid_t tid;

	for (unsigned i = 0; i < 1000; i++) {
		if (call_ended(c, 0))
			return false;
		tid = __atomic_load_n(&c->c_tid, __ATOMIC_ACQUIRE);
		asleep = tid != 0 &&
		    strchr("SD", thread_state(getpid(), tid)) != NULL &&
		    __atomic_load_n(&c->c_steps, __ATOMIC_RELAXED) == steps;
		if (asleep && !system_works())
			quiet++;
		else
			quiet = 0;
		steps = __atomic_load_n(&c->c_steps, __ATOMIC_RELAXED);
		if (quiet >= (c->c_make == make_fill ? 20 : 3))
			return true;
		pause_ms(10);
	}
	if (asleep)
		return true;
	broken(r, "%s neither waits nor returns", c->c_event->ev_what);
}

long
call_result(struct run *r, struct call *c)
{

	(void)r;
	return call_ended(c, CALL_LIMIT_S) ? c->c_result : CALL_WAITS;
}

static void
on_signal(int signo)
{

	(void)signo;
}

void
signals(struct run *r, bool restart)
{
	struct sigaction sa = { .sa_handler = on_signal,
	    .sa_flags = restart ? SA_RESTART : 0 };

	if (sigaction(SIGUSR1, &sa, NULL) == -1)
		broken(r, "sigaction: %s", strerror(errno));
}

void
call_signal(struct call *c)
{

	pthread_kill(c->c_thread, SIGUSR1);
}

/* ---- outcomes -------------------------------------------------------- */

void
outcome(struct run *r, const char *what, struct call *c)
{
	const long result = call_result(r, c);
	double ms = -1;

	if (result == CALL_WAITS) {
		record_outcome(r->r_rec, what, -1, "still waits");
		return;
	}
	if (r->r_event != 0 && c->c_ended > r->r_event)
		ms = (double)(c->c_ended - r->r_event) / 1e6;
	record_outcome(r->r_rec, what, ms, "%s", c->c_event->ev_result);
}

void
outcome_now(struct run *r, const char *what, struct call *c)
{

	if (call_blocked(r, c))
		outcome_set(r, what, "waits");
	else
		outcome(r, what, c);
}

void
outcome_soon(struct run *r, const char *what, struct call *c)
{

	if (!call_ended(c, CALL_SOON_S))
		outcome_set(r, what, "waits");
	else
		outcome(r, what, c);
}

void
outcome_set(struct run *r, const char *what, const char *format, ...)
{
	char text[80];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	record_outcome(r->r_rec, what, -1, "%s", text);
}

bool
driver_calls(struct run *r, char *text, size_t size)
{
	char *const before = calloc(1, size);
	bool traced = false;

	/* A close goes on for a moment after close(2) has returned. */
	for (unsigned i = 0; before != NULL && i < 50; i++) {
		traced = trace_driver(system_trace(), r->r_rec->rc_trace, text,
		    size);
		if (!traced || (i > 1 && strcmp(before, text) == 0))
			break;
		memcpy(before, text, size);
		pause_ms(40);
	}
	free(before);
	return traced;
}

void
outcome_driver(struct run *r, const char *what)
{
	char text[80];

	if (driver_calls(r, text, sizeof(text)))
		record_outcome(r->r_rec, what, -1, "%s", text);
}

/* ---- the node -------------------------------------------------------- */

void
tty_raw(struct run *r, int fd, bool clocal)
{
	struct termios mode;

	if (tcgetattr(fd, &mode) == -1)
		broken(r, "tcgetattr: %s", strerror(errno));
	cfmakeraw(&mode);
	mode.c_cflag |= CREAD | HUPCL;
	mode.c_cflag &= ~(tcflag_t)CLOCAL;
	if (clocal)
		mode.c_cflag |= CLOCAL;
	cfsetspeed(&mode, B115200);
	if (tcsetattr(fd, TCSANOW, &mode) == -1)
		broken(r, "tcsetattr: %s", strerror(errno));
}

size_t
write_size(const struct run *r, size_t n)
{

	if (!is_hid(r->r_hw))
		return n;
	return r->r_sys->s_bit == KERNEL ? 9 : 8;
}

int
must_open(struct run *r, int flags)
{
	struct call *const c = call_open(r, "client", r->r_node, flags);
	const long fd = call_result(r, c);

	if (fd < 0)
		broken(r, "open of %s: %s", r->r_node,
		    fd == CALL_WAITS ? "it waits" : strerror(c->c_errno));
	if (!is_hid(r->r_hw))
		tty_raw(r, (int)fd, true);
	r->r_fd = (int)fd;
	return (int)fd;
}

void
must_fill(struct run *r, int fd)
{
	struct call *const c = call_fill(r, "client", fd, CALL_BLOCK);

	signals(r, false);
	if (!call_blocked(r, c))
		broken(r, "a write does not wait: %s", c->c_event->ev_result);
	call_signal(c);
	if (call_result(r, c) == CALL_WAITS)
		broken(r, "a signal does not end a write");
}

unsigned
node_owner(struct run *r, const char *path, unsigned uid)
{
	struct stat st;

	if (stat(path, &st) == -1 || chown(path, uid, (gid_t)-1) == -1)
		broken(r, "chown of %s: %s", path, strerror(errno));
	return st.st_uid;
}

/* ---- the plug -------------------------------------------------------- */

void
event(struct run *r, const char *text)
{
	struct event *ev;

	r->r_event = record_now();
	if (text == NULL)
		return;
	ev = record_event(r->r_rec, EV_NOTE, "client", text);
	ev->ev_to = ev->ev_from;
}

static void
move_plug(struct run *r, const char *what,
    int (*move)(const struct hardware *))
{
	struct event *const ev = record_event(r->r_rec, EV_PLUG, "plug", what);
	int error;

	r->r_event = ev->ev_from;
	error = move(r->r_hw);
	ev->ev_to = record_now();
	if (error != 0)
		broken(r, "%s: %s", what, strerror(error));
}

void
unplug(struct run *r)
{

	move_plug(r, "unplug", hardware_unplug);
}

void
plug(struct run *r)
{
	int fd = -1;

	move_plug(r, "plug", hardware_plug);
	for (unsigned ms = 0; ms < GONE_LIMIT_MS && fd == -1; ms += 5) {
		if (system_node(r->r_hw, true, r->r_node, sizeof(r->r_node)) !=
		    NULL)
			fd = open(r->r_node, O_RDWR | O_NONBLOCK | O_NOCTTY |
			    O_CLOEXEC);
		if (fd == -1)
			pause_ms(5);
	}
	if (fd == -1)
		broken(r, "no node after a plug");
	close(fd);
	(void)system_node(r->r_hw, false, r->r_dialin, sizeof(r->r_dialin));
}

void
gone(struct run *r)
{
	char path[64];

	for (unsigned ms = 0; ms < GONE_LIMIT_MS; ms += 5) {
		if (!hardware_on_bus(r->r_hw) &&
		    system_node(r->r_hw, true, path, sizeof(path)) == NULL &&
		    (r->r_sys->s_bit != KERNEL || access(r->r_node, F_OK) != 0))
			return;
		pause_ms(5);
	}
	broken(r, "the unplug was not noticed");
}

/* ---- the far end ----------------------------------------------------- */

/* It may be a socket, of a device that is software; -1: errno. */
static int
far_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;
	int fd;

	if (stat(path, &st) == -1)
		return -1;
	if (!S_ISSOCK(st.st_mode))
		return open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
far_open(struct run *r)
{
	char buffer[BLOCK];
	struct termios mode;
	struct pollfd pfd = { .events = POLLIN };
	int fd;

	if (r->r_hw->h_far[0] == '\0')
		cannot(r, "%s has no far end here", r->r_hw->h_id);
	fd = far_connect(r->r_hw->h_far);
	if (fd == -1)
		broken(r, "%s: %s", r->r_hw->h_far, strerror(errno));
	pfd.fd = fd;
	if (tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode);
		(void)tcsetattr(fd, TCSANOW, &mode);
		(void)tcflush(fd, TCIOFLUSH);
	}
	/* What an earlier run has left. */
	while (poll(&pfd, 1, FAR_QUIET_MS) == 1 &&
	    read(fd, buffer, sizeof(buffer)) > 0)
		continue;
	return fd;
}

void
far_write(struct run *r, int fd, size_t size)
{
	char buffer[BLOCK];
	struct event *const ev = record_event(r->r_rec, EV_CALL, "far end",
	    "write");
	ssize_t n;

	memset(buffer, 'f', sizeof(buffer));
	n = write(fd, buffer, size);
	ev->ev_to = record_now();
	snprintf(ev->ev_result, sizeof(ev->ev_result), "%zd", n);
	if (n != (ssize_t)size)
		broken(r, "%s: write: %s", r->r_hw->h_far,
		    n == -1 ? strerror(errno) : "short");
}

size_t
far_read(struct run *r, int fd, size_t size)
{
	char buffer[BLOCK];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct event *const ev = record_event(r->r_rec, EV_CALL, "far end",
	    "read");
	size_t got = 0;
	ssize_t n;

	while (got < size && poll(&pfd, 1, CALL_LIMIT_S * 1000) > 0) {
		n = read(fd, buffer, sizeof(buffer));
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	ev->ev_to = record_now();
	snprintf(ev->ev_result, sizeof(ev->ev_result), "%zu", got);
	return got;
}

void
far_drain(struct run *r, int fd, struct call *c)
{
	char buffer[BLOCK];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct event *const ev = record_event(r->r_rec, EV_CALL, "far end",
	    "read all");
	const uint64_t began = record_now();
	size_t got = 0;
	ssize_t n;

	while (!call_ended(c, 0) &&
	    record_now() - began < CALL_LIMIT_S * 1000000000ull) {
		n = poll(&pfd, 1, 5) == 1 ? read(fd, buffer, sizeof(buffer)) :
		    0;
		got += n > 0 ? (size_t)n : 0;
	}
	ev->ev_to = record_now();
	snprintf(ev->ev_result, sizeof(ev->ev_result), "%zu", got);
}
