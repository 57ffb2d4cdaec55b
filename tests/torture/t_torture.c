/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_torture: failures in turn, of the whole kernel side with a driver and its
 * clients at work (docs/testing.md).
 *
 * A day: the kernel side starts; a device is plugged in; every node of it is
 * opened, set, written to, read, drained and closed; reads sleep while it is
 * unplugged and while it is revoked; its input stalls; it goes again.  The day
 * is run once to count the calls that may fail, and then once for each of them,
 * in a process of its own, with that one failing.
 *
 * Whatever fails,
 *
 *	the process neither crashes, nor sleeps for ever, nor asserts;
 *	a call of a client that is interrupted ends;
 *	a file that was opened, of a device that is there, is listened to;
 *	another day works: once more plugged in, the device has all its nodes,
 *	which can be opened, set, written to, and read;
 *	at the end all is given back, and there is no more memory in use than
 *	after a day without failure.
 *
 * A node may be refused, and a call have an error.  What a call says that did
 * not fail is true: a read has what the device sent, and of what a write took,
 * and a close waited for, the device has all.
 *
 * If it is memory that fails, the process ends, by a line that says so.
 *
 * One host thread, and no time (fuzz/h_world.h).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/h_chips.h"
#include "fuzz/h_device.h"
#include "fuzz/h_world.h"
#include "hid/h_rdesc.h"
#include "hyp/hyp.h"
#include "torture/h_day.h"
#include "torture/h_fail.h"

#define	CLIENTS		2
#define	CALM_MS		60000	/* virtual: many deadlines */
#define	PAUSE_MS	3000	/* virtual: after a close, a plug, a failure */
#define	REPORT_LEN	43	/* where the HID descriptor has it */

int	__real_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);

static const struct chip ulpt = { "ulpt", printer, sizeof(printer) };

static const struct chip *chip;

/* ---- clients -------------------------------------------------------- */

enum call { OPEN, CLOSE, READ, WRITE, IOCTL, POLL, REVOKE };
static const char *const names[] = { "open", "close", "read", "write",
    "ioctl", "poll", "revoke" };

struct client {
	uint32_t	 c_word;	/* changes with each job */
	bool		 c_busy;
	enum call	 c_call;
	struct hyp_node	*c_node;
	int		 c_flags;
	uint32_t	 c_cmd;
	uint8_t		 c_buf[4096];
	size_t		 c_len, c_done;
	int		 c_error;
	struct hyp_lwp	*c_lwp;		/* while busy */
	struct hyp_file	*c_file;
	struct hostfile	*c_host;
};
static struct client clients[CLIENTS];
static unsigned listening;		/* times that the device was heard */

static int
client_open(struct client *c)
{
	int error;

	c->c_host = calloc(1, sizeof(*c->c_host));
	error = hyp_node_open(c->c_node, c->c_flags, c->c_host, &c->c_file);
	if (error != 0) {
		free(c->c_host);
		c->c_host = NULL;
		c->c_file = NULL;
	}
	return error;
}

static void
client_close(struct client *c)
{

	hyp_file_close(c->c_file, c->c_flags);
	c->c_host->h_closed = true;
	free(c->c_host);
	c->c_host = NULL;
	c->c_file = NULL;
}

/* What is in c_buf goes in, and what comes out is there then. */
static int
client_ioctl(struct client *c)
{
	static uint8_t out[sizeof(c->c_buf)];
	size_t insize, outsize, outoff, done;
	int error, result = 0;

	error = hyp_ioctl_size(c->c_cmd, &insize, &outsize, &outoff);
	if (error != 0)
		return error;
	PROMISE(insize <= sizeof(c->c_buf) && outsize <= sizeof(out));
	done = outsize;
	error = hyp_file_ioctl(c->c_file, c->c_cmd, 0, c->c_buf, insize, out,
	    &done, &result);
	PROMISE(done <= outsize || error != 0);
	if (error == 0 && outsize > 0)
		memcpy(c->c_buf, out, done);
	return error;
}

