/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_port.c - ucom on the whole road, as t_ucom.c: setserial(8) and
 * tcflush(3).
 *
 * TIOCSSERIAL's low latency is the chip's, closing_wait and close_delay are how
 * long a close waits for output that does not go and the next open for DTR to
 * have been low; who may set what is as in Linux (serial_set_serial and
 * ftdi_sio's set_serial_info: all may ask for low latency, the waits are for
 * CAP_SYS_ADMIN, here root), and no wait is without a bound.
 *
 * tcflush takes back what the device has been handed (POSIX: data written and
 * not transmitted, received and not read), from transfers and from the chip.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/serial.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "hyp/hyp.h"

#define	MIB	(1024 * 1024)
#define	CLOSING_WAIT_NONE	65535	/* kernel: ASYNC_CLOSING_WAIT_NONE */

static struct serial_struct
get(struct s_file *sf)
{
	struct serial_struct ss;

	memset(&ss, 0xff, sizeof(ss));
	T_EQ(s_ioctl(sf, TIOCGSERIAL, &ss), 0);
	return ss;
}

static int
set(struct s_file *sf, const struct serial_struct *ss)
{

	return s_ioctl(sf, TIOCSSERIAL, (void *)(uintptr_t)ss);
}

static uint64_t
now_ms(void)
{

	return hyp_clock() / 1000000;
}

/* ---- setserial ------------------------------------------------------ */

static void
low_latency(void)
{
	struct vusb *v = h_ftdi();
	struct serial_struct ss;
	struct s_file sf;

	h_open_raw(&sf, 9600);
	ss = get(&sf);
	T_CHECK((ss.flags & ASYNC_LOW_LATENCY) == 0);
	T_EQ(h_status(v).vs_latency, 2);
	ss.flags |= ASYNC_LOW_LATENCY;
	T_EQ(set(&sf, &ss), 0);
	T_EQ(h_status(v).vs_latency, 1);
	T_CHECK((get(&sf).flags & ASYNC_LOW_LATENCY) != 0);
	s_close(&sf);
	/* Until it is taken back, or the device leaves. */
	h_open_raw(&sf, 9600);
	T_EQ(h_status(v).vs_latency, 1);
	T_CHECK((get(&sf).flags & ASYNC_LOW_LATENCY) != 0);
	ss.flags &= ~ASYNC_LOW_LATENCY;
	T_EQ(set(&sf, &ss), 0);
	T_EQ(h_status(v).vs_latency, 2);
	T_CHECK((get(&sf).flags & ASYNC_LOW_LATENCY) == 0);

	/* A chip that refuses it: who asks is told, and nothing has changed. */
	vusb_refuse(v, 0x09, true);
	ss.flags |= ASYNC_LOW_LATENCY;
	T_EQ(set(&sf, &ss), EIO);
	T_CHECK((get(&sf).flags & ASYNC_LOW_LATENCY) == 0);
	ss.flags &= ~ASYNC_LOW_LATENCY;
	T_EQ(set(&sf, &ss), 0);
	s_close(&sf);
	h_remove(v);

	/* One that keeps nothing back cannot be told to. */
	v = h_acm();
	h_open_raw(&sf, 9600);
	ss = get(&sf);
	T_CHECK((ss.flags & ASYNC_LOW_LATENCY) != 0);
	ss.flags &= ~ASYNC_LOW_LATENCY;
	T_EQ(set(&sf, &ss), 0);
	T_CHECK((get(&sf).flags & ASYNC_LOW_LATENCY) != 0);
	s_close(&sf);
	h_remove(v);
}

/* ---- the latency timer follows the traffic -------------------------- */

static bool
is_latency(const struct vusb_status *vs, void *arg)
{

	return vs->vs_latency == *(unsigned *)arg;
}

static void
await_latency(struct vusb *v, unsigned ms)
{

	T_CHECK(vusb_wait(v, 0, is_latency, &ms, 5000));
}

static void
count_latency(void *arg, const uint8_t *setup, const uint8_t *data, int n)
{

	(void)data;
	(void)n;
	if (setup[1] == 0x09)
		atomic_fetch_add((atomic_uint *)arg, 1);
}

