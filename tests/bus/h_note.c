/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_note.c - a driver that ends the process; h_note.h.  Its device is found by
 * nobody but config_rootfound, and the transfers are those of a device that
 * h_usb.c has.
 */
#include <sys/param.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kthread.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/stat.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "bus/h_note.h"
#include "h_test.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"
#include "usbdi/usbdi_impl.h"

static enum note_way way;
static struct usbd_device *udev;
static callout_t co;
static struct usb_task task;

static void
end(void *arg __unused)
{

	note_end();
}

static void
end_if(enum note_way w)
{

	if (way == w)
		note_end();
}

static void
callback(struct usbd_xfer *xfer __unused, void *priv __unused,
    usbd_status status __unused)
{

	note_end();
}

void
hyp_usb_gone(void *cookie __unused)
{
}

static void
transfer(void)
{
	struct usbd_interface *iface;
	struct usbd_pipe *pipe;
	struct usbd_xfer *xfer;

	T_EQ(usbd_device2interface_handle(udev, 0, &iface), 0);
	T_EQ(usbd_open_pipe(iface, 0x81, USBD_MPSAFE, &pipe), 0);
	T_EQ(usbd_create_xfer(pipe, 64, 0, 0, &xfer), 0);
	usbd_setup_xfer(xfer, NULL, NULL, 64, 0, 0, callback);
	T_EQ(usbd_transfer(xfer), USBD_IN_PROGRESS);
}

/* ---- the driver ----------------------------------------------------- */

extern struct cfdriver tnote_cd;
extern const struct cdevsw tnote_cdevsw;

static dev_t
tnote_dev(void)
{

	return makedev(cdevsw_lookup_major(&tnote_cdevsw), 0);
}

static int
tnoteopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	end_if(NOTE_OPEN);
	if (way == NOTE_CALLBACK_OPEN)
		transfer();
	return 0;
}

static int
tnoteclose(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	end_if(NOTE_CLOSE_IN_DETACH);
	return 0;
}

const struct cdevsw tnote_cdevsw = {
	.d_open = tnoteopen,
	.d_close = tnoteclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_cfdriver = &tnote_cd,
	.d_devtounit = dev_minor_unit,
	.d_flag = D_OTHER | D_MPSAFE,
};

static int
tnote_match(device_t parent __unused, cfdata_t cf __unused, void *aux __unused)
{

	end_if(NOTE_MATCH);
	return 1;
}

static void
tnote_attach(device_t parent __unused, device_t self __unused,
    void *aux __unused)
{

	aprint_normal("\n");
	end_if(NOTE_ATTACH);
	callout_init(&co, CALLOUT_MPSAFE);
	switch (way) {
	case NOTE_CALLBACK:
		transfer();
		break;
	case NOTE_CALLOUT:
		callout_reset(&co, 0, end, NULL);
		break;
	case NOTE_SOFTINT:
		softint_schedule(softint_establish(SOFTINT_MPSAFE, end, NULL));
		break;
	case NOTE_TASK:
		usb_init_task(&task, end, NULL, USB_TASKQ_MPSAFE);
		usb_add_task(udev, &task, USB_TASKQ_DRIVER);
		break;
	case NOTE_THREAD:
		T_EQ(kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL, end, NULL,
		    NULL, "tnote"), 0);
		break;
	default:
		break;
	}
}

/* As vdevgone does, on this thread. */
static int
tnote_detach(device_t self __unused, int flags __unused)
{

	end_if(NOTE_DETACH);
	(void)cdev_close(tnote_dev(), 0, S_IFCHR, curlwp);
	note_end();
	return 0;
}

CFDRIVER_DECL(tnote, DV_DULL, NULL);
static CFATTACH_DECL_NEW(tnote, 0, tnote_match, tnote_attach, tnote_detach,
    NULL);
static struct cfdriver *const cfdrivers[] = { &tnote_cd, NULL };
static struct cfattach *const tnote_list[] = { &tnote_ca, NULL };
static const struct cfattachinit cfattachs[] = {
	{ "tnote", tnote_list }, { NULL, NULL }
};
static struct cfdata cfdatas[] = {
	{ "tnote", "tnote", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

/* Its node is the journal's alone. */
const struct devnode devnodes[] = {
	{ NULL, NULL, NULL, 0, 0 },
};

/* ---- the way there -------------------------------------------------- */

static void
plug(void)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
	    .hi_bus = 1, .hi_addr = 2, .hi_serial = "", .hi_vendorstr = "",
	    .hi_productstr = "" };
	struct usbd_why why;

	(void)hu_plug(1, 2, h_dual, sizeof(h_dual));
	T_EQ(usbd_device_open(&hi, hyp_usb_gone, NULL, &udev, &why), 0);
	T_EQ(usbd_device_configure(udev, &why), 0);
}

void
note_go(enum note_way w)
{
	devmajor_t bmajor = NODEVMAJOR, cmajor = 3;
	device_t dev;

	way = w;
	T_EQ(kern_init(), 0);
	config_init();
	devsw_init();
	plug();
	T_EQ(config_init_component(cfdrivers, cfattachs, cfdatas), 0);
	T_EQ(devsw_attach("tnote", NULL, &bmajor, &tnote_cdevsw, &cmajor), 0);
	if (way == NOTE_MATCH)
		(void)config_match(NULL, cfdatas, NULL);
	dev = config_rootfound("tnote", NULL);
	T_EQ(cdev_open(tnote_dev(), 0, S_IFCHR, curlwp), 0);
	switch (way) {
	case NOTE_DETACH:
	case NOTE_CLOSE_IN_DETACH:
	case NOTE_AFTER_CLOSE:
		(void)config_detach(dev, DETACH_FORCE);
		break;
	case NOTE_BACK:
		(void)cdev_close(tnote_dev(), 0, S_IFCHR, curlwp);
		note_end();
		break;
	default:
		break;
	}
}

void
note_nest(void)
{
	struct lwp_note outer, inner, call;

	lwp_note_enter(&outer, HYP_NOTE_ATTACH, NOTE_OUTER);
	lwp_note_enter(&inner, HYP_NOTE_CALLOUT, NOTE_INNER);
	lwp_note_call(&call, HYP_NOTE_READ, makedev(3, 0));
	lwp_note_return(&call);
	lwp_note_exit(&inner);
	lwp_note_exit(&outer);
}
