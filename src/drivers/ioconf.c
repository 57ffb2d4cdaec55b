/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioconf.c - the configuration of the kernel side, as data.
 *
 * What config(8) generates from a kernel configuration file and a MAKEDEV
 * script: the drivers, where their devices may attach, the device switch,
 * and the names and minor numbers of device nodes.  Written by hand; a new
 * driver adds one line to each of its tables.
 *
 *	usb*	at root
 *	uhub*	at usb?				root hub; the host does the rest
 *	uftdi*	at uhub? (usbifif)
 *	umodem*	at uhub? (usbifif)
 *	uchcom*	at uhub? (usbifif)
 *	uplcom*	at uhub? (usbifif)
 *	uslsa*	at uhub? (usbifif)
 *	ucom*	at uftdi?, umodem?, uchcom?, uplcom?, uslsa? (ucombus)
 *	ualea*	at uhub? (usbifif)
 *	ulpt*	at uhub? (usbifif)
 *	ugen*	at uhub? (usbdevif)		if a claim names it
 *	uhidev*	at uhub? (usbifif)
 *	uhid*	at uhidev? (uhidbus)
 *
 * A uhub is the parent of devices ("usbdevif") and of their interfaces
 * ("usbifif"), as in NetBSD.  No state and no locks.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/tty.h>

#include <dev/usb/uhidev.h>
#include <dev/usb/usbdi.h>

#include <hyp/hyp_node.h>

#include "drivers/ioconf.h"

extern const struct cdevsw ucom_cdevsw;
extern const struct cdevsw uhid_cdevsw;
extern const struct cdevsw ulpt_cdevsw;
extern const struct cdevsw ugen_cdevsw;

extern struct cfattach usb_ca;
extern struct cfattach uhub_ca;
extern struct cfattach uftdi_ca;
extern struct cfattach umodem_ca;
extern struct cfattach uchcom_ca;
extern struct cfattach uplcom_ca;
extern struct cfattach uslsa_ca;
extern struct cfattach ucom_ca;
extern struct cfattach ualea_ca;
extern struct cfattach ulpt_ca;
extern struct cfattach ugen_ca;
extern struct cfattach uhidev_ca;
extern struct cfattach uhid_ca;

/* Drivers, and what can attach to them. */
static const char *const usb_attrs[] = { "usbroothubif", NULL };
static const char *const uhub_attrs[] = { "usbdevif", "usbifif", NULL };
static const char *const ucombus_attrs[] = { "ucombus", NULL };
static const char *const uhidbus_attrs[] = { "uhidbus", NULL };

CFDRIVER_DECL(usb, DV_DULL, usb_attrs);
CFDRIVER_DECL(uhub, DV_DULL, uhub_attrs);
CFDRIVER_DECL(uftdi, DV_DULL, ucombus_attrs);
CFDRIVER_DECL(umodem, DV_DULL, ucombus_attrs);
CFDRIVER_DECL(uchcom, DV_DULL, ucombus_attrs);
CFDRIVER_DECL(uplcom, DV_DULL, ucombus_attrs);
CFDRIVER_DECL(uslsa, DV_DULL, ucombus_attrs);
CFDRIVER_DECL(ucom, DV_DULL, NULL);
CFDRIVER_DECL(ualea, DV_DULL, NULL);
CFDRIVER_DECL(ulpt, DV_DULL, NULL);
CFDRIVER_DECL(ugen, DV_DULL, NULL);
CFDRIVER_DECL(uhidev, DV_DULL, uhidbus_attrs);
CFDRIVER_DECL(uhid, DV_DULL, NULL);

struct cfdriver *const cfdriver_ioconf[] = {
	&usb_cd,
	&uhub_cd,
	&uftdi_cd,
	&umodem_cd,
	&uchcom_cd,
	&uplcom_cd,
	&uslsa_cd,
	&ucom_cd,
	&ualea_cd,
	&ulpt_cd,
	&ugen_cd,
	&uhidev_cd,
	&uhid_cd,
	NULL
};

