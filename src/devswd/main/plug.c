/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plug.c - what udev tells of plugs, for those who want to know: the claims
 * give a device its unit, its node's followers hear of it, and a device that
 * ends the daemon again and again is left alone.
 *
 * Everything here runs on the main thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/front.h"
#include "host/host.h"
#include "host/usbsys.h"
#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"
#include "main/change.h"
#include "main/claim.h"
#include "main/keep.h"
#include "main/plug.h"
#include "main/units.h"
#include "main/watch.h"

/* udevd has set owner and mode of a node to its own ideas: ours again. */
static void
plug_settled(void *arg, const char *name)
{

	(void)arg;
	front_node_settled(name);
}

/* It has ended the daemon too often; said once, when it is found. */
static bool
plug_leaves_alone(struct claim_head *claims, const struct hyp_usb_info *hi,
    int again)
{
	struct claim *const c = claim_find(claims, hi);

	if (c == NULL || !keep_leaves_alone(hi))
		return false;
	c->c_seen = 1;
	if (!again) {
		host_logf(HYP_LOG_ERR, "usb %s: %04x:%04x: devswd has crashed "
		    "three times in a row while it attached this device: left "
		    "alone until it is plugged in again, or a reload",
		    hi->hi_path, hi->hi_vendor, hi->hi_product);
	}
	return true;
}

/*
 * The unit of a device is its claim's, which goes to the first that it has of
 * the driver; the others', and all if the claim gives none, are those that they
 * had.  Who follows events hears of what is claimed.
 */
static enum host_udev_verdict
plug_match(void *arg, const struct usbsys_dev *ud, int again,
    struct hyp_usb_pins *pins)
{
	enum host_udev_verdict verdict;
	const struct claim *c;
	const char *driver;
	int unit;

	pins->hp_n = 0;
	verdict = plug_leaves_alone(arg, &ud->ud_info, again) ?
	    HOST_UDEV_REFUSED : claim_match(arg, ud, again, &unit, &driver);
	if (verdict == HOST_UDEV_TAKEN && unit != -1) {
		pins->hp_pin[0] = (struct hyp_usb_pin){ unit, -1, -1, "" };
		snprintf(pins->hp_pin[0].up_driver,
		    sizeof(pins->hp_pin[0].up_driver), "%s", driver);
		pins->hp_n = 1;
	}
	if (verdict == HOST_UDEV_TAKEN)
		units_want(&ud->ud_info, pins);
	if (verdict != HOST_UDEV_UNCLAIMED &&
	    (c = claim_find(arg, &ud->ud_info)) != NULL)
		watch_plugged(&ud->ud_info, c->c_name[0] != '\0' ?
		    c->c_name : c->c_text, c->c_at,
		    verdict == HOST_UDEV_REFUSED);
	return verdict;
}

/* What its claim says of its lines. */
static void
plug_line(void *arg, const struct hyp_usb_info *hi, struct hyp_usb_line *hl)
{
	const struct claim *const c = claim_find(arg, hi);

	memset(hl, 0, sizeof(*hl));
	if (c != NULL)
		*hl = c->c_line;
}

static bool
plug_is_there(const char *path)
{
	struct usbsys_dev *const ud = malloc(sizeof(*ud));
	const bool there = ud != NULL && usbsys_read(path, ud) != ENOENT;

	free(ud);
	return there;
}

static void
plug_left(void *arg, const char *path)
{

	const char *const why = change_why();

	claim_left(arg, path);
	units_left(path);
	/* One that leaves while claims change is mostly let go. */
	watch_left(path, why != NULL && plug_is_there(path) ? why :
	    "unplugged");
}

static void
plug_detached(void *arg, const char *path, int yes)
{

	(void)arg;
	watch_detached(path, yes);
}

const struct host_udev_ops plug_ops = {
	.hu_match = plug_match,
	.hu_line = plug_line,
	.hu_left = plug_left,
	.hu_settled = plug_settled,
	.hu_detached = plug_detached,
};
