/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kill_calls.c - devswd is killed at each system call that it makes between a
 * client's request and its answer.
 *
 *	kill_calls EVERY KEEPER LOCK NODE FAR
 *
 * Or not at each, but one in EVERY, the first by chance.  LOCK is the file that
 * says which process is devswd, KEEPER the process that starts the next one,
 * FAR the socket at the far end of NODE's line.
 *
 * Model
 *	An action is one call of a client, a process; what it waits for, if
 *	anything, comes when devswd has been quiet for QUIET_MS.  All of devswd's
 *	threads are traced meanwhile (ptrace(2)), and stop when they enter and
 *	leave a system call.  At the n-th stop since the client was let go
 *	devswd is killed; n goes up from 1 until the action is over, and devswd
 *	quiet, before there are so many.
 *
 * After each kill (docs/contract.md, "When devswd dies"):
 *
 *	the call has ended, as it does on a revoked file or as it should
 *	the file is dead, the node can be opened, and has its settings
 *	what was written is at the far end once at most
 *	what a client has read nobody reads again
 *
 * Prints a line for each action: it has fewer stops than this, and devswd was
 * killed on its way into these system calls.  Exit status 1: something did not
 * hold, and standard error has it; 2: the command line.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define	LIMIT_S		60		/* since the last thing has happened */
#define	QUIET_MS	30
#define	STOPS_MAX	2000
#define	NRS		512
#define	PAYLOAD		8
#define	OPTIONS		(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)

struct action {
	const char	*a_name;
	bool		 a_opens;	/* its file is open before */
	bool		 a_data;	/* so is there something to read */
	bool		 a_sends;	/* the far end does, in the middle */
	int		 (*a_call)(int);
};

/* What the client says; -errno, or what its call returned. */
static struct shared {
	atomic_int	 s_ready, s_go, s_done, s_leave;
	int		 s_result, s_error;
	char		 s_data[PAYLOAD];
} *sh;

static pid_t keeper, daemon_pid, client;
static const char *lock, *node;
static int far;
static struct termios mode;
static unsigned number;			/* of payloads */
static char payload[PAYLOAD + 1];

static _Noreturn void
die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "kill_calls: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(errno));
	if (client > 0)
		kill(client, SIGKILL);
	exit(1);
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- the node and its far end ---------------------------------------- */

/* Until there is a daemon that serves the node: a file. */
static int
node_open(void)
{
	const uint64_t since = now_ms();
	int fd;

	while ((fd = open(node, O_RDWR | O_NOCTTY | O_NONBLOCK)) == -1) {
		if (errno == ENOENT)
			die("the node is gone");
		if (now_ms() - since > LIMIT_S * 1000)
			die("the node does not come back");
		usleep(1000);
	}
	return fd;
}

static void
daemon_find(void)
{
	const pid_t before = daemon_pid;
	const uint64_t since = now_ms();
	FILE *f;
	int pid = 0;

	/* Its file is empty for a moment. */
	while (pid < 2 || pid == before) {
		if (kill(keeper, 0) == -1)
			die("the keeper has ended");
		if (now_ms() - since > LIMIT_S * 1000)
			die("nobody has started a new daemon");
		usleep(1000);
		if ((f = fopen(lock, "r")) == NULL)
			continue;
		if (fscanf(f, "%d", &pid) != 1)
			pid = 0;
		fclose(f);
	}
	daemon_pid = pid;
}

static void
far_open(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	far = socket(AF_UNIX, SOCK_STREAM, 0);
	if (far == -1 || connect(far, (struct sockaddr *)&sun,
	    sizeof(sun)) == -1)
		die("%s", path);
}

/* No other payload is like it. */
static void
payload_next(void)
{

	snprintf(payload, sizeof(payload), "<%06u>", number++ % 1000000);
}

