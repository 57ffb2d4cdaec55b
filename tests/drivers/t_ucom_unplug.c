/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_unplug.c - a serial adapter that goes away, or goes wrong, under
 * its users: what every system call answers, and that everything ends in
 * bounded time.  The results are NetBSD's, as Linux errnos.
 */
#include <asm/ioctls.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "hyp/hyp_usb.h"

/* What the kernel side promises: 2 s of grace for a transfer, and a few of
   them one after the other. */
#define	BOUND_MS	10000

/* ---- what the front end is told -------------------------------------- */

static int
changed_are(void *arg)
{

	return h_node_changed_calls() >= *(const unsigned *)arg;
}

/*
 * Where its hardware is, while it is there; and it is told of each change, of
 * ttyU0 and dtyU0.  Of an attach it is told when they can be opened.
 */
static void
place_of_node(void)
{
	struct hyp_node *hn;
	struct hyp_node_stat hs;
	struct vusb *v;
	unsigned changed;

	h_begin();
	changed = h_node_changed_calls() + 2;
	v = h_ftdi();
	T_UNTIL(changed_are, &changed);
	hn = h_node_find("ttyU0");
	hyp_node_getstat(hn, &hs);
	T_CHECK(hs.hs_attached);
	T_CHECK(strncmp(hs.hs_place, "9-", 2) == 0);
	T_CHECK(strncmp(hs.hs_driver, "uftdi", 5) == 0);
	T_CHECK(strcmp(hs.hs_device, "ucom0") == 0);
	T_EQ(h_node_changed_calls(), changed);
	h_remove(v);
	hyp_node_getstat(hn, &hs);
	T_CHECK(!hs.hs_attached);
	T_EQ(hs.hs_place[0], '\0');
	T_EQ(hs.hs_driver[0], '\0');
	T_EQ(hs.hs_iface, -1);
	T_EQ(h_node_changed_calls(), changed + 2);
}

/* ---- what is blocked ------------------------------------------------ */

static void
blocked_read(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	char c;
	struct s_op so = { .so_call = S_READ, .so_file = &sf, .so_buf = &c,
	    .so_len = 1 };

	h_open_raw(&sf, 9600);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	vusb_unplug(v, 0);
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, 0);
	s_close(&sf);
	h_remove(v);
}

static bool
received_all(const struct vusb_status *vs, void *arg)
{

	return vs->vs_received == *(const uint64_t *)arg;
}

static void
blocked_write(void)
{
	static uint8_t buf[300000];
	uint64_t limit = 1000;
	struct vusb *v = h_ftdi();
	size_t n;
	struct s_file sf;
	struct s_op so = { .so_call = S_WRITE, .so_file = &sf, .so_buf = buf,
	    .so_len = sizeof(buf) };
	struct s_op so2 = so;

	vusb_far_limit(v, 0, limit, limit);
	h_open_raw(&sf, 9600);
	s_start(&so);
	T_CHECK(vusb_wait(v, 0, received_all, &limit, 20000));
	s_wait_sleep(&so, "ttyout");
	/* Fill the queue: the second one shall find no room at all. */
	while (s_write(&sf, buf, 1, HYP_F_NONBLOCK, &n) == 0)
		continue;
	s_start(&so2);
	s_wait_sleep(&so2, "ttyout");
	vusb_unplug(v, 0);
	/* The first one had a part taken, the second one nothing. */
	T_EQ(s_finish(&so), 0);
	T_CHECK(so.so_done > 0 && so.so_done < sizeof(buf));
	T_EQ(s_finish(&so2), EIO);
	T_EQ(so2.so_done, 0);
	s_close(&sf);
	h_remove(v);
}

static void
blocked_open(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_OPEN, .so_file = &sf,
	    .so_node = "ttyU0", .so_flags = S_RDWR };

	vusb_set_lines(v, 0, 0);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	vusb_unplug(v, 0);
	T_EQ(s_finish(&so), ENXIO);
	h_remove(v);
}

