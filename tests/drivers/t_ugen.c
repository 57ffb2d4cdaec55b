/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ugen.c - ugen(4) on software devices (ugen.4): only where a claim asks for
 * it; a node for each endpoint; short transfers, timeouts, requests; a client
 * whose sizes are wrong; and blocked calls that survive a revoke and an unplug.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/h_serial.h"
#include "devsw/ugen.h"
#include "hyp/hyp.h"
#include "usbdi/h_desc.h"

#define	BULK(ep)	7, 5, (ep), 2, 64, 0, 0
#define	BIG	50000

static struct vusb *v;
static uint8_t out[BIG], far[BIG];

static void
plug(enum vusb_model model, const uint8_t *desc, size_t len)
{
	struct vusb_config vc = { .vc_model = model };

	vc.vc_pins.hp_n = 1;
	vc.vc_pins.hp_pin[0] = (struct hyp_usb_pin){ 0, -1, -1, "ugen" };
	s_boot();
	v = vusb_create("generic", &vc);
	T_CHECK(v != NULL);
	if (desc != NULL)
		vusb_set_descriptors(v, desc, len);
	s_plug(v, "ugen0.00");
	s_pattern(out, sizeof(out), 0);
}

static void
end(void)
{

	s_unplug(v);
	vusb_destroy(v);
}

static void
set(struct s_file *sf, unsigned long cmd, int value)
{

	T_EQ(s_ioctl(sf, cmd, &value), 0);
}

static int
has_node(void *name)
{

	return h_node_find(name) != NULL;
}

/* Without the claim the device's own driver has it. */
static void
asked(void)
{
	const struct vusb_config vc = { .vc_model = VUSB_PRINTER };

	s_boot();
	v = vusb_create("printer", &vc);
	s_plug(v, "ulpn0");
	T_CHECK(h_node_find("ugen0.00") == NULL);
	end();
}

static void
endpoints(void)
{
	struct s_file sf, other;

	plug(VUSB_PRINTER, NULL, 0);
	T_UNTIL(has_node, "ugen0.02");
	T_CHECK(h_node_find("ugen0.03") == NULL);
	T_EQ(s_open("ugen0.01", S_RDWR, &sf), ENXIO);
	T_EQ(s_open("ugen0.01", HYP_F_READ, &sf), ENXIO);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &other), EBUSY);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &other), 0);
	s_close(&other);
	T_EQ(s_open("ulpt0", S_RDWR, &other), ENXIO);
	s_close(&sf);
	end();
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), ENXIO);
}

static void
bulk(void)
{
	struct s_file in, sf;
	size_t done;

	plug(VUSB_PRINTER, NULL, 0);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	T_EQ(s_write(&sf, out, BIG, 0, &done), 0);
	T_EQ(done, BIG);
	s_far_read_all(v, 0, far, BIG);
	T_EQ(memcmp(far, out, BIG), 0);
	/* All that is asked for. */
	T_EQ(vusb_far_write(v, 0, out, 10, 1000), 10);
	T_EQ(s_read(&in, far, 10, 0, &done), 0);
	T_EQ(done, 10);
	/* Less: an error, or good. */
	T_EQ(vusb_far_write(v, 0, out, 10, 1000), 10);
	T_EQ(s_read(&in, far, 100, 0, &done), EIO);
	set(&in, USB_SET_SHORT_XFER, 1);
	T_EQ(vusb_far_write(v, 0, out, 11, 1000), 11);
	T_EQ(s_read(&in, far, 100, 0, &done), 0);
	T_EQ(done, 11);
	T_EQ(memcmp(far, out, 11), 0);
	s_close(&in);
	s_close(&sf);
	end();
}

