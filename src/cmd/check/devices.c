/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices.c - what devsw-check gives a driver: its module is loaded, and its
 * devices are plugged in and pulled out; check.h.
 *
 * Locks: none; the thread of check.c makes the devices before there are others,
 * and vusb has locks of its own.
 */
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "hyp/hyp.h"

#define	PLUG_MS		10000	/* an attach, a detach */

struct vusb *check_devices[CHECK_MAX];
unsigned check_ndevices;
const char *check_module;
char check_name[64];

int
check_load(char *why, size_t len)
{
	int error;

	why[0] = '\0';
	error = hyp_module_load(check_module, why, len);
	if (error != 0 && why[0] == '\0')
		snprintf(why, len, "%s", strerror(error));
	return error;
}

/* Is each of them open, or is none? */
static bool
all_are(bool used)
{

	for (unsigned i = 0; i < check_ndevices; i++) {
		if (vusb_in_use(check_devices[i]) != used)
			return false;
	}
	return true;
}

static bool
await(bool used)
{
	const uint64_t until = check_now() + PLUG_MS;

	while (!all_are(used)) {
		if (check_now() > until)
			return false;
		check_sleep(1);
	}
	return true;
}

/*
 * Bulk and interrupt transfers only: a request waits for its own timeout, as
 * long as that is, and no driver can do anything about it.
 */
void
check_hold(bool on)
{
	const enum vusb_fault fault = on ? VUSB_FAULT_NEVER : VUSB_FAULT_NONE;

	for (unsigned i = 0; i < check_ndevices; i++) {
		vusb_fault(check_devices[i], VUSB_OUT, fault, 0, 0);
		vusb_fault(check_devices[i], VUSB_INTR, fault, 0, 0);
	}
}

void
check_plug(void)
{

	for (unsigned i = 0; i < check_ndevices; i++) {
		if (!vusb_plugged(check_devices[i]))
			vusb_plug(check_devices[i]);
	}
	(void)await(true);	/* a driver may give a device up */
}

void
check_unplug(void)
{

	for (unsigned i = 0; i < check_ndevices; i++) {
		if (vusb_plugged(check_devices[i]))
			vusb_unplug(check_devices[i], 0);
	}
	/* What takes this long watch.c speaks of, but for what it cannot
	   see. */
	if (!await(false) && !await(false) && !await(false))
		fault(NULL, "an unplugged device is not given back");
}
