/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_vusb.c - the down-calls of hyp_usb.h over software devices.
 *
 * A struct hyp_usb is one opening of a device, with one event thread, as in
 * the real back end; all completions are delivered by it, without a lock.
 *
 * States of a transfer, under the device's v_lock
 *	idle		hx_queued and hx_running false
 *	queued		on hd_queue, in order of submission
 *	completed	on hd_done, hx_queued still true
 *	running		its completion function is being called; it may be
 *			queued again at the same time
 *	zombie		freed by its owner while queued and held by a fault;
 *			on v_zombies until the fault is lifted
 *
 * Only the first transfer of each endpoint makes progress; its successor has
 * its turn when it has been delivered.  A fault is given to a transfer when
 * it becomes the first one.
 *
 * Who waits for whom: hyp_usbx_free waits for a running completion (not its
 * own), hyp_usb_close for the event thread.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vusb/vusbvar.h"

struct hyp_usbx {
	TAILQ_ENTRY(hyp_usbx) hx_link;
	struct vusb	*hx_v;
	struct hyp_usb	*hx_dev;
	enum vusb_kind	 hx_kind;
	uint8_t		 hx_ep;
	uint8_t		*hx_buf;
	size_t		 hx_size;
	hyp_usb_done_t	*hx_func;
	void		*hx_cookie;

	struct vusb_setup hx_setup;
	uint32_t	 hx_len;
	uint32_t	 hx_actlen;
	int		 hx_status;
	bool		 hx_queued;
	bool		 hx_running;
	bool		 hx_cancel;
	bool		 hx_freed;
	bool		 hx_first;	/* has been given its fault */
	enum vusb_fault	 hx_fault;
	unsigned	 hx_faultgen;	/* of the fault that holds it */
	unsigned	 hx_faultarg;
	uint64_t	 hx_due;	/* VUSB_FAULT_LATE */
};

struct hyp_usb {
	struct vusb	*hd_v;
	void		*hd_cookie;
	pthread_t	 hd_thread;
	struct vusb_xq	 hd_queue;
	struct vusb_xq	 hd_done;
	bool		 hd_gone;	/* pulled out */
	bool		 hd_tell_gone;	/* hyp_usb_gone is due */
	bool		 hd_stop;
};

static pthread_mutex_t zombie_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned zombies;		/* zombie_lock, a leaf */

static void
zombie_count(int n)
{

	pthread_mutex_lock(&zombie_lock);
	zombies += (unsigned)n;
	pthread_mutex_unlock(&zombie_lock);
}

void
hyp_usb_attaching(const struct hyp_usb_info *hi, int what)
{

	(void)hi;
	(void)what;
}

unsigned
hyp_usb_zombies(void)
{
	unsigned n;

	pthread_mutex_lock(&zombie_lock);
	n = zombies;
	pthread_mutex_unlock(&zombie_lock);
	return n;
}

/* ---- transfers in the device, v_lock held --------------------------- */

static void
hx_destroy(struct hyp_usbx *x)
{

	free(x->hx_buf);
	free(x);
}

/* What a test sees of transfers that wait. */
static void
hx_account(struct hyp_usbx *x, int n)
{
	const unsigned port = vusb_epport(x->hx_v, x->hx_ep);

	if (x->hx_kind != VUSB_IN && x->hx_kind != VUSB_OUT)
		return;
	if (port >= x->hx_v->v_config.vc_nports)
		return;
	if (x->hx_kind == VUSB_IN)
		x->hx_v->v_port[port].vp_status.vs_reads += (unsigned)n;
	else
		x->hx_v->v_port[port].vp_status.vs_writes += (unsigned)n;
}

static void
hx_complete(struct hyp_usbx *x, int status)
{
	struct hyp_usb *d = x->hx_dev;

	TAILQ_REMOVE(&d->hd_queue, x, hx_link);
	hx_account(x, -1);
	x->hx_status = status;
	TAILQ_INSERT_TAIL(&d->hd_done, x, hx_link);
	vusb_changed(x->hx_v);
}