static void
timeouts(void)
{
	struct s_file in, sf;
	int value = -1;
	size_t done;

	plug(VUSB_PRINTER, NULL, 0);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	T_EQ(s_ioctl(&in, USB_SET_TIMEOUT, &value), EINVAL);
	set(&in, USB_SET_TIMEOUT, 20);
	T_EQ(s_read(&in, far, 10, 0, &done), ETIMEDOUT);
	set(&in, USB_SET_TIMEOUT, 0);
	T_EQ(s_read(&in, far, 10, HYP_F_NONBLOCK, &done), EAGAIN);
	/* What was taken before counts if it is O_NONBLOCK that ends it. */
	vusb_far_limit(v, 0, BIG, 1000);
	T_EQ(s_write(&sf, out, BIG, HYP_F_NONBLOCK, &done), 0);
	T_EQ(done, 1000);
	set(&sf, USB_SET_TIMEOUT, 50);
	T_EQ(s_write(&sf, out, BIG, 0, &done), ETIMEDOUT);
	s_close(&in);
	s_close(&sf);
	end();
}

static void
interrupt_in(void)
{
	struct s_file sf;
	size_t done;

	plug(VUSB_ACM, NULL, 0);
	T_EQ(s_open("ugen0.03", HYP_F_READ, &sf), 0);
	set(&sf, USB_SET_SHORT_XFER, 1);
	vusb_set_lines(v, 0, VUSB_DCD);
	T_EQ(s_read(&sf, far, 100, 0, &done), 0);
	T_EQ(done, 10);
	T_EQ(far[0], 0xa1);
	T_EQ(far[8], 0x01);
	s_close(&sf);
	end();
}

/* A request with room for len bytes; ur_actlen or -errno. */
static int
request(struct s_file *sf, uint8_t type, uint8_t req, uint16_t value,
    uint16_t wlength, size_t len, uint8_t *data)
{
	static uint8_t buf[8191];
	struct ugen_request ur;
	int error;

	memset(&ur, 0, sizeof(ur));
	ur.ur_request.bmRequestType = type;
	ur.ur_request.bRequest = req;
	USETW(ur.ur_request.wValue, value);
	USETW(ur.ur_request.wLength, wlength);
	ur.ur_flags = USBD_SHORT_XFER_OK;
	memset(buf, 0, sizeof(buf));
	memcpy(buf, &ur, sizeof(ur));
	error = s_ioctl(sf, UGEN_DO_REQUEST(len), buf);
	memcpy(&ur, buf, sizeof(ur));
	memcpy(data, buf + sizeof(ur), len);
	return error != 0 ? -error : ur.ur_actlen;
}

static void
requests(void)
{
	static uint8_t d[8191];
	struct s_file sf;
	int error;

	plug(VUSB_PRINTER, NULL, 0);
	T_EQ(s_open("ugen0.00", HYP_F_READ, &sf), 0);
	/* GET_PORT_STATUS, and GET_DEVICE_ID into more and less room. */
	T_EQ(request(&sf, 0xa1, 1, 0, 1, 1, d), 1);
	T_EQ(d[0], 0x18);
	T_CHECK(request(&sf, 0xa1, 0, 0, 1000, 1000, d) > 20);
	T_EQ(memcmp(d + 2, "MFG:devsw", 9), 0);
	T_EQ(request(&sf, 0xa1, 0, 0, 8, 8, d), 8);
	T_EQ(request(&sf, 0xa1, 9, 0, 8, 8, d), -EIO);		/* STALL */
	/* What is longer than the ioctl, or too long at all. */
	T_EQ(request(&sf, 0xa1, 0, 0, 9, 8, d), -EINVAL);
	T_EQ(request(&sf, 0xa1, 0, 0, 65535, 8175, d), -EINVAL);
	T_EQ(s_ioctl(&sf, _IOC(_IOC_READ | _IOC_WRITE, 'U', 200, 15), d),
	    EINVAL);
	T_EQ(s_ioctl(&sf, _IOC(_IOC_READ | _IOC_WRITE, 'U', 200, 0), d),
	    EINVAL);
	/* Not with a file that only reads. */
	T_EQ(request(&sf, 0x21, 2, 0, 0, 0, d), -EPERM);
	s_close(&sf);
	T_EQ(s_open("ugen0.00", S_RDWR, &sf), 0);
	T_EQ(request(&sf, 0x21, 2, 0, 0, 0, d), 0);
	for (uint8_t r = 5; r <= 11; r++) {
		error = request(&sf, 0, r, 1, 0, 0, d);
		if (r == 5 || r == 9 || r == 11)
			T_EQ(error, -EINVAL);
	}
	T_EQ(request(&sf, 0x01, 11, 0, 0, 0, d), -EINVAL);
	T_EQ(s_ioctl(&sf, 0x5401UL, d), ENOTTY);		/* TCGETS */
	s_close(&sf);
	end();
}

