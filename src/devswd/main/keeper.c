/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper.c - the keeper: devswd's parent where there is no systemd; keeper.h.
 *
 * Model
 *	It does what systemd does for a service with FileDescriptorStoreMax= and
 *	Restart=on-failure, and nothing else: keeps the descriptors that its
 *	child sends it, by name, and gives all of them to the next child.  It
 *	opens no device, reads nothing that a client has written, and has no
 *	thread; so what kills the child does not reach it.
 *
 *		child				keeper
 *		FDSTORE=1, FDNAME=x, fd		keeps fd as x
 *		FDSTOREREMOVE=1, FDNAME=x	closes all that are x
 *		BARRIER=1, fd			closes fd
 *		READY=1				calls ready, the first time
 *		is killed			reads what is left to read;
 *						starts the next one
 *		exits				closes all, exits likewise
 *		exits with EXIT_RETRY, and	as if it were killed
 *		  one was ready before
 *		exits with EXIT_HANDED		starts the next one
 *
 *	That all is read before the next one starts is what front/handover.pml
 *	relies on.
 *
 *	Messages count only from the child itself (SCM_CREDENTIALS), and the
 *	socket is its owner's alone.  Of descriptors over KEPT_MAX, and names
 *	over NAME_MAX_LEN, there is a line in the log: that node goes with its
 *	daemon as without a keeper.
 *
 *	The first restart is at once, each further one waits twice as long as
 *	that before; one that lives for LIVED_MS begins anew.  After kc_tries in
 *	a row it gives up: closes all, so that no node waits for nobody.
 *
 *	SIGTERM, SIGINT and SIGHUP go to the child, which takes its nodes away
 *	and ends; while there is none, the first two end the keeper.  If the
 *	keeper dies the child gets SIGTERM (PR_SET_PDEATHSIG).  No locks.
 */
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "main/keeper.h"

#define	KEPT_MAX	1100		/* nodes, the journal, some more */
#define	NAME_MAX_LEN	32
#define	FIRST_FD	3
#define	LIVED_MS	30000
#define	PAUSE_BITS	8		/* and then no longer */
#define	EXIT_RETRY	1

struct kept {
	int		 k_fd;
	char		 k_name[NAME_MAX_LEN];
};

static struct keeper {
	struct kept	 kp_kept[KEPT_MAX];
	unsigned	 kp_n;
	int		 kp_sock;
	int		 kp_signals;
	char		 kp_path[108];
	char		 kp_exe[512];
	struct keeper_config kp_config;
	pid_t		 kp_child;	/* 0: none */
	bool		 kp_wasready, kp_stopping;
	uint64_t	 kp_born;	/* the child, ns */
	unsigned	 kp_tries;
	int		 kp_status;	/* of its exit */
} keeper;

/* ---- what is kept --------------------------------------------------- */

static void
keeper_add(int fd, const char *name)
{
	struct kept *const k = &keeper.kp_kept[keeper.kp_n];

	if (keeper.kp_n == KEPT_MAX || name[0] == '\0' ||
	    strlen(name) >= sizeof(k->k_name) || strchr(name, ':') != NULL) {
		host_logf(HYP_LOG_WARNING, "keeper: %.*s: not kept",
		    NAME_MAX_LEN, name);
		close(fd);
		return;
	}
	k->k_fd = fd;
	strcpy(k->k_name, name);
	keeper.kp_n++;
}

static void
keeper_remove(const char *name)
{
	struct kept *const k = keeper.kp_kept;

	for (unsigned i = keeper.kp_n; i-- > 0;) {
		if (name != NULL && strcmp(k[i].k_name, name) != 0)
			continue;
		close(k[i].k_fd);
		memmove(&k[i], &k[i + 1], (keeper.kp_n - i - 1) * sizeof(*k));
		keeper.kp_n--;
	}
}

/* ---- messages ------------------------------------------------------- */