/* Is it held by a NEVER or STUCK that is still in force? */
static bool
hx_held(const struct hyp_usbx *x)
{

	return x->hx_first && (x->hx_fault == VUSB_FAULT_NEVER ||
	    x->hx_fault == VUSB_FAULT_STUCK) &&
	    x->hx_faultgen == x->hx_v->v_fault[x->hx_kind].vf_gen;
}

static bool
hx_stuck(const struct hyp_usbx *x)
{

	return x->hx_fault == VUSB_FAULT_STUCK && hx_held(x);
}

/* Give the transfer its fault, when it has become the first one. */
static void
hx_becomes_first(struct hyp_usbx *x)
{
	struct vusb_faulting *vf = &x->hx_v->v_fault[x->hx_kind];

	if (x->hx_first)
		return;
	x->hx_first = true;
	x->hx_fault = vf->vf_fault;
	x->hx_faultgen = vf->vf_gen;
	x->hx_faultarg = vf->vf_arg;
	if (vf->vf_count > 0 && --vf->vf_count == 0)
		vf->vf_fault = VUSB_FAULT_NONE;
	if (x->hx_fault == VUSB_FAULT_LATE)
		x->hx_due = vusb_now() + (uint64_t)x->hx_faultarg * 1000000;
}

static int
vusb_string(struct vusb *v, unsigned index, uint8_t *buf, size_t len)
{
	const char *s[4] = { NULL, "devsw", v->v_name, v->v_serial };
	uint8_t d[2 + 2 * VUSB_MAXNAME];
	size_t i, n;

	if (index > 3)
		return VUSB_STALL;
	if (index == 0) {
		d[2] = 0x09;
		d[3] = 0x04;
		n = 4;
	} else {
		for (i = 0; s[index][i] != '\0'; i++) {
			d[2 + 2 * i] = (uint8_t)s[index][i];
			d[3 + 2 * i] = 0;
		}
		n = 2 + 2 * i;
	}
	d[0] = (uint8_t)n;
	d[1] = 3;
	n = n < len ? n : len;
	memcpy(buf, d, n);
	return (int)n;
}

/* A standard request, as far as drivers send any. */
static int
vusb_standard(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	uint8_t d[1024];
	size_t len;

	switch (vr->vr_request) {
	case 0x00:			/* GET_STATUS */
		if (vr->vr_length < 2)
			return VUSB_STALL;
		buf[0] = buf[1] = 0;
		return 2;
	case 0x01:			/* CLEAR_FEATURE */
		if ((vr->vr_type & 0x1f) == 2)
			v->v_halted[VUSB_EP(vr->vr_index)] = false;
		return 0;
	case 0x06:			/* GET_DESCRIPTOR */
		if ((vr->vr_type & 0x1f) == 1)
			return v->v_ops->vo_control(v, vr, buf);
		if (vr->vr_value >> 8 == 3)
			return vusb_string(v, vr->vr_value & 0xff, buf,
			    vr->vr_length);
		len = vusb_descriptors(v, d, sizeof(d));
		if (vr->vr_value >> 8 == 1)
			len = len < 18 ? len : 18;
		else if (vr->vr_value >> 8 == 2 && len > 18) {
			memmove(d, d + 18, len - 18);
			len -= 18;
		} else
			return VUSB_STALL;
		len = len < vr->vr_length ? len : vr->vr_length;
		memcpy(buf, d, len);
		return (int)len;
	case 0x08:			/* GET_CONFIGURATION */
		buf[0] = 1;
		return 1;
	case 0x09:			/* SET_CONFIGURATION */
	case 0x0b:			/* SET_INTERFACE */
		return 0;
	default:
		return VUSB_STALL;
	}
}

/* A class or vendor request, and who wants to know of it. */
static int
vusb_request(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	const uint8_t request = vr->vr_request;
	const uint8_t setup[8] = { vr->vr_type, request,
	    (uint8_t)vr->vr_value, (uint8_t)(vr->vr_value >> 8),
	    (uint8_t)vr->vr_index, (uint8_t)(vr->vr_index >> 8),
	    (uint8_t)vr->vr_length, (uint8_t)(vr->vr_length >> 8) };
	int n;

	if (v->v_refused[request / 64] >> request % 64 & 1)
		n = VUSB_STALL;
	else
		n = v->v_ops->vo_control(v, vr, buf);
	if (v->v_onrequest != NULL)
		v->v_onrequest(v->v_onrequestarg, setup, buf,
		    n == VUSB_STALL || (vr->vr_type & 0x80) != 0 ? n :
		    vr->vr_length);
	return n;
}

