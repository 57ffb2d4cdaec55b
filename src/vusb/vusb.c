/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb.c - software USB devices: objects, plug, far ends.
 *
 * Owns the list of devices and what does not belong to a transfer.  The
 * plug: vusb_plug and vusb_unplug change v_plugged and tell the bus from
 * the calling thread, like udev would; plug_lock makes hyp_usb_arrived and
 * hyp_usb_left come one at a time.  See vusbvar.h for the locks;
 * plug_lock comes before them, and is the only one held in an up-call.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "vusb/vusbvar.h"

#define	QUEUE_DEFAULT	(1024 * 1024)
#define	TX_FIFO		128

static const struct vusb_ops *const models[] = {
	[VUSB_FTDI] = &vusb_ftdi_ops,
	[VUSB_ACM] = &vusb_acm_ops,
	[VUSB_CH34X] = &vusb_ch34x_ops,
	[VUSB_CP210X] = &vusb_cp210x_ops,
	[VUSB_PL2303] = &vusb_pl2303_ops,
	[VUSB_PRINTER] = &vusb_printer_ops,
	[VUSB_HID] = &vusb_hid_ops,
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t plug_lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(, vusb) devices = TAILQ_HEAD_INITIALIZER(devices);
static uint32_t next_addr = 2;		/* list_lock */

/* ---- time and queues ------------------------------------------------ */

uint64_t
vusb_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
vusb_cond_init(pthread_cond_t *cv)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cv, &attr);
	pthread_condattr_destroy(&attr);
}

/* Until when (ns); 0: no limit.  ETIMEDOUT or 0. */
int
vusb_cond_timedwait(pthread_cond_t *cv, pthread_mutex_t *lock, uint64_t when)
{
	struct timespec ts;

	if (when == 0)
		return pthread_cond_wait(cv, lock);
	ts.tv_sec = (time_t)(when / 1000000000);
	ts.tv_nsec = (long)(when % 1000000000);
	return pthread_cond_timedwait(cv, lock, &ts);
}

static uint64_t
deadline(int ms)
{

	return ms < 0 ? 0 : vusb_now() + (uint64_t)ms * 1000000 + 1;
}

/* Append as much as there is room for. */
size_t
vq_put(struct vusb_queue *vq, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	size_t n, tail;

	if (len > vq->vq_size - vq->vq_len)
		len = vq->vq_size - vq->vq_len;
	for (size_t left = len; left > 0; left -= n, p += n) {
		tail = (vq->vq_head + vq->vq_len) % vq->vq_size;
		n = vq->vq_size - tail < left ? vq->vq_size - tail : left;
		memcpy(vq->vq_buf + tail, p, n);
		vq->vq_len += n;
	}
	return len;
}

size_t
vq_get(struct vusb_queue *vq, void *buf, size_t len)
{
	uint8_t *p = buf;
	size_t n;

	if (len > vq->vq_len)
		len = vq->vq_len;
	for (size_t left = len; left > 0; left -= n, p += n) {
		n = vq->vq_size - vq->vq_head;
		n = n < left ? n : left;
		memcpy(p, vq->vq_buf + vq->vq_head, n);
		vq->vq_head = (vq->vq_head + n) % vq->vq_size;
		vq->vq_len -= n;
	}
	return len;
}

/* How many of the first len bytes stand before the first such one. */
size_t
vq_span(const struct vusb_queue *vq, uint8_t c, size_t len)
{
	const uint8_t *const p = vq->vq_buf + vq->vq_head, *at;
	size_t n = vq->vq_size - vq->vq_head;

	if (len > vq->vq_len)
		len = vq->vq_len;
	if (n > len)
		n = len;
	if ((at = memchr(p, c, n)) != NULL)
		return (size_t)(at - p);
	at = memchr(vq->vq_buf, c, len - n);
	return at != NULL ? n + (size_t)(at - vq->vq_buf) : len;
}