/* How often has something come there that begins as the payload does? */
static unsigned
far_came(void)
{
	static char got[65536];
	struct pollfd pfd = { .fd = far, .events = POLLIN };
	unsigned n = 0;
	size_t len = 0;
	ssize_t r;

	while (len < sizeof(got) - 1 && poll(&pfd, 1, QUIET_MS) == 1 &&
	    (r = recv(far, got + len, sizeof(got) - 1 - len, 0)) > 0)
		len += (size_t)r;
	got[len] = '\0';
	for (const char *p = got; (p = strstr(p, payload)) != NULL; p++)
		n++;
	return n;
}

static void
far_send(void)
{

	if (send(far, payload, PAYLOAD, MSG_NOSIGNAL) != PAYLOAD)
		die("the far end");
}

/* ---- the client ------------------------------------------------------ */

static int
call_open(int fd)
{

	(void)fd;
	return open(node, O_RDWR | O_NOCTTY);
}

static int
call_read(int fd)
{

	return (int)read(fd, sh->s_data, PAYLOAD);
}

static int
call_write(int fd)
{

	return (int)write(fd, payload, PAYLOAD);
}

static int
call_ioctl(int fd)
{
	const int bits = TIOCM_DTR | TIOCM_RTS;

	return ioctl(fd, TIOCMBIS, &bits);
}

static int
call_drain(int fd)
{

	return tcdrain(fd);
}

static int
call_set(int fd)
{

	return tcsetattr(fd, TCSANOW, &mode);
}

static int
call_poll(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	const int n = poll(&pfd, 1, -1);

	return n == 1 ? pfd.revents : n;
}

static const struct action actions[] = {
	{ "open", false, false, false, call_open },
	{ "read", true, true, false, call_read },
	{ "read that waits", true, false, true, call_read },
	{ "write", true, false, false, call_write },
	{ "ioctl", true, false, false, call_ioctl },
	{ "ioctl, tcdrain", true, false, false, call_drain },
	{ "ioctl, tcsetattr", true, false, false, call_set },
	{ "poll", true, true, false, call_poll },
};
#define	NACTIONS	(sizeof(actions) / sizeof(actions[0]))

static void
wait_flag(const atomic_int *flag, const char *what)
{
	const uint64_t since = now_ms();

	while (*flag == 0) {
		if (now_ms() - since > LIMIT_S * 1000)
			die("%s", what);
		usleep(500);
	}
}

static void
client_file_is_dead(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char byte;
	int bits;

	if (fd == -1)
		return;
	if (read(fd, &byte, 1) != 0 || write(fd, "x", 1) != -1 ||
	    errno != EIO || ioctl(fd, TIOCMGET, &bits) != -1 ||
	    errno != EBADF || poll(&pfd, 1, 0) != 1 ||
	    (pfd.revents & POLLERR) == 0)
		_exit(3);
}

/* s_leave: 1, it is over; 2, and its file is dead. */
static _Noreturn void
client_main(const struct action *a)
{
	int fd = -1, n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (a->a_opens && (fd = open(node, O_RDWR | O_NOCTTY)) == -1)
		_exit(2);
	if (a->a_data)
		far_send();
	while (a->a_data && n < PAYLOAD) {
		if (ioctl(fd, FIONREAD, &n) == -1)
			_exit(2);
		usleep(500);
	}
	sh->s_ready = 1;
	while (!sh->s_go)
		usleep(500);
	sh->s_result = (*a->a_call)(fd);
	sh->s_error = errno;
	sh->s_done = 1;
	if (a->a_call == call_open)
		fd = sh->s_result;
	while (sh->s_leave == 0)
		usleep(500);
	if (sh->s_leave == 2)
		client_file_is_dead(fd);
	_exit(0);
}

static void
client_start(const struct action *a)
{

	memset(sh, 0, sizeof(*sh));
	fflush(stdout);
	client = fork();
	if (client == -1)
		die("fork");
	if (client == 0)
		client_main(a);
	wait_flag(&sh->s_ready, "the client cannot begin");
}

static void
client_leaves(int how)
{
	const uint64_t since = now_ms();
	int status;

	sh->s_leave = how;
	while (waitpid(client, &status, WNOHANG) != client) {
		if (now_ms() - since > LIMIT_S * 1000)
			die("the client does not end");
		usleep(500);
	}
	client = 0;
	if (status != 0)
		die("the client: status %#x: its file is not dead", status);
}