static void
hx_control(struct hyp_usbx *x)
{
	struct vusb *v = x->hx_v;
	int n;

	if ((x->hx_setup.vr_type & 0x60) == 0)
		n = vusb_standard(v, &x->hx_setup, x->hx_buf);
	else
		n = vusb_request(v, &x->hx_setup, x->hx_buf);
	if (n == VUSB_STALL) {
		hx_complete(x, HYP_USB_STALL);
		return;
	}
	if ((x->hx_setup.vr_type & 0x80) == 0)
		n = x->hx_setup.vr_length;
	x->hx_actlen = (uint32_t)n;
	hx_complete(x, x->hx_fault == VUSB_FAULT_LOST ? HYP_USB_IOERROR :
	    HYP_USB_OK);
}

static void
hx_in(struct hyp_usbx *x)
{
	struct vusb *v = x->hx_v;
	uint32_t len = x->hx_len;

	if (x->hx_fault == VUSB_FAULT_SHORT && x->hx_faultarg < len)
		len = x->hx_faultarg;
	if (v->v_ops->vo_in(v, x->hx_ep, x->hx_buf, len, &x->hx_actlen))
		hx_complete(x, HYP_USB_OK);
}

static void
hx_out(struct hyp_usbx *x)
{
	struct vusb *v = x->hx_v;
	uint32_t len = x->hx_len, n;

	if (x->hx_fault == VUSB_FAULT_SHORT && x->hx_faultarg < len)
		len = x->hx_faultarg;
	n = v->v_ops->vo_out(v, x->hx_ep, x->hx_buf + x->hx_actlen,
	    len - x->hx_actlen);
	x->hx_actlen += n;
	if (x->hx_actlen == len)
		hx_complete(x, HYP_USB_OK);
	else if (n > 0)
		vusb_changed(v);
}

/*
 * Let the first transfer of an endpoint go on.
 */
static void
hx_progress(struct hyp_usbx *x, uint64_t now)
{
	struct hyp_usb *d = x->hx_dev;
	bool *halted = &x->hx_v->v_halted[VUSB_EP(x->hx_ep)];

	hx_becomes_first(x);
	if (hx_held(x) ||
	    (x->hx_fault == VUSB_FAULT_LATE && now < x->hx_due))
		return;
	switch (x->hx_fault) {
	case VUSB_FAULT_STALL:
		*halted = x->hx_kind != VUSB_CONTROL;
		hx_complete(x, HYP_USB_STALL);
		return;
	case VUSB_FAULT_ERROR:
		hx_complete(x, HYP_USB_IOERROR);
		return;
	case VUSB_FAULT_NODEV:
		d->hd_tell_gone = true;
		hx_complete(x, HYP_USB_NODEV);
		return;
	default:
		break;
	}
	if (*halted)
		hx_complete(x, HYP_USB_STALL);
	else if (x->hx_kind == VUSB_CONTROL)
		hx_control(x);
	else if (x->hx_ep & 0x80)
		hx_in(x);
	else
		hx_out(x);
}

/* The earlier of due and when this transfer, which was looked at, is to be
   looked at again; 0 is never. */
static uint64_t
hx_due(const struct hyp_usbx *x, uint64_t now, uint64_t due)
{
	const struct vusb_ops *ops = x->hx_v->v_ops;
	uint64_t when = 0;

	if (x->hx_fault == VUSB_FAULT_LATE && now < x->hx_due)
		when = x->hx_due;
	else if ((x->hx_ep & 0x80) != 0 && x->hx_kind != VUSB_CONTROL &&
	    ops->vo_due != NULL && !hx_held(x))
		when = ops->vo_due(x->hx_v, x->hx_ep);
	return when != 0 && (due == 0 || when < due) ? when : due;
}

