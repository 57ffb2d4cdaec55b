/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw_entries.c - devsw(9): ready-made functions for a driver's switch, and
 * which of its entries have to be there.
 */
#include <sys/conf.h>
#include <sys/disklabel.h>
#include <sys/errno.h>
#include <sys/poll.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include "devsw/devsw_impl.h"

/*
 * unit = dev_minor_unit(dev)
 * unit = disklabel_dev_unit(dev)
 *
 *	Ready-made d_devtounit: the minor is the unit; a unit has
 *	MAXPARTITIONS minors.  tty_unit() is in tty_subr.c.
 */
int
dev_minor_unit(dev_t dev)
{

	return minor(dev);
}

int
disklabel_dev_unit(dev_t dev)
{

	return DISKUNIT(dev);
}

/*
 * null*: nothing to do.  no*: a driver that lacks the entry.
 */
int devenodev(void) { return ENODEV; }

paddr_t
devnommap(dev_t dev __unused, off_t off __unused, int prot __unused)
{

	return (paddr_t)-1;
}

int
nullopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return 0;
}

int
nullclose(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return 0;
}

int
noread_fn(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{

	return ENODEV;
}

int
nowrite_fn(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{

	return ENODEV;
}

int
noioctl_fn(dev_t dev __unused, u_long cmd __unused, void *data __unused,
    int flag __unused, struct lwp *l __unused)
{

	return EPASSTHROUGH;
}

void
nostop_fn(struct tty *tp __unused, int flag __unused)
{
}

int
nopoll_fn(dev_t dev __unused, int events __unused, struct lwp *l __unused)
{

	return POLLERR;
}

int
nokqfilter_fn(dev_t dev __unused, struct knote *kn __unused)
{

	return EOPNOTSUPP;
}

int
nodiscard_fn(dev_t dev __unused, off_t pos __unused, off_t len __unused)
{

	return ENODEV;
}

/*
 * yes = bdevsw_whole(name, d)
 * yes = cdevsw_whole(name, d)
 *
 *	Is there a function, be it noread or its like, for all that is called
 *	without a look?  The first that is missing is logged: its author reads
 *	that, where else a client's call would be a crash.
 */
static bool
entry_is_there(const char *name, const char *entry, bool there)
{

	if (!there)
		log(LOG_ERR, "%s: its device switch has no %s\n", name, entry);
	return there;
}
#define	ENTRY(sw, entry) entry_is_there(name, #entry, (sw)->entry != NULL)

bool
bdevsw_whole(const char *name, const struct bdevsw *d)
{

	return ENTRY(d, d_open) && ENTRY(d, d_close) && ENTRY(d, d_ioctl) &&
	    (d->d_devtounit == NULL || ENTRY(d, d_cfdriver));
}

bool
cdevsw_whole(const char *name, const struct cdevsw *d)
{

	return ENTRY(d, d_open) && ENTRY(d, d_close) && ENTRY(d, d_read) &&
	    ENTRY(d, d_write) && ENTRY(d, d_ioctl) &&
	    (d->d_tty == NULL || ENTRY(d, d_stop)) &&
	    (d->d_devtounit == NULL || ENTRY(d, d_cfdriver));
}
