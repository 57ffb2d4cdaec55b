/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_device.c - see h_device.h.
 *
 * A transfer takes a byte of its input:
 *
 *	0 to 3	ends well.  An IN transfer takes another byte, how much it
 *		brings (255: all that there is room for, until that was MUCH in
 *		one execution, as two bytes would buy a transfer of 16 KiB), and
 *		then that
 *	4	ends well with nothing
 *	5	STALL		6	I/O error	7	overflow
 *	8	the device is gone
 *	9	as 0, after so many ms as another byte says
 *	10	never, but can be cancelled
 *	11	never, and cannot
 *	12	claims a byte more than there is room for
 *	13, 14	cannot be submitted: EIO, ENODEV
 *	15	never, and when it is cancelled it says that it has ended well
 *
 * of which the lower four bits count.  One thread at a time runs, and it sleeps
 * where it says hyp_park: no locks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/h_device.h"
#include "fuzz/h_world.h"
#include "hyp/hyp.h"
#include "hyp/hyp_state.h"
#include "sched/sched.h"

#define	MAXNODES	8192
#define	MAXHERE		64
#define	MUCH		32768	/* two of the largest transfers */
#define	PACKET		64
#define	GET_DESCRIPTOR	0x06
#define	REPORT_DESC	0x22

enum xstate { IDLE, FLYING, ENDED };

struct hyp_usbx {
	struct hyp_usbx	*x_next;
	struct hyp_usb	*x_usb;
	enum xstate	 x_state;
	int		 x_type;
	uint8_t		 x_ep;
	uint8_t		 x_does;
	bool		 x_running;
	bool		 x_freed;
	bool		 x_own;		/* freed in its own callback */
	int		 x_status;
	uint32_t	 x_len, x_actlen;
	uint64_t	 x_due;		/* 0: never */
	size_t		 x_size;
	uint8_t		*x_buf;
	hyp_usb_done_t	*x_done;
	void		*x_cookie;
};

struct hyp_usb {
	void		*u_cookie;
	struct hyp_thread *u_thread;
	void		*u_self;	/* sched_lwp of that */
	struct hyp_usbx	*u_xs;		/* not idle, oldest first */
	uint32_t	 u_word;	/* changes with each event */
	bool		 u_tellgone, u_stop;
};

struct device device;
static uint32_t addr;			/* of this plugging */
static bool plugged;
static struct hyp_usbx *zombies;
static unsigned nzombies;

static void
event(struct hyp_usb *u)
{

	u->u_word++;
	hyp_unpark(&u->u_word, ~0u);
}

/* ---- transfers ------------------------------------------------------ */

static void
end(struct hyp_usbx *x, int status, uint32_t actlen)
{

	x->x_state = ENDED;
	x->x_status = status;
	x->x_actlen = actlen;
	event(x->x_usb);
}

static void
destroy(struct hyp_usbx *x)
{

	free(x->x_buf);
	free(x);
}

static void
unlink_x(struct hyp_usb *u, struct hyp_usbx *x)
{
	struct hyp_usbx **xp = &u->u_xs;

	while (*xp != x)
		xp = &(*xp)->x_next;
	*xp = x->x_next;
}

static void
deliver(struct hyp_usb *u, struct hyp_usbx *x)
{

	unlink_x(u, x);
	x->x_state = IDLE;
	x->x_running = true;
	if (x->x_type != HYP_USB_CONTROL && (x->x_ep & 0x80) == 0 &&
	    x->x_status == HYP_USB_OK)
		device.d_sent += x->x_actlen;
	x->x_done(x->x_cookie, x->x_status, x->x_actlen);
	x->x_running = false;
	event(u);
	if (x->x_freed && x->x_own)
		destroy(x);
}

int
hyp_usbx_more(struct hyp_usbx *x)
{
	const struct hyp_usbx *next = x->x_usb->u_xs;

	FUZZ_PROMISE(x->x_running);
	while (next != NULL && next->x_state != ENDED)
		next = next->x_next;
	return next != NULL && next->x_ep == x->x_ep;
}

/* End what is due; the first that has ended, and when the next one is due. */
static struct hyp_usbx *
look(struct hyp_usb *u, uint64_t *due)
{
	struct hyp_usbx *x, *ended = NULL;

	*due = 0;
	for (x = u->u_xs; x != NULL; x = x->x_next) {
		if (x->x_state == FLYING && x->x_due != 0 &&
		    x->x_due <= hyp_clock())
			end(x, HYP_USB_OK, x->x_actlen);
		if (x->x_state == ENDED && ended == NULL)
			ended = x;
		if (x->x_state == FLYING && x->x_due != 0 &&
		    (*due == 0 || x->x_due < *due))
			*due = x->x_due;
	}
	return ended;
}