/*
 * Look at every transfer once.  Cancelled ones end wherever they are in the
 * queue, and all end when the plug is out, but for those that are stuck.
 * Returns when the next one is due, or 0.
 */
static uint64_t
hd_progress(struct hyp_usb *d)
{
	const uint64_t now = vusb_now();
	struct hyp_usbx *x, *next;
	uint64_t due = 0;
	bool seen[VUSB_NEP] = { false };

	for (x = TAILQ_FIRST(&d->hd_queue); x != NULL; x = next) {
		next = TAILQ_NEXT(x, hx_link);
		/* There may be many that wait for their turn. */
		if (seen[VUSB_EP(x->hx_ep)] && !x->hx_cancel && !d->hd_gone)
			continue;
		if (hx_stuck(x)) {
			seen[VUSB_EP(x->hx_ep)] = true;
		} else if (d->hd_gone) {
			hx_complete(x, HYP_USB_NODEV);
		} else if (x->hx_cancel) {
			hx_complete(x, HYP_USB_CANCELLED);
		} else if (!seen[VUSB_EP(x->hx_ep)]) {
			seen[VUSB_EP(x->hx_ep)] = true;
			hx_progress(x, now);
			due = hx_due(x, now, due);
		}
	}
	return due;
}

/* ---- the event thread ----------------------------------------------- */

/* Deliver one completion; v_lock is dropped meanwhile. */
static void
hd_deliver(struct hyp_usb *d)
{
	struct vusb *v = d->hd_v;
	struct hyp_usbx *x = TAILQ_FIRST(&d->hd_done);

	TAILQ_REMOVE(&d->hd_done, x, hx_link);
	x->hx_queued = false;
	if (x->hx_freed) {
		zombie_count(-1);
		hx_destroy(x);
		return;
	}
	x->hx_running = true;
	pthread_mutex_unlock(&v->v_lock);
	x->hx_func(x->hx_cookie, x->hx_status, x->hx_actlen);
	pthread_mutex_lock(&v->v_lock);
	x->hx_running = false;
	if (x->hx_freed && !x->hx_queued)
		hx_destroy(x);
	else
		vusb_changed(v);
}

int
hyp_usbx_more(struct hyp_usbx *x)
{
	struct hyp_usb *d = x->hx_dev;
	const struct hyp_usbx *next;
	bool more;

	pthread_mutex_lock(&d->hd_v->v_lock);
	assert(x->hx_running);
	next = TAILQ_FIRST(&d->hd_done);
	more = next != NULL && next->hx_ep == x->hx_ep &&
	    !next->hx_freed;
	pthread_mutex_unlock(&d->hd_v->v_lock);
	return more;
}

static void *
hd_loop(void *arg)
{
	struct hyp_usb *d = arg;
	struct vusb *v = d->hd_v;
	uint64_t due;

	pthread_mutex_lock(&v->v_lock);
	while (!d->hd_stop) {
		due = hd_progress(d);
		if (!TAILQ_EMPTY(&d->hd_done)) {
			hd_deliver(d);
		} else if (d->hd_tell_gone) {
			d->hd_tell_gone = false;
			pthread_mutex_unlock(&v->v_lock);
			hyp_usb_gone(d->hd_cookie);
			pthread_mutex_lock(&v->v_lock);
		} else
			(void)vusb_cond_timedwait(&v->v_cv, &v->v_lock, due);
	}
	pthread_mutex_unlock(&v->v_lock);
	return NULL;
}

/* The plug is out; v_lock held. */
void
vusb_mark_gone(struct hyp_usb *d, bool tell)
{

	d->hd_gone = true;
	d->hd_tell_gone = tell;
}

/* Zombies of this kind come back; v_lock held. */
void
vusb_release_zombies(struct vusb *v, enum vusb_kind kind)
{
	struct hyp_usbx *x, *next;

	for (x = TAILQ_FIRST(&v->v_zombies); x != NULL; x = next) {
		next = TAILQ_NEXT(x, hx_link);
		if (x->hx_kind != kind)
			continue;
		TAILQ_REMOVE(&v->v_zombies, x, hx_link);
		zombie_count(-1);
		hx_destroy(x);
	}
}