/*
 * An FTDI chip that is woken 500 times a second for nothing is so only while
 * there may be something: 16 ms, the chip's own, on an idle line.  One request
 * for each change, however much traffic there is.
 */
static void
idle_latency(void)
{
	struct vusb *v = h_ftdi();
	static atomic_uint requests;
	char buf[64];
	struct s_file sf;
	size_t n;

	h_open_raw(&sf, 9600);
	atomic_store(&requests, 0);
	vusb_on_request(v, count_latency, &requests);
	T_EQ(h_status(v).vs_latency, 2);
	await_latency(v, 16);
	T_EQ(atomic_load(&requests), 1);

	/* Input: for a second. */
	T_EQ(vusb_far_write(v, 0, "x", 1, 1000), 1);
	s_read_all(&sf, buf, 1);
	await_latency(v, 2);
	await_latency(v, 16);
	T_EQ(atomic_load(&requests), 3);

	/* Output, of which there is a lot: for longer. */
	for (unsigned i = 0; i < 64; i++) {
		s_write_all(&sf, buf, sizeof(buf));
		for (n = 0; n < sizeof(buf);)
			n += vusb_far_read(v, 0, buf, sizeof(buf) - n, 1000);
	}
	await_latency(v, 2);
	T_EQ(atomic_load(&requests), 4);
	s_close(&sf);

	/* Nothing comes after a close, and the next open begins anew. */
	T_EQ(atomic_load(&requests), 4);
	h_open_raw(&sf, 9600);
	T_EQ(h_status(v).vs_latency, 2);
	T_EQ(atomic_load(&requests), 5);
	s_close(&sf);
	vusb_on_request(v, NULL, NULL);
	h_remove(v);
}

/* A chip that refuses is asked once; one that never answers holds nothing up
   but for a timeout. */
static void
odd_latency(void)
{
	struct vusb *v = h_ftdi();
	static atomic_uint requests;
	struct s_file sf;
	uint64_t began;

	vusb_refuse(v, 0x09, true);
	atomic_store(&requests, 0);
	vusb_on_request(v, count_latency, &requests);
	h_open_raw(&sf, 9600);
	s_write_all(&sf, "x", 1);
	s_close(&sf);
	T_EQ(atomic_load(&requests), 1);
	vusb_refuse(v, 0x09, false);

	h_open_raw(&sf, 9600);
	await_latency(v, 16);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 1, 0);
	began = now_ms();
	s_write_all(&sf, "x", 1);
	T_CHECK(now_ms() - began < 500);
	s_close(&sf);
	T_CHECK(now_ms() - began < 4000);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);

	/* Pulled out in the middle of one. */
	h_open_raw(&sf, 9600);
	await_latency(v, 16);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 1, 0);
	s_write_all(&sf, "x", 1);
	vusb_on_request(v, NULL, NULL);
	s_unplug(v);
	s_close(&sf);
	h_remove(v);
}

/* What a close takes whose output nobody takes. */
static uint64_t
close_takes(struct vusb *v, unsigned wait, int want)
{
	struct serial_struct ss;
	struct s_file sf, again;
	uint64_t began;

	h_open_raw(&sf, 115200);
	ss = get(&sf);
	ss.closing_wait = (unsigned short)wait;
	T_EQ(set(&sf, &ss), want);
	if (want == 0)
		T_EQ(get(&sf).closing_wait, wait);
	s_write_all(&sf, "never", 5);
	began = now_ms();
	s_close(&sf);
	T_EQ(s_open("ttyU0", S_RDWR, &again), 0);
	began = now_ms() - began;
	s_close_flags(&again, HYP_F_NONBLOCK);
	(void)v;
	return began;
}