/* ---- the tracer ------------------------------------------------------ */

/* Each of its threads, those that come meanwhile, too. */
static void
trace_begin(void)
{
	char path[64];
	const struct dirent *de;
	bool found = true;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)daemon_pid);
	while (found) {
		found = false;
		if ((dir = opendir(path)) == NULL)
			die("%s", path);
		while ((de = readdir(dir)) != NULL) {
			const pid_t tid = (pid_t)atoi(de->d_name);

			if (tid == 0 || ptrace(PTRACE_SEIZE, tid, NULL,
			    OPTIONS) == -1)
				continue;
			found = true;
			if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == -1)
				die("PTRACE_INTERRUPT");
		}
		closedir(dir);
	}
}

/* The next stop; 0: none is there. */
static pid_t
trace_next(int *status)
{
	const pid_t tid = waitpid(-1, status, WNOHANG | __WALL);

	if (tid == client && tid > 0)
		die("the client has ended: status %#x", *status);
	return tid > 0 && WIFSTOPPED(*status) ? tid : 0;
}

static bool
is_call(int status)
{

	return WSTOPSIG(status) == (SIGTRAP | 0x80);
}

/* It goes on; a signal for it is passed on. */
static void
trace_go(pid_t tid, int status)
{
	const int sig = WSTOPSIG(status);

	(void)ptrace(PTRACE_SYSCALL, tid, NULL, is_call(status) ||
	    status >> 16 != 0 ? 0 : sig);
}

/* All have stopped once, and each is on its way into a call or out of one. */
static void
trace_settle(void)
{
	uint64_t since = now_ms();
	int status;
	pid_t tid;

	while (now_ms() - since < QUIET_MS) {
		if ((tid = trace_next(&status)) == 0) {
			usleep(200);
			continue;
		}
		trace_go(tid, status);
		since = now_ms();
	}
}

/* It is dead, and its tracer has heard of it: so does its parent. */
static void
trace_reap(void)
{
	const uint64_t since = now_ms();
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) != daemon_pid ||
	    WIFSTOPPED(status)) {
		if (now_ms() - since > LIMIT_S * 1000)
			die("devswd does not die");
		if (pid == 0)
			usleep(200);
	}
}

static void
trace_end(void)
{
	const struct dirent *de;
	char path[64];
	int status;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)daemon_pid);
	if ((dir = opendir(path)) == NULL)
		die("%s", path);
	while ((de = readdir(dir)) != NULL) {
		const pid_t tid = (pid_t)atoi(de->d_name);

		if (tid == 0 || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == -1)
			continue;
		if (waitpid(tid, &status, __WALL) != tid ||
		    ptrace(PTRACE_DETACH, tid, NULL, NULL) == -1)
			die("PTRACE_DETACH");
	}
	closedir(dir);
}

/*
 * Until the n-th stop, at which devswd is killed; false: there are not so many.
 * nrs counts at which calls.
 */
static bool
trace_until(const struct action *a, unsigned n, unsigned *nrs)
{
	struct ptrace_syscall_info psi;
	uint64_t since = now_ms();
	bool sent = !a->a_sends;
	unsigned stops = 0;
	int status;
	pid_t tid;

	for (;;) {
		if ((tid = trace_next(&status)) != 0) {
			since = now_ms();
			if (is_call(status) && ++stops == n)
				break;
			trace_go(tid, status);
			continue;
		}
		usleep(200);
		if (now_ms() - since < QUIET_MS || (!sh->s_done && sent)) {
			if (now_ms() - since > LIMIT_S * 1000)
				die("%s does not end", a->a_name);
			continue;
		}
		if (sent)
			return false;
		far_send();
		sent = true;
		since = now_ms();
	}
	memset(&psi, 0, sizeof(psi));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(psi), &psi) > 0 &&
	    psi.op == PTRACE_SYSCALL_INFO_ENTRY && psi.entry.nr < NRS)
		nrs[psi.entry.nr]++;
	kill(daemon_pid, SIGKILL);
	trace_reap();
	return true;
}

/* ---- what must hold -------------------------------------------------- */