static int
client_call(struct client *c)
{

	if (c->c_call == OPEN)
		return client_open(c);
	if (c->c_call == REVOKE)
		return hyp_node_revoke(c->c_node);
	if (c->c_file == NULL)
		return EBADF;
	switch (c->c_call) {
	case CLOSE:
		client_close(c);
		return 0;
	case READ:
		return hyp_file_read(c->c_file, c->c_buf, c->c_len,
		    c->c_flags, &c->c_done);
	case WRITE:
		return hyp_file_write(c->c_file, c->c_buf, c->c_len,
		    c->c_flags, &c->c_done);
	case IOCTL:
		return client_ioctl(c);
	default:
		(void)hyp_file_poll(c->c_file, 0x45, 1);
		return 0;
	}
}

static void
client_thread(void *arg)
{
	struct client *const c = arg;
	const struct hyp_cred hc = { .hc_uid = 0 };
	const char *before;

	for (;;) {
		while (!c->c_busy)
			(void)hyp_park(&c->c_word, c->c_word, 0);
		before = fail_what();
		c->c_done = 0;
		c->c_lwp = hyp_lwp_enter(&hc);
		c->c_error = client_call(c);
		hyp_lwp_exit(c->c_lwp);
		c->c_lwp = NULL;
		PROMISE(c->c_error >= 0 && c->c_error <= 133);
		if (before == NULL && fail_what() != NULL) {
			day->d_within = names[c->c_call];
			day->d_result = c->c_error;
		}
		c->c_busy = false;
	}
}

/* Have the call made; it may last. */
static void
begin(struct client *c, enum call call)
{

	c->c_call = call;
	c->c_busy = true;
	c->c_word++;
	hyp_unpark(&c->c_word, 1);
	world_sleep(1);
}

/* Wait for it; sooner or later it is interrupted, and ends. */
static int
finish(struct client *c)
{
	unsigned ms;

	for (ms = 0; c->c_busy && ms < CALM_MS / 2; ms += 100)
		world_sleep(100);
	if (c->c_busy)
		hyp_lwp_interrupt(c->c_lwp);
	for (; c->c_busy; ms += 100) {
		PROMISE(ms < CALM_MS);
		world_sleep(100);
	}
	return c->c_error;
}

static int
call(struct client *c, enum call which)
{

	begin(c, which);
	return finish(c);
}

static int
open_node(struct client *c, unsigned i, int flags)
{

	c->c_node = device_node(i);
	c->c_flags = HYP_F_READ | HYP_F_WRITE | flags;
	return c->c_node == NULL ? ENOENT : call(c, OPEN);
}

static void
close_file(struct client *c)
{

	c->c_flags = 0;
	if (c->c_file != NULL)
		(void)call(c, CLOSE);
	world_sleep(PAUSE_MS);
}

static int
ioctl_file(struct client *c, uint32_t cmd)
{

	c->c_cmd = cmd;
	return call(c, IOCTL);
}

/* ---- a day ---------------------------------------------------------- */

static bool
is_tty(void)
{

	return strcmp(chip->c_name, "uhid") != 0 && chip != &ulpt;
}

/* A byte comes from the device, if it is listened to. */
static bool
send_byte(char byte)
{
	const uint8_t bytes[3] = { 0x01, 0x60, (uint8_t)byte };
	const bool ftdi = strncmp(chip->c_name, "uftdi", 5) == 0;
	const bool sent = device_feed(strcmp(chip->c_name, "uhid") == 0 ?
	    HYP_USB_INTR : HYP_USB_BULK, HYP_USB_OK,
	    ftdi ? bytes : &bytes[2], ftdi ? 3 : 1);

	listening += sent;
	/* Who has a file that works is not kept waiting for ever. */
	PROMISE(sent || device.d_open == NULL || clients[0].c_file == NULL ||
	    chip == &ulpt);
	world_sleep(50);
	return sent;
}

