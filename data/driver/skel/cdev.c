/*
 * @NAME@.c - a driver without hardware: /dev/@NAME@0 says hello.
 *
 * A read gives what is left of the text at the file's offset, then 0.  There
 * is nothing to wait for, so d_cancel has nothing to do.  See @NAME@.ioconf for
 * how it is entered in the tables.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include "ioconf.h"

static const char @NAME@_text[] = "hello\n";

static int
@NAME@read(dev_t dev, struct uio *uio, int flags)
{
	const size_t len = sizeof(@NAME@_text) - 1;

	if (uio->uio_offset < 0)
		return EINVAL;
	if ((size_t)uio->uio_offset >= len)
		return 0;
	return uiomove(__UNCONST(@NAME@_text + uio->uio_offset),
	    MIN(len - (size_t)uio->uio_offset, uio->uio_resid), uio);
}

const struct cdevsw @NAME@_cdevsw = {
	.d_open = nullopen,
	.d_close = nullclose,
	.d_read = @NAME@read,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

/* What the pseudo-device line calls, once. */
void
@NAME@attach(int count)
{
}
