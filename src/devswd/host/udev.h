/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udev.h - plug and unplug events of USB devices.
 *
 * All functions are for one thread, main's.
 */
#ifndef HOST_UDEV_H
#define HOST_UDEV_H

#include "hyp/hyp_usb.h"

struct usbsys_dev;

/*
 * verdict = match(arg, dev, again, pins)
 *
 *	Is the device one that the daemon shall take?  If so *pins are the
 *	units that it is to have, none of a driver twice.  Called once for every
 *	plugging of a device that is taken or refused; repeatedly for one that
 *	is not claimed.  again: by host_udev_rematch, for one that was taken or
 *	refused; what was told then need not be told once more.
 */
enum host_udev_verdict {
	HOST_UDEV_UNCLAIMED,
	HOST_UDEV_TAKEN,
	HOST_UDEV_REFUSED,	/* claimed, but not taken; has been told */
	HOST_UDEV_DETACHED,	/* as after host_udev_detach; of one that is new
				   only */
};
typedef enum host_udev_verdict host_udev_match_t(void *,
	    const struct usbsys_dev *, int, struct hyp_usb_pins *);

/*
 * line(arg, info, &line)
 *
 *	What the configuration says of the serial lines of a device that was
 *	taken.
 */
typedef void host_udev_line_t(void *, const struct hyp_usb_info *,
	    struct hyp_usb_line *);

/*
 * left(arg, info_path)
 *
 *	The device at the place is gone, for a claim that counts its devices.
 */
typedef void host_udev_left_t(void *, const char *);

/*
 * settled(arg, name)
 *
 *	udevd has run its rules for the device node /dev/name of a CUSE
 *	device, anybody's.  NULL: for whichever, events were lost.
 */
typedef void host_udev_settled_t(void *, const char *);

/*
 * detached(arg, info_path, info_bus, info_addr, yes)
 *
 *	A device that is taken is detached by host_udev_detach, or was when it
 *	was matched, and is not any more.
 */
typedef void host_udev_detached_t(void *, const char *, uint32_t, uint32_t,
	    int);

struct host_udev_ops {
	host_udev_match_t	*hu_match;
	host_udev_line_t	*hu_line;
	host_udev_left_t	*hu_left;
	host_udev_settled_t	*hu_settled;
	host_udev_detached_t	*hu_detached;
};

/*
 * fd = host_udev_open(ops, arg)
 *
 *	Listen for events from now on.  ops is not copied.  The descriptor
 *	becomes readable when host_udev_dispatch has something to do.  -1:
 *	not possible, logged.
 */
int	host_udev_open(const struct host_udev_ops *, void *);

/*
 * host_udev_dispatch()
 *
 *	Take an event, if there is one, and make the up-calls for it.  If there
 *	are more the descriptor stays readable.
 */
void	host_udev_dispatch(void);

/*
 * host_udev_rescan()
 *
 *	Compare what is plugged in with what is known and make the up-calls
 *	for the difference; and tell of every claimed device again, so that
 *	an attach that failed is tried once more.
 */
void	host_udev_rescan(void);

/*
 * host_udev_pinned(path, pin)
 *
 *	The device at this place has this unit now, too: what match would
 *	answer.
 */
void	host_udev_pinned(const char *, const struct hyp_usb_pin *);

/*
 * n = host_udev_rematch(attach)
 *
 *	match answers otherwise now: those devices for which it does leave, n
 *	of them; host_udev_rescan has them, and others, arrive.  Those that
 *	stay have what line says now.  attach: also those that are detached
 *	arrive.
 */
unsigned host_udev_rematch(int);

/*
 * error = host_udev_detach(path)
 * error = host_udev_attach(path)
 *
 *	The device at this place leaves, as if it were unplugged, but is still
 *	taken, with its unit, and stays away until host_udev_attach, or until
 *	host_udev_rematch says so, or it is plugged in again.  The up-calls are
 *	made, and not waited for.  ENOENT: no device that is taken is there;
 *	EALREADY.
 */
int	host_udev_detach(const char *);
int	host_udev_attach(const char *);

/*
 * host_udev_close()
 */
void	host_udev_close(void);

#endif /* HOST_UDEV_H */
