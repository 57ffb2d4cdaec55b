/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.c - a driver that ends the daemon while it attaches its device, a
 * CDC-ACM gadget's first interface, for tests.
 */
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/module.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

static int
crash_match(device_t parent __unused, cfdata_t cf __unused, void *aux)
{
	const struct usbif_attach_arg *const uiaa = aux;

	return uiaa->uiaa_vendor == 0x1d6b && uiaa->uiaa_product == 0x0104 ?
	    UMATCH_HIGHEST : UMATCH_NONE;
}

static void
crash_attach(device_t parent __unused, device_t self, void *aux __unused)
{

	panic("%s: it was to be expected", device_xname(self));
}

static int
crash_detach(device_t self __unused, int flags __unused)
{

	return 0;
}

extern struct cfdriver crash_cd;
CFDRIVER_DECL(crash, DV_DULL, NULL);
static CFATTACH_DECL_NEW(crash, 0, crash_match, crash_attach, crash_detach,
    NULL);
static struct cfdriver *const crash_drivers[] = { &crash_cd, NULL };
static struct cfattach *const crash_list[] = { &crash_ca, NULL };
static const struct cfattachinit crash_attaches[] = {
	{ "crash", crash_list }, { NULL, NULL }
};
static const struct cfparent crash_parent = { "usbifif", "uhub", -1 };
static int crash_loc[] = { -1, -1, -1, -1, -1, -1, INT32_MIN };
static struct cfdata crash_cfdata[] = {
	{ "crash", "crash", FSTATE_STAR, crash_loc, 0, &crash_parent },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

MODULE(MODULE_CLASS_DRIVER, crash, NULL);

static int
crash_modcmd(modcmd_t cmd, void *arg __unused)
{

	switch (cmd) {
	case MODULE_CMD_INIT:
		return config_init_component(crash_drivers, crash_attaches,
		    crash_cfdata);
	case MODULE_CMD_FINI:
		return config_fini_component(crash_drivers, crash_attaches,
		    crash_cfdata);
	default:
		return ENOTTY;
	}
}
