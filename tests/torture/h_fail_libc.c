/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fail_libc.c - system calls of the host side, and memory, that fail; see
 * h_fail.h.
 *
 * Only calls of src are these: its objects are linked into one first, with
 * --wrap (meson.build), and what is added to that, this file and the tests,
 * calls the C library itself.  The errors are those that can be met without a
 * fault of the caller's: no resource, a full or a broken disk, a signal.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture/h_fail.h"

const char *(*fail_path)(const char *);
int (*fail_open)(const char *);

static const char *
where(const char *path)
{

	return fail_path != NULL ? (*fail_path)(path) : path;
}

/* Is it this call, and with which of these errors? */
static bool
fails(int which, const int *errors)
{

	if (which < 0)
		return false;
	errno = errors[which];
	return true;
}

/* In a __wrap_ function: the call fails, with one of these, and returns so. */
#define	FAIL(call, as, ...)						\
	do {								\
		static const int errors_[] = { __VA_ARGS__ };		\
									\
		if (fails(FAIL_HERE((call), FAIL_CALLS,			\
		    sizeof(errors_) / sizeof(errors_[0])), errors_))	\
			return (as);					\
	} while (0)

/* A wrapped function with nothing special about it. */
#define	WRAP(type, call, params, args, as, ...)				\
type	__wrap_##call params;						\
type									\
__wrap_##call params							\
{									\
									\
	FAIL(#call, as, __VA_ARGS__);					\
	return call args;						\
}

#define	WRAP_MEMORY(call, params, args)					\
void	*__wrap_##call params;						\
void *									\
__wrap_##call params							\
{									\
									\
	if (FAIL_HERE(#call, FAIL_MEMORY, 1) >= 0) {			\
		errno = ENOMEM;						\
		return NULL;						\
	}								\
	return call args;						\
}

WRAP_MEMORY(malloc, (size_t n), (n))
WRAP_MEMORY(calloc, (size_t n, size_t size), (n, size))
WRAP_MEMORY(realloc, (void *p, size_t n), (p, n))
WRAP_MEMORY(reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAP_MEMORY(strdup, (const char *s), (s))

/* Descriptors of all kinds. */
WRAP(int, epoll_create1, (int flags), (flags), -1, EMFILE, ENOMEM)
WRAP(int, eventfd, (unsigned n, int flags), (n, flags), -1, EMFILE, ENOMEM)
WRAP(int, timerfd_create, (int clock, int flags), (clock, flags), -1, EMFILE,
    ENOMEM)
WRAP(int, socket, (int family, int type, int proto), (family, type, proto),
    -1, EMFILE, ENOBUFS, EAFNOSUPPORT)
WRAP(int, pipe2, (int fds[2], int flags), (fds, flags), -1, EMFILE)

WRAP(int, epoll_ctl, (int ep, int op, int fd, struct epoll_event *ev),
    (ep, op, fd, ev), -1, ENOMEM, ENOSPC)
WRAP(int, epoll_wait, (int ep, struct epoll_event *ev, int n, int ms),
    (ep, ev, n, ms), -1, EINTR, EINVAL)
WRAP(int, timerfd_settime, (int fd, int flags, const struct itimerspec *its,
    struct itimerspec *old), (fd, flags, its, old), -1, EINVAL)
WRAP(int, poll, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms), -1,
    EINTR, ENOMEM)

WRAP(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags),
    -1, EMFILE, ENOMEM)

/* Sockets. */
WRAP(int, bind, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len), -1, EADDRINUSE, ENOMEM)
WRAP(int, connect, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len), -1, ECONNREFUSED)
WRAP(int, setsockopt, (int fd, int level, int name, const void *p,
    socklen_t len), (fd, level, name, p, len), -1, ENOMEM)
WRAP(int, getsockname, (int fd, struct sockaddr *sa, socklen_t *len),
    (fd, sa, len), -1, ENOBUFS)
WRAP(ssize_t, send, (int fd, const void *p, size_t n, int flags),
    (fd, p, n, flags), -1, ENOBUFS, EAGAIN)
WRAP(ssize_t, sendto, (int fd, const void *p, size_t n, int flags,
    const struct sockaddr *sa, socklen_t len), (fd, p, n, flags, sa, len), -1,
    ENOBUFS, EAGAIN, ECONNREFUSED)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags),
    (fd, m, flags), -1, ENOBUFS, EAGAIN)
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags),
    -1, ENOBUFS, EINTR)

/* Files. */
WRAP(FILE *, fopen, (const char *path, const char *mode),
    (where(path), mode), NULL,
    EMFILE, ENOMEM, EIO)
WRAP(FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL, ENOMEM)
WRAP(int, fflush, (FILE *f), (f), EOF, ENOSPC, EIO)
WRAP(int, fsync, (int fd), (fd), -1, EIO, ENOSPC)
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), -1, EIO)
WRAP(int, flock, (int fd, int op), (fd, op), -1, ENOLCK, EINTR)
WRAP(int, rename, (const char *a, const char *b), (where(a), where(b)), -1,
    ENOSPC, EIO)
WRAP(int, mkdir, (const char *path, mode_t mode), (where(path), mode), -1,
    EACCES, ENOSPC)
WRAP(int, unlink, (const char *path), (where(path)), -1, EACCES, EIO)
WRAP(int, chmod, (const char *path, mode_t mode), (where(path), mode), -1,
    EPERM, EIO)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM, EIO)
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), -1, EPERM)
WRAP(int, fchownat, (int fd, const char *path, uid_t uid, gid_t gid,
    int flags), (fd, path, uid, gid, flags), -1, EPERM, EIO)
WRAP(int, stat, (const char *path, struct stat *st), (where(path), st), -1,
    EIO)
WRAP(int, lstat, (const char *path, struct stat *st), (where(path), st), -1,
    EIO)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), -1, EIO)
WRAP(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), -1, EINTR, EIO,
    ENOMEM)
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), -1,
    EINTR, ENOSPC, EIO)
WRAP(ssize_t, writev, (int fd, const struct iovec *iov, int n), (fd, iov, n),
    -1, EINTR, ENOMEM)
WRAP(ssize_t, pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at),
    -1, EIO)
WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at), -1, ENOSPC, EIO)

/* Those with an argument only now and then. */
int	__wrap_open(const char *, int, ...);
int
__wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;
	int fd;

	FAIL("open", -1, EMFILE, EACCES, ENOMEM);
	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (fail_open != NULL && (fd = (*fail_open)(path)) != -1)
		return fd;
	return open(where(path), flags, mode);
}

int	__wrap_asprintf(char **, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
int
__wrap_asprintf(char **sp, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (FAIL_HERE("asprintf", FAIL_MEMORY, 1) >= 0)
		return -1;
	va_start(ap, fmt);
	n = vasprintf(sp, fmt, ap);
	va_end(ap);
	return n;
}

/* It returns its error. */
int	__wrap_pthread_create(pthread_t *, const pthread_attr_t *,
	    void *(*)(void *), void *);
int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*func)(void *), void *arg)
{

	if (FAIL_HERE("pthread_create", FAIL_CALLS, 1) >= 0)
		return EAGAIN;
	return pthread_create(thread, attr, func, arg);
}

/* With 64-bit offsets the C library's names are these. */
#define	ALSO(call)							\
	extern __typeof__(__wrap_##call) __wrap_##call##64		\
	    __attribute__((__alias__("__wrap_" #call)))
ALSO(open);
ALSO(fopen);
ALSO(stat);
ALSO(lstat);
ALSO(fstat);
ALSO(ftruncate);
ALSO(pread);
ALSO(pwrite);