static struct cfattach *const usb_cfattach[] = { &usb_ca, NULL };
static struct cfattach *const uhub_cfattach[] = { &uhub_ca, NULL };
static struct cfattach *const uftdi_cfattach[] = { &uftdi_ca, NULL };
static struct cfattach *const umodem_cfattach[] = { &umodem_ca, NULL };
static struct cfattach *const uchcom_cfattach[] = { &uchcom_ca, NULL };
static struct cfattach *const uplcom_cfattach[] = { &uplcom_ca, NULL };
static struct cfattach *const uslsa_cfattach[] = { &uslsa_ca, NULL };
static struct cfattach *const ucom_cfattach[] = { &ucom_ca, NULL };
static struct cfattach *const ualea_cfattach[] = { &ualea_ca, NULL };
static struct cfattach *const ulpt_cfattach[] = { &ulpt_ca, NULL };
static struct cfattach *const ugen_cfattach[] = { &ugen_ca, NULL };
static struct cfattach *const uhidev_cfattach[] = { &uhidev_ca, NULL };
static struct cfattach *const uhid_cfattach[] = { &uhid_ca, NULL };

const struct cfattachinit cfattach_ioconf[] = {
	{ "usb", usb_cfattach },
	{ "uhub", uhub_cfattach },
	{ "uftdi", uftdi_cfattach },
	{ "umodem", umodem_cfattach },
	{ "uchcom", uchcom_cfattach },
	{ "uplcom", uplcom_cfattach },
	{ "uslsa", uslsa_cfattach },
	{ "ucom", ucom_cfattach },
	{ "ualea", ualea_cfattach },
	{ "ulpt", ulpt_cfattach },
	{ "ugen", ugen_cfattach },
	{ "uhidev", uhidev_cfattach },
	{ "uhid", uhid_cfattach },
	{ NULL, NULL }
};

/* Where devices attach. */
static const struct cfparent pspec_usbroothubif = { "usbroothubif", "usb", -1 };
static const struct cfparent pspec_usbdevif = { "usbdevif", "uhub", -1 };
static const struct cfparent pspec_usbifif = { "usbifif", "uhub", -1 };
static const struct cfparent pspec_ucombus = { "ucombus", NULL, -1 };
static const struct cfparent pspec_uhidbus = { "uhidbus", NULL, -1 };

/* Locators: any port, any configuration, ... */
static int loc_usbdevif[] = { USBDEVIFCF_PORT_DEFAULT };
static int loc_usbifif[] = { -1, -1, -1, -1, -1, -1 };
static int loc_ucombus[] = { UCOMBUSCF_PORTNO_DEFAULT };
static int loc_uhidbus[] = { UHIDBUSCF_REPORTID_DEFAULT, INT32_MIN };

struct cfdata cfdata_ioconf[] = {
	{ "usb", "usb", FSTATE_STAR, NULL, 0, NULL },
	{ "uhub", "uhub", FSTATE_STAR, NULL, 0, &pspec_usbroothubif },
	{ "uftdi", "uftdi", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "umodem", "umodem", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "uchcom", "uchcom", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "uplcom", "uplcom", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "uslsa", "uslsa", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "ucom", "ucom", FSTATE_STAR, loc_ucombus, 0, &pspec_ucombus },
	{ "ualea", "ualea", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "ulpt", "ulpt", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "ugen", "ugen", FSTATE_STAR, loc_usbdevif, 0, &pspec_usbdevif },
	{ "uhidev", "uhidev", FSTATE_STAR, loc_usbifif, 0, &pspec_usbifif },
	{ "uhid", "uhid", FSTATE_STAR, loc_uhidbus, 0, &pspec_uhidbus },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

/* The device switch; a driver's row number is its major. */
const struct devsw_conv devsw_conv[] = {
	{ "ucom", NULL, &ucom_cdevsw },
	{ "uhid", NULL, &uhid_cdevsw },
	{ "ulpt", NULL, &ulpt_cdevsw },
	{ "ugen", NULL, &ugen_cdevsw },
	{ NULL, NULL, NULL }
};

/* MAKEDEV. */
const struct devnode devnodes[] = {
	{ "ucom", "ttyU", &ucom_cdevsw, 0, HYP_NODE_TTY },
	{ "ucom", "dtyU", &ucom_cdevsw, TTDIALOUT_MASK, HYP_NODE_TTY },
	{ "uhid", "uhid", &uhid_cdevsw, 0, HYP_NODE_HID },
	{ "ugen", "ugen", &ugen_cdevsw, DEVNODE_SUBS, HYP_NODE_USB },
	{ "ulpt", "ulpt", &ulpt_cdevsw, 0, HYP_NODE_LP },
	{ "ulpt", "ulpn", &ulpt_cdevsw, TTDIALOUT_MASK, HYP_NODE_LP },
	{ NULL, NULL, NULL, 0, 0 }
};