static void
paused_open(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_OPEN, .so_file = &sf,
	    .so_node = "ttyU0", .so_flags = S_RDWR };

	h_open_raw(&sf, 9600);
	s_close(&sf);
	s_start(&so);
	s_wait_sleep(&so, "ucomstate");
	vusb_unplug(v, 0);
	T_EQ(s_finish(&so), ENXIO);
	T_CHECK(so.so_ms < 900);
	h_remove(v);
}

static void
blocked_drain(void)
{
	static uint8_t buf[5000];
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_IOCTL, .so_file = &sf,
	    .so_cmd = TCSBRK, .so_buf = (void *)1 };
	int error;

	vusb_far_limit(v, 0, 1000, 100);
	h_open_raw(&sf, 9600);
	s_write_all(&sf, buf, sizeof(buf));
	s_start(&so);
	s_wait_sleep(&so, "ttyout");
	vusb_unplug(v, 0);
	error = s_finish(&so);
	if (error != EBADF && error != ENXIO)
		t_fail(__FILE__, __LINE__, "error %d", error);
	s_close(&sf);
	h_remove(v);
}

static int
was_woken(void *arg)
{
	struct s_file *sf = arg;

	return __atomic_load_n(&sf->sf_host->hf_wakes, __ATOMIC_SEQ_CST) > 0;
}

static void
poll_is_woken(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;

	h_open_raw(&sf, 9600);
	T_EQ(s_poll(&sf, POLLIN), 0);
	__atomic_store_n(&sf.sf_host->hf_wakes, 0, __ATOMIC_SEQ_CST);
	vusb_unplug(v, 0);
	T_UNTIL(was_woken, &sf);
	s_unplug(v);
	T_EQ(s_poll(&sf, POLLIN), POLLIN | POLLERR | POLLHUP);
	s_close(&sf);
	h_remove(v);
}

static void
unplug_while_closing(void)
{
	static uint8_t buf[5000];
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_CLOSE, .so_file = &sf };

	vusb_far_limit(v, 0, 1000, 100);
	h_open_raw(&sf, 9600);
	s_write_all(&sf, buf, sizeof(buf));
	s_start(&so);
	s_wait_sleep(&so, "ttyout");
	vusb_unplug(v, 0);
	T_EQ(s_finish(&so), 0);
	T_CHECK(so.so_ms < 3000);
	h_remove(v);
}

/* ---- afterwards ----------------------------------------------------- */

static void
check_dead(struct s_file *sf)
{
	char c;
	size_t n;
	int lines;

	T_EQ(s_read(sf, &c, 1, 0, &n), 0);
	T_EQ(n, 0);
	T_EQ(s_read(sf, &c, 1, HYP_F_NONBLOCK, &n), 0);
	T_EQ(s_write(sf, "x", 1, 0, &n), EIO);
	T_EQ(s_ioctl(sf, TIOCMGET, &lines), EBADF);
	T_EQ(s_poll(sf, POLLIN | POLLOUT), POLLIN | POLLOUT | POLLERR |
	    POLLHUP);
}

static void
stale_file(void)
{
	struct vusb *v = h_ftdi();
	struct s_file old, new;
	char c;

	h_open_raw(&old, 9600);
	s_unplug(v);
	check_dead(&old);
	T_EQ(s_open("ttyU0", S_RDWR, &new), ENXIO);
	T_EQ(s_open("dtyU0", S_RDWR, &new), ENXIO);
	/* The same name, for the new plugging only. */
	s_plug(v, "ttyU0");
	T_CHECK(h_node_find("ttyU1") == NULL);
	h_open_raw(&new, 9600);
	check_dead(&old);
	s_write_all(&new, "n", 1);
	s_far_read_all(v, 0, &c, 1);
	T_EQ(c, 'n');
	s_close(&old);
	s_write_all(&new, "m", 1);
	s_far_read_all(v, 0, &c, 1);
	T_EQ(c, 'm');
	s_close(&new);
	h_remove(v);
}

