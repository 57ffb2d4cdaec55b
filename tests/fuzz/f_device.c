/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_device.c - a hostile device against the whole kernel side, with clients at
 * work: the descriptors are within or beyond the rules, transfers are short,
 * long, late, stalled, never come back or are there still when the device has
 * gone, the plug goes in and out, another process goes on with what this one has
 * parked, damaged or not; and three clients make every call on every
 * node, are interrupted, and are revoked.
 *
 * Input
 *	chip	one of two tables of good descriptors; 0xff: they are in the
 *		input
 *	seed	of the order in which threads go on
 *	7 lengths of 2 bytes, and so much of: clients' calls, calls of the host
 *	that fail, control transfers, report descriptor, descriptors, two that
 *	are spare; the rest: transfers (h_device.c)
 *
 * Promises
 *	Results are in their range, and no more bytes are moved than was asked
 *	for.  A call that is interrupted ends within CALM_MS.  When the plug is
 *	out and the files are closed, the device is given back, and the memory
 *	is what it was before: an input that makes it grow is run again, as
 *	nodes and tables stay for ever, and must not make it grow again.
 */
#include <sys/ioctl.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "devsw/ugen.h"
#include "fuzz/h_chips.h"
#include "fuzz/h_device.h"
#include "fuzz/h_world.h"
#include "hid/h_rdesc.h"
#include "hyp/hyp.h"

#define	CLIENTS		3
#define	CALM_MS		60000	/* virtual: many deadlines */
#define	MAXIO		4096

/* ---- devices -------------------------------------------------------- */

static const uint8_t alea[] = {
	H_DEV(0x12d8, 0x0001, 0x0100, 0xff, 0, 0, 1), H_CONF(25, 1, 1),
	H_IFACE(0, 0, 1, 0xff, 0, 0), H_EP(0x81, 2, 64),
};
static const uint8_t generic[] = {
	H_DEV(0x0525, 0xa4a8, 0x0100, 0, 0, 0, 1), H_CONF(62, 1, 1),
	H_IFACE(0, 0, 3, 0xff, 1, 1), H_EP(0x01, 2, 64), H_EP(0x82, 2, 64),
	H_EP(0x83, 3, 16),
	H_IFACE(0, 1, 2, 0xff, 1, 2), H_EP(0x01, 2, 64), H_EP(0x85, 2, 64),
};
/* Beside those of h_chips.h, and after them. */
static const struct chip others[] = {
	{ "ulpt", printer, sizeof(printer) },
	{ "ualea", alea, sizeof(alea) },
	{ "ugen", generic, sizeof(generic) },
};
#define	NOTHERS	(sizeof(others) / sizeof(others[0]))

static const struct chip *
chip_of(uint8_t n)
{

	n %= NCHIPS + NOTHERS;
	return n < NCHIPS ? &chips[n] : &others[n - NCHIPS];
}

/* ugen(4) has what the configuration gives to it. */
static void
give(const struct chip *c)
{
	struct hyp_usb_pins *const hp = &device.d_pins;

	memset(hp, 0, sizeof(*hp));
	if (c != NULL && c->c_bytes == generic) {
		hp->hp_n = 1;
		hp->hp_pin[0].up_iface = hp->hp_pin[0].up_part = -1;
		strcpy(hp->hp_pin[0].up_driver, "ugen");
	}
}

/* ---- clients -------------------------------------------------------- */

enum call { OPEN, CLOSE, READ, WRITE, IOCTL, POLL, REVOKE, NCALLS };

struct client {
	uint32_t	 c_word;	/* changes with each job */
	bool		 c_busy;
	enum call	 c_call;
	uint32_t	 c_arg, c_arg2;
	uint8_t		 c_data[256];	/* of an ioctl */
	struct hyp_lwp	*c_lwp;		/* while busy */
	struct hyp_file	*c_file;
	struct hostfile	*c_host;
};
static struct client clients[CLIENTS];

