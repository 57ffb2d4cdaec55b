/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_usb.c - the scripted host side of h_usb.h: hyp_usb.h on threads.
 *
 * Model
 *	hu_dev	a plugged device: descriptors, scripts, counters; made and
 *		removed by the test
 *	hyp_usb	its opened instance: an event thread and a queue of results
 *	hyp_usbx a transfer: idle, in flight, or with its result queued; freed
 *		in flight it becomes a zombie
 *
 *	One mutex and one condition variable for everything: this is a test's
 *	hardware, and the interesting races are those of the code above it.
 *	They are not held in up-calls.  A transfer that ends at once has been
 *	picked by the event thread before its submit returns, so its
 *	completion truly races with the submitter.
 *
 *	What the code above must not do ends in abort(): submitting a
 *	transfer twice, closing a device with transfers that are not freed,
 *	using a closed device.
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hyp/hyp_usb.h"
#include "h_usb.h"

#define	MAXDEV	2048
#define	NEP	256

enum xstate { X_IDLE, X_FLYING, X_ENDED, X_RUNNING };

struct hyp_usbx {
	struct hyp_usb	*x_usb;
	uint8_t		 x_ep;
	int		 x_type;
	size_t		 x_size;
	uint8_t		*x_buf;
	hyp_usb_done_t	*x_done;
	void		*x_cookie;
	enum xstate	 x_state;
	uint32_t	 x_len;
	int		 x_status;
	uint32_t	 x_actlen;
	int		 x_freed;
	int		 x_more;	/* see hyp_usbx_more */
	struct hyp_usbx	*x_next;	/* flying or ended list */
};

struct hu_dev {
	uint32_t	 d_bus, d_addr;
	uint8_t		*d_desc;
	size_t		 d_len;
	uint8_t		 d_config;
	struct hyp_usb	*d_usb;
	int		 d_gone, d_quiet;
	int		 d_open_error;
	int		 d_claim_error[256];
	int		 d_claimed[256];
	int		 d_alt[256];
	enum hu_mode	 d_mode[NEP];
	enum hu_cancel	 d_cancel[NEP];
	int		 d_submit_error[NEP];
	unsigned	 d_submits[NEP], d_cancels[NEP], d_clears, d_opens;
	uint8_t		 d_answer[4096];
	size_t		 d_answerlen;
	uint8_t		 d_taken[4096];
	size_t		 d_takenlen;
	int		 d_gate[HU_G_N], d_waiters[HU_G_N];
};

struct hyp_usb {
	struct hu_dev	*u_dev;
	void		*u_cookie;
	pthread_t	 u_thread;
	int		 u_stop, u_tellgone;
	unsigned	 u_nx;		/* transfers that exist */
	struct hyp_usbx	*u_flying, *u_ended;
	struct hyp_usbx	*u_running;
};

static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static struct hu_dev *devs[MAXDEV];
static struct hyp_usbx *zombies;
static int nzombies, morezombies;
static unsigned nasked;

static void
lock(void)
{

	assert(pthread_mutex_lock(&mtx) == 0);
}

static void
unlock(void)
{

	pthread_cond_broadcast(&cv);
	assert(pthread_mutex_unlock(&mtx) == 0);
}

static void
append(struct hyp_usbx **list, struct hyp_usbx *x)
{

	while (*list != NULL)
		list = &(*list)->x_next;
	x->x_next = NULL;
	*list = x;
}

static void
extract(struct hyp_usbx **list, struct hyp_usbx *x)
{

	while (*list != x) {
		assert(*list != NULL);
		list = &(*list)->x_next;
	}
	*list = x->x_next;
}

/* ---- the event thread ----------------------------------------------- */

/* A flying transfer has ended. */
static void
end(struct hyp_usbx *x, int status, uint32_t actlen)
{

	struct hu_dev *const d = x->x_usb->u_dev;

	assert(x->x_state == X_FLYING);
	if (x->x_ep != 0 && (x->x_ep & 0x80) == 0 && actlen <= x->x_len &&
	    d->d_takenlen + actlen <= sizeof(d->d_taken)) {
		memcpy(d->d_taken + d->d_takenlen, x->x_buf, actlen);
		d->d_takenlen += actlen;
	}
	extract(&x->x_usb->u_flying, x);
	x->x_state = X_ENDED;
	x->x_status = status;
	x->x_actlen = actlen;
	append(&x->x_usb->u_ended, x);
	pthread_cond_broadcast(&cv);
}