static void
lost_events(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	int i, lose[] = { VUSB_LOSE_GONE, VUSB_LOSE_LEFT };

	for (i = 0; i < 2; i++) {
		h_open_raw(&sf, 9600);
		vusb_unplug(v, lose[i]);
		s_unplug(v);
		check_dead(&sf);
		s_close(&sf);
		s_plug(v, "ttyU0");
	}
	/* Both lost; another plugging at the same place tells. */
	h_open_raw(&sf, 9600);
	vusb_unplug(v, VUSB_LOSE_GONE | VUSB_LOSE_LEFT);
	vusb_rescan(v);
	s_unplug(v);
	check_dead(&sf);
	s_close(&sf);
	h_remove(v);
}

static void
again_and_again(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	int i;

	for (i = 0; i < 20; i++) {
		h_open_raw(&sf, 115200);
		T_EQ(vusb_far_write(v, 0, "abc", 3, 1000), 3);
		s_unplug(v);
		check_dead(&sf);
		s_close(&sf);
		s_plug(v, "ttyU0");
	}
	h_remove(v);
}

struct churn {
	unsigned	 ch_seed;
	int		 ch_stop;	/* atomic */
	unsigned	 ch_opens;
};

static void
churn_revoke(void)
{
	struct s_op so = { .so_call = S_REVOKE,
	    .so_node = t_random() % 3 == 0 ? "dtyU0" : "ttyU0" };

	s_start(&so);
	T_EQ(s_finish(&so), 0);
}

/*
 * A client that opens, reads, writes, asks, closes and revokes as fast as it
 * can.
 */
static void
churn_client(void *arg)
{
	struct churn *ch = arg;
	uint8_t buf[300];
	struct s_file sf;
	size_t n;
	int lines;

	memset(buf, 'c', sizeof(buf));
	while (!__atomic_load_n(&ch->ch_stop, __ATOMIC_RELAXED)) {
		if (t_random() % 4 == 0)
			churn_revoke();
		if (s_open(t_random() % 3 == 0 ? "dtyU0" : "ttyU0",
		    S_RDWR | HYP_F_NONBLOCK, &sf) != 0)
			continue;
		ch->ch_opens++;
		(void)s_raw(&sf, 115200, 8, S_CLOCAL);
		(void)s_write(&sf, buf, 1 + t_random() % sizeof(buf),
		    HYP_F_NONBLOCK, &n);
		(void)s_read(&sf, buf, sizeof(buf), HYP_F_NONBLOCK, &n);
		(void)s_ioctl(&sf, TIOCMGET, &lines);
		(void)s_poll(&sf, POLLIN | POLLOUT);
		s_close(&sf);
	}
}

static void
churn(void)
{
	struct churn ch[3] = { { .ch_seed = 1 }, { .ch_seed = 2 },
	    { .ch_seed = 3 } };
	struct vusb *v = h_ftdi();
	struct t_thread *tt[3];
	uint8_t junk[64] = { 0 };
	unsigned opens = 0;
	int i;

	for (i = 0; i < 3; i++)
		tt[i] = t_spawn(churn_client, &ch[i]);
	for (i = 0; i < 40; i++) {
		(void)vusb_far_write(v, 0, junk, sizeof(junk), 100);
		vusb_set_lines(v, 0, t_random() % 16);
		t_msleep(t_random() % 20);
		vusb_unplug(v, i % 3);
		s_unplug(v);
		vusb_plug(v);
	}
	for (i = 0; i < 3; i++) {
		__atomic_store_n(&ch[i].ch_stop, 1, __ATOMIC_RELAXED);
		t_join(tt[i]);
		opens += ch[i].ch_opens;
	}
	t_note("%u opens in 40 pluggings", opens);
	T_CHECK(opens > 0);
	h_remove(v);
}

/* ---- hardware that does not answer ---------------------------------- */

static void
stuck_read(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_CLOSE, .so_file = &sf };
	char c;

	h_open_raw(&sf, 9600);
	vusb_fault(v, VUSB_IN, VUSB_FAULT_STUCK, 0, 0);
	/* Those in flight came before the fault: let them go. */
	T_EQ(vusb_far_write(v, 0, "1234", 4, 1000), 4);
	s_start(&so);
	T_EQ(s_finish(&so), 0);
	T_CHECK(so.so_ms < BOUND_MS);
	T_CHECK(hyp_usb_zombies() > 0);
	/* The port can be used again when the device can. */
	vusb_fault(v, VUSB_IN, VUSB_FAULT_NONE, 0, 0);
	h_open_raw(&sf, 9600);
	T_EQ(vusb_far_write(v, 0, "5", 1, 1000), 1);
	s_read_all(&sf, &c, 1);
	T_EQ(c, '5');
	s_close(&sf);
	h_remove(v);
	T_EQ(hyp_usb_zombies(), 0);
}