/* In a thread that may not sleep nothing goes to the device, nor is lost. */
static void
nosleep(void)
{
	static uint8_t d[8];
	struct s_file ctl, in, sf;
	size_t done;

	plug(VUSB_PRINTER, NULL, 0);
	T_EQ(s_open("ugen0.00", S_RDWR, &ctl), 0);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	T_EQ(vusb_far_write(v, 0, out, 10, 1000), 10);
	/* If one were started it would be EIO. */
	for (int kind = 0; kind < VUSB_NKINDS; kind++)
		vusb_fault(v, kind, VUSB_FAULT_SUBMIT, 0, 0);
	s_nosleep(true);
	T_EQ(s_write(&sf, out, BIG, 0, &done), EAGAIN);
	T_EQ(s_read(&in, far, 10, 0, &done), EAGAIN);
	T_EQ(request(&ctl, 0xa1, 1, 0, 1, 1, d), -EAGAIN);
	s_nosleep(false);
	for (int kind = 0; kind < VUSB_NKINDS; kind++)
		vusb_fault(v, kind, VUSB_FAULT_NONE, 0, 0);
	T_EQ(vusb_far_read(v, 0, far, BIG, 20), 0);
	T_EQ(s_read(&in, far, 10, 0, &done), 0);
	T_EQ(done, 10);
	T_EQ(request(&ctl, 0xa1, 1, 0, 1, 1, d), 1);
	s_close(&in);
	s_close(&sf);
	s_close(&ctl);
	end();
}

static void
descriptors(void)
{
	static const uint8_t two[] = {
		H_DEV(0x0525, 0xa4a8, 0x0100, 0, 0, 0, 1), H_CONF(48, 1, 1),
		H_IFACE(0, 0, 1, 7, 1, 1), BULK(0x01),
		H_IFACE(0, 1, 2, 7, 1, 2), BULK(0x01), BULK(0x85),
	};
	struct usb_interface_desc id = { -1, 0, -1, { 0 } };
	struct usb_endpoint_desc ed = { -1, 0, 1, 1, { 0 } };
	struct usb_alt_interface ai = { -1, 0, 0 };
	struct usb_config_desc cd = { -1, { 0 } };
	struct s_file sf, ep;
	uint8_t full[8 + 100];
	int value = 0;

	plug(VUSB_PRINTER, two, sizeof(two));
	T_CHECK(h_node_find("ugen0.05") == NULL);
	T_EQ(s_open("ugen0.00", S_RDWR, &sf), 0);
	T_EQ(s_ioctl(&sf, USB_GET_CONFIG, &value), 0);
	T_EQ(value, 1);
	T_EQ(s_ioctl(&sf, USB_SET_CONFIG, &value), 0);
	value = 7;
	T_EQ(s_ioctl(&sf, USB_SET_CONFIG, &value), EINVAL);
	T_EQ(s_ioctl(&sf, USB_GET_CONFIG_DESC, &cd), 0);
	T_EQ(cd.ucd_desc.bNumInterface, 1);
	T_EQ(s_ioctl(&sf, USB_GET_INTERFACE_DESC, &id), 0);
	T_EQ(id.uid_desc.bNumEndpoints, 1);
	T_EQ(s_ioctl(&sf, USB_GET_ENDPOINT_DESC, &ed), 0);
	T_EQ(ed.ued_desc.bEndpointAddress, 0x85);
	ed.ued_endpoint_index = 2;
	T_EQ(s_ioctl(&sf, USB_GET_ENDPOINT_DESC, &ed), EINVAL);
	ed.ued_endpoint_index = -1;
	T_EQ(s_ioctl(&sf, USB_GET_ENDPOINT_DESC, &ed), EINVAL);
	id.uid_interface_index = 1;
	T_EQ(s_ioctl(&sf, USB_GET_INTERFACE_DESC, &id), EINVAL);
	id.uid_interface_index = -5;
	T_EQ(s_ioctl(&sf, USB_GET_INTERFACE_DESC, &id), EINVAL);
	memset(full, 0xff, sizeof(full));
	T_EQ(s_ioctl(&sf, UGEN_GET_FULL_DESC(100), full), 0);
	T_EQ(full[4], 48);
	T_EQ(memcmp(full + 8, two + 18, 48), 0);
	T_EQ(s_ioctl(&sf, USB_GET_NO_ALT, &ai), 0);
	T_EQ(ai.uai_alt_no, 2);
	/* Not while an endpoint is open. */
	ai.uai_alt_no = 1;
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &ep), 0);
	T_EQ(s_ioctl(&sf, USB_SET_ALTINTERFACE, &ai), EBUSY);
	s_close(&ep);
	T_EQ(s_ioctl(&sf, USB_SET_ALTINTERFACE, &ai), 0);
	T_EQ(s_open("ugen0.05", HYP_F_READ, &ep), 0);
	s_close(&ep);
	ai.uai_alt_no = 9;
	T_EQ(s_ioctl(&sf, USB_SET_ALTINTERFACE, &ai), EINVAL);
	ai.uai_interface_index = 300;
	T_EQ(s_ioctl(&sf, USB_GET_ALTINTERFACE, &ai), EINVAL);
	s_close(&sf);
	end();
}

