/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat_hid.c - the ioctls of Linux's hidraw, linux/hidraw.h.
 *
 * They have no BSD counterparts that could carry them: reports with their ID
 * byte, of any length, and a result that is a length.  So each becomes one
 * command, HIDRAW_IOCTL, with a struct hidraw_ioctl, for a driver that
 * knows these ioctls.  It is no command that a client could send: those that
 * come from one have a direction.
 *
 * The sizes are those in the number, with these exceptions:
 *
 *	- HIDIOCGRDESC says that it only writes, and yet reads the length that
 *	  is asked for;
 *	- what writes a text, or a part of a buffer, leaves the rest of the
 *	  client's memory alone, and that may be less than the number says.  So
 *	  all of it is read, and written back as it was;
 *	- HIDIOCREVOKE says that it reads an int, and its argument is 0.
 */
#include <sys/param.h>
#include <sys/systm.h>

#include <dev/hid/hidraw.h>

#include "compat/compat_impl.h"

#define	LX_DIR(c)	((c) >> 30)
#define	LX_SIZE(c)	(((c) >> 16) & 0x3fff)
#define	LX_NR(c)	((c) & 0xff)

/*
 * is = compat_is_hid(cmd)
 */
bool
compat_is_hid(uint32_t cmd)
{

	return ((cmd >> 8) & 0xff) == 'H';
}

/*
 * compat_hid_size(cmd, &insize, &outsize)
 *
 *	As compat_ioctl_size, for a command of this group.
 */
void
compat_hid_size(uint32_t cmd, size_t *insz, size_t *outsz)
{

	if (LX_DIR(cmd) & 1)
		*insz = LX_SIZE(cmd);
	if (LX_DIR(cmd) & 2)
		*outsz = LX_SIZE(cmd);
	switch (LX_NR(cmd)) {
	case HIDRAW_GRDESC:
	case HIDRAW_GRAWNAME:
	case HIDRAW_GRAWPHYS:
	case HIDRAW_GRAWUNIQ:
		*insz = *outsz;
		break;
	case HIDRAW_REVOKE:
		*insz = 0;
		break;
	}
}

/*
 * error = compat_hid(cmd, r)
 *
 *	Do it.  Sleeps as the driver does.
 */
int
compat_hid(uint32_t cmd, const struct compat_req *r)
{
	struct hidraw_ioctl hi = {
		.hi_nr = LX_NR(cmd),
		.hi_arg = r->r_arg,
		.hi_in = r->r_in,
		.hi_out = r->r_out,
	};
	int error;

	compat_hid_size(cmd, &hi.hi_insize, &hi.hi_outsize);
	error = compat_do(r, HIDRAW_IOCTL, &hi);
	if (error == 0)
		*r->r_result = hi.hi_result;
	return error;
}