static void
stuck_unplug(void)
{
	static uint8_t buf[3000];
	struct vusb *v = h_ftdi();
	struct s_file sf;
	uint64_t begin;
	char c;
	struct s_op so = { .so_call = S_READ, .so_file = &sf, .so_buf = &c,
	    .so_len = 1 };

	vusb_fault(v, VUSB_IN, VUSB_FAULT_STUCK, 0, 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_STUCK, 0, 0);
	h_open_raw(&sf, 9600);
	s_write_all(&sf, buf, sizeof(buf));
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	begin = t_now_ms();
	vusb_unplug(v, 0);
	T_EQ(s_finish(&so), 0);
	T_CHECK(so.so_ms < BOUND_MS);
	s_unplug(v);
	T_CHECK(t_now_ms() - begin < BOUND_MS);
	T_CHECK(hyp_usb_zombies() > 0);
	check_dead(&sf);
	s_close(&sf);
	vusb_fault(v, VUSB_IN, VUSB_FAULT_NONE, 0, 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	T_EQ(hyp_usb_zombies(), 0);
	h_remove(v);
}

static void
stuck_write_close(void)
{
	static uint8_t buf[3000];
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_CLOSE, .so_file = &sf };

	h_open_raw(&sf, 115200);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_STUCK, 0, 0);
	s_write_all(&sf, buf, sizeof(buf));
	s_start(&so);
	T_EQ(s_finish(&so), 0);
	t_note("closed after %u ms", (unsigned)so.so_ms);
	T_CHECK(so.so_ms < 2 * BOUND_MS);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	h_remove(v);
	T_EQ(hyp_usb_zombies(), 0);
}

static void
stuck_request(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	int bits = TIOCM_DTR;
	struct s_op so = { .so_call = S_IOCTL, .so_file = &sf,
	    .so_cmd = TIOCMBIC, .so_buf = &bits };

	h_open_raw(&sf, 9600);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_STUCK, 0, 0);
	s_start(&so);
	s_unplug(v);
	(void)s_finish(&so);
	T_CHECK(so.so_ms < BOUND_MS);
	s_close(&sf);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	h_remove(v);
	T_EQ(hyp_usb_zombies(), 0);
}

static void
failed_open(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	char c;

	/* No answer; a refusal (STALL) is t_ucom's. */
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_ERROR, 0, 0);
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), EIO);
	T_EQ(h_status(v).vs_reads, 0);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	h_open_raw(&sf, 9600);
	s_write_all(&sf, "k", 1);
	s_far_read_all(v, 0, &c, 1);
	s_close(&sf);
	h_remove(v);
}

/* ---- transfers that fail -------------------------------------------- */

/*
 * len bytes arrive complete and in order, though count transfers of the kind
 * fail like that.
 */
static void
survives(enum vusb_kind kind, enum vusb_fault fault, unsigned count,
    unsigned arg, size_t len)
{
	static uint8_t buf[20000], want[20000];
	struct vusb *v = h_ftdi();
	struct s_file sf;

	h_open_raw(&sf, 115200);
	vusb_fault(v, kind, fault, count, arg);
	s_pattern(want, len, count);
	if (kind == VUSB_IN) {
		T_EQ(vusb_far_write(v, 0, want, len, 1000), len);
		s_read_all(&sf, buf, len);
	} else {
		s_write_all(&sf, want, len);
		s_far_read_all(v, 0, buf, len);
	}
	T_EQ(memcmp(buf, want, len), 0);
	s_close(&sf);
	h_remove(v);
}