/* A call on a thread, once it sleeps. */
static void
blocks(struct s_op *so, enum s_call call, struct s_file *sf)
{

	*so = (struct s_op){ .so_call = call, .so_file = sf, .so_buf =
	    call == S_READ ? far : out, .so_len = BIG };
	s_start(so);
	s_wait_sleep(so, "ugen");
}

static void
revoked(void)
{
	static uint8_t buf[sizeof(struct ugen_request) + 1];
	struct ugen_request ur = { { 0xa1, 1, { 0 }, { 0 }, { 1, 0 } }, 0, 0 };
	struct s_file in, sf, ctl;
	struct s_op r, w, c;

	plug(VUSB_PRINTER, NULL, 0);
	T_EQ(s_open("ugen0.00", S_RDWR, &ctl), 0);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	vusb_far_limit(v, 0, BIG, 100);
	blocks(&r, S_READ, &in);
	blocks(&w, S_WRITE, &sf);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 0, 0);
	memcpy(buf, &ur, sizeof(ur));
	c = (struct s_op){ .so_call = S_IOCTL, .so_file = &ctl,
	    .so_cmd = UGEN_DO_REQUEST(1), .so_buf = buf };
	s_start(&c);
	s_wait_sleep(&c, "ugen");
	T_EQ(s_revoke("ugen0.02"), 0);
	s_finish(&r);
	T_EQ(r.so_error, EIO);
	T_CHECK(!s_finished(&w) && !s_finished(&c));
	T_EQ(s_revoke("ugen0.00"), 0);
	s_finish(&c);
	T_EQ(c.so_error, EIO);
	T_CHECK(c.so_ms < 3000);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	s_unplug(v);
	s_finish(&w);
	T_CHECK(w.so_error == EIO || w.so_done <= 100);
	s_close(&in);
	s_close(&sf);
	s_close(&ctl);
	vusb_destroy(v);
}

static void
ring(struct s_file *sf, unsigned long cmd, unsigned size, unsigned req,
    int error)
{
	struct usb_bulk_ra_wb_opt o = { size, req };

	T_EQ(s_ioctl(sf, cmd, &o), error);
}

static int
readable(void *sf)
{

	return s_poll(sf, HYP_POLLIN) != 0;
}

