/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netbsd.c - a module as NetBSD's USB drivers are: a MODULE() of its own, whose
 * function enters the tables that config(1) has made, and ioconf.c included.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/module.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

static int	netbsd_match(device_t, cfdata_t, void *);
static void	netbsd_attach(device_t, device_t, void *);
static int	netbsd_detach(device_t, int);

CFATTACH_DECL_NEW(netbsd, 0, netbsd_match, netbsd_attach, netbsd_detach, NULL);

static int
netbsd_match(device_t parent, cfdata_t match, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;

	return uiaa->uiaa_vendor == 0x1209 && uiaa->uiaa_product == 2 ?
	    UMATCH_VENDOR_PRODUCT : UMATCH_NONE;
}

static void
netbsd_attach(device_t parent, device_t self, void *aux)
{

	aprint_naive("\n");
	aprint_normal("\n");
}

static int
netbsd_detach(device_t self, int flags)
{

	return 0;
}

extern struct cfdriver netbsd_cd;
const struct cdevsw netbsd_cdevsw = {
	.d_open = nullopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_cfdriver = &netbsd_cd,
	.d_devtounit = dev_minor_unit,
	.d_flag = D_OTHER,
};

MODULE(MODULE_CLASS_DRIVER, netbsd, NULL);

#ifdef _MODULE
#include "ioconf.c"
#endif

static int
netbsd_modcmd(modcmd_t cmd, void *aux)
{
	devmajor_t bmajor = -1, cmajor = -1;
	int error = 0;

	switch (cmd) {
	case MODULE_CMD_INIT:
#ifdef _MODULE
		error = devsw_attach("netbsd", NULL, &bmajor, &netbsd_cdevsw,
		    &cmajor);
		if (error)
			return error;
		error = config_init_component(cfdriver_ioconf_netbsd,
		    cfattach_ioconf_netbsd, cfdata_ioconf_netbsd);
		if (error)
			devsw_detach(NULL, &netbsd_cdevsw);
#endif
		return error;
	case MODULE_CMD_FINI:
#ifdef _MODULE
		error = config_fini_component(cfdriver_ioconf_netbsd,
		    cfattach_ioconf_netbsd, cfdata_ioconf_netbsd);
		if (error == 0)
			devsw_detach(NULL, &netbsd_cdevsw);
#endif
		return error;
	default:
		return ENOTTY;
	}
}