static void
in_errors(void)
{

	survives(VUSB_IN, VUSB_FAULT_ERROR, 1, 0, 20000);
	survives(VUSB_IN, VUSB_FAULT_ERROR, 9, 0, 20000);
}

static void
in_stall(void)
{

	survives(VUSB_IN, VUSB_FAULT_STALL, 1, 0, 20000);
}

static void
in_submit(void)
{

	survives(VUSB_IN, VUSB_FAULT_SUBMIT, 3, 0, 20000);
}

static void
in_short(void)
{

	survives(VUSB_IN, VUSB_FAULT_SHORT, 50, 64, 20000);
}

static void
in_late(void)
{

	survives(VUSB_IN, VUSB_FAULT_LATE, 3, 30, 20000);
}

/* One transfer: a later one that succeeds overtakes one that failed. */
static void
out_errors(void)
{

	survives(VUSB_OUT, VUSB_FAULT_ERROR, 1, 0, 100);
	survives(VUSB_OUT, VUSB_FAULT_ERROR, 4, 0, 100);
}

/* A halted endpoint lets none overtake. */
static void
out_stall(void)
{

	survives(VUSB_OUT, VUSB_FAULT_STALL, 1, 0, 20000);
}

static void
out_submit(void)
{

	survives(VUSB_OUT, VUSB_FAULT_SUBMIT, 3, 0, 20000);
}

static void
out_late(void)
{

	survives(VUSB_OUT, VUSB_FAULT_LATE, 3, 30, 20000);
}

static void
out_short(void)
{

	survives(VUSB_OUT, VUSB_FAULT_SHORT, 1, 5, 100);
}

static void
nodev_is_unplug(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	char c;
	struct s_op so = { .so_call = S_READ, .so_file = &sf, .so_buf = &c,
	    .so_len = 1 };

	h_open_raw(&sf, 9600);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NODEV, 1, 0);
	s_write_all(&sf, "x", 1);
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, 0);
	check_dead(&sf);
	s_close(&sf);
	h_remove(v);
}

static void
acm_unplug(void)
{
	struct vusb *v = h_acm();
	struct s_file sf;
	char c;
	struct s_op so = { .so_call = S_READ, .so_file = &sf, .so_buf = &c,
	    .so_len = 1 };

	h_open_raw(&sf, 9600);
	vusb_fault(v, VUSB_INTR, VUSB_FAULT_STALL, 2, 0);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	vusb_unplug(v, 0);
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, 0);
	check_dead(&sf);
	s_close(&sf);
	h_remove(v);
}

const struct t_case t_cases[] = {
	{ "a node says where its hardware is", place_of_node },
	{ "a blocked read gets the end of file", blocked_read },
	{ "blocked writes: what was taken, or EIO", blocked_write },
	{ "an open that waits for carrier gets ENXIO", blocked_open },
	{ "an open in the pause after a hang-up gets ENXIO", paused_open },
	{ "a blocked tcdrain ends", blocked_drain },
	{ "poll is woken; input, error and hang-up", poll_is_woken },
	{ "a last close that drains ends", unplug_while_closing },
	{ "a stale file stays dead; the name is for the new one", stale_file },
	{ "each removal event alone is enough", lost_events },
	{ "unplug and replug twenty times", again_and_again },
	{ "clients that open, close and revoke while it is plugged", churn },
	{ "stuck reads: close in bounded time, then usable again",
	    stuck_read },
	{ "stuck transfers: unplug in bounded time", stuck_unplug },
	{ "stuck writes: close in bounded time", stuck_write_close },
	{ "a stuck request: unplug in bounded time", stuck_request },
	{ "an open whose requests fail", failed_open },
	{ "failed reads", in_errors },
	{ "a stalled read", in_stall },
	{ "reads that cannot be submitted", in_submit },
	{ "short reads", in_short },
	{ "late reads", in_late },
	{ "failed writes", out_errors },
	{ "a stalled write", out_stall },
	{ "writes that cannot be submitted", out_submit },
	{ "late writes", out_late },
	{ "a short write", out_short },
	{ "a transfer that says the device is gone", nodev_is_unplug },
	{ "ACM: unplug", acm_unplug },
	{ NULL, NULL }
};