static void
client_open(struct client *c)
{
	struct hyp_node *const hn = device_node_here(c->c_arg);
	int error;

	if (c->c_file != NULL || hn == NULL)
		return;
	c->c_host = calloc(1, sizeof(*c->c_host));
	error = hyp_node_open(hn, (int)(c->c_arg2 & (7 | HYP_F_AGAIN)), c->c_host,
	    &c->c_file);
	FUZZ_PROMISE(error >= 0 && error <= 133);
	if (error != 0) {
		c->c_file = NULL;
		c->c_host->h_closed = true;
		free(c->c_host);
		c->c_host = NULL;
	}
}

static void
client_close(struct client *c)
{

	hyp_file_close(c->c_file, (int)(c->c_arg2 & HYP_F_NONBLOCK));
	c->c_host->h_closed = true;
	free(c->c_host);
	c->c_host = NULL;
	c->c_file = NULL;
}

static void
client_io(struct client *c)
{
	const size_t len = c->c_arg % (MAXIO + 1);
	const int flags = (int)(c->c_arg2 & (HYP_F_NONBLOCK | HYP_F_CONT));
	uint8_t *const buf = malloc(len > 0 ? len : 1);
	size_t done = 0;
	int error;

	memset(buf, 'w', len);
	error = c->c_call == READ ?
	    hyp_file_read(c->c_file, buf, len, flags, &done) :
	    hyp_file_write(c->c_file, buf, len, flags, &done);
	FUZZ_PROMISE(error >= 0 && error <= 133);
	FUZZ_PROMISE(error != 0 || done <= len);
	free(buf);
}

static void
client_ioctl(struct client *c)
{
	size_t insize, outsize, outoff, done;
	uint8_t *in, *out;
	int error, result = 0;

	error = hyp_ioctl_size(c->c_arg, &insize, &outsize, &outoff);
	FUZZ_PROMISE(error >= 0 && error <= 133);
	if (error != 0)
		return;
	FUZZ_PROMISE(insize < 65536 && outsize < 65536);
	in = calloc(1, insize > 0 ? insize : 1);
	out = calloc(1, outsize > 0 ? outsize : 1);
	memcpy(in, c->c_data, insize < sizeof(c->c_data) ? insize :
	    sizeof(c->c_data));
	done = outsize;
	error = hyp_file_ioctl(c->c_file, c->c_arg, c->c_arg2, in, insize, out,
	    &done, &result);
	FUZZ_PROMISE(error >= 0 && error <= 133);
	FUZZ_PROMISE(error != 0 || done <= outsize);
	free(in);
	free(out);
}

static void
client_call(struct client *c)
{

	if (c->c_call == OPEN)
		client_open(c);
	else if (c->c_call == REVOKE && device_node_here(c->c_arg) != NULL)
		(void)hyp_node_revoke(device_node_here(c->c_arg));
	else if (c->c_file == NULL)
		return;
	else if (c->c_call == CLOSE)
		client_close(c);
	else if (c->c_call == READ || c->c_call == WRITE)
		client_io(c);
	else if (c->c_call == IOCTL)
		client_ioctl(c);
	else
		(void)hyp_file_poll(c->c_file, c->c_arg, c->c_arg2 & 1);
}

static void
client_thread(void *arg)
{
	struct client *const c = arg;
	const struct hyp_cred hc = { .hc_uid = 0 };

	for (;;) {
		while (!c->c_busy)
			(void)hyp_park(&c->c_word, c->c_word, 0);
		c->c_lwp = hyp_lwp_enter(&hc);
		client_call(c);
		hyp_lwp_exit(c->c_lwp);
		c->c_lwp = NULL;
		c->c_busy = false;
	}
}

static void
client_do(struct client *c)
{

	c->c_busy = true;
	c->c_word++;
	hyp_unpark(&c->c_word, 1);
	world_sleep(1);
}

static void
interrupt(struct client *c)
{

	if (c->c_lwp != NULL)
		hyp_lwp_interrupt(c->c_lwp);
	world_sleep(1);
}

/* Whatever he does, it ends. */
static void
calm(struct client *c)
{

	interrupt(c);
	for (unsigned ms = 0; c->c_busy; ms += 100) {
		FUZZ_PROMISE(ms < CALM_MS);
		world_sleep(100);
	}
}

