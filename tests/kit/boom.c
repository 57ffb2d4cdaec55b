/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boom.c - a driver that takes the daemon along: a read panics, a write uses
 * what is not there.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/systm.h>
#include <sys/uio.h>

static int
boomread(dev_t dev, struct uio *uio, int flags)
{

	panic("boom: %zu bytes are too many", uio->uio_resid);
}

static int
boomwrite(dev_t dev, struct uio *uio, int flags)
{

	*(volatile int *)8 = 1;
	return 0;
}

const struct cdevsw boom_cdevsw = {
	.d_open = nullopen,
	.d_close = nullclose,
	.d_read = boomread,
	.d_write = boomwrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};
