/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ulpt.c - ulpt(4) on a software printer: what is printed arrives, once; two
 * nodes of which one is open; and a blocked write survives an unplug, a revoke,
 * a signal and O_NONBLOCK, saying how much the printer has taken (ulpt.4;
 * d_cancel and d_close: docs/contract.md).  The ioctls are Linux's usblp's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/h_serial.h"
#include "hyp/hyp.h"
#include "usbdi/h_desc.h"

#define	SMALL	1000		/* what the printer takes without paper */
#define	BIG	100000
#define	LPGETSTATUS		0x060bUL
#define	LPIOC_GET_DEVICE_ID(n)	(0x80005001UL | (unsigned long)(n) << 16)
#define	BULK(ep)	7, 5, (ep), 2, 64, 0, 0

static struct vusb *v;
static uint8_t out[BIG], far[BIG];

static void
plug(const uint8_t *desc, size_t len)
{
	const struct vusb_config vc = { .vc_model = VUSB_PRINTER };

	s_boot();
	v = vusb_create("printer", &vc);
	T_CHECK(v != NULL);
	if (desc != NULL)
		vusb_set_descriptors(v, desc, len);
	s_plug(v, "ulpn0");
	s_pattern(out, sizeof(out), 0);
}

static void
begin(void)
{

	plug(NULL, 0);
}

static void
end(void)
{

	s_unplug(v);
	vusb_destroy(v);
}

static unsigned
resets(void)
{
	struct vusb_status vs;

	vusb_get_status(v, 0, &vs);
	return vs.vs_resets;
}

/* What has come out of it is the first n bytes of out, and no more. */
static void
printed(size_t n)
{
	size_t got;

	vusb_far_limit(v, 0, BIG, 2 * BIG);
	s_far_read_all(v, 0, far, n);
	T_EQ(memcmp(far, out, n), 0);
	got = vusb_far_read(v, 0, far, sizeof(far), 20);
	T_EQ(got, 0);
}

static void
prints(void)
{
	struct s_file sf;
	size_t done;

	begin();
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	T_EQ(s_write(&sf, out, BIG, 0, &done), 0);
	T_EQ(done, BIG);
	s_close(&sf);
	printed(BIG);
	end();
}

static void
nosleep(void)
{
	struct s_file sf;
	size_t done;

	begin();
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	/* If one were started it would be EIO. */
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_SUBMIT, 0, 0);
	vusb_fault(v, VUSB_IN, VUSB_FAULT_SUBMIT, 0, 0);
	s_nosleep(true);
	T_EQ(s_write(&sf, out, BIG, 0, &done), EAGAIN);
	T_EQ(s_read(&sf, far, 1, 0, &done), EAGAIN);
	s_nosleep(false);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	vusb_fault(v, VUSB_IN, VUSB_FAULT_NONE, 0, 0);
	T_EQ(s_write(&sf, out, SMALL, 0, &done), 0);
	s_close(&sf);
	printed(SMALL);
	end();
}

static void
nodes(void)
{
	struct s_file sf, other;
	unsigned n;

	begin();
	n = resets();
	T_EQ(s_open("ulpn0", S_RDWR, &sf), 0);
	T_EQ(resets(), n);
	T_EQ(s_open("ulpn0", S_RDWR, &other), EBUSY);
	T_EQ(s_open("ulpt0", S_RDWR, &other), EBUSY);
	s_close(&sf);
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	T_EQ(resets(), n + 1);
	T_EQ(s_open("ulpn0", S_RDWR, &other), EBUSY);
	/* One that has it open is not its neighbour's: nothing ends here. */
	T_EQ(s_revoke("ulpn0"), 0);
	T_EQ(s_ioctl(&sf, LPGETSTATUS, &n), 0);
	s_close(&sf);
	end();
}

/* A printer that refuses the reset, or never answers it, is used as it is. */
static void
no_reset(void)
{
	struct s_file sf;
	const uint64_t start = t_now_ms();

	begin();
	vusb_refuse(v, 2, true);
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	s_close(&sf);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 1, 0);
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	s_close(&sf);
	T_CHECK(t_now_ms() - start < 4000);
	end();
}