static void
deliver(struct hyp_usb *u, struct hyp_usbx *x)
{

	extract(&u->u_ended, x);
	x->x_state = X_RUNNING;
	x->x_more = u->u_ended != NULL && u->u_ended->x_ep == x->x_ep;
	u->u_running = x;
	pthread_cond_broadcast(&cv);
	pthread_mutex_unlock(&mtx);
	/* It may be submitted again in here. */
	x->x_done(x->x_cookie, x->x_status, x->x_actlen);
	pthread_mutex_lock(&mtx);
	u->u_running = NULL;
	if (x->x_state == X_RUNNING)
		x->x_state = X_IDLE;
	if (x->x_freed == 2) {
		free(x->x_buf);
		free(x);
	}
	pthread_cond_broadcast(&cv);
}

int
hyp_usbx_more(struct hyp_usbx *x)
{

	assert(x->x_usb->u_running == x);
	return x->x_more;
}

static void *
event_thread(void *arg)
{
	struct hyp_usb *u = arg;

	pthread_mutex_lock(&mtx);
	for (;;) {
		if (u->u_ended != NULL) {
			deliver(u, u->u_ended);
		} else if (u->u_tellgone) {
			u->u_tellgone = 0;
			pthread_mutex_unlock(&mtx);
			hyp_usb_gone(u->u_cookie);
			pthread_mutex_lock(&mtx);
		} else if (u->u_stop) {
			break;
		} else {
			pthread_cond_wait(&cv, &mtx);
		}
	}
	pthread_mutex_unlock(&mtx);
	return NULL;
}

/* ---- devices -------------------------------------------------------- */

static void
gate(struct hu_dev *d, enum hu_gate g)
{

	d->d_waiters[g]++;
	pthread_cond_broadcast(&cv);
	while (d->d_gate[g])
		pthread_cond_wait(&cv, &mtx);
	d->d_waiters[g]--;
}

static struct hu_dev *
find(uint32_t bus, uint32_t addr)
{
	int i;

	for (i = 0; i < MAXDEV; i++) {
		if (devs[i] != NULL && devs[i]->d_bus == bus &&
		    devs[i]->d_addr == addr)
			return devs[i];
	}
	return NULL;
}

int
hyp_usb_open(uint32_t bus, uint32_t addr, void *cookie, struct hyp_usb **up)
{
	struct hyp_usb *u;
	struct hu_dev *d;
	int error = 0;

	lock();
	if ((d = find(bus, addr)) == NULL) {
		unlock();
		return ENODEV;
	}
	gate(d, HU_G_OPEN);
	if (d->d_gone)
		error = ENODEV;
	else if (d->d_open_error != 0)
		error = d->d_open_error;
	if (error != 0) {
		unlock();
		return error;
	}
	assert(d->d_usb == NULL);
	u = calloc(1, sizeof(*u));
	assert(u != NULL);
	u->u_dev = d;
	u->u_cookie = cookie;
	d->d_usb = u;
	d->d_opens++;
	assert(pthread_create(&u->u_thread, NULL, event_thread, u) == 0);
	unlock();
	*up = u;
	return 0;
}

void
hyp_usb_close(struct hyp_usb *u)
{

	lock();
	assert(!pthread_equal(pthread_self(), u->u_thread));
	u->u_stop = 1;
	u->u_tellgone = 0;
	unlock();
	assert(pthread_join(u->u_thread, NULL) == 0);
	lock();
	assert(u->u_nx == 0);
	assert(u->u_ended == NULL && u->u_flying == NULL);
	memset(u->u_dev->d_claimed, 0, sizeof(u->u_dev->d_claimed));
	memset(u->u_dev->d_alt, 0, sizeof(u->u_dev->d_alt));
	u->u_dev->d_usb = NULL;
	unlock();
	free(u);
}

int
hyp_usb_descriptors(struct hyp_usb *u, void *buf, size_t size, size_t *lenp)
{
	struct hu_dev *d = u->u_dev;
	int error;

	lock();
	gate(d, HU_G_DESC);
	error = d->d_gone ? ENODEV : 0;
	*lenp = d->d_len < size ? d->d_len : size;
	memcpy(buf, d->d_desc, *lenp);
	unlock();
	return error;
}

int
hyp_usb_get_config(struct hyp_usb *u, uint8_t *value)
{

	lock();
	*value = u->u_dev->d_config;
	unlock();
	return 0;
}

