/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev/hid/hidraw.h - the ioctls of Linux's hidraw as a driver gets them.
 *
 * Numbers: linux/hidraw.h.
 */
#ifndef _DEV_HID_HIDRAW_H_
#define	_DEV_HID_HIDRAW_H_

#include <sys/types.h>

/*
 * An ioctl of Linux's hidraw, for a driver that has them: the command
 * HIDRAW_IOCTL, which no client can send, with a struct hidraw_ioctl.  The
 * driver may write all of hi_out and says in hi_outlen how much of it the
 * client gets, from its beginning (all, if it says nothing); hi_result is
 * what ioctl(2) returns.
 */
struct hidraw_ioctl {
	u_int		 hi_nr;		/* HIDRAW_* */
	uint64_t	 hi_arg;	/* if it is no pointer */
	const void	*hi_in;
	size_t		 hi_insize;
	void		*hi_out;
	size_t		 hi_outsize;
	size_t		 hi_outlen;
	int		 hi_result;
};
#define	HIDRAW_IOCTL		0x4800UL

/* Numbers in group 'H' */
#define	HIDRAW_GRDESCSIZE	0x01
#define	HIDRAW_GRDESC		0x02
#define	HIDRAW_GRAWINFO		0x03
#define	HIDRAW_GRAWNAME		0x04
#define	HIDRAW_GRAWPHYS		0x05
#define	HIDRAW_SFEATURE		0x06
#define	HIDRAW_GFEATURE		0x07
#define	HIDRAW_GRAWUNIQ		0x08
#define	HIDRAW_SINPUT		0x09
#define	HIDRAW_GINPUT		0x0a
#define	HIDRAW_SOUTPUT		0x0b
#define	HIDRAW_GOUTPUT		0x0c
#define	HIDRAW_REVOKE		0x0d

#endif /* _DEV_HID_HIDRAW_H_ */
