/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * post.c - a driver without hardware whose reads wait: what is written to
 * /dev/post0 is what the next read gives.
 *
 * A read goes on whatever happens to its file: "devsw-driver check" has something
 * to say of that.  ../cancel/post.c is the next step.
 */
#include <sys/param.h>
#include <sys/condvar.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/mutex.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "ioconf.h"

#define	POST_MAX	64

struct post_softc {
	kmutex_t	 sc_lock;	/* all below */
	kcondvar_t	 sc_cv;		/* a letter has come */
	struct selinfo	 sc_sel;
	char		 sc_letter[POST_MAX];
	size_t		 sc_len;	/* 0: there is none */
	bool		 sc_open;
	bool		 sc_dying;	/* detach */
};

static int
postopen(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct post_softc *sc = device_lookup_private(&post_cd, minor(dev));
	int error;

	if (sc == NULL)
		return ENXIO;
	mutex_enter(&sc->sc_lock);
	error = sc->sc_dying ? ENXIO : 0;
	if (error == 0)
		sc->sc_open = true;
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
postclose(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct post_softc *sc = device_lookup_private(&post_cd, minor(dev));

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	sc->sc_len = 0;
	sc->sc_open = false;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
postread(dev_t dev, struct uio *uio, int flags)
{
	struct post_softc *sc = device_lookup_private(&post_cd, minor(dev));
	int error = 0;

	mutex_enter(&sc->sc_lock);
	while (error == 0 && sc->sc_len == 0) {
		if (sc->sc_dying)
			error = EIO;
		else if (flags & IO_NDELAY)
			error = EWOULDBLOCK;
		else
			error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	}
	if (error == 0) {
		error = uiomove(sc->sc_letter, MIN(sc->sc_len,
		    uio->uio_resid), uio);
		sc->sc_len = 0;
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

/* The last letter counts. */
static int
postwrite(dev_t dev, struct uio *uio, int flags)
{
	struct post_softc *sc = device_lookup_private(&post_cd, minor(dev));
	const size_t len = uio->uio_resid;
	int error;

	if (len > POST_MAX)
		return EMSGSIZE;
	mutex_enter(&sc->sc_lock);
	error = sc->sc_dying ? EIO :
	    uiomove(sc->sc_letter, len, uio);
	if (error == 0) {
		sc->sc_len = len;
		cv_broadcast(&sc->sc_cv);
		selnotify(&sc->sc_sel, POLLIN, 0);
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
postpoll(dev_t dev, int events, struct lwp *l)
{
	struct post_softc *sc = device_lookup_private(&post_cd, minor(dev));
	int revents = events & (POLLOUT | POLLWRNORM);

	mutex_enter(&sc->sc_lock);
	if (sc->sc_dying)
		revents = events | POLLHUP;
	else if (sc->sc_len > 0)
		revents |= events & (POLLIN | POLLRDNORM);
	selrecord(l, &sc->sc_sel);
	mutex_exit(&sc->sc_lock);
	return revents;
}

const struct cdevsw post_cdevsw = {
	.d_open = postopen,
	.d_close = postclose,
	.d_read = postread,
	.d_write = postwrite,
	.d_ioctl = noioctl,
	.d_poll = postpoll,
	.d_cfdriver = &post_cd,
	.d_devtounit = dev_minor_unit,
	.d_flag = D_OTHER | D_MPSAFE,
};

static int
post_match(device_t parent, cfdata_t cf, void *aux)
{

	return 1;
}

static void
post_attach(device_t parent, device_t self, void *aux)
{
	struct post_softc *sc = device_private(self);

	aprint_normal("\n");
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&sc->sc_cv, "post");
	selinit(&sc->sc_sel);
}

static int
post_detach(device_t self, int flags)
{
	struct post_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&post_cdevsw);
	const int unit = device_unit(self);

	mutex_enter(&sc->sc_lock);
	if ((flags & DETACH_FORCE) == 0 && sc->sc_open) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	vdevgone(maj, unit, unit, VCHR);
	seldestroy(&sc->sc_sel);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

CFATTACH_DECL_NEW(post, sizeof(struct post_softc), post_match, post_attach,
    post_detach, NULL);
