/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_sleep.c - K code: where an lwp sleeps, a tty's lock, and memory in use.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/tty.h>

#include "drivers/h_sleep.h"
#include "drivers/ucom_impl.h"

/* A glance at what the lwp's own lock guards: may be out of date. */
const char *__attribute__((__no_sanitize__("thread")))
h_sleeps(struct hyp_lwp *hl)
{
	struct lwp *l = (struct lwp *)hl;

	if (*(kcondvar_t *volatile *)&l->l_wchan == NULL)
		return NULL;
	return atomic_load_relaxed(&l->l_wmesg);
}

size_t
h_memory(void)
{
	u_int pieces;

	return kmem_inuse(&pieces);
}

static struct tty *
dty0(void)
{
	extern const struct cdevsw ucom_cdevsw;

	return cdev_tty(makedev(cdevsw_lookup_major(&ucom_cdevsw),
	    TTDIALOUT_MASK));
}

void
h_tty_hold(void)
{

	ttylock(dty0());
}

int
h_tty_closes(void *arg __unused)
{
	struct ucom_softc *const sc = dty0()->t_softc;
	bool closes;

	mutex_enter(&sc->sc_lock);
	closes = sc->sc_closing != 0;
	mutex_exit(&sc->sc_lock);
	return closes;
}

void
h_tty_release(void)
{

	ttyunlock(dty0());
}