static void
event_thread(void *arg)
{
	struct hyp_usb *const u = arg;
	struct hyp_usbx *x;
	uint64_t due;
	uint32_t seen;

	u->u_self = sched_lwp;
	for (;;) {
		x = look(u, &due);
		seen = u->u_word;
		if (x != NULL) {
			deliver(u, x);
		} else if (u->u_tellgone) {
			u->u_tellgone = false;
			hyp_usb_gone(u->u_cookie);
		} else if (u->u_stop) {
			break;
		} else
			(void)hyp_park(&u->u_word, seen, due);
	}
}

/* All that an IN transfer has room for, or a packet when that was much. */
static uint32_t
room(const struct hyp_usbx *x)
{
	uint32_t n = x->x_len;

	if (n > device.d_much)
		n = n < PACKET ? n : PACKET;
	else
		device.d_much -= n;
	return n;
}

/* How much an IN transfer brings, and that. */
static uint32_t
bring(struct fuzz *f, struct hyp_usbx *x)
{
	uint32_t n;

	if (f->f_left == 0)
		return room(x);
	n = fuzz_u8(f);
	if (n == 0xff || n > x->x_len)
		n = room(x);
	(void)fuzz_bytes(f, x->x_buf, n);
	return n;
}

static void
all_gone(void)
{
	struct hyp_usb *const u = device.d_open;

	device.d_gone = true;
	if (u == NULL)
		return;
	for (struct hyp_usbx *x = u->u_xs; x != NULL; x = x->x_next)
		if (x->x_state == FLYING && x->x_does != 11)
			end(x, HYP_USB_NODEV, 0);
	u->u_tellgone = !u->u_stop;
	event(u);
}

/* What the hardware does with a transfer that it has just got. */
static void
act(struct hyp_usbx *x, struct fuzz *f, bool in)
{

	switch (x->x_does) {
	default:
		end(x, HYP_USB_OK, in ? bring(f, x) : x->x_len);
		break;
	case 4:
		end(x, HYP_USB_OK, 0);
		break;
	case 5:
		end(x, HYP_USB_STALL, 0);
		break;
	case 6:
		end(x, HYP_USB_IOERROR, 0);
		break;
	case 7:
		end(x, HYP_USB_OVERFLOW, in ? room(x) : 0);
		break;
	case 8:
		all_gone();
		break;
	case 9:
		x->x_actlen = in ? bring(f, x) : x->x_len;
		x->x_due = hyp_clock() + (uint64_t)(1 + fuzz_u8(f)) * 1000000;
		break;
	case 10:
	case 11:
	case 15:
		break;
	case 12:
		end(x, HYP_USB_OK, x->x_len + 1);
		break;
	}
}

bool
device_feed(int type, int status, const void *bytes, size_t n)
{
	struct hyp_usb *const u = device.d_open;
	struct hyp_usbx *x = u != NULL ? u->u_xs : NULL;

	while (x != NULL && (x->x_state != FLYING || x->x_type != type ||
	    (x->x_ep & 0x80) == 0))
		x = x->x_next;
	if (x == NULL)
		return false;
	FUZZ_PROMISE(n <= x->x_len);
	if (n > 0)
		memcpy(x->x_buf, bytes, n);
	end(x, status, (uint32_t)n);
	return true;
}

/* A report descriptor is asked for. */
static void
answer_report(struct hyp_usbx *x)
{
	struct fuzz f = device.d_report;

	end(x, HYP_USB_OK, (uint32_t)fuzz_bytes(&f, x->x_buf, x->x_len));
}

int
hyp_usbx_submit(struct hyp_usbx *x, const void *setup, uint32_t len, int zlp)
{
	const uint8_t *const s = setup;
	const bool control = x->x_type == HYP_USB_CONTROL;
	const bool in = ((control ? s[0] : x->x_ep) & 0x80) != 0;
	struct fuzz *const f = control ? &device.d_control : &device.d_in;
	struct hyp_usbx **xp = &x->x_usb->u_xs;

	(void)zlp;
	FUZZ_PROMISE(x->x_state == IDLE && !x->x_freed && len <= x->x_size);
	FUZZ_PROMISE((setup != NULL) == control);
	if (device.d_gone)
		return ENODEV;
	if (f->f_left > 0)
		x->x_does = fuzz_u8(f) & 15;
	else
		x->x_does = in && !control ? 10 : 0;
	if (x->x_does == 13 || x->x_does == 14)
		return x->x_does == 13 ? EIO : ENODEV;
	x->x_len = len;
	x->x_due = 0;
	x->x_actlen = 0;
	x->x_state = FLYING;
	x->x_next = NULL;
	while (*xp != NULL)
		xp = &(*xp)->x_next;
	*xp = x;
	if (control && s[1] == GET_DESCRIPTOR && s[3] == REPORT_DESC &&
	    x->x_does < 4)
		answer_report(x);
	else
		act(x, f, in);
	return 0;
}