/* Raw, and with a speed that means requests to the device. */
static int
set_line(struct client *c)
{
	const uint32_t cflag = 0x1002 | 0x30 | 0x80 | 0x800;	/* B115200,
					   CS8, CREAD, CLOCAL */
	int error;

	if ((error = ioctl_file(c, 0x5401)) != 0)	/* TCGETS */
		return error;
	memset(c->c_buf, 0, 4);
	memset(c->c_buf + 12, 0, 4);
	memcpy(c->c_buf + 8, &cflag, sizeof(cflag));
	c->c_buf[17 + 6] = 1;				/* VMIN */
	return ioctl_file(c, 0x5402);			/* TCSETS */
}

/* All other calls that mean something to some driver. */
static void
set_all(struct client *c)
{
	static const uint32_t cmds[] = { 0x5403, 0x5415, 0x5416, 0x5417,
	    0x5427, 0x5428, 0x5409, 0x540b, 0x541b, 0x5411, 0x545d, 0x541e,
	    0x80044801, 0x90044802, 0x80084803, 0xc0404806, 0xc0404807,
	    0xc040480a, 0xc0085515, 0x80045519, 0x8004551a };

	for (unsigned i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		memset(c->c_buf, 0, 64);
		if (cmds[i] == 0x5403 && ioctl_file(c, 0x5401) != 0)
			continue;
		(void)ioctl_file(c, cmds[i]);
	}
}

/*
 * A session on a node; works: all of it has to.
 */
static void
session(unsigned i, bool works)
{
	struct client *const c = &clients[0];
	uint64_t sent;
	size_t took;
	int error;

	error = open_node(c, i, HYP_F_NONBLOCK);
	PROMISE(error == 0 || !works);
	if (error != 0) {
		world_sleep(PAUSE_MS);
		return;
	}
	if (is_tty()) {
		error = set_line(c);
		PROMISE(error == 0 || !works);
	}
	set_all(c);
	sent = device.d_sent;
	c->c_flags = 0;
	c->c_len = is_tty() || chip == &ulpt ? 20 : 1;
	memset(c->c_buf, 0, c->c_len);
	error = call(c, WRITE);
	took = error == 0 ? c->c_done : 0;
	PROMISE(error == 0 || !works || (!is_tty() && chip != &ulpt));
	(void)call(c, POLL);
	if (is_tty()) {
		error = ioctl_file(c, 0x5409);		/* TCSBRK: drain */
		/* Drained means that the device has it. */
		PROMISE(error != 0 || fail_what() != NULL ||
		    device.d_sent >= sent + took);
		PROMISE(error == 0 || !works);
	}
	if (send_byte('x')) {
		c->c_flags = HYP_F_NONBLOCK;
		c->c_len = 16;
		error = call(c, READ);
		if (is_tty()) {
			PROMISE(error != 0 || (c->c_done == 1 &&
			    c->c_buf[0] == 'x') || c->c_done == 0);
			PROMISE(!works || (error == 0 && c->c_done == 1));
		}
	} else
		PROMISE(!works || chip == &ulpt);
	close_file(c);
	if (works && (is_tty() || chip == &ulpt))
		PROMISE(device.d_sent >= sent + took);
}

/* A read that sleeps, and is ended by somebody else. */
static void
sleeper(void (*ends)(void))
{
	struct client *const c = &clients[0];

	if (open_node(c, 0, HYP_F_NONBLOCK) == 0) {
		c->c_flags = 0;
		c->c_len = 16;
		begin(c, READ);
		world_sleep(50);
		(*ends)();
		(void)finish(c);
	} else
		(*ends)();
	close_file(c);
}

static void
unplug(void)
{

	device_unplug(true, true);
	world_sleep(PAUSE_MS);
}

static void
revoke_node(void)
{

	clients[1].c_node = device_node(0);
	if (clients[1].c_node != NULL)
		(void)call(&clients[1], REVOKE);
}

/* The endpoint of the input stalls, and then there is input again. */
static void
stall(void)
{

	(void)device_feed(HYP_USB_BULK, HYP_USB_STALL, NULL, 0);
	(void)device_feed(HYP_USB_INTR, HYP_USB_STALL, NULL, 0);
	world_sleep(PAUSE_MS);
	(void)send_byte('y');
}