/* Before anybody reads, over the end of the ring, and packets that are short. */
static void
read_ahead(void)
{
	struct s_file in, sf;
	int on = 1;
	size_t done;

	plug(VUSB_PRINTER, NULL, 0);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	ring(&in, USB_SET_BULK_RA_OPT, 1000, 1001, EINVAL);
	ring(&in, USB_SET_BULK_RA_OPT, 1000, 0, EINVAL);
	ring(&in, USB_SET_BULK_RA_OPT, (1U << 20) + 1, 1, EINVAL);
	ring(&in, USB_SET_BULK_WB_OPT, 1000, 100, EINVAL);
	T_EQ(s_ioctl(&in, USB_SET_BULK_WB, &on), EINVAL);
	ring(&in, USB_SET_BULK_RA_OPT, 200, 128, 0);
	set(&in, USB_SET_BULK_RA, 1);
	set(&in, USB_SET_BULK_RA, 1);
	ring(&in, USB_SET_BULK_RA_OPT, 200, 128, EBUSY);
	T_CHECK(!readable(&in));
	T_EQ(s_read(&in, far, 10, HYP_F_NONBLOCK, &done), EAGAIN);
	set(&in, USB_SET_TIMEOUT, 20);
	T_EQ(s_read(&in, far, 10, 0, &done), ETIMEDOUT);
	set(&in, USB_SET_TIMEOUT, 0);
	for (size_t i = 0, n; i < 5000; i += n) {
		n = i % 150 + 1;
		T_EQ(vusb_far_write(v, 0, out + i, n, 5000), (int)n);
		T_UNTIL(readable, &in);
		T_EQ(s_read(&in, far, n, 0, &done), 0);
		T_EQ(done, n);
		T_EQ(memcmp(far, out + i, n), 0);
	}
	/* A read goes on over short packets, a failure waits for its turn. */
	T_EQ(vusb_far_write(v, 0, out, 5, 1000), 5);
	T_UNTIL(readable, &in);
	T_EQ(vusb_far_write(v, 0, out + 5, 5, 1000), 5);
	T_EQ(s_read(&in, far, 10, 0, &done), 0);
	T_EQ(done, 10);
	T_EQ(memcmp(far, out, 10), 0);
	set(&in, USB_SET_BULK_RA, 0);
	set(&in, USB_SET_BULK_RA, 0);
	set(&in, USB_SET_SHORT_XFER, 1);
	T_EQ(vusb_far_write(v, 0, out, 7, 1000), 7);
	T_EQ(s_read(&in, far, 10, 0, &done), 0);
	T_EQ(done, 7);
	s_close(&in);
	/* Not at the control endpoint. */
	T_EQ(s_open("ugen0.00", S_RDWR, &sf), 0);
	T_EQ(s_ioctl(&sf, USB_SET_BULK_RA, &on), EINVAL);
	s_close(&sf);
	end();
}

/* What fits into the buffer is not waited for; its end is. */
static void
write_behind(void)
{
	struct s_file sf;
	struct s_op w;
	int off = 0;
	size_t done;

	plug(VUSB_PRINTER, NULL, 0);
	vusb_far_limit(v, 0, BIG, 1);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	ring(&sf, USB_SET_BULK_WB_OPT, 3000, 700, 0);
	set(&sf, USB_SET_BULK_WB, 1);
	T_EQ(s_write(&sf, out, 3000, 0, &done), 0);
	T_EQ(done, 3000);
	T_EQ(s_write(&sf, out, 1, HYP_F_NONBLOCK, &done), EAGAIN);
	T_CHECK(s_poll(&sf, HYP_POLLOUT) == 0);
	set(&sf, USB_SET_TIMEOUT, 30);
	T_EQ(s_write(&sf, out, 1, 0, &done), ETIMEDOUT);
	T_EQ(s_ioctl(&sf, USB_SET_BULK_WB, &off), ETIMEDOUT);
	set(&sf, USB_SET_TIMEOUT, 0);
	w = (struct s_op){ .so_call = S_WRITE, .so_file = &sf,
	    .so_buf = out + 3000, .so_len = BIG - 3000 };
	s_start(&w);
	s_wait_sleep(&w, "ugen");
	vusb_far_limit(v, 0, BIG, BIG);
	s_far_read_all(v, 0, far, BIG);
	T_EQ(memcmp(far, out, BIG), 0);
	s_finish(&w);
	T_EQ(w.so_done, BIG - 3000);
	T_EQ(s_ioctl(&sf, USB_SET_BULK_WB, &off), 0);
	T_EQ(s_write(&sf, out, 100, 0, &done), 0);
	s_far_read_all(v, 0, far, 100);
	s_close(&sf);
	end();
}

/*
 * A failure is told once, after what came before it, and the device goes on.
 * (The ring is full: the transfer that stalls begins in the read.)
 */