void
hyp_usbx_cancel(struct hyp_usbx *x)
{

	FUZZ_PROMISE(!x->x_freed);
	if (x->x_state != FLYING || x->x_does == 11)
		return;
	if (x->x_does == 15)
		end(x, HYP_USB_OK, (x->x_ep & 0x80) != 0 ? room(x) : x->x_len);
	else
		end(x, HYP_USB_CANCELLED, 0);
}

int
hyp_usbx_alloc(struct hyp_usb *u, int type, uint8_t ep, size_t size,
    hyp_usb_done_t *done, void *cookie, struct hyp_usbx **xp, void **bufp)
{
	struct hyp_usbx *const x = calloc(1, sizeof(*x));

	x->x_usb = u;
	x->x_type = type;
	x->x_ep = ep;
	x->x_size = size;
	x->x_buf = calloc(1, size + 1);
	x->x_done = done;
	x->x_cookie = cookie;
	*xp = x;
	*bufp = x->x_buf;
	return 0;
}

void
hyp_usbx_free(struct hyp_usbx *x)
{

	struct hyp_usb *const u = x->x_usb;
	uint32_t seen;

	FUZZ_PROMISE(!x->x_freed);
	x->x_freed = true;
	while (x->x_running && sched_lwp != u->u_self) {
		seen = u->u_word;
		(void)hyp_park(&u->u_word, seen, 0);
	}
	if (x->x_state == FLYING) {
		unlink_x(u, x);
		x->x_next = zombies;
		zombies = x;
		nzombies++;
		return;
	}
	if (x->x_state == ENDED) {
		unlink_x(u, x);
		x->x_state = IDLE;
	}
	/* In its own callback: freed after that. */
	if (x->x_running)
		x->x_own = true;
	else
		destroy(x);
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

	return nzombies;
}

void
device_return(void)
{
	struct hyp_usbx *x;

	while ((x = zombies) != NULL) {
		zombies = x->x_next;
		nzombies--;
		destroy(x);
	}
}

/* ---- devices -------------------------------------------------------- */

/* A call that may fail. */
static int
call(void)
{
	static const int errors[16] = { ENODEV, EIO, EBUSY, EACCES, ENOMEM,
	    EMFILE, EAGAIN, EIO, EIO, EIO, EIO, EIO, EIO, EIO, EIO, EIO };
	uint8_t b;

	if (device.d_gone)
		return ENODEV;
	b = fuzz_u8(&device.d_calls);
	if (b >= 0xe0 && b < 0xf0)
		world_sleep(b & 15);
	return b < 0xf0 ? 0 : errors[b & 15];
}

int
hyp_usb_open(uint32_t bus, uint32_t ad, void *cookie, struct hyp_usb **up)
{
	struct hyp_usb *u;
	int error;

	(void)bus;
	if (ad != addr || !plugged || device.d_open != NULL)
		return ENODEV;
	error = call();
	if (error != 0)
		return error;
	u = calloc(1, sizeof(*u));
	u->u_cookie = cookie;
	error = hyp_thread_create("event", event_thread, u, &u->u_thread);
	if (error != 0) {
		free(u);
		return error;
	}
	device.d_open = u;
	*up = u;
	return 0;
}

void
hyp_usb_close(struct hyp_usb *u)
{

	u->u_stop = true;
	u->u_tellgone = false;
	event(u);
	hyp_thread_join(u->u_thread);
	FUZZ_PROMISE(u->u_xs == NULL);
	device.d_open = NULL;
	free(u);
}

int
hyp_usb_descriptors(struct hyp_usb *u, void *buf, size_t size, size_t *len)
{
	struct fuzz f = device.d_desc;

	(void)u;
	*len = f.f_left < size ? f.f_left : size;
	(void)fuzz_bytes(&f, buf, *len);
	return call();
}

int
hyp_usb_get_config(struct hyp_usb *u, uint8_t *value)
{

	(void)u;
	*value = device.d_desc.f_left > 23 ? device.d_desc.f_at[23] : 0;
	return call();
}

int
hyp_usb_set_config(struct hyp_usb *u, uint8_t value)
{

	(void)u;
	(void)value;
	return call();
}

int
hyp_usb_set_alt(struct hyp_usb *u, uint8_t iface, uint8_t alt)
{

	(void)u;
	(void)iface;
	(void)alt;
	return call();
}

