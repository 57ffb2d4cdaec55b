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
 *	  is asked for, and writes nothing there;
 *	- HIDIOCG{INPUT,FEATURE,OUTPUT} read one byte, the report's ID;
 *	- HIDIOCS{INPUT,FEATURE,OUTPUT} say that they write, and do not;
 *	- HIDIOCREVOKE says that it reads an int, and its argument is 0.
 *
 * What writes a text, a report or a descriptor writes as much as there is.
 * The rest of what the number says is not touched, neither read nor written
 * back: it may lie behind the end of a mapping, and another thread of the
 * client may use it meanwhile.  The length of a descriptor is read in the
 * same round as it is used, so that no client can change it in between.
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

	const size_t off = compat_hid_outoff(cmd);

	if (LX_DIR(cmd) & 1)
		*insz = LX_SIZE(cmd);
	if (LX_DIR(cmd) & 2)
		*outsz = LX_SIZE(cmd);
	switch (LX_NR(cmd)) {
	case HIDRAW_GRDESC:
		*insz = MIN(*outsz, off);
		*outsz -= *insz;
		break;
	case HIDRAW_GFEATURE:
	case HIDRAW_GINPUT:
	case HIDRAW_GOUTPUT:
		*insz = MIN(*insz, 1);
		break;
	case HIDRAW_SFEATURE:
	case HIDRAW_SINPUT:
	case HIDRAW_SOUTPUT:
		*outsz = 0;
		break;
	case HIDRAW_REVOKE:
		*insz = 0;
		break;
	}
}

/*
 * compat_hid_outoff(cmd)
 *
 *	As compat_ioctl_outoff, for a command of this group.
 */
size_t
compat_hid_outoff(uint32_t cmd)
{

	/* struct hidraw_report_descriptor: the bytes follow the length. */
	return LX_NR(cmd) == HIDRAW_GRDESC ? sizeof(uint32_t) : 0;
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
	hi.hi_outlen = hi.hi_outsize;
	error = compat_do(r, HIDRAW_IOCTL, &hi);
	if (error != 0)
		return error;
	*r->r_result = hi.hi_result;
	*r->r_outlen = hi.hi_outlen;
	return 0;
}
