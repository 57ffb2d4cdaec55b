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
		    "alone until it is plugged in again, a minute later, or a "
		    "reload",
		    hi->hi_path, hi->hi_vendor, hi->hi_product);
	}
	return true;
}

/* A device by this very plugging, as the next daemon is told of it. */
static void
plug_name(const char *path, uint32_t bus, uint32_t addr, char text[128])
{

	snprintf(text, 128, "%.63s %u %u", path, bus, addr);
}

/*
 * yes = plug_was_detached(path, text)
 *
 *	Was that plugging detached, as this process or one before was told?
 *	Others at that place are over; "": all are.
 */
static bool
plug_was_detached(const char *path, const char *text)
{
	struct told told = { .t_order = 0 };
	const size_t len = strlen(path);
	bool was = false;

	while (keep_told(TOLD_DETACHED, told.t_order, &told)) {
		if (strcmp(told.t_text, text) == 0)
			was = true;
		else if (strncmp(told.t_text, path, len) == 0 &&
		    told.t_text[len] == ' ')
			keep_untell(TOLD_DETACHED, told.t_text);
	}
	return was;
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
	char name[128];
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
	plug_name(ud->ud_info.hi_path, ud->ud_info.hi_bus, ud->ud_info.hi_addr,
	    name);
	if (!again && plug_was_detached(ud->ud_info.hi_path,
	    verdict == HOST_UDEV_TAKEN ? name : ""))
		verdict = HOST_UDEV_DETACHED;
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

	(void)plug_was_detached(path, "");
	claim_left(arg, path);
	units_left(path);
	/* One that leaves while claims change is mostly let go. */
	watch_left(path, why != NULL && plug_is_there(path) ? why :
	    "unplugged");
}

static void
plug_detached(void *arg, const char *path, uint32_t bus, uint32_t addr,
    int yes)
{
	const char *why = NULL;
	char name[128];

	(void)arg;
	plug_name(path, bus, addr, name);
	if (yes)
		why = keep_tell(TOLD_DETACHED, name, 0);
	else
		keep_untell(TOLD_DETACHED, name);
	if (why != NULL)
		host_logf(HYP_LOG_WARNING, "usb %s: the next devswd will attach "
		    "it: %s", path, why);
	watch_detached(path, yes);
}

const struct host_udev_ops plug_ops = {
	.hu_match = plug_match,
	.hu_line = plug_line,
	.hu_left = plug_left,
	.hu_settled = plug_settled,
	.hu_detached = plug_detached,
};
