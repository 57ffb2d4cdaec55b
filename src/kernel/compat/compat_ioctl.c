/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat_ioctl.c - Linux ioctls, by size and by meaning.
 *
 * A Linux client's command is one of
 *
 *	- a terminal command from before ioctl numbers had sizes (TCGETS):
 *	  in the table of compat_tty.c, which gives its size and a function
 *	  that makes one or more BSD ioctls of it;
 *	- a number with direction and size, made with Linux's _IOR and _IOW:
 *	  a BSD command that a program compiled on Linux spells with Linux's
 *	  macros (USB_GET_DEVICEINFO, TIOCSFLAGS).  Group, number and size are
 *	  kept, the direction bits are BSD's;
 *	- one of hidraw's (compat_hid.c);
 *	- a number without size (_IO): the argument, if any, is a number.
 *
 *		direction	size		group, number
 *	Linux	1 in, 2 out	14 bits		16 bits
 *	BSD	4 in, 2 out,	13 bits		16 bits
 *		1 none
 *
 * Whoever asks for an ioctl first asks for its sizes and hands over exactly
 * that many bytes.  What a command writes it writes whole, as BSD's kernel
 * copies the whole structure that the number tells (1028 bytes for
 * USB_GET_REPORT_DESC, whatever the length in it); only hidraw's write what
 * there is, and leave the client's memory behind it alone.
 *
 * Known gap: structures with pointers or longs (TIOCGSERIAL) have the
 * layout of a 64-bit client.
 */
#include <sys/param.h>
#include <sys/ioccom.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include "compat/compat_impl.h"

#define	LX_DIR(c)	((c) >> 30)
#define	LX_IN		1	/* _IOC_WRITE: the client writes, we read */
#define	LX_OUT		2	/* _IOC_READ */
#define	LX_SIZE(c)	(((c) >> 16) & 0x3fff)
#define	LX_GROUP(c)	(((c) >> 8) & 0xff)

#define	SMALLARG	128

/*
 * error = compat_ioctl_size(cmd, &insize, &outsize)
 *
 *	How many bytes the command reads, and at most writes, behind its
 *	argument.  ENOTTY: nobody can know what it is.  Does not sleep.
 */
int
compat_ioctl_size(uint32_t cmd, size_t *insz, size_t *outsz)
{
	const struct compat_cmd *const cc = compat_tty_lookup(cmd);
	const size_t size = LX_SIZE(cmd);

	*insz = *outsz = 0;
	if (cc != NULL) {
		*insz = cc->cc_insz;
		*outsz = cc->cc_outsz;
		return 0;
	}
	/* The rest of Linux's own terminal commands. */
	if (LX_GROUP(cmd) == 'T')
		return ENOTTY;
	if (compat_is_hid(cmd)) {
		compat_hid_size(cmd, insz, outsz);
		return 0;
	}
	if (size > IOCPARM_MASK || (LX_DIR(cmd) == 0 && size != 0))
		return ENOTTY;
	if (LX_DIR(cmd) & LX_IN)
		*insz = size;
	if (LX_DIR(cmd) & LX_OUT)
		*outsz = size;
	return 0;
}

/*
 * off = compat_ioctl_outoff(cmd)
 *
 *	How far behind the argument the bytes begin that the command writes.
 */
size_t
compat_ioctl_outoff(uint32_t cmd)
{

	return compat_tty_lookup(cmd) == NULL && compat_is_hid(cmd) ?
	    compat_hid_outoff(cmd) : 0;
}

/* A command that differs from BSD's in the direction bits only. */
static int
compat_native(uint32_t cmd, const struct compat_req *r)
{
	const size_t size = LX_SIZE(cmd);
	char small[SMALLARG] __aligned(16);
	void *buf = small;
	u_long dir = 0, arg = (u_long)r->r_arg;
	int error;

	if (LX_DIR(cmd) & LX_IN)
		dir |= IOC_IN;
	if (LX_DIR(cmd) & LX_OUT)
		dir |= IOC_OUT;
	if (dir == 0)
		dir = IOC_VOID;
	cmd &= 0xffff;
	if (size == 0)
		return compat_do(r, dir | cmd, &arg);

	if (size > sizeof(small))
		buf = kmem_alloc(size, KM_SLEEP);
	else
		memset(small, 0, sizeof(small));
	if (dir & IOC_IN)
		memcpy(buf, r->r_in, size);
	error = compat_do(r, dir | (u_long)size << IOCPARM_SHIFT | cmd, buf);
	if (error == 0 && (dir & IOC_OUT))
		memcpy(r->r_out, buf, size);
	if (buf != small)
		kmem_free(buf, size);
	return error;
}

/*
 * error = compat_ioctl(cmd, arg, in, insize, out, &outsize, &result, fn,
 *     cookie)
 *
 *	Do a Linux ioctl by calling fn(cookie, bsdcmd, data), possibly more
 *	than once.  result is what ioctl(2) returns, mostly 0.  The sizes are
 *	those of compat_ioctl_size, and outsize becomes how much of out is
 *	the answer.  out is written only if the error is 0.
 *	Sleeps as fn does, and for the length of a break.  The result is a BSD
 *	errno: fn's, EPASSTHROUGH and ERESTART included (the whole ioctl can be
 *	done again), ENOTTY, EINVAL for a bad argument, EINTR.
 */
int
compat_ioctl(uint32_t cmd, uint64_t arg, const void *in, size_t insz,
    void *out, size_t *outsz, int *result, compat_ioctl_t *fn, void *cookie)
{
	const struct compat_cmd *const cc = compat_tty_lookup(cmd);
	struct compat_req r = {
		.r_arg = arg,
		.r_in = in,
		.r_out = out,
		.r_outlen = outsz,
		.r_result = result,
		.r_fn = fn,
		.r_cookie = cookie,
	};
	size_t wantin, wantout;
	int error;

	error = compat_ioctl_size(cmd, &wantin, &wantout);
	if (error != 0)
		return error;
	KASSERTMSG(insz == wantin && *outsz == wantout,
	    "cmd %#x: sizes %zu, %zu instead of %zu, %zu", cmd, insz, *outsz,
	    wantin, wantout);
	*result = 0;
	if (cc == NULL)
		return compat_is_hid(cmd) ? compat_hid(cmd, &r) :
		    compat_native(cmd, &r);
	r.r_bsd = cc->cc_bsd;
	return (*cc->cc_func)(&r);
}
