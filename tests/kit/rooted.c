/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rooted.c - a driver as NetBSD's are written, for what a text can say: a device
 * at root, two nodes for a unit, a block switch, a header of flags.  It lets
 * itself be detached while nobody has it open.
 */
#include "opt_rooted.h"

#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "ioconf.h"
#include "locators.h"

CTASSERT(UCOMBUSCF_PORTNO == 0 && USBIFIFCF_VENDOR == 3);

#define	ROOTED_UNIT(dev)	((int)(minor(dev) & 0x7ffff))

struct rooted_softc {
	int	sc_opens;
};

static int
rooted_unit(dev_t dev)
{

	return ROOTED_UNIT(dev);
}

static int
rootedopen(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct rooted_softc *sc = device_lookup_private(&rooted_cd,
	    ROOTED_UNIT(dev));

	if (sc == NULL)
		return ENXIO;
	sc->sc_opens = 1;
	return 0;
}

static int
rootedclose(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct rooted_softc *sc = device_lookup_private(&rooted_cd,
	    ROOTED_UNIT(dev));

	sc->sc_opens = 0;
	return 0;
}

const struct cdevsw rooted_cdevsw = {
	.d_open = rootedopen,
	.d_close = rootedclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_cfdriver = &rooted_cd,
	.d_devtounit = rooted_unit,
	.d_flag = D_DISK,
};

const struct bdevsw rooted_bdevsw = {
	.d_open = rootedopen,
	.d_close = rootedclose,
	.d_ioctl = noioctl,
	.d_cfdriver = &rooted_cd,
	.d_devtounit = rooted_unit,
	.d_flag = D_DISK,
};

static int
rooted_match(device_t parent, cfdata_t cf, void *aux)
{

	return 1;
}

static void
rooted_attach(device_t parent, device_t self, void *aux)
{

	aprint_normal("\n");
}

static int
rooted_detach(device_t self, int flags)
{
	struct rooted_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&rooted_cdevsw);

	if (!(flags & DETACH_FORCE) && sc->sc_opens != 0)
		return EBUSY;
	vdevgone(maj, device_unit(self), device_unit(self), VCHR);
	return 0;
}

CFATTACH_DECL_NEW(rooted, sizeof(struct rooted_softc), rooted_match,
    rooted_attach, rooted_detach, NULL);