int
hyp_usb_set_config(struct hyp_usb *u, uint8_t value)
{
	int error;

	lock();
	error = u->u_dev->d_gone ? ENODEV : 0;
	if (error == 0)
		u->u_dev->d_config = value;
	unlock();
	return error;
}

int
hyp_usb_set_alt(struct hyp_usb *u, uint8_t iface, uint8_t alt)
{
	int error = 0;

	lock();
	assert(u->u_dev->d_claimed[iface]);
	if (u->u_dev->d_gone)
		error = ENODEV;
	else
		u->u_dev->d_alt[iface] = alt;
	unlock();
	return error;
}

int
hyp_usb_clear_halt(struct hyp_usb *u, uint8_t ep)
{
	struct hu_dev *d = u->u_dev;
	int error;

	(void)ep;
	lock();
	assert(!pthread_equal(pthread_self(), u->u_thread));
	gate(d, HU_G_CLEAR);
	d->d_clears++;
	error = d->d_gone ? ENODEV : 0;
	unlock();
	return error;
}

int
hyp_usb_claim(struct hyp_usb *u, uint8_t iface)
{
	struct hu_dev *d = u->u_dev;
	int error;

	lock();
	gate(d, HU_G_CLAIM);
	assert(!d->d_claimed[iface]);
	error = d->d_gone ? ENODEV : d->d_claim_error[iface];
	d->d_claimed[iface] = error == 0;
	unlock();
	return error;
}

/* ---- transfers ------------------------------------------------------ */

int
hyp_usbx_alloc(struct hyp_usb *u, int type, uint8_t ep, size_t size,
    hyp_usb_done_t *done, void *cookie, struct hyp_usbx **xp, void **bufp)
{
	struct hyp_usbx *x = calloc(1, sizeof(*x));

	assert(x != NULL);
	x->x_usb = u;
	x->x_ep = ep;
	x->x_type = type;
	x->x_size = size;
	x->x_buf = calloc(1, size + 8);
	assert(x->x_buf != NULL);
	x->x_done = done;
	x->x_cookie = cookie;
	lock();
	u->u_nx++;
	unlock();
	*xp = x;
	*bufp = x->x_buf;
	return 0;
}

void
hyp_usbx_free(struct hyp_usbx *x)
{
	struct hyp_usb *u = x->x_usb;
	int own;

	lock();
	assert(!x->x_freed);
	x->x_freed = 1;
	own = pthread_equal(pthread_self(), u->u_thread);
	while (u->u_running == x && !own)
		pthread_cond_wait(&cv, &mtx);
	u->u_nx--;
	if (x->x_state == X_ENDED) {
		extract(&u->u_ended, x);
	} else if (x->x_state == X_FLYING) {
		extract(&u->u_flying, x);
		append(&zombies, x);
		nzombies++;
		unlock();
		return;
	}
	if (u->u_running == x) {
		x->x_freed = 2;	/* deliver() will */
		unlock();
		return;
	}
	unlock();
	free(x->x_buf);
	free(x);
}

/* What the hardware does with a transfer that it has just got. */
static void
act(struct hyp_usbx *x, enum hu_mode mode)
{
	struct hu_dev *d = x->x_usb->u_dev;

	switch (mode) {
	case HU_HOLD:
		return;
	case HU_OK:
		if (x->x_ep == 0 && x->x_len > 0 && d->d_answerlen > 0) {
			memcpy(x->x_buf, d->d_answer,
			    x->x_len < d->d_answerlen ? x->x_len :
			    d->d_answerlen);
			end(x, HYP_USB_OK, x->x_len < d->d_answerlen ?
			    x->x_len : (uint32_t)d->d_answerlen);
			return;
		}
		end(x, HYP_USB_OK, x->x_len);
		return;
	case HU_SHORT:
		end(x, HYP_USB_OK, x->x_len - 1);
		return;
	case HU_LIE:
		end(x, HYP_USB_OK, x->x_len + 1);
		return;
	case HU_STALL:
		end(x, HYP_USB_STALL, 0);
		return;
	case HU_IOERROR:
		end(x, HYP_USB_IOERROR, 0);
		return;
	case HU_NODEV:
		end(x, HYP_USB_NODEV, 0);
		return;
	}
}

