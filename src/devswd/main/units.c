/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * units.c - unit numbers that devices keep; units.h.
 *
 * Model
 *	A line of the file is a unit and the device that has it, named as by a
 *	claim:
 *
 *		ucom 0 0403:6001,serial=A10KX2
 *		ucom 1 1a86:7523,port=1-1.4
 *
 *	Without a serial number a device is known by its port; so is the
 *	second one with a serial number that another has (copies of a chip,
 *	often).  Of a device that has several interfaces each has its own line,
 *	and of an interface with several devices of one driver (a HID with
 *	report IDs) each of those:
 *
 *		ucom 2 0403:6010,serial=B interface=0
 *		ucom 3 0403:6010,serial=B interface=1
 *		uhid 4 1209:0001,port=1-2 interface=0 part=7
 *
 *	A line that leaves that out, as those of before do, is the first
 *	one's that has none of its own.  Which one that is shows when it has
 *	attached, and counts until the device leaves (l_at).
 *
 *	Each unit is kept in its driver (hyp_node_pin), so no other
 *	device gets it, and its nodes are there from the start.  A device that
 *	comes is pinned to its units; one that has none gets the lowest that is
 *	free, and when it has attached (units_node) that becomes a line.
 *
 *	A device can say that it is another one at each plug, so there is an end
 *	of that: with UNITS_ENOUGH lines a new one takes the place of another,
 *	whose device is away, and whose unit the next one gets.  That is one of
 *	the same vendor and product, if there is one, since who floods the file
 *	mostly does so with his own kind; and of those the one that has been
 *	away for longest.  Devices that are there keep theirs, and so do claims.
 *
 *	What is in the file: unitsfile.c.
 *
 * Known gaps
 *	A line that a person takes out is in force until the daemon ends.  The
 *	nodes of a unit whose line has given way stay, too, as all nodes do
 *	(spec_makedev.c), until the next device has the unit: it is the lowest
 *	that is free, or one of few, so they do not add up.
 *
 * Locks
 *	None: main's thread only.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "host/udev.h"
#include "host/usbsys.h"
#include "main/units.h"
#include "main/unitsvar.h"

/* ---- lines and devices ---------------------------------------------- */

static int
spot_same(const struct spot *a, const struct spot *b)
{

	return a->s_iface == b->s_iface && a->s_part == b->s_part;
}

/* Is what is at this spot meant by the other? */
static int
spot_fits(const struct spot *meant, const struct spot *at)
{

	return (meant->s_iface == -1 || meant->s_iface == at->s_iface) &&
	    (meant->s_part == -1 || meant->s_part == at->s_part);
}

/* How much of it is said. */
static int
spot_exact(const struct spot *s)
{

	return 2 * (s->s_iface != -1) + (s->s_part != -1);
}

/* What is known of whom the line is for. */
static const struct spot *
line_spot(const struct units_line *l)
{

	return spot_exact(&l->l_at) != 0 ? &l->l_at : &l->l_spot;
}

static int
is_holder(const struct units_line *l, const char *place)
{

	return strcmp(l->l_holder, place) == 0;
}

/*
 * How well the line names the device, and which of its parts; 0: not at all,
 * or another device has it.
 */
static int
line_score(const struct units_line *l, const struct hyp_usb_info *hi)
{
	int score;

	if (l->l_driver[0] == '\0' || units_claimed(l->l_driver, l->l_unit) ||
	    (l->l_holder[0] != '\0' && !is_holder(l, hi->hi_path)))
		return 0;
	score = claim_score(&l->l_device, hi);
	return score == 0 ? 0 : 8 * spot_exact(&l->l_spot) + score;
}

/* Does the device at this place already have a line for this one of it? */
static int
has_line(const char *place, const char *driver, const struct spot *at)
{
	const struct units_line *l;

	TAILQ_FOREACH(l, &units_lines, l_entry) {
		if (is_holder(l, place) && strcmp(l->l_driver, driver) == 0 &&
		    spot_fits(line_spot(l), at))
			return 1;
	}
	return 0;
}

/*
 * The line that names this one of the device most exactly, and that no other
 * device has.
 */
static struct units_line *
line_for(const struct hyp_usb_info *hi, const char *driver,
    const struct spot *at)
{
	struct units_line *best = NULL, *l;
	int score, most = 0;

	TAILQ_FOREACH(l, &units_lines, l_entry) {
		if (strcmp(l->l_driver, driver) != 0 ||
		    !spot_fits(line_spot(l), at))
			continue;
		score = line_score(l, hi);
		if (score > most) {
			best = l;
			most = score;
		}
	}
	return best;
}