static void
closing_wait(void)
{
	struct vusb *v = h_ftdi();
	struct serial_struct ss;
	struct s_file sf;
	uint64_t ms;

	h_open_raw(&sf, 115200);
	ss = get(&sf);
	T_EQ(ss.closing_wait, 500);
	T_EQ(ss.close_delay, 100);
	ss.close_delay = 0;
	T_EQ(set(&sf, &ss), 0);
	s_close(&sf);

	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NEVER, 0, 0);
	ms = close_takes(v, 30, 0);
	T_CHECK(ms >= 300 && ms < 4000);
	/* Not at all: and what was written is not sent later. */
	T_CHECK(close_takes(v, CLOSING_WAIT_NONE, 0) < 250);
	/* No wait is for ever, nor longer than a minute. */
	h_open_raw(&sf, 115200);
	ss = get(&sf);
	T_EQ(ss.closing_wait, CLOSING_WAIT_NONE);
	ss.closing_wait = 0;
	T_EQ(set(&sf, &ss), EINVAL);
	ss.closing_wait = 6001;
	T_EQ(set(&sf, &ss), EINVAL);
	ss.closing_wait = 6000;
	T_EQ(set(&sf, &ss), 0);
	ss.close_delay = 6001;
	T_EQ(set(&sf, &ss), EINVAL);
	ss = get(&sf);
	T_CHECK(ss.closing_wait == 6000 && ss.close_delay == 0);
	s_close_flags(&sf, HYP_F_NONBLOCK);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	h_remove(v);
}

/* But a revoke does not wait for that, and takes none of it along. */
static void
revoked_close(void)
{
	struct vusb *v = h_ftdi();
	struct serial_struct ss;
	struct s_file sf;
	struct s_op op = { .so_call = S_CLOSE, .so_file = &sf };
	uint64_t began;

	h_open_raw(&sf, 115200);
	ss = get(&sf);
	ss.closing_wait = 2000;
	T_EQ(set(&sf, &ss), 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NEVER, 0, 0);
	s_write_all(&sf, "never", 5);
	s_start(&op);
	s_wait_sleep(&op, "ttyout");
	began = now_ms();
	T_EQ(s_revoke("dtyU0"), 0);	/* the other node's user goes on */
	T_CHECK(!s_finished(&op));
	T_EQ(s_revoke("ttyU0"), 0);
	T_CHECK(now_ms() - began < 10000);
	T_EQ(s_finish(&op), 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	/* The next one is as any other. */
	h_open_raw(&sf, 115200);
	s_write_all(&sf, "sent", 4);
	s_close(&sf);
	h_remove(v);
}

/* How long DTR is low before the next open raises it. */
static void
close_delay(void)
{
	struct vusb *v = h_acm();
	struct serial_struct ss;
	struct s_file sf;
	uint64_t began, took;

	h_open_raw(&sf, 9600);
	ss = get(&sf);
	ss.close_delay = 150;
	T_EQ(set(&sf, &ss), 0);
	began = now_ms();
	s_close(&sf);
	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
	T_CHECK(now_ms() - began >= 1500);
	ss.close_delay = 0;
	T_EQ(set(&sf, &ss), 0);
	/* Without delay at least one is faster than any delay, however slow. */
	do {
		began = now_ms();
		s_close(&sf);
		T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
		took = now_ms() - began;
	} while (took >= 500);
	s_close(&sf);
	h_remove(v);
}

/* ---- tcflush -------------------------------------------------------- */

static void
flush(struct s_file *sf, uintptr_t what)
{

	T_EQ(s_ioctl(sf, TCFLSH, (void *)what), 0);
}

/* Nothing of it comes, and what is written then does. */
static void
flush_output_on(struct vusb *v, bool purges)
{
	uint8_t buf[4000];
	struct s_file sf;
	unsigned before;
	int n;

	h_open_raw(&sf, 115200);
	before = h_status(v).vs_purges;
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NEVER, 0, 0);
	memset(buf, 'o', sizeof(buf));
	s_write_all(&sf, buf, sizeof(buf));
	T_EQ(s_ioctl(&sf, TIOCOUTQ, &n), 0);
	T_EQ(n, sizeof(buf));
	flush(&sf, TCOFLUSH);
	T_EQ(s_ioctl(&sf, TIOCOUTQ, &n), 0);
	T_EQ(n, 0);
	T_EQ(h_status(v).vs_writes, 0);
	if (purges)
		T_CHECK(h_status(v).vs_purges > before);
	T_EQ(s_ioctl(&sf, TCSBRK, (void *)1), 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	s_write_all(&sf, "new", 3);
	s_far_read_all(v, 0, buf, 3);
	T_EQ(memcmp(buf, "new", 3), 0);
	s_close(&sf);
	h_remove(v);
}

static void
flush_output(void)
{

	flush_output_on(h_ftdi(), true);
	flush_output_on(h_acm(), false);
}

static int
all_read(void *arg)
{
	struct vusb *v = arg;

	return h_status(v).vs_reads == 0;
}

/*
 * Input that nobody reads fills the tty, the host's transfers and the chip;
 * tcflush, and TCSAFLUSH, which does the same first.
 */
static void
flush_input(void)
{
	enum { LEN = 200 * 1024 };
	static uint8_t buf[LEN];
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct termios2 t;
	int i, n;

	h_open_raw(&sf, 115200);
	T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
	for (i = 0; i < 2; i++) {
		memset(buf, 'i', sizeof(buf));
		T_EQ(vusb_far_write(v, 0, buf, LEN, 20000), LEN);
		T_UNTIL(all_read, v);
		if (i == 0)
			flush(&sf, TCIFLUSH);
		else
			T_EQ(s_ioctl(&sf, TCSETSF2, &t), 0);
		T_EQ(s_ioctl(&sf, FIONREAD, &n), 0);
		T_EQ(n, 0);
		T_EQ(vusb_far_write(v, 0, "new", 3, 20000), 3);
		s_read_all(&sf, buf, 3);
		T_EQ(memcmp(buf, "new", 3), 0);
	}

	/* A line that is idle and read costs the chip no request. */
	const unsigned before = h_status(v).vs_purges;
	flush(&sf, TCIFLUSH);
	T_EQ(h_status(v).vs_purges, before);
	s_close(&sf);
	h_remove(v);
}

static int
is_finished(void *arg)
{

	return s_finished(arg);
}

/* A break of an hour ends with its file. */
static void
break_revoked(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_IOCTL, .so_file = &sf,
	    .so_cmd = TCSBRKP, .so_buf = (void *)36000 };

	h_open_raw(&sf, 115200);
	s_start(&so);
	s_wait_sleep(&so, "ttybreak");
	T_CHECK(h_status(v).vs_break);
	T_EQ(s_revoke("ttyU0"), 0);
	T_CHECK(!h_status(v).vs_break);
	T_UNTIL(is_finished, &so);
	T_EQ(s_finish(&so), EBADF);
	s_close(&sf);
	h_remove(v);
}