/* A new size; keeps what fits. */
void
vq_resize(struct vusb_queue *vq, size_t size)
{
	uint8_t *buf = malloc(size);
	size_t n;

	assert(size > 0 && buf != NULL);
	n = vq_get(vq, buf, size);
	free(vq->vq_buf);
	vq->vq_buf = buf;
	vq->vq_size = size;
	vq->vq_head = 0;
	vq->vq_len = n;
}

/* Something changed: v_lock held. */
void
vusb_changed(struct vusb *v)
{

	pthread_cond_broadcast(&v->v_cv);
	for (unsigned i = 0; i < v->v_config.vc_nports; i++) {
		if (v->v_port[i].vp_wire != NULL)
			vusb_wire_poke(v->v_port[i].vp_wire);
	}
	if (v->v_notify != NULL)
		v->v_notify(v);
}

/* ---- descriptors ---------------------------------------------------- */

/* v_lock held. */
size_t
vusb_descriptors(struct vusb *v, uint8_t *buf, size_t size)
{

	size_t len;

	if (v->v_desc == NULL) {
		len = v->v_ops->vo_descriptors(v, buf, size);
		if (len > 22) {			/* wTotalLength */
			buf[20] = (uint8_t)(len - 18);
			buf[21] = (uint8_t)((len - 18) >> 8);
		}
		return len;
	}
	if (size > v->v_desclen)
		size = v->v_desclen;
	memcpy(buf, v->v_desc, size);
	return size;
}

void
vusb_set_descriptors(struct vusb *v, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len);

	assert(copy != NULL);
	memcpy(copy, bytes, len);
	pthread_mutex_lock(&v->v_lock);
	free(v->v_desc);
	v->v_desc = copy;
	v->v_desclen = len;
	pthread_mutex_unlock(&v->v_lock);
}

/* ---- objects -------------------------------------------------------- */

/* The lowest port of bus 9 that no device has; list_lock held. */
static unsigned
vusb_free_place(void)
{
	char path[sizeof(((struct vusb *)0)->v_path)];
	struct vusb *v;
	unsigned place = 0;

	do {
		snprintf(path, sizeof(path), "9-%u", ++place);
		TAILQ_FOREACH(v, &devices, v_link) {
			if (strcmp(v->v_path, path) == 0)
				break;
		}
	} while (v != NULL);
	return place;
}

struct vusb *
vusb_create(const char *name, const struct vusb_config *vc)
{
	struct vusb *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	assert(strlen(name) < sizeof(v->v_name));
	v->v_config = *vc;
	vusb_config_default(&v->v_config);
	snprintf(v->v_name, sizeof(v->v_name), "%s", name);
	snprintf(v->v_serial, sizeof(v->v_serial), "%s",
	    vc->vc_serial != NULL ? vc->vc_serial : "");
	v->v_config.vc_serial = v->v_serial;
	v->v_ops = models[vc->vc_model];
	v->v_quirks = v->v_config.vc_quirks;
	v->v_statuslen = -1;
	v->v_maxpkt = vc->vc_highspeed ? 512 : 64;
	pthread_mutex_init(&v->v_lock, NULL);
	vusb_cond_init(&v->v_cv);
	TAILQ_INIT(&v->v_zombies);
	for (unsigned i = 0; i < v->v_config.vc_nports; i++) {
		vq_resize(&v->v_port[i].vp_tohost, QUEUE_DEFAULT);
		vq_resize(&v->v_port[i].vp_fromhost, QUEUE_DEFAULT);
		vq_resize(&v->v_port[i].vp_tx, TX_FIFO);
		v->v_port[i].vp_lines = VUSB_CTS | VUSB_DSR | VUSB_DCD;
	}
	v->v_ops->vo_reset(v);

	pthread_mutex_lock(&list_lock);
	snprintf(v->v_path, sizeof(v->v_path), "9-%u", vusb_free_place());
	TAILQ_INSERT_TAIL(&devices, v, v_link);
	pthread_mutex_unlock(&list_lock);
	return v;
}