static struct hyp_usb_pin
line_pin(const struct units_line *l)
{
	const struct spot *const s = line_spot(l);
	struct hyp_usb_pin pin = { l->l_unit, s->s_iface, s->s_part, "" };

	strcpy(pin.up_driver, l->l_driver);
	return pin;
}

/* Is it about the same one of a device as a line that is among the pins? */
static int
is_wanted(const struct units_line *l, const char *place)
{
	const struct units_line *o;

	TAILQ_FOREACH(o, &units_lines, l_entry) {
		if (o != l && is_holder(o, place) &&
		    strcmp(o->l_driver, l->l_driver) == 0 &&
		    spot_same(&o->l_spot, &l->l_spot))
			return 1;
	}
	return 0;
}

/*
 * The best line that is not held yet, and about none that has one.  A claim's
 * unit, which is the first pin, is the first's of its driver, so a line that
 * is for that one has no use.
 */
static struct units_line *
next_wanted(const struct hyp_usb_info *hi, const struct hyp_usb_pin *claim)
{
	struct units_line *best = NULL, *l;
	int score, most = 0;

	TAILQ_FOREACH(l, &units_lines, l_entry) {
		score = line_score(l, hi);
		if (score <= most || l->l_holder[0] != '\0' ||
		    is_wanted(l, hi->hi_path) || (claim != NULL &&
		    spot_exact(&l->l_spot) == 0 &&
		    strcmp(claim->up_driver, l->l_driver) == 0))
			continue;
		best = l;
		most = score;
	}
	return best;
}

void
units_want(const struct hyp_usb_info *hi, struct hyp_usb_pins *pins)
{
	const struct hyp_usb_pin *const claim = pins->hp_n > 0 ?
	    &pins->hp_pin[0] : NULL;
	struct units_line *l;

	/* Again, with what it has already. */
	TAILQ_FOREACH(l, &units_lines, l_entry) {
		if (is_holder(l, hi->hi_path) && line_score(l, hi) != 0 &&
		    pins->hp_n < HYP_USB_PINS)
			pins->hp_pin[pins->hp_n++] = line_pin(l);
	}
	while (pins->hp_n < HYP_USB_PINS &&
	    (l = next_wanted(hi, claim)) != NULL) {
		snprintf(l->l_holder, sizeof(l->l_holder), "%s", hi->hi_path);
		pins->hp_pin[pins->hp_n++] = line_pin(l);
	}
}

void
units_left(const char *path)
{
	static uint64_t n;
	struct units_line *l;

	TAILQ_FOREACH(l, &units_lines, l_entry) {
		if (!is_holder(l, path))
			continue;
		l->l_holder[0] = '\0';
		l->l_at = (struct spot){ -1, -1 };
		l->l_left = ++n;
	}
}

/* This one of the device at this place, which has attached, has the line's
   unit. */
static void
line_held(struct units_line *l, const char *place, const struct spot *at)
{
	struct hyp_usb_pin pin;

	snprintf(l->l_holder, sizeof(l->l_holder), "%s", place);
	l->l_at = *at;
	pin = line_pin(l);
	host_udev_pinned(place, &pin);
}

/* Is there a line that names the same one by this text alone? */
static int
is_named(const char *driver, const char *text, const struct spot *s)
{
	const struct units_line *l;

	TAILQ_FOREACH(l, &units_lines, l_entry) {
		if (strcmp(l->l_driver, driver) == 0 &&
		    strcmp(l->l_device.c_text, text) == 0 &&
		    spot_same(&l->l_spot, s))
			return 1;
	}
	return 0;
}

static int
is_word(const char *text)
{

	while (isgraph((unsigned char)*text))
		text++;
	return *text == '\0';
}

/* The end of a line: which one of its device, as much as has to be said. */
#define	SPOT_TEXT	48
static void
spot_text(const struct spot *s, char text[SPOT_TEXT])
{
	int n = 0;

	text[0] = '\0';
	if (s->s_iface != -1)
		n = snprintf(text, SPOT_TEXT, " interface=%d", s->s_iface);
	if (s->s_part != -1)
		snprintf(text + n, SPOT_TEXT - (size_t)n, " part=%d",
		    s->s_part);
}

static int
is_kind(const struct units_line *l, const struct hyp_usb_info *hi)
{

	return l->l_device.c_vendor == hi->hi_vendor &&
	    l->l_device.c_product == hi->hi_product;
}

/*
 * Of many lines that of a device that is away gives way to one for this device.
 * Those that have not been here since the file was read come first, in its
 * order.  NULL, or why there is no room.
 */
