/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_devtrace.c - what begins and what ends, for the host side to write
 * down.  The host side adds time and thread; here errors and ioctls
 * get their names.
 *
 * No lock and no state but devtrace_on.
 */
#include <sys/devtrace.h>
#include <sys/errno.h>
#include <sys/filio.h>
#include <sys/systm.h>
#include <sys/termios.h>
#include <sys/time.h>
#include <sys/ttycom.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbhid.h>

#include <hyp/hyp_trace.h>

bool devtrace_on;

#define	NAME(e)	[e] = #e
static const char *const errno_names[] = {
	[0] = "0",
	NAME(EPERM), NAME(ENOENT), NAME(ESRCH), NAME(EINTR), NAME(EIO),
	NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC), NAME(EBADF), NAME(ECHILD),
	NAME(EDEADLK), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT),
	NAME(ENOTBLK), NAME(EBUSY), NAME(EEXIST), NAME(EXDEV), NAME(ENODEV),
	NAME(ENOTDIR), NAME(EISDIR), NAME(EINVAL), NAME(ENFILE),
	NAME(EMFILE), NAME(ENOTTY), NAME(ETXTBSY), NAME(EFBIG), NAME(ENOSPC),
	NAME(ESPIPE), NAME(EROFS), NAME(EMLINK), NAME(EPIPE), NAME(EDOM),
	NAME(ERANGE), NAME(EAGAIN), NAME(EINPROGRESS), NAME(EALREADY),
	NAME(ENOTSOCK), NAME(EDESTADDRREQ), NAME(EMSGSIZE), NAME(EPROTOTYPE),
	NAME(ENOPROTOOPT), NAME(EPROTONOSUPPORT), NAME(ESOCKTNOSUPPORT),
	NAME(EOPNOTSUPP), NAME(EPFNOSUPPORT), NAME(EAFNOSUPPORT),
	NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(ENETDOWN),
	NAME(ENETUNREACH), NAME(ENETRESET), NAME(ECONNABORTED),
	NAME(ECONNRESET), NAME(ENOBUFS), NAME(EISCONN), NAME(ENOTCONN),
	NAME(ESHUTDOWN), NAME(ETOOMANYREFS), NAME(ETIMEDOUT),
	NAME(ECONNREFUSED), NAME(ELOOP), NAME(ENAMETOOLONG), NAME(EHOSTDOWN),
	NAME(EHOSTUNREACH), NAME(ENOTEMPTY), NAME(EPROCLIM), NAME(EUSERS),
	NAME(EDQUOT), NAME(ESTALE), NAME(EREMOTE), NAME(EBADRPC),
	NAME(ERPCMISMATCH), NAME(EPROGUNAVAIL), NAME(EPROGMISMATCH),
	NAME(EPROCUNAVAIL), NAME(ENOLCK), NAME(ENOSYS), NAME(EFTYPE),
	NAME(EAUTH), NAME(ENEEDAUTH), NAME(EIDRM), NAME(ENOMSG),
	NAME(EOVERFLOW), NAME(EILSEQ), NAME(ENOTSUP), NAME(ECANCELED),
	NAME(EBADMSG), NAME(ENODATA), NAME(ENOSR), NAME(ENOSTR), NAME(ETIME),
	NAME(ENOATTR), NAME(EMULTIHOP), NAME(ENOLINK), NAME(EPROTO),
};
#undef NAME

