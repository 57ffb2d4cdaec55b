/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * borrow.c - a module that uses a function of another one, which it requires,
 * for tests: /dev/borrow0 gives what lend.so says, from uio_offset to its end.
 *
 * It is linked with lend.so; so the dynamic linker finds that name among what
 * is loaded, and does not look for a file.
 */
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/module.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <hyp/hyp_node.h>

const char *lend_text(void);

static int
borrowread(dev_t dev __unused, struct uio *uio, int flags __unused)
{
	const char *const text = lend_text();
	const size_t len = strlen(text);

	if (uio->uio_offset < 0 || (size_t)uio->uio_offset >= len)
		return 0;
	return uiomove(__UNCONST(text + uio->uio_offset),
	    ulmin(2, len - (size_t)uio->uio_offset), uio);
}

static const struct cdevsw borrow_cdevsw = {
	.d_open = nullopen,
	.d_close = nullclose,
	.d_read = borrowread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

static const struct devnode borrow_nodes[] = {
	{ "borrow", "borrow", &borrow_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 }
};

MODULE(MODULE_CLASS_DRIVER, borrow, "lend");

static int
borrow_modcmd(modcmd_t cmd, void *arg __unused)
{
	devmajor_t bmajor = NODEVMAJOR, cmajor = NODEVMAJOR;
	int error;

	switch (cmd) {
	case MODULE_CMD_INIT:
		error = devsw_attach("borrow", NULL, &bmajor, &borrow_cdevsw,
		    &cmajor);
		if (error)
			return error;
		devnode_attach(borrow_nodes);
		(void)devnode_make("borrow", 0);
		return 0;
	case MODULE_CMD_FINI:
		error = devsw_detach_idle(NULL, &borrow_cdevsw);
		if (error)
			return error;
		devnode_detach(borrow_nodes);
		return 0;
	default:
		return ENOTTY;
	}
}