/* ---- what happens --------------------------------------------------- */

static const uint32_t ioctls[] = {
	0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5409, 0x540a,
	0x540b, 0x540c, 0x540d, 0x5411, 0x5412, 0x5413, 0x5414, 0x5415,
	0x5416, 0x5417, 0x5418, 0x5419, 0x541a, 0x541b, 0x541e, 0x541f,
	0x5423, 0x5424, 0x5425, 0x5427, 0x5428, 0x5459, 0x545c, 0x545d,
	0x80045440, 0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d,
	/* hidraw's */
	0x80044801, 0x90044802, 0x80084803, 0x80ff4804, 0x80ff4805,
	0xc0404806, 0xc0404807, 0xc0404809, 0xc040480a, 0xc040480b,
	0xc040480c, 0x4004480d,
	/* uhid's, by group and number as the header has them */
	0xc0085515, 0x40045516, 0xc4085517, 0x44085518, 0x80045519,
	0x40045503, 0x8004551a, 0x8104551b, 0xc4045515, 0x84045515,
	0x80985570, 0x80045571,
	/* a printer's, and ugen's */
	0x83e85001, 0x060b,
	USB_GET_CONFIG, USB_SET_CONFIG, USB_GET_ALTINTERFACE,
	USB_SET_ALTINTERFACE, USB_GET_NO_ALT, USB_GET_DEVICE_DESC,
	USB_GET_CONFIG_DESC, USB_GET_INTERFACE_DESC, USB_GET_ENDPOINT_DESC,
	UGEN_GET_FULL_DESC(100), USB_GET_STRING_DESC, UGEN_DO_REQUEST(8),
	USB_GET_DEVICEINFO, USB_SET_SHORT_XFER, USB_SET_TIMEOUT,
	USB_SET_BULK_RA, USB_SET_BULK_WB, USB_SET_BULK_RA_OPT,
	USB_SET_BULK_WB_OPT,
};
#define	NIOCTLS	(sizeof(ioctls) / sizeof(ioctls[0]))

static void
take_call(struct fuzz *f, struct client *c, uint8_t op)
{

	if (c->c_busy) {
		world_sleep(20);
		if (c->c_busy && (op & 1) != 0)
			interrupt(c);
		if (c->c_busy)
			return;
	}
	c->c_call = op % NCALLS;
	switch (c->c_call) {
	case OPEN:
	case REVOKE:
		c->c_arg = fuzz_u8(f);
		c->c_arg2 = fuzz_u8(f);
		break;
	case READ:
	case WRITE:
		c->c_arg = fuzz_u16(f);
		c->c_arg2 = fuzz_u8(f);
		break;
	case IOCTL:
		c->c_arg = fuzz_u8(f);
		c->c_arg = c->c_arg == 0xff ? fuzz_u32(f) :
		    ioctls[c->c_arg % NIOCTLS];
		c->c_arg2 = fuzz_u32(f);
		memset(c->c_data, 0, sizeof(c->c_data));
		(void)fuzz_bytes(f, c->c_data, fuzz_u8(f));
		break;
	default:
		c->c_arg = fuzz_u16(f);
		c->c_arg2 = fuzz_u8(f);
	}
	client_do(c);
}

static void
configure(struct fuzz *f)
{
	struct hyp_usb_line line;

	memset(&line, 0, sizeof(line));
	line.hl_speed = fuzz_u16(f);
	line.hl_bits = 5 + fuzz_u8(f) % 4;
	line.hl_parity = (uint8_t)"NEOMS"[fuzz_u8(f) % 5];
	line.hl_stop = 1 + fuzz_u8(f) % 2;
	line.hl_flow = fuzz_u8(f) % 4;
	line.hl_dtr = fuzz_u8(f) % 4;
	line.hl_rts = fuzz_u8(f) % 4;
	line.hl_latency = fuzz_u8(f);
	line.hl_semantics = fuzz_u8(f) % 6;
	hyp_usb_line(DEVICE_PATH, &line);
}

