/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tt.c - a terminal without hardware, /dev/tt0: D_TTY, and no more.
 */
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/module.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

static int
ttcancel(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return 0;
}

static const struct cdevsw tt_cdevsw = {
	.d_open = nullopen,
	.d_cancel = ttcancel,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_TTY | D_MPSAFE,
};

static const struct devnode tt_nodes[] = {
	{ "tt", "tt", &tt_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 }
};

MODULE(MODULE_CLASS_DRIVER, tt, NULL);

static int
tt_modcmd(modcmd_t cmd, void *arg __unused)
{
	devmajor_t bmajor = NODEVMAJOR, cmajor = NODEVMAJOR;
	int error;

	switch (cmd) {
	case MODULE_CMD_INIT:
		error = devsw_attach("tt", NULL, &bmajor, &tt_cdevsw,
		    &cmajor);
		if (error)
			return error;
		devnode_attach(tt_nodes);
		(void)devnode_make("tt", 0);
		return 0;
	case MODULE_CMD_FINI:
		error = devsw_detach_idle(NULL, &tt_cdevsw);
		if (error)
			return error;
		devnode_detach(tt_nodes);
		return 0;
	default:
		return ENOTTY;
	}
}