/* ---- down-calls: devices -------------------------------------------- */

int
hyp_usb_open(uint32_t bus, uint32_t addr, void *cookie, struct hyp_usb **dp)
{
	struct hyp_usb *d;
	struct vusb *v;

	(void)bus;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return ENOMEM;
	v = vusb_hold_addr(addr);
	if (v == NULL) {
		free(d);
		return ENODEV;
	}
	assert(v->v_open == NULL);
	d->hd_v = v;
	d->hd_cookie = cookie;
	TAILQ_INIT(&d->hd_queue);
	TAILQ_INIT(&d->hd_done);
	if (pthread_create(&d->hd_thread, NULL, hd_loop, d) != 0) {
		pthread_mutex_unlock(&v->v_lock);
		free(d);
		return EAGAIN;
	}
	v->v_open = d;
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
	*dp = d;
	return 0;
}

/* What is left of a transfer after its device was closed. */
static void
hx_orphan(struct hyp_usbx *x)
{

	x->hx_dev = NULL;
	if (hx_stuck(x)) {
		if (!x->hx_freed)
			zombie_count(1);
		x->hx_freed = true;
		TAILQ_INSERT_TAIL(&x->hx_v->v_zombies, x, hx_link);
	} else if (x->hx_freed) {
		zombie_count(-1);
		hx_destroy(x);
	} else
		x->hx_queued = false;
}

void
hyp_usb_close(struct hyp_usb *d)
{
	struct vusb *v = d->hd_v;
	struct hyp_usbx *x;

	pthread_mutex_lock(&v->v_lock);
	d->hd_stop = true;
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
	pthread_join(d->hd_thread, NULL);

	pthread_mutex_lock(&v->v_lock);
	while ((x = TAILQ_FIRST(&d->hd_queue)) != NULL) {
		TAILQ_REMOVE(&d->hd_queue, x, hx_link);
		hx_account(x, -1);
		hx_orphan(x);
	}
	while ((x = TAILQ_FIRST(&d->hd_done)) != NULL) {
		TAILQ_REMOVE(&d->hd_done, x, hx_link);
		x->hx_fault = VUSB_FAULT_NONE;
		hx_orphan(x);
	}
	v->v_open = NULL;
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
	free(d);
}

int
hyp_usb_descriptors(struct hyp_usb *d, void *buf, size_t size, size_t *len)
{
	int error = 0;

	pthread_mutex_lock(&d->hd_v->v_lock);
	if (d->hd_gone)
		error = ENODEV;
	else
		*len = vusb_descriptors(d->hd_v, buf, size);
	pthread_mutex_unlock(&d->hd_v->v_lock);
	return error;
}

static int
hd_check(struct hyp_usb *d)
{
	bool gone;

	pthread_mutex_lock(&d->hd_v->v_lock);
	gone = d->hd_gone;
	pthread_mutex_unlock(&d->hd_v->v_lock);
	return gone ? ENODEV : 0;
}

int
hyp_usb_get_config(struct hyp_usb *d, uint8_t *value)
{

	*value = 1;
	return hd_check(d);
}

int
hyp_usb_set_config(struct hyp_usb *d, uint8_t value)
{

	(void)value;
	return hd_check(d);
}

int
hyp_usb_set_alt(struct hyp_usb *d, uint8_t ifaceno, uint8_t altno)
{

	(void)ifaceno;
	pthread_mutex_lock(&d->hd_v->v_lock);
	d->hd_v->v_altno = altno;
	pthread_mutex_unlock(&d->hd_v->v_lock);
	return hd_check(d);
}

int
hyp_usb_clear_halt(struct hyp_usb *d, uint8_t ep)
{

	pthread_mutex_lock(&d->hd_v->v_lock);
	d->hd_v->v_halted[VUSB_EP(ep)] = false;
	vusb_changed(d->hd_v);
	pthread_mutex_unlock(&d->hd_v->v_lock);
	return hd_check(d);
}

int
hyp_usb_claim(struct hyp_usb *d, uint8_t ifaceno)
{
	int error;

	(void)ifaceno;
	pthread_mutex_lock(&d->hd_v->v_lock);
	error = d->hd_v->v_claimed ? EBUSY : 0;
	pthread_mutex_unlock(&d->hd_v->v_lock);
	return error != 0 ? error : hd_check(d);
}