static const char *
make_room(const struct hyp_usb_info *hi)
{
	struct units_line *best = NULL, *l;

	if (units_nlines < UNITS_ENOUGH)
		return NULL;
	TAILQ_FOREACH(l, &units_lines, l_entry) {
		if (l->l_driver[0] == '\0' || l->l_holder[0] != '\0' ||
		    units_claimed(l->l_driver, l->l_unit))
			continue;
		if (best == NULL || is_kind(l, hi) > is_kind(best, hi) ||
		    (is_kind(l, hi) == is_kind(best, hi) &&
		    l->l_left < best->l_left))
			best = l;
	}
	if (best == NULL)
		return units_nlines == UNITS_MAX ? "there are too many lines" :
		    NULL;
	host_logf(HYP_LOG_NOTICE, "%s: there are %u lines: %s%d is not %s's any "
	    "more, which is away", units_path, units_nlines, best->l_driver,
	    best->l_unit, best->l_device.c_text);
	units_line_forget(best);
	return NULL;
}

/*
 * named: which one of the device it is, so far as the device has several; at:
 * which one.
 */
static void
remember(const struct hyp_usb_info *hi, const char *driver, int unit,
    const struct spot *named, const struct spot *at)
{
	static struct host_quiet quiet;
	char device[CLAIM_TEXT], spot[SPOT_TEXT], *text;
	const char *why;
	struct units_line *l;

	claim_propose(hi, hi->hi_serial[0] == '\0', device);
	if (is_named(driver, device, named))
		claim_propose(hi, 1, device);
	if (!is_word(device)) {
		/* Of such a serial number no line can be made. */
		snprintf(device, sizeof(device), "%04x:%04x,port=%s",
		    hi->hi_vendor, hi->hi_product, hi->hi_path);
	}
	why = is_named(driver, device, named) ? "another device has its name" :
	    make_room(hi);
	if (why != NULL) {
		if (host_log_quiet(&quiet) != 0)
			host_logf(HYP_LOG_NOTICE, "%s: %s%d is not remembered: "
			    "%s", units_path, driver, unit, why);
		return;
	}
	spot_text(named, spot);
	if (asprintf(&text, "%s %d %s%s", driver, unit, device, spot) == -1)
		hyp_panic("out of memory");
	if ((why = units_line_add(text, &l)) != NULL) {
		/* What a device can cause: a serial number like no other. */
		units_line_drop(l);
		host_logf(HYP_LOG_NOTICE, "%s: %s%d is not remembered: %s",
		    units_path, driver, unit, why);
		return;
	}
	line_held(l, hi->hi_path, at);
	host_logf(HYP_LOG_INFO, "%s%d is remembered for %s%s", driver, unit,
	    l->l_device.c_text, spot);
	units_line_keep(l);
	units_save();
}

/*
 * This one of the device has this unit, and holds no line.  If the file was
 * read again there is its own; or one with another unit, which a person has
 * given it, and which host_udev_rematch moves it to.
 */
static void
note(const struct usbsys_dev *ud, const char *driver, int unit,
    const struct spot *at)
{
	const struct hyp_usb_info *const hi = &ud->ud_info;
	const struct spot named = {
		usbsys_has_several(ud) ? at->s_iface : -1,
		at->s_part > 0 ? at->s_part : -1
	};
	struct units_line *l = line_for(hi, driver, at);

	if (l == NULL && units_line_of(driver, unit) == NULL)
		remember(hi, driver, unit, &named, at);
	else if (l != NULL && l->l_unit == unit)
		line_held(l, hi->hi_path, at);
}

/* It holds the line of its unit already. */
static int
holds_line(const char *place, const char *driver, int unit,
    const struct spot *at)
{
	struct units_line *const l = units_line_of(driver, unit);

	if (l == NULL || !is_holder(l, place))
		return 0;
	if (spot_exact(&l->l_at) == 0 && spot_fits(&l->l_spot, at))
		line_held(l, place, at);
	return 1;
}

void
units_node(const struct node_state *ns, const struct node_state *was)
{
	const struct spot at = { ns->ns_iface, ns->ns_part };
	struct usbsys_dev *ud;
	char driver[16];
	int unit;
	size_t n;

	(void)was;
	if (units_path == NULL || ns->ns_place[0] == '\0')
		return;
	n = strcspn(ns->ns_device, "0123456789");
	if (n == 0 || ns->ns_device[n] == '\0')
		return;
	memcpy(driver, ns->ns_device, n);
	driver[n] = '\0';
	unit = atoi(ns->ns_device + n);
	if (units_claimed(driver, unit) ||
	    holds_line(ns->ns_place, driver, unit, &at) ||
	    has_line(ns->ns_place, driver, &at))
		return;
	if ((ud = malloc(sizeof(*ud))) == NULL)
		hyp_panic("out of memory");
	if (usbsys_read(ns->ns_place, ud) == 0)
		note(ud, driver, unit, &at);
	free(ud);
}