/* A message has lines NAME=VALUE; they are taken apart here. */
static void
keeper_message(char *text, int fd)
{
	bool store = false, remove = false;
	const char *name = "stored";
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		if (strcmp(line, "FDSTORE=1") == 0)
			store = true;
		else if (strcmp(line, "FDSTOREREMOVE=1") == 0)
			remove = true;
		else if (strncmp(line, "FDNAME=", 7) == 0)
			name = line + 7;
		else if (strcmp(line, "READY=1") == 0 && !keeper.kp_wasready) {
			keeper.kp_wasready = true;
			(*keeper.kp_config.kc_ready)();
		}
	}
	if (store && fd != -1)
		keeper_add(fd, name);
	else if (fd != -1)	/* BARRIER=1 wants that, too */
		close(fd);
	if (remove)
		keeper_remove(name);
}

/* The descriptor of a message, or -1; and who has sent it. */
static int
keeper_rights(struct msghdr *msg, pid_t *pid)
{
	struct ucred cred;
	int fd = -1;

	*pid = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	    c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			*pid = cred.pid;
		} else if (c->cmsg_type == SCM_RIGHTS && fd == -1)
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	}
	return fd;
}

/* False: there is none (left).  For a second descriptor there is no room, and
   the kernel drops it. */
static bool
keeper_receive(void)
{
	char text[1024], control[CMSG_SPACE(sizeof(struct ucred)) +
	    CMSG_LEN(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n;
	pid_t pid;
	int fd;

	n = recvmsg(keeper.kp_sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n == -1)
		return errno == EINTR;
	fd = keeper_rights(&msg, &pid);
	text[n] = '\0';
	if (pid == keeper.kp_child && (msg.msg_flags & MSG_TRUNC) == 0)
		keeper_message(text, fd);
	else if (fd != -1)
		close(fd);
	return true;
}

/* ---- the child ------------------------------------------------------ */

/* In the child: what is kept goes to its place, from 3 on, to be inherited. */
static bool
child_fds(void)
{
	const int n = (int)keeper.kp_n;
	struct kept *const k = keeper.kp_kept;

	for (int i = 0; i < n; i++) {
		k[i].k_fd = fcntl(k[i].k_fd, F_DUPFD_CLOEXEC, FIRST_FD + n);
		if (k[i].k_fd == -1)
			return false;
	}
	for (int i = 0; i < n; i++) {
		if (dup2(k[i].k_fd, FIRST_FD + i) == -1)
			return false;
	}
	return true;
}

static bool
child_environment(void)
{
	static char names[KEPT_MAX * NAME_MAX_LEN + 1];
	char number[16], pid[16];
	size_t n = 0;

	for (unsigned i = 0; i < keeper.kp_n; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
		    i > 0 ? ":" : "", keeper.kp_kept[i].k_name);
	snprintf(number, sizeof(number), "%u", keeper.kp_n);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return setenv("NOTIFY_SOCKET", keeper.kp_path, 1) == 0 &&
	    setenv("LISTEN_FDS", number, 1) == 0 && setenv("LISTEN_PID", pid,
	    1) == 0 && setenv("LISTEN_FDNAMES", names, 1) == 0;
}

/* The keeper may have died before it is asked for a signal. */
static _Noreturn void
child_main(pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent)
		_exit(EXIT_RETRY);
	(void)!chdir(keeper.kp_config.kc_cwd);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The one that is installed now, if that was replaced. */
	if (child_environment() && child_fds())
		execv(keeper.kp_exe, keeper.kp_config.kc_argv);
	fprintf(stderr, "devswd: the keeper cannot start it: %s\n",
	    strerror(errno));
	_exit(EXIT_RETRY);
}

static void
keeper_start(void)
{
	const pid_t parent = getpid();

	keeper.kp_born = hyp_clock();
	keeper.kp_child = fork();
	if (keeper.kp_child == 0)
		child_main(parent);
	if (keeper.kp_child != -1)
		return;
	host_logf(HYP_LOG_ERR, "keeper: fork: %s", strerror(errno));
	keeper.kp_child = 0;
	keeper.kp_status = EXIT_RETRY;
	keeper.kp_tries++;
}

/* ms to the next start; -1: no more. */
static int
keeper_pause(void)
{
	const unsigned n = keeper.kp_tries - 2;

	if (keeper.kp_tries > keeper.kp_config.kc_tries)
		return -1;
	return keeper.kp_tries <= 1 ? 0 : (int)keeper.kp_config.kc_pause_ms <<
	    (n < PAUSE_BITS ? n : PAUSE_BITS);
}

/* The child has ended: end as well (false), or start another one. */
static bool
keeper_ended(int status)
{
	keeper.kp_status = WIFEXITED(status) ? WEXITSTATUS(status) :
	    EXIT_RETRY;
	while (keeper_receive())
		continue;
	if (keeper.kp_stopping || !keeper.kp_wasready ||
	    (keeper.kp_status != EXIT_RETRY &&
	    keeper.kp_status != EXIT_HANDED))
		return false;
	if (keeper.kp_status == EXIT_HANDED) {
		keeper.kp_tries = 0;
		keeper.kp_child = 0;
		return true;
	}
	if (hyp_clock() - keeper.kp_born > LIVED_MS * UINT64_C(1000000))
		keeper.kp_tries = 0;
	keeper.kp_tries++;
	host_logf(HYP_LOG_ERR, "keeper: devswd, process %d, %s%s; %u "
	    "descriptors are kept%s", (int)keeper.kp_child,
	    WIFSIGNALED(status) ? "was killed: " : "could not start",
	    WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "",
	    keeper.kp_n, keeper_pause() == -1 ? ", but this was too often" :
	    "");
	keeper.kp_child = 0;
	return keeper_pause() != -1;
}

/* ---- the loop ------------------------------------------------------- */

/* false: the keeper ends. */
static bool
keeper_signal(void)
{
	struct signalfd_siginfo si;
	int status;

	if (read(keeper.kp_signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return true;
	if (si.ssi_signo == SIGCHLD)
		return keeper.kp_child == 0 || waitpid(keeper.kp_child,
		    &status, WNOHANG) != keeper.kp_child ||
		    keeper_ended(status);
	if (si.ssi_signo != SIGHUP)
		keeper.kp_stopping = true;
	if (keeper.kp_child != 0)
		(void)kill(keeper.kp_child, (int)si.ssi_signo);
	else
		keeper.kp_status = 0;
	return keeper.kp_child != 0 || si.ssi_signo == SIGHUP;
}

static void
keeper_loop(void)
{
	struct pollfd pfd[2] = {
		{ .fd = keeper.kp_signals, .events = POLLIN },
		{ .fd = keeper.kp_sock, .events = POLLIN },
	};
	int n;

	while (keeper.kp_child != 0 || keeper_pause() != -1) {
		n = poll(pfd, 2, keeper.kp_child != 0 ? -1 : keeper_pause());
		if (n == 0)
			keeper_start();
		if (n > 0 && (pfd[1].revents & POLLIN) != 0)
			(void)keeper_receive();
		if (n > 0 && (pfd[0].revents & POLLIN) != 0 && !keeper_signal())
			return;
	}
}

/* Negative errno. */
static int
keeper_open(const char *dir)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int one = 1;
	mode_t mask;
	sigset_t set;
	int error;

	snprintf(keeper.kp_path, sizeof(keeper.kp_path), "%s/keeper-%d", dir,
	    (int)getpid());
	strcpy(sun.sun_path, keeper.kp_path);
	if (mkdir(dir, 0755) == -1 && errno != EEXIST)
		return -errno;
	(void)unlink(keeper.kp_path);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Were it ignored, as somebody may have left it, no child could be
	   waited for. */
	(void)signal(SIGCHLD, SIG_DFL);
	keeper.kp_signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	keeper.kp_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	mask = umask(0177);
	error = keeper.kp_signals == -1 || keeper.kp_sock == -1 ||
	    setsockopt(keeper.kp_sock, SOL_SOCKET, SO_PASSCRED, &one,
	    sizeof(one)) == -1 ||
	    bind(keeper.kp_sock, (struct sockaddr *)&sun, sizeof(sun)) == -1 ?
	    -errno : 0;
	(void)umask(mask);
	return error;
}

int
keeper_run(const struct keeper_config *kc)
{
	int error;

	keeper.kp_config = *kc;
	(void)!readlink("/proc/self/exe", keeper.kp_exe,
	    sizeof(keeper.kp_exe) - 1);
	error = keeper_open(kc->kc_dir);
	if (error != 0) {
		host_logf(HYP_LOG_ERR, "keeper: %s: %s", keeper.kp_path,
		    strerror(-error));
		return EXIT_RETRY;
	}
	keeper_start();
	keeper_loop();
	keeper_remove(NULL);
	(void)unlink(keeper.kp_path);
	return keeper.kp_status;
}
