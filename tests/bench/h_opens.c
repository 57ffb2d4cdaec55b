/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_opens.c - a driver whose open and close have nothing to do, with a device
 * of autoconf for each unit, as real drivers have: so an open takes all the
 * references there are.  It has no state, and so no lock.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/fcntl.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "bench/h_opens.h"

extern struct cfdriver opens_cd;

static int
opens_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	return parent == NULL;
}

static void
opens_attach(device_t parent __unused, device_t self __unused,
    void *aux __unused)
{
}

static const struct cdevsw opens_cdevsw = {
	.d_open = nullopen,
	.d_cancel = nullopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_devtounit = dev_minor_unit,
	.d_cfdriver = &opens_cd,
	.d_flag = D_OTHER | D_MPSAFE,
};

CFDRIVER_DECL(opens, DV_DULL, NULL);
static CFATTACH_DECL_NEW(opens, 0, opens_match, opens_attach, NULL, NULL);
static struct cfdriver *const opens_drivers[] = { &opens_cd, NULL };
static struct cfattach *const opens_list[] = { &opens_ca, NULL };
static const struct cfattachinit opens_attaches[] = {
	{ "opens", opens_list }, { NULL, NULL }
};
static struct cfdata opens_cfdata[] = {
	{ "opens", "opens", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};
static const struct devnode opens_nodes[] = {
	{ "opens", OPENS_NODE, &opens_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 },
};

void
opens_init(unsigned n)
{
	devmajor_t maj = NODEVMAJOR;

	if (config_init_component(opens_drivers, opens_attaches,
	    opens_cfdata) != 0 ||
	    devsw_attach("opens", NULL, NULL, &opens_cdevsw, &maj) != 0)
		panic("no driver");
	devnode_attach(opens_nodes);
	while (n-- > 0) {
		if (config_rootfound("opens", NULL) == NULL)
			panic("no device");
	}
}
