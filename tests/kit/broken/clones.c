/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clones.c - a cloning driver, whose reads wait, for t_check.py: as broken.c with
 * one of these, and without any it keeps the contract.
 *
 *	READ_GOES_ON	fo_restart does not wake fo_read
 *	RESTART_WAITS	fo_restart waits for who is in fo_read
 *	FREED		fo_close leaves a callout that uses what it has freed
 */
#include <sys/param.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/file.h>
#include <sys/kmem.h>
#include <sys/mutex.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include "ioconf.h"

struct clones_file {
	kmutex_t	 cf_lock;
	kcondvar_t	 cf_cv;
	callout_t	 cf_tick;
	u_int		 cf_ticks;
	u_int		 cf_readers;
	bool		 cf_restarted;
};

static void
clones_tick(void *arg)
{
	struct clones_file *cf = arg;

	cf->cf_ticks++;					/* FREED */
	callout_schedule(&cf->cf_tick, 1);
}

static int
clones_read(file_t *fp, off_t *off, struct uio *uio, kauth_cred_t cred,
    int flags)
{
	struct clones_file *cf = fp->f_data;
	int error = 0;

	mutex_enter(&cf->cf_lock);
	cf->cf_readers++;
	while (error == 0)
		error = cf->cf_restarted ? ERESTART :
		    flags & IO_NDELAY ? EWOULDBLOCK :
		    cv_wait_sig(&cf->cf_cv, &cf->cf_lock); /* READ_GOES_ON */
	cf->cf_readers--;
	cv_broadcast(&cf->cf_cv);
	mutex_exit(&cf->cf_lock);
	return error;
}

static void
clones_restart(file_t *fp)
{
	struct clones_file *cf = fp->f_data;

	mutex_enter(&cf->cf_lock);
#ifndef READ_GOES_ON
	cf->cf_restarted = true;
#ifndef RESTART_WAITS
	cv_broadcast(&cf->cf_cv);
#endif
#endif
#ifdef RESTART_WAITS
	while (cf->cf_readers > 0)
		cv_wait(&cf->cf_cv, &cf->cf_lock);	/* RESTART_WAITS */
#endif
	mutex_exit(&cf->cf_lock);
}

static int
clones_close(file_t *fp)
{
	struct clones_file *cf = fp->f_data;

#ifndef FREED
	callout_halt(&cf->cf_tick, NULL);
	callout_destroy(&cf->cf_tick);
#endif
	cv_destroy(&cf->cf_cv);
	mutex_destroy(&cf->cf_lock);
	kmem_free(cf, sizeof(*cf));
	return 0;
}

static const struct fileops clones_fileops = {
	.fo_name = "clones",
	.fo_read = clones_read,
	.fo_write = fbadop_write,
	.fo_ioctl = fbadop_ioctl,
	.fo_poll = fnullop_poll,
	.fo_close = clones_close,
	.fo_kqfilter = fnullop_kqfilter,
	.fo_restart = clones_restart,
};

static int
clonesopen(dev_t dev, int flag, int mode, struct lwp *l)
{
	struct clones_file *cf;
	int error, fd;
	file_t *fp;

	error = fd_allocfile(&fp, &fd);
	if (error)
		return error;
	cf = kmem_zalloc(sizeof(*cf), KM_SLEEP);
	mutex_init(&cf->cf_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cf->cf_cv, "clones");
	callout_init(&cf->cf_tick, CALLOUT_MPSAFE);
	callout_setfunc(&cf->cf_tick, clones_tick, cf);
	callout_schedule(&cf->cf_tick, 1);
	return fd_clone(fp, (unsigned)fd, flag, &clones_fileops, cf);
}

const struct cdevsw clones_cdevsw = {
	.d_open = clonesopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

/* For the pseudo-device line. */
void
clonesattach(int count)
{
}