/*
 * Another process has the device, with what this one has parked, or what has
 * become of that; and it is opened again.
 */
static void
hand_over(struct fuzz *f)
{
	unsigned i, ms;

	for (i = 0; i < CLIENTS; i++)
		calm(&clients[i]);
	hyp_hand_over();
	for (i = fuzz_u8(f) % 8; i > 0; i--) {
		const uint32_t at = fuzz_u16(f);

		device_parked_spoil(at, fuzz_u8(f));
	}
	hyp_usb_left(DEVICE_PATH);
	for (i = 0; i < CLIENTS; i++) {
		clients[i].c_call = CLOSE;
		clients[i].c_arg2 = HYP_F_NONBLOCK;
		client_do(&clients[i]);
		calm(&clients[i]);
	}
	for (ms = 0; device.d_open != NULL; ms += 100) {
		FUZZ_PROMISE(ms < CALM_MS);
		world_sleep(100);
	}
	device_again();
	world_sleep(50);
	clients[0].c_call = OPEN;
	clients[0].c_arg = fuzz_u8(f);
	clients[0].c_arg2 = HYP_F_READ | HYP_F_WRITE | HYP_F_NONBLOCK |
	    HYP_F_AGAIN;
	client_do(&clients[0]);
}

static void
take_event(struct fuzz *f, uint8_t op)
{
	struct hyp_node_stat hs;

	switch (op % 8) {
	case 0:
		world_sleep(1 + fuzz_u8(f));
		break;
	case 1:
		world_sleep(100u * fuzz_u8(f));
		break;
	case 2:
		device_unplug((op & 8) != 0, (op & 16) != 0);
		break;
	case 3:
		device_plug();
		world_sleep(1);
		break;
	case 4:
		device_again();
		break;
	case 5:
		interrupt(&clients[fuzz_u8(f) % CLIENTS]);
		break;
	case 6:
		configure(f);
		break;
	case 7:
		if ((op & 8) != 0) {
			hand_over(f);
			break;
		}
		for (unsigned i = 0; i < device_nodes(); i++)
			hyp_node_getstat(device_node(i), &hs);
		break;
	}
}

/* The plug is out and everybody has gone. */
static void
settle(void)
{
	unsigned i, ms;

	device.d_in.f_left = device.d_control.f_left = 0;
	device.d_calls.f_left = 0;
	for (i = 0; i < CLIENTS; i++)
		calm(&clients[i]);
	for (i = 0; i < CLIENTS; i++) {
		clients[i].c_call = CLOSE;
		clients[i].c_arg2 = HYP_F_NONBLOCK;
		client_do(&clients[i]);
	}
	for (i = 0; i < CLIENTS; i++)
		calm(&clients[i]);
	device_unplug(true, true);
	hyp_usb_left(DEVICE_PATH);
	for (ms = 0; device.d_open != NULL; ms += 100) {
		FUZZ_PROMISE(ms < CALM_MS);
		world_sleep(100);
	}
	device_return();
	device_parked_drop();
	world_sleep(1500);	/* callouts that look once a second */
	FUZZ_PROMISE(hyp_zombies() == 0);
}

static void
boot(void)
{
	static bool booted;

	if (booted)
		return;
	booted = true;
	if (hyp_boot(HYP_VERSION) != 0)
		fuzz_broken(__FILE__, __LINE__, "hyp_boot");
	for (unsigned i = 0; i < CLIENTS; i++)
		(void)hyp_thread_create("client", client_thread, &clients[i],
		    NULL);
}