void
vusb_destroy(struct vusb *v)
{

	for (unsigned i = 0; i < v->v_config.vc_nports; i++)
		vusb_unwire(v, i);

	pthread_mutex_lock(&list_lock);
	TAILQ_REMOVE(&devices, v, v_link);
	pthread_mutex_unlock(&list_lock);

	pthread_mutex_lock(&v->v_lock);
	assert(!v->v_plugged && v->v_open == NULL);
	for (int kind = 0; kind < VUSB_NKINDS; kind++)
		vusb_release_zombies(v, kind);
	assert(TAILQ_EMPTY(&v->v_zombies));
	pthread_mutex_unlock(&v->v_lock);
	for (unsigned i = 0; i < v->v_config.vc_nports; i++) {
		free(v->v_port[i].vp_tohost.vq_buf);
		free(v->v_port[i].vp_fromhost.vq_buf);
		free(v->v_port[i].vp_tx.vq_buf);
	}
	free(v->v_desc);
	pthread_cond_destroy(&v->v_cv);
	pthread_mutex_destroy(&v->v_lock);
	free(v);
}

struct vusb *
vusb_lookup(const char *name)
{
	struct vusb *v;

	pthread_mutex_lock(&list_lock);
	TAILQ_FOREACH(v, &devices, v_link) {
		if (strcmp(v->v_name, name) == 0)
			break;
	}
	pthread_mutex_unlock(&list_lock);
	return v;
}

void
vusb_foreach(void (*func)(struct vusb *, void *), void *arg)
{
	struct vusb *v;

	pthread_mutex_lock(&list_lock);
	TAILQ_FOREACH(v, &devices, v_link)
		func(v, arg);
	pthread_mutex_unlock(&list_lock);
}

/* The plugged-in device with that address, v_lock held; NULL: gone. */
struct vusb *
vusb_hold_addr(uint32_t addr)
{
	struct vusb *v;

	pthread_mutex_lock(&list_lock);
	TAILQ_FOREACH(v, &devices, v_link) {
		pthread_mutex_lock(&v->v_lock);
		if (v->v_plugged && v->v_addr == addr)
			break;
		pthread_mutex_unlock(&v->v_lock);
	}
	pthread_mutex_unlock(&list_lock);
	return v;
}

const char *
vusb_name(const struct vusb *v)
{

	return v->v_name;
}

unsigned
vusb_nports(const struct vusb *v)
{

	return v->v_config.vc_nports;
}

/* ---- the plug ------------------------------------------------------- */

/* plug_lock held, v_lock not. */
static void
vusb_tell_arrived(struct vusb *v, uint32_t addr)
{
	const struct vusb_config *vc = &v->v_config;
	const struct hyp_usb_info hi = {
		.hi_path = v->v_path,
		.hi_bus = 9,
		.hi_addr = addr,
		.hi_vendor = vc->vc_vendor,
		.hi_product = vc->vc_product,
		.hi_release = vc->vc_release,
		.hi_speed = vc->vc_highspeed ? HYP_USB_SPEED_HIGH :
		    HYP_USB_SPEED_FULL,
		.hi_serial = v->v_serial,
		.hi_vendorstr = "devsw",
		.hi_productstr = v->v_name,
		.hi_line = vc->vc_line,
		.hi_pins = vc->vc_pins,
	};

	hyp_usb_arrived(&hi);
}

void
vusb_plug(struct vusb *v)
{
	uint32_t addr;

	pthread_mutex_lock(&plug_lock);
	pthread_mutex_lock(&list_lock);
	addr = next_addr++;
	pthread_mutex_unlock(&list_lock);
	pthread_mutex_lock(&v->v_lock);
	assert(!v->v_plugged);
	v->v_plugged = true;
	v->v_addr = addr;
	v->v_altno = 0;
	memset(v->v_halted, 0, sizeof(v->v_halted));
	v->v_ops->vo_reset(v);
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
	vusb_tell_arrived(v, addr);
	pthread_mutex_unlock(&plug_lock);
}

