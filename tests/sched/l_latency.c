/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_latency.c - litmuses of src/drivers/uftdi_latency.c: traffic, the callout
 * that finds none, and the task that tells the chip, against each other and
 * against a close.  The chip is chip_set here; the device is h_usb.c's, for its
 * task thread.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/proc.h>
#include <sys/systm.h>

#include <hyp/hyp_usb.h>

#include "drivers/uftdi_latency.h"
#include "h_test.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"
#include "usbdi/usbdi_impl.h"

#define	SHORT		2
#define	SEC(n)		((uint64_t)(n) * 1000000000)

static struct hu_dev *hu;
static struct usbd_device *dev;
static struct uftdi_latency ul;
static kmutex_t lk;
static struct {
	u_int	 c_ms;		/* what it is set to */
	u_int	 c_asked;	/* requests */
	int	 c_error;	/* of each of them */
	bool	 c_inside;
	bool	 c_closed;	/* the port is */
} *chip;			/* lk; freed by a close */

/* ---- the chip ------------------------------------------------------- */

static int
chip_set(void *arg, u_int ms)
{
	int error;

	SCHED_CHECK(arg == &chip);
	mutex_enter(&lk);
	SCHED_CHECK(!chip->c_closed && !chip->c_inside);
	chip->c_inside = true;
	chip->c_asked++;
	mutex_exit(&lk);
	mutex_enter(&lk);		/* a request: others may run */
	sched_note("the chip has %u ms", ms);
	error = chip->c_error;
	if (!error)
		chip->c_ms = ms;
	chip->c_inside = false;
	mutex_exit(&lk);
	return error;
}

static u_int
chip_ms(void)
{
	u_int ms;

	mutex_enter(&lk);
	ms = chip->c_ms;
	mutex_exit(&lk);
	return ms;
}

/* ---- up and down ---------------------------------------------------- */

static void
up(u_int have, int error)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
	    .hi_bus = 1, .hi_addr = 2, .hi_serial = "S", .hi_vendorstr = "V",
	    .hi_productstr = "P" };
	struct usbd_why why;

	kern_init();
	mutex_init(&lk, MUTEX_DEFAULT, IPL_SOFTUSB);
	hu = hu_plug(1, 2, h_dual, sizeof(h_dual));
	SCHED_CHECK(usbd_device_open(&hi, NULL, NULL, &dev, &why) == 0);
	chip = kmem_zalloc(sizeof(*chip), KM_SLEEP);
	chip->c_ms = have;
	chip->c_error = error;
	uftdi_latency_init(&ul, dev, chip_set, &chip);
	uftdi_latency_start(&ul, SHORT, have);
}

static void
setup_open(void)
{

	up(SHORT, 0);
}

/* One that has something to do at once. */
static void
setup_idle(void)
{

	up(UFTDI_LATENCY_IDLE_MS, 0);
}

static void
setup_mute(void)
{

	up(UFTDI_LATENCY_IDLE_MS, EIO);
}

static void
setup_refuses(void)
{

	up(UFTDI_LATENCY_IDLE_MS, EOPNOTSUPP);
}

static int
memory_is_free(void *arg __unused)
{
	u_int pieces;

	return kmem_inuse(&pieces) == 0;
}

static void
down(void)
{

	if (chip != NULL)
		kmem_free(chip, sizeof(*chip));
	chip = NULL;
	uftdi_latency_fini(&ul);
	usbd_device_close(dev);
	hu_remove(hu);
	hu_zombies_return();
	mutex_destroy(&lk);
	kern_fini();
	T_UNTIL(memory_is_free, NULL);
}

/* There was output: the chip is set for an answer, and later not. */
static void
end_traffic(void)
{

	(void)kpause("answer", false, 100, NULL);
	SCHED_CHECK(chip_ms() == SHORT);
	(void)kpause("silence", false, UFTDI_OUTPUT_MS + 3 * hz, NULL);
	SCHED_CHECK(chip_ms() == UFTDI_LATENCY_IDLE_MS);
	uftdi_latency_stop(&ul);
	SCHED_CHECK(chip->c_asked <= 4);
	down();
}

/* It has been tried, some times. */
static void
end_mute(void)
{

	(void)kpause("tries", false, 20 * hz, NULL);
	uftdi_latency_traffic(&ul, UFTDI_OUTPUT_MS);
	(void)kpause("tries", false, 20 * hz, NULL);
	SCHED_CHECK(chip->c_asked == 3);
	uftdi_latency_stop(&ul);
	down();
}

static void
end_refuses(void)
{

	(void)kpause("tries", false, 20 * hz, NULL);
	SCHED_CHECK(chip->c_asked == 1);
	uftdi_latency_stop(&ul);
	down();
}

/* ---- actors --------------------------------------------------------- */

static void
sends(void *arg __unused)
{

	uftdi_latency_traffic(&ul, UFTDI_OUTPUT_MS);
}

static void
receives(void *arg __unused)
{

	uftdi_latency_traffic(&ul, UFTDI_INPUT_MS);
}

/* The callout's time comes. */
static void
time_goes(void *arg __unused)
{

	sched_elapse(SEC(1) + 1000000);
}

/* The chip is not asked any more, and nobody looks at its memory. */
static void
closes(void *arg __unused)
{

	uftdi_latency_stop(&ul);
	mutex_enter(&lk);
	SCHED_CHECK(!chip->c_inside);
	chip->c_closed = true;
	mutex_exit(&lk);
	kmem_free(chip, sizeof(*chip));
	chip = NULL;
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(traffic, { "out", sends, NULL }, { "time", time_goes, NULL },
    { "in", receives, NULL });
ACTORS(close, { "out", sends, NULL }, { "close", closes, NULL },
    { "time", time_goes, NULL });
ACTORS(fails, { "out", sends, NULL }, { "time", time_goes, NULL });

const struct sched_litmus l_latency[] = {
	{ "latency_traffic", "output, input, and the end of an idle time",
	    setup_open, traffic, end_traffic },
	{ "latency_both", "the same, and the chip is being told",
	    setup_idle, traffic, end_traffic },
	{ "latency_close", "no request to the chip after a close",
	    setup_open, close, down },
	{ "latency_close_idle", "the same, and the chip is being told",
	    setup_idle, close, down },
	{ "latency_mute", "a chip that never answers is asked three times",
	    setup_mute, fails, end_mute },
	{ "latency_mute_close", "a close meanwhile", setup_mute, close, down },
	{ "latency_refuses", "a chip that refuses is asked once",
	    setup_refuses, fails, end_refuses },
	{ NULL, NULL, NULL, NULL, NULL }
};