static void
execute(void *arg)
{
	struct fuzz f = *(struct fuzz *)arg, ops, desc;
	const uint8_t which = fuzz_u8(&f);
	const struct chip *const c = which == 0xff ? NULL : chip_of(which);
	uint16_t len[7];
	uint8_t op;

	boot();
	world_seed(fuzz_u8(&f));
	for (unsigned i = 0; i < 7; i++)
		len[i] = fuzz_u16(&f);
	ops = fuzz_part(&f, len[0]);
	device.d_calls = fuzz_part(&f, len[1]);
	device.d_control = fuzz_part(&f, len[2]);
	device.d_report = fuzz_part(&f, len[3]);
	desc = fuzz_part(&f, len[4]);
	device.d_in = f;
	device.d_desc = c == NULL ? desc : fuzz_begin(c->c_bytes, c->c_len);
	give(c);
	device_forget();
	device_plug();
	world_sleep(50);
	for (unsigned n = 0; ops.f_left > 0 && n < 64; n++) {
		op = fuzz_u8(&ops);
		if (op >= 0xc0)
			take_event(&ops, op);
		else
			take_call(&ops, &clients[op >> 6], op & 0x3f);
	}
	settle();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint64_t before;
	uint32_t pieces;
	struct fuzz f;
	uint64_t after = 0;

	if (n < 16)
		return 0;
	for (int tries = 0; tries < 4; tries++) {
		f = fuzz_begin(bytes, n);
		world_run(execute, &f);
		after = hyp_memory(&pieces);
		if (after <= before)
			return 0;
		before = after;
	}
	fuzz_broken(__FILE__, __LINE__, "each execution takes memory");
}

/* ---- seeds ---------------------------------------------------------- */

struct seed {
	uint8_t		s_bytes[4096];
	size_t		s_n;
};

static void
put(struct seed *s, const void *bytes, size_t n)
{

	if (n > 0)
		memcpy(s->s_bytes + s->s_n, bytes, n);
	s->s_n += n;
}

