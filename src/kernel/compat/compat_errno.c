/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat_errno.c - NetBSD's error numbers and Linux's.
 *
 * They agree up to 34, but for EDEADLK, and nowhere after that.  One table
 * serves both directions.  What leaves is always 0 or in 1..133, because a
 * CUSE reply with any other number is refused by the kernel and its client
 * hangs; and never ENOSYS, which the kernel takes for "this device has no
 * such operation" and remembers.
 */
#include <sys/param.h>
#include <sys/systm.h>

#include "compat/compat.h"

#define	LINUX_EINTR		4
#define	LINUX_EIO		5
#define	LINUX_ENOTTY		25
#define	LINUX_ENOSYS		38
#define	LINUX_EOPNOTSUPP	95
#define	LINUX_EMAX		133

/* Index: NetBSD's number.  Names in comments where the two do not match. */
static const uint8_t errno_linux[] = {
	[EPERM] = 1,		[ENOENT] = 2,		[ESRCH] = 3,
	[EINTR] = 4,		[EIO] = 5,		[ENXIO] = 6,
	[E2BIG] = 7,		[ENOEXEC] = 8,		[EBADF] = 9,
	[ECHILD] = 10,		[EDEADLK] = 35,		[ENOMEM] = 12,
	[EACCES] = 13,		[EFAULT] = 14,		[ENOTBLK] = 15,
	[EBUSY] = 16,		[EEXIST] = 17,		[EXDEV] = 18,
	[ENODEV] = 19,		[ENOTDIR] = 20,		[EISDIR] = 21,
	[EINVAL] = 22,		[ENFILE] = 23,		[EMFILE] = 24,
	[ENOTTY] = 25,		[ETXTBSY] = 26,		[EFBIG] = 27,
	[ENOSPC] = 28,		[ESPIPE] = 29,		[EROFS] = 30,
	[EMLINK] = 31,		[EPIPE] = 32,		[EDOM] = 33,
	[ERANGE] = 34,		[EAGAIN] = 11,		[EINPROGRESS] = 115,
	[EALREADY] = 114,	[ENOTSOCK] = 88,	[EDESTADDRREQ] = 89,
	[EMSGSIZE] = 90,	[EPROTOTYPE] = 91,	[ENOPROTOOPT] = 92,
	[EPROTONOSUPPORT] = 93,	[ESOCKTNOSUPPORT] = 94,	[EOPNOTSUPP] = 95,
	[EPFNOSUPPORT] = 96,	[EAFNOSUPPORT] = 97,	[EADDRINUSE] = 98,
	[EADDRNOTAVAIL] = 99,	[ENETDOWN] = 100,	[ENETUNREACH] = 101,
	[ENETRESET] = 102,	[ECONNABORTED] = 103,	[ECONNRESET] = 104,
	[ENOBUFS] = 105,	[EISCONN] = 106,	[ENOTCONN] = 107,
	[ESHUTDOWN] = 108,	[ETOOMANYREFS] = 109,	[ETIMEDOUT] = 110,
	[ECONNREFUSED] = 111,	[ELOOP] = 40,		[ENAMETOOLONG] = 36,
	[EHOSTDOWN] = 112,	[EHOSTUNREACH] = 113,	[ENOTEMPTY] = 39,
	[EPROCLIM] = 11 /* EAGAIN */,			[EUSERS] = 87,
	[EDQUOT] = 122,		[ESTALE] = 116,		[EREMOTE] = 66,
	[EBADRPC] = 71 /* EPROTO */,
	[ERPCMISMATCH] = 71 /* EPROTO */,
	[EPROGUNAVAIL] = 93 /* EPROTONOSUPPORT */,
	[EPROGMISMATCH] = 93 /* EPROTONOSUPPORT */,
	[EPROCUNAVAIL] = 93 /* EPROTONOSUPPORT */,
	[ENOLCK] = 37,
	[ENOSYS] = 95 /* EOPNOTSUPP */,
	[EFTYPE] = 22 /* EINVAL */,
	[EAUTH] = 13 /* EACCES */,
	[ENEEDAUTH] = 13 /* EACCES */,
	[EIDRM] = 43,		[ENOMSG] = 42,		[EOVERFLOW] = 75,
	[EILSEQ] = 84,		[ENOTSUP] = 95,		[ECANCELED] = 125,
	[EBADMSG] = 74,		[ENODATA] = 61,		[ENOSR] = 63,
	[ENOSTR] = 60,		[ETIME] = 62,
	[ENOATTR] = 61 /* ENODATA */,
	[EMULTIHOP] = 72,	[ENOLINK] = 67,		[EPROTO] = 71,
};

/*
 * error = compat_errno(bsderror)
 *
 *	Linux's number for one of NetBSD's, total: what is unknown is EIO, an
 *	ioctl that nobody knew (EPASSTHROUGH) is ENOTTY, and a restart that
 *	nobody did is EINTR.
 */
int
compat_errno(int error)
{
	int lx;

	switch (error) {
	case 0:
		return 0;
	case ERESTART:
		return LINUX_EINTR;
	case EPASSTHROUGH:
		return LINUX_ENOTTY;
	default:
		break;
	}
	if (error < 0 || (size_t)error >= __arraycount(errno_linux))
		return LINUX_EIO;
	lx = errno_linux[error];
	KASSERTMSG(lx > 0 && lx <= LINUX_EMAX && lx != LINUX_ENOSYS,
	    "errno %d becomes %d", error, lx);
	return lx;
}

/*
 * bsderror = compat_errno_in(error)
 *
 *	NetBSD's number for one of Linux's; EIO if it has none.
 */
int
compat_errno_in(int error)
{
	size_t i;

	if (error == 0)
		return 0;
	if (error == LINUX_ENOSYS)
		return ENOSYS;
	/* The first entry is the one with the same name, but for these. */
	if (error == LINUX_EOPNOTSUPP)
		return EOPNOTSUPP;
	if (error == 11)
		return EAGAIN;
	if (error == 71)
		return EPROTO;
	for (i = 1; i < __arraycount(errno_linux); i++) {
		if (errno_linux[i] == error)
			return (int)i;
	}
	return EIO;
}
