/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init_main.c - bringing the kernel side up and down: hyp_boot, hyp_halt.
 *
 * Order: runtime, device tree, switches, nodes, drivers of
 * src/drivers/devswd.ioconf, and last the USB root, after which devices may
 * arrive.  Down: every device is detached, which releases every client that
 * waits for one; then the runtime's thread ends.  Nodes stay until the
 * front end stops.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/module.h>
#include <sys/systm.h>

#include <hyp/hyp.h>
#include <hyp/hyp_trace.h>
#include <miscfs/specfs/specdev.h>

#include "bus/bus.h"
#include "compat/compat.h"
#include "specfs/specfs_impl.h"

#define	LINUX_EINVAL	22

static void
devsw_attach_all(void)
{
	const struct devsw_conv *conv;
	int error;

	for (conv = devsw_conv; conv->d_name != NULL; conv++) {
		devmajor_t bmajor = NODEVMAJOR, cmajor = NODEVMAJOR;

		error = devsw_attach(conv->d_name, conv->d_bdevsw, &bmajor,
		    conv->d_cdevsw, &cmajor);
		if (error)
			panic("devsw_attach of %s: %d", conv->d_name, error);
	}
}

/* A module has been loaded. */
static void
module_loaded(void)
{

	spec_makedev_modules();
	LOCKDEBUG_NONE("hyp_calls_watch");
	hyp_calls_watch();
	usb_bus_again();
}

int
hyp_boot(uint32_t version)
{
	int error;

	if (version != HYP_VERSION)
		return LINUX_EINVAL;
	if ((error = kern_init()) != 0)
		return compat_errno(error);
	config_init();
	devsw_init();
	spec_init();
	spec_makedev_init();
	devsw_attach_all();
	error = config_init_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf);
	if (error)
		panic("config_init_component: %d", error);
	config_set_attach_hooks(spec_makedev_hook, spec_makedev_attached);
	usb_bus_init(spec_lingers);
	module_set_hook(module_loaded);
	LOCKDEBUG_NONE(__func__);
	return 0;
}

int
hyp_module_load(const char *path, char *why, size_t len)
{
	int error;

	/* What it finds at root it attaches at once. */
	hyp_calls_watch();
	error = module_load(path, why, len);
	LOCKDEBUG_NONE(__func__);
	return compat_errno(error);
}

int
hyp_module_unload(const char *name)
{
	const int error = module_unload(name);

	LOCKDEBUG_NONE(__func__);
	return compat_errno(error);
}

void
hyp_hand_over(void)
{

	config_park();
	LOCKDEBUG_NONE(__func__);
}

void
hyp_halt(void)
{

	spec_halt();
	usb_bus_shutdown();
	kern_fini();
	LOCKDEBUG_NONE(__func__);
}