static void
check_result(const struct action *a, unsigned n)
{
	const int r = sh->s_result, error = sh->s_error;
	bool good;

	if (a->a_call == call_open)
		good = r >= 0 || error == EINTR || error == EIO ||
		    error == ENXIO;
	else if (a->a_call == call_read)
		good = r == 0 || (r == PAYLOAD && memcmp(sh->s_data, payload,
		    PAYLOAD) == 0);
	else if (a->a_call == call_write)
		good = r == PAYLOAD || (r == -1 && error == EIO);
	else if (a->a_call == call_poll)
		good = r > 0 && (r & (POLLIN | POLLERR)) != 0;
	else
		good = r == 0 || (r == -1 && error == EBADF);
	if (!good) {
		errno = error;
		die("killed at stop %u of %s: %d", n, a->a_name, r);
	}
}

static void
check_node(const struct action *a, unsigned n)
{
	const int fd = node_open();
	struct termios t;
	char got[256];
	ssize_t r;

	if (tcgetattr(fd, &t) == -1 || t.c_lflag != mode.c_lflag ||
	    t.c_cflag != mode.c_cflag || t.c_iflag != mode.c_iflag)
		die("killed at stop %u of %s: the settings", n, a->a_name);
	if (a->a_call == call_write && far_came() > 1)
		die("killed at stop %u of %s: it came twice", n, a->a_name);
	while ((r = read(fd, got, sizeof(got) - 1)) > 0) {
		got[r] = '\0';
		if (a->a_call == call_read && sh->s_result > 0 &&
		    strstr(got, payload) != NULL)
			die("killed at stop %u of %s: read twice", n,
			    a->a_name);
	}
	if (r == 0 || errno != EAGAIN)
		die("killed at stop %u of %s: the new file: %zd", n,
		    a->a_name, r);
	close(fd);
}

/* false: the action has fewer stops. */
static bool
kill_at(const struct action *a, unsigned n, unsigned *nrs)
{
	bool was;

	payload_next();
	client_start(a);
	trace_begin();
	trace_settle();
	sh->s_go = 1;
	was = trace_until(a, n, nrs);
	if (!was)
		trace_end();
	else
		wait_flag(&sh->s_done, "the call does not end");
	check_result(a, n);
	if (was) {
		daemon_find();
		close(node_open());
	}
	/* An open may have been answered by the next one. */
	client_leaves(was && a->a_call != call_open ? 2 : 1);
	check_node(a, n);
	return was;
}

static void
print_action(const struct action *a, unsigned stops, const unsigned *nrs)
{
	const char *comma = "";

	printf("{\"action\": \"%s\", \"stops\": %u, \"calls\": {", a->a_name,
	    stops);
	for (unsigned i = 0; i < NRS; i++) {
		if (nrs[i] == 0)
			continue;
		printf("%s\"%u\": %u", comma, i, nrs[i]);
		comma = ", ";
	}
	printf("}}\n");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	unsigned every, n;
	int fd;

	if (argc != 6 || (every = (unsigned)atoi(argv[1])) == 0) {
		fprintf(stderr, "usage: kill_calls EVERY KEEPER LOCK NODE "
		    "FAR\n");
		return 2;
	}
	keeper = (pid_t)atoi(argv[2]);
	lock = argv[3];
	node = argv[4];
	far_open(argv[5]);
	srand((unsigned)getpid());
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		die("mmap");
	daemon_find();
	fd = node_open();
	if (tcgetattr(fd, &mode) == -1)
		die("tcgetattr");
	cfmakeraw(&mode);
	mode.c_cflag |= CLOCAL;
	if (tcsetattr(fd, TCSANOW, &mode) == -1 || tcgetattr(fd, &mode) == -1)
		die("tcsetattr");
	close(fd);
	for (const struct action *a = actions; a < actions + NACTIONS; a++) {
		unsigned nrs[NRS] = { 0 };

		n = 1 + (unsigned)rand() % every;
		while (n < STOPS_MAX && kill_at(a, n, nrs))
			n += every;
		print_action(a, n, nrs);
	}
	return 0;
}
