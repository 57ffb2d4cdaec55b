/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_host.c - see h_host.h.
 *
 * Stands where src/kernel/bus does: the up-calls of hyp_usb.h do nothing but
 * remember the address.  A transfer's completion sets done under mtx.
 */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "h_test.h"
#include "vusb/h_host.h"

static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static struct vusb *device;
static struct hyp_usb *host;
static uint32_t bus, addr;

struct wait {
	int		 w_done;
	int		 w_status;
	uint32_t	 w_actlen;
};

void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{

	bus = hi->hi_bus;
	addr = hi->hi_addr;
}

void
hyp_usb_left(const char *path)
{

	(void)path;
}

void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{

	(void)path;
	(void)hl;
}

void
hyp_usb_gone(void *cookie)
{

	(void)cookie;
}

struct vusb *
h_host_plug(const char *name)
{
	struct vusb_config vc;

	if (device != NULL)		/* of a case that failed */
		h_host_unplug();
	T_CHECK(vusb_chip(name, &vc));
	device = vusb_create(name, &vc);
	T_CHECK(device != NULL);
	vusb_plug(device);
	T_EQ(hyp_usb_open(bus, addr, NULL, &host), 0);
	return device;
}

void
h_host_unplug(void)
{

	vusb_unplug(device, 0);
	hyp_usb_close(host);
	vusb_destroy(device);
	device = NULL;
}

static void
done(void *cookie, int status, uint32_t actlen)
{
	struct wait *w = cookie;

	pthread_mutex_lock(&mtx);
	w->w_done = 1;
	w->w_status = status;
	w->w_actlen = actlen;
	pthread_cond_broadcast(&cv);
	pthread_mutex_unlock(&mtx);
}

/* Submit, wait, cancel when the time is over and wait again. */
static int
run(struct hyp_usbx *x, struct wait *w, const uint8_t *setup, size_t len,
    int ms)
{
	struct timespec ts;
	int late = 0;

	T_EQ(hyp_usbx_submit(x, setup, (uint32_t)len, 0), 0);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += ms % 1000 * 1000000;
	ts.tv_sec += ms / 1000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	pthread_mutex_lock(&mtx);
	while (!w->w_done && late == 0)
		late = pthread_cond_timedwait(&cv, &mtx, &ts);
	pthread_mutex_unlock(&mtx);
	if (late != 0) {
		hyp_usbx_cancel(x);
		pthread_mutex_lock(&mtx);
		while (!w->w_done)
			pthread_cond_wait(&cv, &mtx);
		pthread_mutex_unlock(&mtx);
	}
	switch (w->w_status) {
	case HYP_USB_OK:
		return (int)w->w_actlen;
	case HYP_USB_STALL:
		return H_STALL;
	case HYP_USB_CANCELLED:
		return H_LATE;
	default:
		return H_FAILED;
	}
}

int
h_host_control(const uint8_t *setup, void *data)
{
	const size_t len = setup[6] | (size_t)setup[7] << 8;
	struct wait w = { 0 };
	struct hyp_usbx *x;
	void *buf;
	int n;

	T_EQ(hyp_usbx_alloc(host, HYP_USB_CONTROL, 0, len, done, &w, &x,
	    &buf), 0);
	if ((setup[0] & 0x80) == 0 && len > 0)
		memcpy(buf, data, len);
	n = run(x, &w, setup, len, 2000);
	if ((setup[0] & 0x80) != 0 && n > 0)
		memcpy(data, buf, (size_t)n);
	hyp_usbx_free(x);
	return n;
}

int
h_host_transfer(int type, uint8_t ep, void *data, size_t len, int ms)
{
	struct wait w = { 0 };
	struct hyp_usbx *x;
	void *buf;
	int n;

	T_EQ(hyp_usbx_alloc(host, type, ep, len, done, &w, &x, &buf), 0);
	if ((ep & 0x80) == 0)
		memcpy(buf, data, len);
	n = run(x, &w, NULL, len, ms);
	if ((ep & 0x80) != 0 && n > 0)
		memcpy(data, buf, (size_t)n);
	hyp_usbx_free(x);
	return n;
}

size_t
h_host_descriptors(uint8_t *buf, size_t size)
{
	size_t len;

	T_EQ(hyp_usb_descriptors(host, buf, size, &len), 0);
	return len;
}