void
vusb_rescan(struct vusb *v)
{
	uint32_t addr;
	bool plugged;

	pthread_mutex_lock(&plug_lock);
	pthread_mutex_lock(&v->v_lock);
	plugged = v->v_plugged;
	addr = v->v_addr;
	pthread_mutex_unlock(&v->v_lock);
	if (plugged)
		vusb_tell_arrived(v, addr);
	else
		hyp_usb_left(v->v_path);
	pthread_mutex_unlock(&plug_lock);
}

void
vusb_let_go(struct vusb *v)
{

	pthread_mutex_lock(&plug_lock);
	hyp_usb_left(v->v_path);
	pthread_mutex_unlock(&plug_lock);
	while (vusb_in_use(v))
		usleep(1000);
}

void
vusb_configure(struct vusb *v, const struct hyp_usb_line *hl)
{

	pthread_mutex_lock(&plug_lock);
	v->v_config.vc_line = *hl;
	hyp_usb_line(v->v_path, hl);
	pthread_mutex_unlock(&plug_lock);
}

bool
vusb_plugged(struct vusb *v)
{
	bool plugged;

	pthread_mutex_lock(&v->v_lock);
	plugged = v->v_plugged;
	pthread_mutex_unlock(&v->v_lock);
	return plugged;
}

bool
vusb_in_use(struct vusb *v)
{
	bool used;

	pthread_mutex_lock(&v->v_lock);
	used = v->v_open != NULL;
	pthread_mutex_unlock(&v->v_lock);
	return used;
}

/* ---- far ends ------------------------------------------------------- */

static struct vusb_port *
vusb_port(struct vusb *v, unsigned port)
{

	assert(port < v->v_config.vc_nports);
	return &v->v_port[port];
}

size_t
vusb_far_write(struct vusb *v, unsigned port, const void *buf, size_t len,
    int ms)
{
	struct vusb_port *vp = vusb_port(v, port);
	const uint64_t when = deadline(ms);
	size_t n, done = 0;

	pthread_mutex_lock(&v->v_lock);
	while (done < len) {
		n = vusb_uart_line(vp, (const uint8_t *)buf + done,
		    len - done);
		done += n;
		if (n > 0)
			vusb_changed(v);
		else if (vusb_cond_timedwait(&v->v_cv, &v->v_lock, when) != 0)
			break;
	}
	pthread_mutex_unlock(&v->v_lock);
	return done;
}

size_t
vusb_far_read(struct vusb *v, unsigned port, void *buf, size_t len, int ms)
{
	struct vusb_port *vp = vusb_port(v, port);
	const uint64_t when = deadline(ms);
	size_t n;

	pthread_mutex_lock(&v->v_lock);
	while ((n = vq_get(&vp->vp_fromhost, buf, len)) == 0) {
		if (vusb_cond_timedwait(&v->v_cv, &v->v_lock, when) != 0)
			break;
	}
	if (n > 0) {
		vusb_uart_changed(vp);
		vusb_changed(v);
	}
	pthread_mutex_unlock(&v->v_lock);
	return n;
}

