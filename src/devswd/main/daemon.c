/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.c - fork, readiness, the lock against a second daemon.
 *
 * Model
 *	The parent waits on a pipe whose other end only the child has: one
 *	byte means ready, the end of the file means that the child is gone,
 *	and its exit status is the answer.  So a start that fails is seen by
 *	whoever typed the command, with the messages on his terminal.
 *
 *	The lock is flock(2) on a file in /run/devsw, named by the major
 *	number, since that is what two daemons cannot share.  It ends with the
 *	process, however that ends; the file stays, and says who had it last.
 *
 *	Whoever can open the file, for reading even, can lock it and so keep
 *	the daemon from starting (flock(2) asks for no mode, fcntl(2)'s for
 *	reading conflict too).  So it is 0600.  One that others may open, or
 *	could when it was made, is not repaired but replaced: a chmod takes
 *	nothing from who has it open.
 *
 *	The directory belongs to root, or to the user that the service runs
 *	as.  The lock's file belongs to the directory's owner, whoever makes
 *	it, so that a daemon of root's and the service keep each other out,
 *	and neither leaves a file that the other cannot open.
 *
 * Known gap
 *	Two starts at the same moment that both find a loose file may both
 *	get a lock; the second one is stopped by the device numbers then.
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "main/daemon.h"

#define	NOTIFY_TIME	2	/* s */

static int daemon_pipe = -1;	/* to the parent */
static int daemon_lockfd = -1;	/* held until the process ends */

/* The parent: wait for the child, then exit. */
static _Noreturn void
daemon_parent(pid_t child, int fd)
{
	ssize_t n;
	char byte;
	int status;

	do {
		n = read(fd, &byte, 1);
	} while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(0);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	fprintf(stderr, "devswd: the daemon died at its start\n");
	_exit(1);
}

void
daemon_fork(void)
{
	int fds[2];
	pid_t pid;

	fflush(NULL);
	(void)signal(SIGCHLD, SIG_DFL);	/* keeper.c */
	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		fprintf(stderr, "devswd: cannot fork: %s\n", strerror(errno));
		exit(1);
	}
	if (pid != 0) {
		close(fds[1]);
		daemon_parent(pid, fds[0]);
	}
	close(fds[0]);
	daemon_pipe = fds[1];
	(void)setsid();
}

/* state, and a descriptor with it if that is one; false with errno. */
static bool
notify_send(int sock, const struct sockaddr_un *sun, socklen_t len,
    const char *state, int fd)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} rights = { .hdr = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)state,
	    .iov_len = strlen(state) };
	const struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)sun,
		.msg_namelen = len,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = fd != -1 ? &rights : NULL,
		.msg_controllen = fd != -1 ? sizeof(rights) : 0,
	};

	memcpy(CMSG_DATA(&rights.hdr), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) != -1;
}

void
daemon_notify(const char *state)
{

	(void)daemon_notify_fd(state, -1);
}

bool
daemon_notify_fd(const char *state, int kept)
{
	const struct timeval patience = { .tv_sec = NOTIFY_TIME };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	socklen_t len;
	bool sent;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(sun.sun_path))
		return false;
	strcpy(sun.sun_path, path);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	/* A service manager that reads nothing holds nobody up. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience));
	sent = notify_send(fd, &sun, len, state, kept);
	if (!sent)
		host_logf(HYP_LOG_WARNING, "cannot notify %s: %s", path,
		    strerror(errno));
	close(fd);
	return sent;
}

void
daemon_reloading(void)
{
	char state[64];

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)(hyp_clock() / 1000));
	daemon_notify(state);
}

void
daemon_leave(void)
{
	int fd;

	if (chdir("/") == -1)
		host_logf(HYP_LOG_WARNING, "chdir /: %s", strerror(errno));
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd != -1) {
		(void)dup2(fd, STDIN_FILENO);
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
		close(fd);
	}
	host_log_to(HOST_LOG_SYSLOG);
}

void
daemon_ready(void)
{

	daemon_notify("READY=1");
	if (daemon_pipe == -1)
		return;
	daemon_leave();
	if (write(daemon_pipe, "", 1) == -1)
		host_logf(HYP_LOG_WARNING, "nobody waits for the start");
	close(daemon_pipe);
	daemon_pipe = -1;
}

/* Who has the lock: the pid that the file says. */
static int
lock_owner(int fd)
{
	char buf[16];
	ssize_t n;

	n = pread(fd, buf, sizeof(buf) - 1, 0);
	buf[n < 0 ? 0 : n] = '\0';
	return atoi(buf);
}

/*
 * error = lock_dir(dir, &owner)
 *
 *	Make it if it is not there; whose is it?  errno; EPERM: it cannot be
 *	trusted.  Only in a directory of root's is that all that there is to
 *	ask: nobody else can have put it there.
 */
static int
lock_dir(const char *dir, uid_t *owner)
{
	struct stat st;

	/* The umask has no say in who finds the daemon. */
	if (mkdir(dir, 0755) == 0 ? chmod(dir, 0755) == -1 : errno != EEXIST)
		return errno;
	if (lstat(dir, &st) == -1)
		return errno;
	*owner = st.st_uid;
	return S_ISDIR(st.st_mode) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : EPERM;
}

/* Can nobody but root and the owner have it open? */
static int
lock_is_ours(int fd, uid_t owner)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_nlink != 1 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return 0;
	return st.st_uid == owner || (st.st_uid == geteuid() &&
	    fchown(fd, owner, (gid_t)-1) == 0);
}

/* The lock's file, or -1 with errno. */
static int
lock_open(const char *path, uid_t owner)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY;
	int fd;

	fd = open(path, flags, 0600);
	if (fd == -1 || lock_is_ours(fd, owner))
		return fd;
	close(fd);
	host_logf(HYP_LOG_WARNING, "%s: others could open it; replaced", path);
	if (unlink(path) == -1)
		return -1;
	fd = open(path, flags | O_EXCL, 0600);
	if (fd == -1 || lock_is_ours(fd, owner))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

int
daemon_lock(const char *dir, unsigned major)
{
	char path[256], pid[16];
	int error, fd, len;
	uid_t owner = 0;

	if ((error = lock_dir(dir, &owner)) != 0) {
		host_logf(HYP_LOG_ERR, "%s: %s%s", dir, error == EPERM ?
		    "is not a directory that only its owner can write to" :
		    strerror(error), error == EACCES ? "; run devswd as root, "
		    "or by its service" : "");
		return error;
	}
	snprintf(path, sizeof(path), "%s/devswd-%u.lock", dir, major);
	fd = lock_open(path, owner);
	if (fd == -1) {
		error = errno;
		host_logf(HYP_LOG_ERR, "%s: %s%s", path, strerror(error),
		    error == EACCES ? "; run devswd as root, or by its "
		    "service" : "");
		return error;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		error = errno;
		host_logf(HYP_LOG_ERR, "devswd runs already with major %u, as "
		    "process %d: stop it, or give this one another --major",
		    major, lock_owner(fd));
		close(fd);
		return error;
	}
	len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) == -1 || pwrite(fd, pid, (size_t)len, 0) != len)
		host_logf(HYP_LOG_WARNING, "%s: %s", path, strerror(errno));
	daemon_lockfd = fd;
	return 0;
}
