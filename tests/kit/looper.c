/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * looper.c - two drivers whose match loops: looper's on 1209:0001 without any
 * lock, hooper's on 1209:0002 under the kernel lock; until somebody writes to
 * /dev/lctl0.  A read of that takes the kernel lock.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#include "ioconf.h"

static u_int released;		/* atomic */

static int
loop(void *aux, u_int product)
{
	const struct usbif_attach_arg *uiaa = aux;

	if (uiaa->uiaa_vendor != 0x1209 || uiaa->uiaa_product != product)
		return UMATCH_NONE;
	while (__atomic_load_n(&released, __ATOMIC_ACQUIRE) == 0)
		continue;
	return UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

static int
looper_match(device_t parent, cfdata_t cf, void *aux)
{

	return loop(aux, 1);
}

static int
hooper_match(device_t parent, cfdata_t cf, void *aux)
{

	return loop(aux, 2);
}

static void
looper_attach(device_t parent, device_t self, void *aux)
{

	aprint_naive("\n");
	aprint_normal("\n");
}

static int
looper_detach(device_t self, int flags)
{

	return 0;
}

CFATTACH_DECL3_NEW(looper, 0, looper_match, looper_attach, looper_detach, NULL,
    NULL, NULL, DVF_ATTACH_MPSAFE);
CFATTACH_DECL_NEW(hooper, 0, hooper_match, looper_attach, looper_detach, NULL);

static int
lctlread(dev_t dev, struct uio *uio, int flags)
{

	return 0;
}

static int
lctlwrite(dev_t dev, struct uio *uio, int flags)
{

	uio->uio_resid = 0;
	__atomic_store_n(&released, 1, __ATOMIC_RELEASE);
	return 0;
}

static int
lctlopen(dev_t dev, int flags, int mode, struct lwp *l)
{

	return 0;
}

static int
lctlclose(dev_t dev, int flags, int mode, struct lwp *l)
{

	return 0;
}

/* Not D_MPSAFE. */
const struct cdevsw lctl_cdevsw = {
	.d_open = lctlopen,
	.d_close = lctlclose,
	.d_read = lctlread,
	.d_write = lctlwrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER,
};

void
lctlattach(int count)
{
}