/* A flush of a device that answers nothing ends, and so does its unplug. */
static void
flush_dead(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_IOCTL, .so_file = &sf,
	    .so_cmd = TCFLSH, .so_buf = (void *)TCIOFLUSH };

	h_open_raw(&sf, 9600);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NEVER, 0, 0);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 0, 0);
	s_write_all(&sf, "x", 1);
	s_start(&so);
	T_EQ(s_finish(&so), 0);
	T_CHECK(so.so_ms < 5000);
	s_start(&so);
	s_unplug(v);
	(void)s_finish(&so);
	s_close(&sf);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	vusb_destroy(v);
}

const struct t_case t_cases[] = {
	{ "low latency is the chip's, and outlives a close", low_latency },
	{ "FTDI: the latency timer is long on an idle line", idle_latency },
	{ "FTDI: a latency timer that cannot be set", odd_latency },
	{ "closing_wait: how long a close waits for who takes nothing",
	    closing_wait },
	{ "closing_wait: a revoke does not wait for it", revoked_close },
	{ "close_delay: how long DTR is low", close_delay },
	{ "tcflush takes output back from transfers and the chip",
	    flush_output },
	{ "tcflush drops input that waits on the way", flush_input },
	{ "tcflush of a dead device ends", flush_dead },
	{ "a revoke ends a break of an hour", break_revoked },
	{ NULL, NULL }
};