static void
ioctls(void)
{
	static uint8_t id[4096];
	struct s_file sf;
	unsigned len;
	int status = 0;

	begin();
	T_EQ(s_open("ulpn0", S_RDWR, &sf), 0);
	T_EQ(s_ioctl(&sf, LPGETSTATUS, &status), 0);
	T_EQ(status, 0x18);
	memset(id, 0xee, sizeof(id));
	T_EQ(s_ioctl(&sf, LPIOC_GET_DEVICE_ID(1000), id), 0);
	len = (unsigned)(id[0] << 8 | id[1]);
	T_EQ(len, 2 + strlen((char *)id + 2));
	T_EQ(memcmp(id + 2, "MFG:devsw;", 10), 0);
	T_EQ(id[999], 0);
	T_EQ(id[1000], 0xee);
	memset(id, 0xee, sizeof(id));
	T_EQ(s_ioctl(&sf, LPIOC_GET_DEVICE_ID(6), id), 0);
	T_EQ(memcmp(id + 2, "MFG:\356", 5), 0);
	T_EQ(s_ioctl(&sf, LPIOC_GET_DEVICE_ID(0), id), ENODEV);
	T_EQ(s_ioctl(&sf, LPIOC_GET_DEVICE_ID(4096), id), 0);
	T_EQ(s_ioctl(&sf, 0x5401UL, id), ENODEV);	/* TCGETS */
	vusb_refuse(v, 0, true);
	vusb_refuse(v, 1, true);
	T_EQ(s_ioctl(&sf, LPGETSTATUS, &status), EIO);
	T_EQ(s_ioctl(&sf, LPIOC_GET_DEVICE_ID(100), id), EIO);
	s_close(&sf);
	end();
}

/* A write that waits for paper, on a thread. */
static void
start_write(struct s_op *so, struct s_file *sf)
{

	vusb_far_limit(v, 0, BIG, SMALL);
	*so = (struct s_op){ .so_call = S_WRITE, .so_file = sf, .so_buf = out,
	    .so_len = BIG };
	s_start(so);
	s_wait_sleep(so, "ulpt");
}

static bool
is_full(const struct vusb_status *vs, void *arg)
{

	(void)arg;
	return vs->vs_received >= SMALL;
}

static void
signals(void)
{
	struct s_file sf;
	struct s_op so;
	size_t done;

	begin();
	T_EQ(s_open("ulpn0", S_RDWR, &sf), 0);
	start_write(&so, &sf);
	T_CHECK(vusb_wait(v, 0, is_full, NULL, 5000));
	s_interrupt(&so);
	/* It has taken what it has room for, and the rest can be sent. */
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, SMALL);
	vusb_far_limit(v, 0, BIG, 2 * BIG);
	T_EQ(s_write(&sf, out + SMALL, BIG - SMALL, 0, &done), 0);
	printed(BIG);
	/* Nothing taken: EINTR. */
	vusb_far_limit(v, 0, BIG, 1);
	T_EQ(s_write(&sf, out, 1, 0, &done), 0);
	start_write(&so, &sf);
	s_interrupt(&so);
	s_finish(&so);
	T_CHECK(so.so_error == EINTR || so.so_done < SMALL);
	s_close(&sf);
	end();
}