int
hyp_usbx_submit(struct hyp_usbx *x, const void *setup, uint32_t len, int zlp)
{
	struct hyp_usb *u = x->x_usb;
	struct hu_dev *d = u->u_dev;
	int error;

	(void)zlp;
	lock();
	assert(x->x_state == X_IDLE || x->x_state == X_RUNNING);
	assert(!x->x_freed && len <= x->x_size);
	assert((setup != NULL) == (x->x_type == HYP_USB_CONTROL));
	error = d->d_gone ? ENODEV : d->d_submit_error[x->x_ep];
	if (error != 0) {
		unlock();
		return error;
	}
	d->d_submits[x->x_ep]++;
	x->x_state = X_FLYING;
	x->x_len = len;
	append(&u->u_flying, x);
	act(x, d->d_mode[x->x_ep]);
	/* Let the completion begin before we return. */
	while (x->x_state == X_ENDED && u->u_ended == x &&
	    u->u_running == NULL &&
	    !pthread_equal(pthread_self(), u->u_thread))
		pthread_cond_wait(&cv, &mtx);
	unlock();
	return 0;
}

/* Of those in flight on its endpoint. */
static int
is_oldest(const struct hyp_usbx *x)
{
	const struct hyp_usbx *y = x->x_usb->u_flying;

	while (y->x_ep != x->x_ep)
		y = y->x_next;
	return x == y;
}

void
hyp_usbx_cancel(struct hyp_usbx *x)
{
	struct hu_dev *d = x->x_usb->u_dev;

	lock();
	assert(!x->x_freed);
	d->d_cancels[x->x_ep]++;
	if (x->x_state == X_FLYING) {
		switch (d->d_cancel[x->x_ep]) {
		case HU_C_OK:
			end(x, HYP_USB_CANCELLED, 0);
			break;
		case HU_C_HALF:
			end(x, HYP_USB_CANCELLED, is_oldest(x) ?
			    x->x_len / 2 : 0);
			break;
		case HU_C_LIES:
			end(x, HYP_USB_OK, 0);
			break;
		case HU_C_RACE:
			end(x, HYP_USB_OK, x->x_len);
			break;
		case HU_C_NEVER:
			break;
		}
	}
	unlock();
}

static _Atomic unsigned nworking;

void
hyp_usb_attaching(const struct hyp_usb_info *hi, int what)
{

	(void)hi;
	if (what == HYP_USB_AT_WORK)
		nworking++;
	else
		assert(nworking-- > 0);
}

unsigned
hu_working(void)
{

	return nworking;
}

unsigned
hyp_usb_zombies(void)
{
	unsigned n;

	lock();
	nasked++;
	n = (unsigned)(nzombies + morezombies);
	unlock();
	return n;
}

/* ---- for the tests -------------------------------------------------- */

struct hu_dev *
hu_plug(uint32_t bus, uint32_t addr, const void *desc, size_t len)
{
	struct hu_dev *d = calloc(1, sizeof(*d));
	int i;

	assert(d != NULL);
	d->d_bus = bus;
	d->d_addr = addr;
	d->d_config = 1;
	d->d_desc = malloc(len + 1);
	assert(d->d_desc != NULL);
	memcpy(d->d_desc, desc, len);
	d->d_len = len;
	lock();
	assert(find(bus, addr) == NULL);
	for (i = 0; i < MAXDEV && devs[i] != NULL; i++)
		continue;
	assert(i < MAXDEV);
	devs[i] = d;
	unlock();
	return d;
}

void
hu_remove(struct hu_dev *d)
{
	int i;

	lock();
	assert(d->d_usb == NULL);
	for (i = 0; devs[i] != d; i++)
		assert(i < MAXDEV);
	devs[i] = NULL;
	unlock();
	free(d->d_desc);
	free(d);
}

void
hu_mode(struct hu_dev *d, uint8_t ep, enum hu_mode mode, enum hu_cancel c)
{

	lock();
	d->d_mode[ep] = mode;
	d->d_cancel[ep] = c;
	unlock();
}

void
hu_submit_error(struct hu_dev *d, uint8_t ep, int error)
{

	lock();
	d->d_submit_error[ep] = error;
	unlock();
}

void
hu_claim_error(struct hu_dev *d, uint8_t iface, int error)
{

	lock();
	d->d_claim_error[iface] = error;
	unlock();
}

void
hu_open_error(struct hu_dev *d, int error)
{

	lock();
	d->d_open_error = error;
	unlock();
}

void
hu_config(struct hu_dev *d, uint8_t value)
{

	lock();
	d->d_config = value;
	unlock();
}