static void
put_word(struct seed *s, size_t v)
{
	const uint8_t b[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

	put(s, b, 2);
}

static void
seed(const char *name, uint8_t chip, const uint8_t *ops, size_t nops,
    const uint8_t *report, size_t nreport, const uint8_t *in, size_t nin)
{
	const struct chip *const c = chip_of(chip & 0x0f);
	const bool own = (chip & 0x80) != 0;
	static struct seed s;
	const uint8_t head[2] = { own ? 0xff : chip, 1 };

	s.s_n = 0;
	put(&s, head, 2);
	put_word(&s, nops);
	put_word(&s, 0);
	put_word(&s, 0);
	put_word(&s, nreport);
	put_word(&s, own ? c->c_len : 0);
	put_word(&s, 0);
	put_word(&s, 0);
	put(&s, ops, nops);
	put(&s, report, nreport);
	if (own)
		put(&s, c->c_bytes, c->c_len);
	put(&s, in, nin);
	fuzz_seed(name, s.s_bytes, s.s_n);
}

void
fuzz_seeds(void)
{
	/* Open, set, write, poll, read with nothing there, close. */
	static const uint8_t work[] = { OPEN, 0, 7, IOCTL, 36, 0, 0, 0, 0, 0,
	    IOCTL, 15, 0, 0, 0, 0, 0, WRITE, 20, 0, 4, POLL, 0x45, 0, 1,
	    READ, 50, 0, 4, 0xc0, 20, READ, 50, 0, 4, CLOSE, 0, 0, 4 };
	/* Two clients, one waits; unplug; plug; revoke. */
	static const uint8_t out[] = { OPEN, 0, 3, READ, 9, 0, 0,
	    0x40 | OPEN, 1, 7, 0xc2, 0xc0, 9, 0xc3, 0x40 | OPEN, 0, 7,
	    0x40 | IOCTL, 22, 0, 0, 0, 0, 0, 0x80 | REVOKE, 0, 0, 0xc6, 1, 0,
	    0, 0, 0, 0, 0, 0, 0, 5, 0xc7 };
	/* Input of all kinds; each 0 or 9 is a transfer. */
	static const uint8_t in[] = { 0, 8, 0x01, 0x60, 'h', 'i', 0xec, 2, 0x10,
	    3, 9, 10, 5, 0xa1, 0x20, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 12, 0xa1,
	    0x20, 0, 0, 0, 0, 2, 0, 0x80, 1, 0, 0, 0, 3, 0xec, 3, 0x11, 5, 6,
	    9, 4, 3, 1, 2, 3, 10 };
	/* Stopped output, input; handed over well, and with a byte changed. */
	static const uint8_t hand[] = { OPEN, 1, 7, IOCTL, 7, 0, 0, 0, 0, 0,
	    WRITE, 90, 0, 4, 0xc0, 20, 0xcf, 0, 1, 0xc0, 20, READ, 50, 0, 4,
	    0xcf, 1, 40, 0, 1, 1, WRITE, 9, 0, 4, CLOSE, 0, 0, 4 };
	/* hidraw's and uhid's ioctls, then reports as they have them. */
	static const uint8_t raw[] = { OPEN, 0, 7, IOCTL, 37, 0, 0, 0, 0, 0,
	    IOCTL, 38, 0, 0, 0, 0, 4, 9, 0, 0, 0, IOCTL, 40, 0, 0, 0, 0, 0,
	    IOCTL, 42, 0, 0, 0, 0, 2, 0, 1, IOCTL, 43, 0, 0, 0, 0, 1, 0,
	    WRITE, 9, 0, 4, 0xc0, 20, READ, 50, 0, 4, POLL, 0x45, 0, 1,
	    0x40 | OPEN, 0, 3, 0x40 | IOCTL, 51, 0, 0, 0, 0, 0,
	    0x40 | READ, 50, 0, 4, IOCTL, 48, 0, 0, 0, 0, 0, READ, 9, 0, 4 };
	/* ugen(4): questions, then input ahead and output behind. */
	static const uint8_t gen[] = { OPEN, 0, 7, IOCTL, 68, 0, 0, 0, 0, 0,
	    IOCTL, 69, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    IOCTL, 70, 0, 0, 0, 0, 0, IOCTL, 71, 0, 0, 0, 0, 0,
	    IOCTL, 72, 0, 0, 0, 0, 0, IOCTL, 74, 0, 0, 0, 0, 9, 0, 0, 0, 0,
	    0x80, 6, 0, 1, 8, 0, 0x40 | OPEN, 1, 3, 0x40 | WRITE, 90, 0, 4,
	    0x40 | IOCTL, 79, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0x40 | WRITE, 90, 0, 4,
	    0x80 | OPEN, 2, 3, 0x80 | IOCTL, 78, 0, 0, 0, 0, 4, 1, 0, 0, 0,
	    0x80 | READ, 90, 0, 4, 0xc0, 20, 0x80 | READ, 90, 0, 4,
	    0x80 | POLL, 0x45, 0, 1, CLOSE, 0, 0, OPEN, 3, 1, READ, 9, 0, 4 };
	char name[32];

	for (uint8_t i = 0; i < NCHIPS + NOTHERS; i++) {
		const struct chip *const c = chip_of(i);

		strcpy(name, c->c_name);
		seed(name, i, work, sizeof(work), h_rdescs[0].r_bytes,
		    h_rdescs[0].r_len, in, sizeof(in));
		strcat(name, "-out");
		seed(name, i, out, sizeof(out), h_rdescs[1].r_bytes,
		    h_rdescs[1].r_len, in, sizeof(in));
		strcpy(name, c->c_name);
		strcat(name, "-hand");
		seed(name, i, hand, sizeof(hand), NULL, 0, in, sizeof(in));
		strcpy(name, c->c_name);
		strcat(name, "-out");
		strcat(name, "-own");
		seed(name, i | 0x80, work, sizeof(work), h_rdescs[2].r_bytes,
		    h_rdescs[2].r_len, in, sizeof(in));
	}
	seed("hidraw", 6, raw, sizeof(raw), h_rdescs[1].r_bytes,
	    h_rdescs[1].r_len, in, sizeof(in));
	seed("generic", NCHIPS + NOTHERS - 1, gen, sizeof(gen), NULL, 0, in,
	    sizeof(in));
	for (size_t k = 0; k < H_NRDESC; k++) {
		strcpy(name, "hid-");
		strncat(name, h_rdescs[k].r_name, sizeof(name) - 5);
		if (h_rdescs[k].r_len < 3000)
			seed(name, 6, work, sizeof(work), h_rdescs[k].r_bytes,
			    h_rdescs[k].r_len, in, sizeof(in));
	}
}