static void
nonblocking(void)
{
	struct s_file sf;
	size_t done, total = 0;

	begin();
	vusb_far_limit(v, 0, BIG, SMALL);
	T_EQ(s_open("ulpn0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	T_EQ(s_poll(&sf, HYP_POLLOUT), HYP_POLLOUT);
	T_EQ(s_write(&sf, out, BIG, HYP_F_NONBLOCK, &done), 0);
	T_EQ(done, SMALL);
	total += done;
	T_EQ(s_write(&sf, out + total, BIG - total, HYP_F_NONBLOCK, &done),
	    EAGAIN);
	T_EQ(done, 0);
	s_far_read_all(v, 0, far, SMALL);
	T_EQ(memcmp(far, out, SMALL), 0);
	T_EQ(s_write(&sf, out + total, 10, HYP_F_NONBLOCK, &done), 0);
	T_EQ(done, 10);
	s_close(&sf);
	end();
}

static void
unplugged(void)
{
	struct s_file sf, again;
	struct s_op so;
	size_t done;

	begin();
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	start_write(&so, &sf);
	T_CHECK(vusb_wait(v, 0, is_full, NULL, 5000));
	s_unplug(v);
	/* EIO, or what was taken. */
	s_finish(&so);
	T_CHECK(so.so_error == EIO ||
	    (so.so_error == 0 && so.so_done <= SMALL));
	T_EQ(s_write(&sf, out, 1, 0, &done), EIO);
	T_EQ(s_open("ulpt0", S_RDWR, &again), ENXIO);
	T_EQ(s_open("ulpn0", S_RDWR, &again), ENXIO);
	vusb_far_limit(v, 0, BIG, 2 * BIG);
	s_plug(v, "ulpn0");
	T_EQ(s_open("ulpt0", S_RDWR, &again), 0);
	while (vusb_far_read(v, 0, far, sizeof(far), 20) > 0)
		continue;
	T_EQ(s_write(&again, out, BIG, 0, &done), 0);
	T_EQ(s_write(&sf, out, 1, 0, &done), EIO);
	s_close(&sf);
	s_close(&again);
	printed(BIG);
	end();
}

static void
revoked(void)
{
	struct s_file sf, again;
	struct s_op so;
	size_t done;

	begin();
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	start_write(&so, &sf);
	T_CHECK(vusb_wait(v, 0, is_full, NULL, 5000));
	T_EQ(s_revoke("ulpt0"), 0);
	s_finish(&so);
	T_EQ(so.so_error, EIO);
	T_EQ(so.so_done, SMALL);
	T_EQ(s_open("ulpn0", S_RDWR, &again), 0);
	T_EQ(s_write(&sf, out, 1, 0, &done), EIO);
	s_close(&sf);
	T_EQ(s_read(&again, far, 1, HYP_F_NONBLOCK, &done), EAGAIN);
	s_close(&again);
	end();
}

/* Hardware that keeps what is cancelled is given up after the grace. */
static void
stuck(void)
{
	struct s_file sf;
	struct s_op so;
	const uint64_t start = t_now_ms();

	begin();
	T_EQ(s_open("ulpt0", S_RDWR, &sf), 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_STUCK, 0, 0);
	so = (struct s_op){ .so_call = S_WRITE, .so_file = &sf, .so_buf = out,
	    .so_len = BIG };
	s_start(&so);
	s_wait_sleep(&so, "ulpt");
	T_EQ(s_revoke("ulpt0"), 0);
	s_finish(&so);
	T_EQ(so.so_error, EIO);
	T_CHECK(t_now_ms() - start < 5000);
	s_close(&sf);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	end();
}

static void
stalls(void)
{
	struct s_file sf;
	size_t done;

	begin();
	T_EQ(s_open("ulpn0", S_RDWR, &sf), 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_STALL, 1, 0);
	T_EQ(s_write(&sf, out, 100, 0, &done), EIO);
	/* The halt is being cleared. */
	while (s_write(&sf, out, 100, 0, &done) != 0)
		t_msleep(1);
	T_EQ(done, 100);
	s_close(&sf);
	end();
}

static void
reads(void)
{
	struct s_file sf;
	struct s_op so;
	uint8_t buf[64];
	size_t done;

	begin();
	T_EQ(s_open("ulpn0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	T_EQ(s_read(&sf, buf, sizeof(buf), HYP_F_NONBLOCK, &done), EAGAIN);
	T_EQ(s_read(&sf, buf, 0, HYP_F_NONBLOCK, &done), 0);
	T_EQ(vusb_far_write(v, 0, "toner low", 9, 1000), 9);
	T_EQ(s_read(&sf, buf, 0, 0, &done), 0);
	T_EQ(done, 0);
	T_EQ(s_read(&sf, buf, sizeof(buf), 0, &done), 0);
	T_EQ(done, 9);
	T_EQ(memcmp(buf, "toner low", 9), 0);
	/* Byte by byte: what of a packet was not read is the next read's. */
	T_EQ(vusb_far_write(v, 0, "door open", 9, 1000), 9);
	for (u_int i = 0; i < 9; i++) {
		T_EQ(s_read(&sf, buf + i, 1, 0, &done), 0);
		T_EQ(done, 1);
	}
	T_EQ(memcmp(buf, "door open", 9), 0);
	/* But the next open's it is not. */
	T_EQ(vusb_far_write(v, 0, "door open", 9, 1000), 9);
	T_EQ(s_read(&sf, buf, 1, 0, &done), 0);
	s_close(&sf);
	T_EQ(s_open("ulpn0", S_RDWR, &sf), 0);
	T_EQ(s_read(&sf, buf, 1, HYP_F_NONBLOCK, &done), EAGAIN);
	so = (struct s_op){ .so_call = S_READ, .so_file = &sf, .so_buf = buf,
	    .so_len = sizeof(buf) };
	s_start(&so);
	s_wait_sleep(&so, "ulpt");
	T_EQ(s_poll(&sf, HYP_POLLIN), 0);
	/* One reads, and another may still write. */
	T_EQ(s_write(&sf, out, 10, 0, &done), 0);
	T_EQ(s_revoke("ulpn0"), 0);
	s_finish(&so);
	T_EQ(so.so_error, EIO);
	s_close(&sf);
	end();
}

/* Nothing to print on; nothing to read from; the second setting is the one. */
static void
descriptors(void)
{
	static const uint8_t deaf[] = {
		H_DEV(0x0525, 0xa4a8, 0x0100, 0, 0, 0, 1), H_CONF(25, 1, 1),
		H_IFACE(0, 0, 1, 7, 1, 2), BULK(0x82),
	};
	static const uint8_t mute[] = {
		H_DEV(0x0525, 0xa4a8, 0x0100, 0, 0, 0, 1), H_CONF(25, 1, 1),
		H_IFACE(0, 0, 1, 7, 1, 1), BULK(0x01),
	};
	static const uint8_t second[] = {
		H_DEV(0x0525, 0xa4a8, 0x0100, 0, 0, 0, 1), H_CONF(48, 1, 1),
		H_IFACE(0, 0, 1, 7, 1, 1), BULK(0x01),
		H_IFACE(0, 1, 2, 7, 1, 2), BULK(0x01), BULK(0x82),
	};
	struct s_file sf;
	uint8_t byte;
	size_t done;

	s_boot();
	plug(mute, sizeof(mute));
	T_EQ(s_open("ulpn0", S_RDWR, &sf), 0);
	T_EQ(s_read(&sf, &byte, 1, 0, &done), ENODEV);
	T_EQ(s_write(&sf, out, 10, 0, &done), 0);
	s_close(&sf);
	end();
	plug(second, sizeof(second));
	T_EQ(s_open("ulpn0", S_RDWR, &sf), 0);
	T_EQ(vusb_far_write(v, 0, "x", 1, 1000), 1);
	T_EQ(s_read(&sf, &byte, 1, 0, &done), 0);
	T_EQ(done, 1);
	s_close(&sf);
	end();
	v = vusb_create("printer", &(const struct vusb_config){
	    .vc_model = VUSB_PRINTER });
	vusb_set_descriptors(v, deaf, sizeof(deaf));
	vusb_plug(v);
	t_msleep(50);
	T_EQ(s_open("ulpt0", S_RDWR, &sf), ENXIO);
	T_EQ(s_open("ulpn0", S_RDWR, &sf), ENXIO);
	end();
}

const struct t_case t_cases[] = {
	{ "what is written is printed", prints },
	{ "nothing is printed by a thread that may not sleep", nosleep },
	{ "one of the two nodes can be open, once; ulpt's open resets", nodes },
	{ "a printer that does not know the reset can be opened", no_reset },
	{ "status and device ID, by Linux's numbers", ioctls },
	{ "a write that is interrupted says how much was taken", signals },
	{ "O_NONBLOCK: what the printer takes, then EAGAIN", nonblocking },
	{ "a blocked write survives an unplug", unplugged },
	{ "a blocked write survives a revoke, and the node is free", revoked },
	{ "a printer that never gives back holds up nobody for long", stuck },
	{ "a stall ends one write", stalls },
	{ "reads wait for the printer, and end with the open", reads },
	{ "odd descriptors", descriptors },
	{ NULL, NULL }
};
