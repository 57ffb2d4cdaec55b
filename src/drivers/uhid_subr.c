/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhid_subr.c - what both ways to read and write uhid(4) need: the ring of
 * input reports, and what a client is told of a request's end.
 *
 * Model and locks: uhid.c.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/poll.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/uhidev.h>

#include "drivers/uhid_impl.h"

/* ---- input ---------------------------------------------------------- */

/*
 * sc_lock held: is there room for another report of that length?  Never, if
 * the descriptor has no input for this ID: there is no ring then, but a device
 * may well send a packet that begins so.
 */
static bool
uhid_room(const struct uhid_softc *sc, u_int len)
{

	if (sc->sc_slots == 0)
		return false;
	if (sc->sc_hidraw)
		return sc->sc_count < UHID_REPORTS;
	/* One that is longer than that can still be read alone. */
	return sc->sc_count < sc->sc_slots &&
	    (sc->sc_count == 0 || sc->sc_bytes + len <= UHID_BSIZE);
}

/* From uhidev, on the event thread, under its lock. */
void
uhid_intr(void *cookie, void *data, u_int len)
{
	struct uhid_softc *const sc = cookie;
	u_int slot;

	len = MIN(len, (u_int)sc->sc_isize);
	mutex_enter(&sc->sc_lock);
	if (sc->sc_state != UHID_CLOSED && uhid_room(sc, len)) {
		slot = (sc->sc_head + sc->sc_count) % sc->sc_slots;
		memcpy(sc->sc_ring + slot * (u_int)sc->sc_isize, data, len);
		sc->sc_lens[slot] = len;
		sc->sc_count++;
		sc->sc_bytes += len;
		cv_broadcast(&sc->sc_cv);
		selnotify(&sc->sc_rsel, POLLIN | POLLRDNORM, 0);
	}
	mutex_exit(&sc->sc_lock);
}

/*
 * uhid_drop(sc)
 *
 *	The oldest report has been read.  sc_lock held.
 */
void
uhid_drop(struct uhid_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock) && sc->sc_count > 0);
	sc->sc_bytes -= sc->sc_lens[sc->sc_head];
	sc->sc_head = (sc->sc_head + 1) % sc->sc_slots;
	sc->sc_count--;
	sc->sc_taken = 0;
}

/*
 * error = uhid_wait_input(sc, ioflag)
 *
 *	Sleep until there is input.  sc_lock held.  EIO: the file is being
 *	closed; EWOULDBLOCK: IO_NDELAY; EINTR, ENODEV.
 */
int
uhid_wait_input(struct uhid_softc *sc, int ioflag)
{
	int error;

	KASSERT(mutex_owned(&sc->sc_lock));
	for (;;) {
		if (sc->sc_closing || sc->sc_dying)
			return EIO;
		if (sc->sc_revoked)
			return ENODEV;
		if (sc->sc_count > 0)
			return 0;
		if (ioflag & IO_NDELAY)
			return EWOULDBLOCK;
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
		if (error)
			return error;
	}
}

/* Memory for the ring of an open; no lock. */
void
uhid_ring_create(struct uhid_softc *sc)
{

	if (sc->sc_isize == 0)
		return;
	sc->sc_slots = MAX(UHID_REPORTS,
	    (u_int)howmany(UHID_BSIZE, sc->sc_isize));
	sc->sc_ring = kmem_alloc(sc->sc_slots * (u_int)sc->sc_isize,
	    KM_SLEEP);
	sc->sc_lens = kmem_alloc(sc->sc_slots * sizeof(*sc->sc_lens),
	    KM_SLEEP);
	sc->sc_head = sc->sc_count = sc->sc_bytes = sc->sc_taken = 0;
}

void
uhid_ring_destroy(struct uhid_softc *sc)
{

	if (sc->sc_isize == 0)
		return;
	kmem_free(sc->sc_ring, sc->sc_slots * (u_int)sc->sc_isize);
	kmem_free(sc->sc_lens, sc->sc_slots * sizeof(*sc->sc_lens));
	sc->sc_count = 0;
}

/* ---- errors --------------------------------------------------------- */

/*
 * error = uhid_errno(err)
 *
 *	What a client is told of a request's end.
 */
int
uhid_errno(usbd_status err)
{

	switch (err) {
	case USBD_NORMAL_COMPLETION:
		return 0;
	case USBD_INTERRUPTED:
		return EINTR;
	default:
		return EIO;
	}
}