void
vusb_far_char(struct vusb *v, unsigned port, uint8_t c, unsigned flags)
{

	pthread_mutex_lock(&v->v_lock);
	vusb_uart_receive(vusb_port(v, port), c, flags);
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_far_limit(struct vusb *v, unsigned port, size_t tohost, size_t fromhost)
{
	struct vusb_port *vp = vusb_port(v, port);

	pthread_mutex_lock(&v->v_lock);
	vq_resize(&vp->vp_tohost, tohost);
	vq_resize(&vp->vp_fromhost, fromhost);
	vq_resize(&vp->vp_tx, fromhost < TX_FIFO ? fromhost : TX_FIFO);
	vusb_uart_trim(vp);
	vusb_uart_changed(vp);
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_set_lines(struct vusb *v, unsigned port, unsigned lines)
{
	struct vusb_port *vp = vusb_port(v, port);

	pthread_mutex_lock(&v->v_lock);
	vp->vp_lines = lines;
	vp->vp_news = true;
	vusb_uart_changed(vp);
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
}

unsigned
vusb_get_lines(struct vusb *v, unsigned port)
{
	unsigned lines;

	pthread_mutex_lock(&v->v_lock);
	lines = vusb_port(v, port)->vp_lines;
	pthread_mutex_unlock(&v->v_lock);
	return lines;
}

void
vusb_send_status(struct vusb *v, unsigned port)
{

	vusb_set_lines(v, port, vusb_get_lines(v, port));
}

void
vusb_set_txbusy(struct vusb *v, unsigned port, bool busy)
{

	pthread_mutex_lock(&v->v_lock);
	vusb_port(v, port)->vp_txbusy = busy;
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_get_status(struct vusb *v, unsigned port, struct vusb_status *vs)
{

	pthread_mutex_lock(&v->v_lock);
	*vs = vusb_port(v, port)->vp_status;
	pthread_mutex_unlock(&v->v_lock);
}

bool
vusb_wait(struct vusb *v, unsigned port,
    bool (*cond)(const struct vusb_status *, void *), void *arg, int ms)
{
	struct vusb_port *vp = vusb_port(v, port);
	const uint64_t when = deadline(ms);
	bool ok;

	pthread_mutex_lock(&v->v_lock);
	while (!(ok = cond(&vp->vp_status, arg))) {
		if (vusb_cond_timedwait(&v->v_cv, &v->v_lock, when) != 0) {
			ok = cond(&vp->vp_status, arg);
			break;
		}
	}
	pthread_mutex_unlock(&v->v_lock);
	return ok;
}

/* ---- faults --------------------------------------------------------- */

void
vusb_fault(struct vusb *v, enum vusb_kind kind, enum vusb_fault fault,
    unsigned count, unsigned arg)
{
	struct vusb_faulting *vf = &v->v_fault[kind];

	pthread_mutex_lock(&v->v_lock);
	vf->vf_fault = fault;
	vf->vf_count = count;
	vf->vf_arg = arg;
	vf->vf_gen++;
	vusb_release_zombies(v, kind);
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_refuse(struct vusb *v, unsigned request, bool on)
{
	const uint64_t bit = UINT64_C(1) << request % 64;

	assert(request < 256);
	pthread_mutex_lock(&v->v_lock);
	if (on)
		v->v_refused[request / 64] |= bit;
	else
		v->v_refused[request / 64] &= ~bit;
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_set_quirks(struct vusb *v, unsigned quirks)
{

	pthread_mutex_lock(&v->v_lock);
	v->v_quirks = quirks;
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_set_statuslen(struct vusb *v, int len)
{

	pthread_mutex_lock(&v->v_lock);
	v->v_statuslen = len;
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_on_request(struct vusb *v, vusb_request_t *func, void *arg)
{

	pthread_mutex_lock(&v->v_lock);
	v->v_onrequest = func;
	v->v_onrequestarg = arg;
	pthread_mutex_unlock(&v->v_lock);
}

void
vusb_set_claimed(struct vusb *v, bool claimed)
{

	pthread_mutex_lock(&v->v_lock);
	v->v_claimed = claimed;
	pthread_mutex_unlock(&v->v_lock);
}

/*
 *	unplug				bus thread
 *	v_plugged = false, broadcast
 *	  event thread: hyp_usb_gone
 *	hyp_usb_left
 *					detaches, hyp_usb_close
 */
void
vusb_unplug(struct vusb *v, int lose)
{

	pthread_mutex_lock(&plug_lock);
	pthread_mutex_lock(&v->v_lock);
	assert(v->v_plugged);
	v->v_plugged = false;
	if (v->v_open != NULL)
		vusb_mark_gone(v->v_open, (lose & VUSB_LOSE_GONE) == 0);
	vusb_changed(v);
	pthread_mutex_unlock(&v->v_lock);
	if ((lose & VUSB_LOSE_LEFT) == 0)
		hyp_usb_left(v->v_path);
	pthread_mutex_unlock(&plug_lock);
}