/* Output that nobody waits for. */
static void
hasty(void)
{
	struct client *const c = &clients[0];

	if (open_node(c, 0, HYP_F_NONBLOCK) == 0) {
		c->c_len = 100;
		memset(c->c_buf, 'h', 100);
		(void)call(c, WRITE);
		c->c_flags = HYP_F_NONBLOCK;
		(void)call(c, CLOSE);
	}
	world_sleep(PAUSE_MS);
}

/* The plug is out and everything is given back. */
static void
night(void)
{
	unsigned ms;

	device_unplug(true, true);
	hyp_usb_left(DEVICE_PATH);
	for (ms = 0; device.d_open != NULL; ms += 100) {
		PROMISE(ms < CALM_MS);
		world_sleep(100);
	}
	device_return();
	world_sleep(PAUSE_MS);
	PROMISE(hyp_zombies() == 0);
	PROMISE(hyp_usb_zombies() == 0);
}

static void
live(void *arg)
{
	static uint8_t desc[256];
	uint32_t pieces;

	(void)arg;
	memcpy(desc, chip->c_bytes, chip->c_len);
	if (strcmp(chip->c_name, "uhid") == 0) {
		desc[REPORT_LEN] = (uint8_t)h_rdescs[0].r_len;
		desc[REPORT_LEN + 1] = (uint8_t)(h_rdescs[0].r_len >> 8);
	}
	device.d_desc = fuzz_begin(desc, chip->c_len);
	device.d_report = fuzz_begin(h_rdescs[0].r_bytes, h_rdescs[0].r_len);
	day_failures_begin();
	if (PHASE(hyp_boot(HYP_VERSION)) != 0) {
		PROMISE(fail_what() != NULL);
		day_failures_end();
		day->d_over = true;
		return;
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		(void)__real_hyp_thread_create("client", client_thread,
		    &clients[i], NULL);
	PHASE(device_plug());
	world_sleep(PAUSE_MS);
	PHASE(hyp_nodes_again());
	for (unsigned i = 0; i < 2 && i < device_nodes(); i++)
		PHASE(session(i, false));
	PHASE(sleeper(stall));
	PHASE(sleeper(unplug));
	device_plug();
	world_sleep(PAUSE_MS);
	PHASE(sleeper(revoke_node));
	PHASE(hasty());
	PHASE(night());
	day_failures_end();
	PROMISE(day->d_what != NULL || listening > 0 || chip == &ulpt);

	/* The next day. */
	PHASE(hyp_nodes_again());
	device_plug();
	world_sleep(PAUSE_MS);
	for (unsigned i = 0; i < device_nodes(); i++)
		PHASE(session(i, true));
	PHASE(night());
	PHASE(hyp_halt());
	day->d_nodes = device_nodes();
	day->d_memory = hyp_memory(&pieces);
	day->d_over = true;
}

static void
live_with(const struct chip *with)
{

	chip = with;
	world_run(live, NULL);
}

#define	LIFE(n)								\
static void								\
live_##n(void)								\
{									\
									\
	live_with(&chips[n]);						\
}
LIFE(0)
LIFE(1)
LIFE(2)
LIFE(3)
LIFE(4)
LIFE(5)
LIFE(6)
_Static_assert(NCHIPS == 7, "a life for each");

static void
live_ulpt(void)
{

	live_with(&ulpt);
}

#define	BOTH	(FAIL_CALLS | FAIL_MEMORY)
const struct day_life day_lives[] = {
	{ "uftdi", live_0, BOTH, 9, 67 },
	{ "uftdi2", live_1, BOTH, 9, 0 },
	{ "umodem", live_2, BOTH, 3, 0 },
	{ "uchcom", live_3, BOTH, 3, 0 },
	{ "uslsa", live_4, BOTH, 3, 0 },
	{ "uplcom", live_5, BOTH, 3, 0 },
	{ "uhid", live_6, BOTH, 2, 0 },
	{ "ulpt", live_ulpt, BOTH, 2, 0 },
	{ NULL, NULL, 0, 0, 0 },
};