int
hyp_usb_clear_halt(struct hyp_usb *u, uint8_t ep)
{

	(void)u;
	(void)ep;
	return call();
}

int
hyp_usb_claim(struct hyp_usb *u, uint8_t iface)
{

	(void)u;
	(void)iface;
	return call();
}

/* ---- plugs ---------------------------------------------------------- */

static uint16_t
desc_word(size_t at)
{

	return device.d_desc.f_left < at + 2 ? 0 :
	    (uint16_t)(device.d_desc.f_at[at] |
	    device.d_desc.f_at[at + 1] << 8);
}

void
device_again(void)
{
	const struct hyp_usb_info hi = { .hi_path = DEVICE_PATH, .hi_bus = 1,
	    .hi_addr = addr, .hi_vendor = desc_word(8),
	    .hi_product = desc_word(10), .hi_release = desc_word(12),
	    .hi_speed = HYP_USB_SPEED_FULL, .hi_serial = "s\033\"\x80",
	    .hi_vendorstr = "v", .hi_productstr = "p",
	    .hi_pins = device.d_pins };

	if (plugged)
		hyp_usb_arrived(&hi);
}

void
device_plug(void)
{

	if (plugged || device.d_open != NULL)
		return;
	plugged = true;
	device.d_gone = false;
	addr++;
	device_again();
}

void
device_unplug(bool gone, bool left)
{

	if (!plugged)
		return;
	plugged = false;
	all_gone();
	if (device.d_open != NULL && !gone)
		device.d_open->u_tellgone = false;
	if (left || !gone)
		hyp_usb_left(DEVICE_PATH);
}

/* ---- the front end -------------------------------------------------- */

static struct hyp_node *nodes[MAXNODES];
static unsigned nnodes;
static struct hyp_node *here[MAXHERE];
static unsigned nhere;

struct hyp_node *
device_node(unsigned i)
{

	return nnodes == 0 ? NULL : nodes[i % nnodes];
}

unsigned
device_nodes(void)
{

	return nnodes;
}

struct hyp_node *
device_node_here(unsigned i)
{

	return nhere == 0 ? NULL : here[i % nhere];
}

void
device_forget(void)
{

	nhere = 0;
	device.d_much = MUCH;
}

int
hyp_node_create(struct hyp_node *hn, const char *name, int class,
    uint32_t devminor, void **host)
{

	(void)name;
	(void)class;
	(void)devminor;
	if (nnodes == MAXNODES)
		return ENOMEM;
	*host = &nodes[nnodes];
	nodes[nnodes++] = hn;
	return 0;
}

int
hyp_node_access(void *host, const struct hyp_cred *hc, int flags)
{

	(void)host;
	(void)flags;
	return hc->hc_uid == 4242 ? EACCES : 0;
}

void
hyp_node_stuck(void *host)
{

	(void)host;
}

void
hyp_node_changed(void *host)
{
	struct hyp_node *const hn = *(struct hyp_node **)host;
	unsigned i = 0;

	while (i < nhere && here[i] != hn)
		i++;
	if (i == nhere && nhere < MAXHERE)
		here[nhere++] = hn;
}

void
hyp_state_put(const char *name, const void *data, size_t len)
{

	(void)name;
	(void)data;
	(void)len;
}

size_t
hyp_state_get(const char *name, void *data, size_t max)
{

	(void)name;
	(void)data;
	(void)max;
	return 0;
}

/* What one driver instance has parked last. */
static char parked_name[32];
static uint8_t *parked;
static size_t parked_len;

void
device_parked_drop(void)
{

	free(parked);
	parked = NULL;
	parked_len = 0;
}

void
device_parked_spoil(uint32_t at, uint8_t by)
{

	if (parked_len != 0)
		parked[at % parked_len] ^= by;
}

int
hyp_hand_put(const char *name, const void *data, size_t len)
{

	device_parked_drop();
	if (len == 0 || (parked = malloc(len)) == NULL)
		return ENOMEM;
	memcpy(parked, data, len);
	parked_len = len;
	strncpy(parked_name, name, sizeof(parked_name) - 1);
	return 0;
}

size_t
hyp_hand_get(const char *name, void *data, size_t max)
{

	if (parked_len == 0 || strcmp(name, parked_name) != 0)
		return 0;
	if (parked_len <= max)
		memcpy(data, parked, parked_len);
	return parked_len;
}

void
hyp_file_closing(void *host)
{

	(void)host;
}

void
hyp_file_pollwake(void *host)
{
	struct hostfile *const h = host;

	FUZZ_PROMISE(!h->h_closed);
	h->h_woken++;
}