void
hu_answer(struct hu_dev *d, const void *buf, size_t len)
{

	lock();
	assert(len <= sizeof(d->d_answer));
	memcpy(d->d_answer, buf, len);
	d->d_answerlen = len;
	unlock();
}

int
hu_complete(struct hu_dev *d, uint8_t ep, unsigned n, int status,
    const void *data, uint32_t len)
{
	struct hyp_usbx *x;
	int found = -1;

	lock();
	for (x = d->d_usb->u_flying; x != NULL; x = x->x_next) {
		if (x->x_ep == ep && n-- == 0)
			break;
	}
	if (x != NULL) {
		assert(len <= x->x_size);
		if (data != NULL)
			memcpy(x->x_buf, data, len);
		end(x, status, len);
		found = 0;
	}
	unlock();
	return found;
}

int
hu_take(struct hu_dev *d, uint8_t ep)
{
	struct hyp_usbx *x;

	lock();
	x = d->d_usb == NULL ? NULL : d->d_usb->u_flying;
	while (x != NULL && x->x_ep != ep)
		x = x->x_next;
	if (x != NULL)
		end(x, HYP_USB_OK, x->x_len);
	unlock();
	return x != NULL ? 0 : -1;
}

size_t
hu_taken(struct hu_dev *d, void *buf, size_t max)
{
	size_t n;

	lock();
	n = d->d_takenlen < max ? d->d_takenlen : max;
	memcpy(buf, d->d_taken, n);
	unlock();
	return n;
}

void
hu_unplug(struct hu_dev *d, int quiet)
{
	struct hyp_usbx *x, *next;

	lock();
	d->d_gone = 1;
	if (d->d_usb != NULL) {
		for (x = d->d_usb->u_flying; x != NULL; x = next) {
			next = x->x_next;
			if (d->d_cancel[x->x_ep] != HU_C_NEVER)
				end(x, HYP_USB_NODEV, 0);
		}
		d->d_usb->u_tellgone = !quiet && !d->d_usb->u_stop;
	}
	unlock();
}

void
hu_gate_close(struct hu_dev *d, enum hu_gate g)
{

	lock();
	d->d_gate[g] = 1;
	unlock();
}

int
hu_gate_waiters(struct hu_dev *d, enum hu_gate g)
{
	int n;

	lock();
	n = d->d_gate[g] ? d->d_waiters[g] : 0;
	unlock();
	return n;
}

void
hu_gate_open(struct hu_dev *d, enum hu_gate g)
{

	lock();
	d->d_gate[g] = 0;
	unlock();
}

static unsigned
locked_read(const unsigned *p)
{
	unsigned v;

	lock();
	v = *p;
	unlock();
	return v;
}

unsigned
hu_inflight(struct hu_dev *d, uint8_t ep)
{
	struct hyp_usbx *x;
	unsigned n = 0;

	lock();
	if (d->d_usb != NULL) {
		for (x = d->d_usb->u_flying; x != NULL; x = x->x_next)
			n += x->x_ep == ep;
	}
	unlock();
	return n;
}

unsigned
hu_submits(struct hu_dev *d, uint8_t ep)
{

	return locked_read(&d->d_submits[ep]);
}

unsigned
hu_cancels(struct hu_dev *d, uint8_t ep)
{

	return locked_read(&d->d_cancels[ep]);
}

unsigned
hu_clears(struct hu_dev *d)
{

	return locked_read(&d->d_clears);
}

unsigned
hu_opens(struct hu_dev *d)
{

	return locked_read(&d->d_opens);
}

unsigned
hu_zombies_asked(void)
{

	return locked_read(&nasked);
}

int
hu_is_open(struct hu_dev *d)
{
	int open;

	lock();
	open = d->d_usb != NULL;
	unlock();
	return open;
}

int
hu_claimed(struct hu_dev *d, uint8_t iface)
{
	int claimed;

	lock();
	claimed = d->d_claimed[iface];
	unlock();
	return claimed;
}

int
hu_alt(struct hu_dev *d, uint8_t iface)
{
	int alt;

	lock();
	alt = d->d_alt[iface];
	unlock();
	return alt;
}

void
hu_zombies_add(int n)
{

	lock();
	morezombies += n;
	unlock();
}

void
hu_zombies_return(void)
{
	struct hyp_usbx *x;

	lock();
	while ((x = zombies) != NULL) {
		zombies = x->x_next;
		nzombies--;
		memset(x->x_buf, 0xdb, x->x_size);
		free(x->x_buf);
		free(x);
	}
	unlock();
}