/* ---- down-calls: transfers ------------------------------------------ */

int
hyp_usbx_alloc(struct hyp_usb *d, int type, uint8_t ep, size_t size,
    hyp_usb_done_t *func, void *cookie, struct hyp_usbx **xp, void **buf)
{
	struct hyp_usbx *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return ENOMEM;
	x->hx_buf = calloc(1, size > 0 ? size : 1);
	if (x->hx_buf == NULL) {
		free(x);
		return ENOMEM;
	}
	x->hx_v = d->hd_v;
	x->hx_dev = d;
	x->hx_ep = ep;
	x->hx_size = size;
	x->hx_func = func;
	x->hx_cookie = cookie;
	if (type == HYP_USB_CONTROL)
		x->hx_kind = VUSB_CONTROL;
	else if (type == HYP_USB_INTR)
		x->hx_kind = VUSB_INTR;
	else
		x->hx_kind = ep & 0x80 ? VUSB_IN : VUSB_OUT;
	*xp = x;
	*buf = x->hx_buf;
	return 0;
}

void
hyp_usbx_free(struct hyp_usbx *x)
{
	struct vusb *v = x->hx_v;

	pthread_mutex_lock(&v->v_lock);
	if (x->hx_dev != NULL &&
	    !pthread_equal(pthread_self(), x->hx_dev->hd_thread)) {
		while (x->hx_running)
			pthread_cond_wait(&v->v_cv, &v->v_lock);
	}
	assert(!x->hx_freed);
	if (x->hx_queued) {
		x->hx_freed = x->hx_cancel = true;
		zombie_count(1);
		vusb_changed(v);
	} else if (x->hx_running)
		x->hx_freed = true;
	else
		hx_destroy(x);
	pthread_mutex_unlock(&v->v_lock);
}

static void
hx_set_setup(struct hyp_usbx *x, const uint8_t *p)
{

	x->hx_setup.vr_type = p[0];
	x->hx_setup.vr_request = p[1];
	x->hx_setup.vr_value = (uint16_t)(p[2] | p[3] << 8);
	x->hx_setup.vr_index = (uint16_t)(p[4] | p[5] << 8);
	x->hx_setup.vr_length = (uint16_t)(p[6] | p[7] << 8);
	assert(x->hx_setup.vr_length <= x->hx_size);
}

int
hyp_usbx_submit(struct hyp_usbx *x, const void *setup, uint32_t len, int zlp)
{
	struct vusb *v = x->hx_v;
	struct vusb_faulting *vf = &v->v_fault[x->hx_kind];
	int error = 0;

	(void)zlp;			/* no model cares for packets of OUT */
	pthread_mutex_lock(&v->v_lock);
	assert(!x->hx_queued && !x->hx_freed && len <= x->hx_size);
	if (x->hx_dev == NULL || x->hx_dev->hd_gone)
		error = ENODEV;
	else if (vf->vf_fault == VUSB_FAULT_SUBMIT) {
		if (vf->vf_count > 0 && --vf->vf_count == 0)
			vf->vf_fault = VUSB_FAULT_NONE;
		error = EIO;
	}
	if (error != 0) {
		pthread_mutex_unlock(&v->v_lock);
		return error;
	}
	if (setup != NULL)
		hx_set_setup(x, setup);
	x->hx_len = len;
	x->hx_actlen = 0;
	x->hx_queued = true;
	x->hx_cancel = x->hx_first = false;
	x->hx_fault = VUSB_FAULT_NONE;
	TAILQ_INSERT_TAIL(&x->hx_dev->hd_queue, x, hx_link);
	hx_account(x, 1);
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
	return 0;
}

void
hyp_usbx_cancel(struct hyp_usbx *x)
{

	pthread_mutex_lock(&x->hx_v->v_lock);
	if (x->hx_queued) {
		x->hx_cancel = true;
		vusb_changed(x->hx_v);
	}
	pthread_mutex_unlock(&x->hx_v->v_lock);
}