#define	NAME(c)	{ c, #c }
static const struct {
	u_long		 command;
	const char	*name;
} ioctl_names[] = {
	NAME(FIONREAD), NAME(FIONBIO), NAME(FIOASYNC), NAME(FIOSETOWN),
	NAME(FIOGETOWN), NAME(FIONWRITE), NAME(FIONSPACE),
	NAME(TIOCEXCL), NAME(TIOCNXCL), NAME(TIOCFLUSH), NAME(TIOCGETA),
	NAME(TIOCSETA), NAME(TIOCSETAW), NAME(TIOCSETAF), NAME(TIOCGETD),
	NAME(TIOCSETD), NAME(TIOCGLINED), NAME(TIOCSLINED),
	NAME(TIOCDCDTIMESTAMP), NAME(TIOCSFLAGS), NAME(TIOCGFLAGS),
	NAME(TIOCDRAIN), NAME(TIOCSIG), NAME(TIOCEXT), NAME(TIOCSCTTY),
	NAME(TIOCCONS), NAME(TIOCGSID), NAME(TIOCSTAT), NAME(TIOCUCNTL),
	NAME(TIOCSWINSZ), NAME(TIOCGWINSZ), NAME(TIOCREMOTE), NAME(TIOCMGET),
	NAME(TIOCMBIC), NAME(TIOCMBIS), NAME(TIOCMSET), NAME(TIOCSTART),
	NAME(TIOCSTOP), NAME(TIOCPKT), NAME(TIOCNOTTY), NAME(TIOCSTI),
	NAME(TIOCOUTQ), NAME(TIOCSPGRP), NAME(TIOCGPGRP), NAME(TIOCCDTR),
	NAME(TIOCSDTR), NAME(TIOCCBRK), NAME(TIOCSBRK), NAME(TIOCSQSIZE),
	NAME(TIOCGQSIZE), NAME(TIOCGXCL), NAME(TIOCMWAIT),
	NAME(TIOCGCOUNTS), NAME(TIOCIFLOW), NAME(TIOCGTXEMPTY),
	NAME(TIOCGPORT), NAME(TIOCSPORT), NAME(TIOCGRATE),
	NAME(USB_HID_GET_RAW), NAME(USB_HID_SET_RAW),
	NAME(USB_GET_REPORT_DESC), NAME(USB_SET_IMMED), NAME(USB_GET_REPORT),
	NAME(USB_SET_REPORT), NAME(USB_GET_REPORT_ID),
	NAME(USB_GET_DEVICE_DESC), NAME(USB_GET_DEVICEINFO),
	NAME(USB_GET_STRING_DESC),
};
#undef NAME

/* A driver may return any number. */
static void
error_name(int error, char *name, size_t len)
{
	const char *text = NULL;

	switch (error) {
	case EJUSTRETURN:
		text = "EJUSTRETURN";
		break;
	case ERESTART:
		text = "ERESTART";
		break;
	case EPASSTHROUGH:
		text = "EPASSTHROUGH";
		break;
	case EMOVEFD:
		text = "EMOVEFD";
		break;
	default:
		if (error >= 0 && (u_int)error < __arraycount(errno_names))
			text = errno_names[error];
	}
	if (text != NULL)
		strlcpy(name, text, len);
	else
		snprintf(name, len, "%d", error);
}

static void
ioctl_name(u_long command, char *name, size_t len)
{

	for (u_int i = 0; i < __arraycount(ioctl_names); i++) {
		if (ioctl_names[i].command == command) {
			strlcpy(name, ioctl_names[i].name, len);
			return;
		}
	}
	snprintf(name, len, "0x%lx", command);
}

static void
trace_fill(struct hyp_trace *ht, const struct devtrace *dt)
{

	memset(ht, 0, sizeof(*ht));
	ht->ht_event = dt->dt_event;
	ht->ht_key = dt->dt_key;
	ht->ht_func = dt->dt_func;
	ht->ht_value = dt->dt_value;
	ht->ht_file = dt->dt_file;
	strlcpy(ht->ht_dev, dt->dt_dev, sizeof(ht->ht_dev));
	if (dt->dt_command != 0)
		ioctl_name(dt->dt_command, ht->ht_command,
		    sizeof(ht->ht_command));
}

/*
 * devtrace_enter(dt)
 * devtrace_exit(dt, error)
 *
 *	It begins; it has ended so.  Only if DEVTRACE().  Any lock; do not
 *	sleep.
 */
void
devtrace_enter(const struct devtrace *dt)
{
	struct hyp_trace ht;

	trace_fill(&ht, dt);
	hyp_trace(&ht);
}

void
devtrace_exit(const struct devtrace *dt, int error)
{
	struct hyp_trace ht;

	trace_fill(&ht, dt);
	ht.ht_exit = 1;
	error_name(error, ht.ht_error, sizeof(ht.ht_error));
	hyp_trace(&ht);
}

/* The up-calls; contract in hyp_trace.h. */
void
hyp_trace_start(void)
{

	__atomic_store_n(&devtrace_on, true, __ATOMIC_RELAXED);
}

void
hyp_trace_stop(void)
{

	__atomic_store_n(&devtrace_on, false, __ATOMIC_RELAXED);
}