static void
rings_fail(void)
{
	struct s_file in, sf;
	int off = 0;
	size_t done;

	plug(VUSB_PRINTER, NULL, 0);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	ring(&in, USB_SET_BULK_RA_OPT, 8, 8, 0);
	set(&in, USB_SET_BULK_RA, 1);
	T_EQ(vusb_far_write(v, 0, out, 8, 1000), 8);
	T_UNTIL(readable, &in);
	vusb_fault(v, VUSB_IN, VUSB_FAULT_STALL, 1, 0);
	T_EQ(s_read(&in, far, 12, 0, &done), 0);
	T_EQ(done, 8);
	T_EQ(s_read(&in, far + 8, 4, 0, &done), EIO);
	T_EQ(vusb_far_write(v, 0, out + 8, 4, 1000), 4);
	T_EQ(s_read(&in, far + 8, 4, 0, &done), 0);
	T_EQ(memcmp(far, out, 12), 0);
	set(&sf, USB_SET_BULK_WB, 1);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_ERROR, 1, 0);
	T_EQ(s_write(&sf, out, 4, 0, &done), 0);
	T_EQ(s_ioctl(&sf, USB_SET_BULK_WB, &off), EIO);
	T_EQ(s_write(&sf, out, 4, 0, &done), 0);
	s_far_read_all(v, 0, far, 4);
	s_close(&in);
	s_close(&sf);
	end();
}

/* Rings that move, or wait, when all ends. */
static void
rings_end(void)
{
	struct s_file in, sf;
	struct s_op r, w;
	size_t done;

	plug(VUSB_PRINTER, NULL, 0);
	vusb_far_limit(v, 0, BIG, 1);
	T_EQ(s_open("ugen0.01", HYP_F_WRITE, &sf), 0);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	set(&in, USB_SET_BULK_RA, 1);
	set(&sf, USB_SET_BULK_WB, 1);
	blocks(&r, S_READ, &in);
	blocks(&w, S_WRITE, &sf);
	T_EQ(s_revoke("ugen0.02"), 0);
	s_finish(&r);
	T_EQ(r.so_error, EIO);
	T_CHECK(!s_finished(&w));
	s_close(&in);
	/* A close with a ring that nobody waits for. */
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	set(&in, USB_SET_BULK_RA, 1);
	s_close(&in);
	T_EQ(s_open("ugen0.02", HYP_F_READ, &in), 0);
	T_EQ(s_read(&in, far, 4, HYP_F_NONBLOCK, &done), EAGAIN);
	set(&in, USB_SET_BULK_RA, 1);
	s_unplug(v);
	s_finish(&w);
	T_CHECK(w.so_error == EIO || w.so_done > 0);
	s_close(&in);
	s_close(&sf);
	vusb_destroy(v);
}

static void
isochronous(void)
{
	static const uint8_t iso[] = {
		H_DEV(0x0525, 0xa4a8, 0x0100, 0, 0, 0, 1), H_CONF(25, 1, 1),
		H_IFACE(0, 0, 1, 7, 1, 2), H_EP(0x84, 1, 64),
	};
	struct s_file sf;

	plug(VUSB_PRINTER, iso, sizeof(iso));
	T_EQ(s_open("ugen0.04", HYP_F_READ, &sf), ENXIO);
	end();
}

const struct t_case t_cases[] = {
	{ "nothing is ugen's that no claim gives to it", asked },
	{ "each endpoint has a node, for its directions, once", endpoints },
	{ "bulk: all of it, and short packets if they are wanted", bulk },
	{ "timeouts, and O_NONBLOCK", timeouts },
	{ "an interrupt endpoint gives a packet a read", interrupt_in },
	{ "requests, none of a wrong size or behind usbdi's back", requests },
	{ "a thread that may not sleep gets EAGAIN, the device nothing",
	    nosleep },
	{ "descriptors, configurations and settings", descriptors },
	{ "a revoke, and an unplug, end what waits", revoked },
	{ "read-ahead, around its buffer", read_ahead },
	{ "write-behind, and the wait for its end", write_behind },
	{ "a failed transfer of either is told once", rings_fail },
	{ "both end with a revoke, a close and an unplug", rings_end },
	{ "an isochronous endpoint cannot be opened", isochronous },
	{ NULL, NULL }
};
