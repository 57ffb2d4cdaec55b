/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half.c - a driver whose module starts half way, and one that has a name of
 * the daemon's for something of its own.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/systm.h>

static int
half_match(device_t parent, cfdata_t cf, void *aux)
{

	return 0;
}

static void
half_attach(device_t parent, device_t self, void *aux)
{
}

const struct cdevsw half_cdevsw = {
	.d_open = nullopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

CFATTACH_DECL_NEW(half, 0, half_match, half_attach, NULL, NULL);
