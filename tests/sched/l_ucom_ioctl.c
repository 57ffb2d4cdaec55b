/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_ucom_ioctl.c - litmuses of ucom(4): what is asked of the chip (breaks,
 * lines, settings, is it empty?), and who waits for modem lines.
 */
#include "sched/h_cp.h"

static const uint32_t now = L_TCSETS, drained = L_TCSETSW;

/* ---- up and down ---------------------------------------------------- */

static int
is_taken(void *arg __unused)
{
	struct ucom_softc *const sc = hc_ucom();
	bool none;

	mutex_enter(&sc->sc_lock);
	none = sc->sc_oinflight == 0;
	mutex_exit(&sc->sc_lock);
	return none;
}

/* And that has still to send what it has just taken. */
static void
setup_chip_full(void)
{

	hc_setup_open_a();
	cp_methods.ucom_txempty = cp_txempty;
	cp.cp_full = 3;
	SCHED_CHECK(c_write(&hc_a, "abcdefghijklmnop", 16, &hc_adone) == 0);
	SCHED_CHECK(hu_complete(hc_hu, OUT, 0, HYP_USB_OK, NULL, 16) == 0);
	T_UNTIL(is_taken, NULL);
}

/* As it was before drains: d_close comes while a request is under way. */
static void
setup_legacy_late(void)
{

	hc_setup();
	SCHED_CHECK(devsw_semantics(&ucom_cdevsw, "netbsd-legacy") == 0);
	SCHED_CHECK(c_open(&hc_a, HYP_F_NONBLOCK) == 0);
	cp.cp_late = true;
}

/* And output that ^S, or who asks for it, has stopped. */
static void
setup_stopped_both(void)
{

	hc_setup_open_both();
	SCHED_CHECK(c_ioctl(&hc_c, L_TCXONC, L_TCOOFF) == 0);
	SCHED_CHECK(c_write(&hc_a, "abcdefghijklmnop", 16, &hc_adone) == 0);
}

/* And a chip that has a buffer of its own, and is slow with breaks. */
static void
setup_slow(void)
{

	hc_setup_open_both();
	cp_methods.ucom_txempty = cp_txempty;
	cp.cp_slow = true;
}

static void
setup_late(void)
{

	hc_setup_open_both();
	cp.cp_late = true;
}

static void
end_close_both(void)
{

	h_close(&hc_c);
	hc_end_close_a();
}

static void
end_sent_both(void)
{

	SCHED_CHECK(hc_hw_complete(OUT, 0, HYP_USB_OK, NULL, 16) == 0);
	end_close_both();
}

/* ---- actors: clients ------------------------------------------------ */

static bool
chip_is_empty(void)
{
	bool empty;

	mutex_enter(&cp.cp_lock);
	empty = cp.cp_full == 0;
	mutex_exit(&cp.cp_lock);
	return empty;
}

/* A chip that has not sent is asked again, and a revoke ends that. */
static void
drains_chip(void *arg __unused)
{
	const uint64_t begin = sched_clock();
	const int error = c_ioctl(&hc_a, L_TCSBRK, 1);

	SCHED_CHECK(error == 0 ? chip_is_empty() : error == L_EBADF);
	SCHED_CHECK(sched_clock() - begin < UINT64_C(1000000000));
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

static void
sets_closes(void *arg)
{
	const int error = c_setattr(&hc_a, *(const uint32_t *)arg);

	/* EIO: the line is not connected any more; EBADF: revoked. */
	SCHED_CHECK(error == 0 || error == L_EBADF || error == L_EIO);
	/* Loss of carrier drops output, and is an end of it. */
	if (error == 0 && *(const uint32_t *)arg == L_TCSETSW)
		SCHED_CHECK(atomic_load_relaxed(&hc_taken) || !hc_carrier());
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

static void
sets_c3(void *arg __unused)
{
	const int error = c_setattr(&hc_c, L_TCSETSW);

	SCHED_CHECK(error == 0 || error == L_EBADF);
	h_close(&hc_c);
	(void)C_INCR(&hc_clients_done);
}

static void
waits_modem(void *arg __unused)
{
	const int error = c_ioctl(&hc_a, L_TIOCMIWAIT, L_TIOCM_CD);

	SCHED_CHECK(error == 0 || error == L_EBADF);
	h_close(&hc_a);
}

/* All of it is somewhere, as long as no transfer ends. */
static void
asks_outq(void *arg __unused)
{
	struct hyp_lwp *l = h_enter(1000);
	size_t size = sizeof(int);
	int n = -1, error, result;

	error = hyp_file_ioctl(hc_a.c_file, L_TIOCOUTQ, 0, NULL, 0, &n, &size,
	    &result);
	h_exit(l);
	sched_note("TIOCOUTQ: %d, %d", error, n);
	SCHED_CHECK(error == 0 && n == 16);
}

static void
starts_output(void *arg __unused)
{

	SCHED_CHECK(c_ioctl(&hc_c, L_TCXONC, L_TCOON) == 0);
}

static void
breaks(void *arg)
{

	SCHED_CHECK(c_ioctl(arg, L_TIOCSBRK, 0) == 0);
	SCHED_CHECK(c_ioctl(arg, L_TIOCCBRK, 0) == 0);
}

/* One request that is queued, or what is queued behind. */
static void
breaks_over(void *arg)
{
	const int error = c_ioctl(arg, L_TIOCSBRK, 0);

	SCHED_CHECK(error == 0 || error == L_EBADF);
}

static void
breaks_closes(void *arg)
{

	breaks_over(arg);
	h_close(arg);
}

static void
sets_over(void *arg)
{
	const int error = c_setattr(arg, L_TCSETS);

	SCHED_CHECK(error == 0 || error == L_EBADF);
}

static void
asks_over(void *arg)
{
	struct h_client *c = arg;
	struct hyp_lwp *l = h_enter(1000);
	size_t size = sizeof(int);
	int error, result, lsr;

	error = hyp_file_ioctl(c->c_file, L_TIOCSERGETLSR, 0, NULL, 0, &lsr,
	    &size, &result);
	h_exit(l);
	sched_note("transmitter: %d", error);
	SCHED_CHECK(error == 0 || error == L_EBADF);
}

/* An ioctl that may be interrupted: it takes no time then, if all others do. */
static int
ioctl_intr(struct h_client *c, uint32_t cmd, uint64_t arg, const void *in,
    size_t insize)
{
	struct hyp_lwp *const l = h_enter(1000);
	int error, result;

	mutex_enter(&cp.cp_lock);
	hc_waiter = l;
	mutex_exit(&cp.cp_lock);
	error = hyp_file_ioctl(c->c_file, cmd, arg, in, insize, NULL, NULL,
	    &result);
	mutex_enter(&cp.cp_lock);
	hc_waiter = NULL;
	mutex_exit(&cp.cp_lock);
	h_exit(l);
	(void)C_INCR(&hc_clients_done);
	sched_note("ioctl %#x: %d", cmd, error);
	return error;
}

static void
sets_rts_intr(void *arg)
{
	static const int32_t rts = L_TIOCM_RTS;
	const uint64_t start = sched_clock();
	const int error = ioctl_intr(arg, L_TIOCMBIS, 0, &rts, sizeof(rts));

	SCHED_CHECK(error == 0 || error == L_EINTR);
	SCHED_CHECK(sched_clock() - start < UINT64_C(100000000));
}

static void
ends_break_intr(void *arg)
{

	SCHED_CHECK(ioctl_intr(arg, L_TIOCCBRK, 0, NULL, 0) == 0);
}

static int
is_waiting(void *arg __unused)
{
	bool is;

	mutex_enter(&cp.cp_lock);
	is = hc_waiter != NULL;
	mutex_exit(&cp.cp_lock);
	return is || atomic_load_relaxed(&hc_clients_done) > 0;
}

static void
interrupts(void *arg __unused)
{

	c_await(is_waiting, NULL);
	mutex_enter(&cp.cp_lock);
	if (hc_waiter != NULL)
		hyp_lwp_interrupt(hc_waiter);
	mutex_exit(&cp.cp_lock);
}

/* tcdrain that an unplug ends, and a signal after that. */
static void
drains_signalled(void *arg __unused)
{

	SCHED_CHECK(ioctl_intr(&hc_a, L_TCSBRK, 1, NULL, 0) != L_EINTR);
	h_close(&hc_a);
}

static void
unplugs_signals(void *arg)
{

	hc_unplugs(arg);
	interrupts(NULL);
}

/* ---- setups and ends of their own ----------------------------------- */

/* Whose close was the last one has waited. */
static void
end_chip_empty(void)
{

	SCHED_CHECK(chip_is_empty());
	hc_end();
}

/* ---- the litmuses --------------------------------------------------- */

ACTORS(two_breaks, { "A", breaks, &hc_a }, { "C", breaks, &hc_c });
ACTORS(drain_chip_revoke, { "A", drains_chip, NULL },
    { "revoke", hc_revokes_a, NULL });
ACTORS(drain_chip_unplug, { "A", drains_chip, NULL },
    { "unplug", hc_unplugs, NULL });
ACTORS(drain_unplug_signal, { "A", drains_signalled, NULL },
    { "unplug", unplugs_signals, NULL });
ACTORS(close_chip_open, { "A", hc_closes, &hc_a },
    { "C", hc_open_close, &hc_c });
ACTORS(break_revoke, { "A", breaks_closes, &hc_a },
    { "revoke", hc_revokes_a, NULL });
ACTORS(break_unplug, { "A", breaks_closes, &hc_a },
    { "unplug", hc_unplugs, NULL });
ACTORS(outq_start, { "A", asks_outq, NULL },
    { "C", starts_output, NULL });
ACTORS(ioctls_revoke, { "A", breaks_over, &hc_a }, { "C", sets_over, &hc_c },
    { "revoke", hc_revokes_a, NULL });
ACTORS(ioctls_unplug, { "A", breaks_over, &hc_a }, { "C", asks_over, &hc_c },
    { "unplug", hc_unplugs, NULL });
ACTORS(ioctls_intr, { "A", breaks_over, &hc_a }, { "C", sets_rts_intr, &hc_c },
    { "signal", interrupts, NULL });
ACTORS(break_intr, { "A", breaks_over, &hc_a }, { "C", ends_break_intr, &hc_c },
    { "signal", interrupts, NULL });
ACTORS(set_unplug, { "A", sets_closes, ARG(&drained) },
    { "sent", hc_takes_one, NULL }, { "unplug", hc_unplugs, NULL });
ACTORS(set_revoke, { "A", sets_closes, ARG(&now) },
    { "C", sets_c3, NULL }, { "revoke", hc_revokes_a, NULL });
ACTORS(set_carrier, { "A", sets_closes, ARG(&drained) },
    { "sent", hc_takes_output, ARG(&hc_one) },
    { "carrier", hc_carrier_goes, NULL });
ACTORS(modem_unplug, { "A", waits_modem, NULL },
    { "unplug", hc_unplugs, NULL });
ACTORS(modem_revoke, { "A", waits_modem, NULL },
    { "revoke", hc_revokes_a, NULL });

extern const struct sched_litmus l_ucom_ioctl[];
const struct sched_litmus l_ucom_ioctl[] = {
	{ "two_breaks", "the chip is asked for one thing at a time",
	    hc_setup_open_both, two_breaks, end_close_both },
	{ "drain_chip_revoke", "tcdrain that asks the chip again, and a revoke",
	    setup_chip_full, drain_chip_revoke, hc_end },
	{ "drain_chip_unplug", "the same, and a detach",
	    setup_chip_full, drain_chip_unplug, hc_end },
	{ "drain_unplug_signal", "the same, and a signal after it: no EINTR",
	    setup_chip_full, drain_unplug_signal, hc_end },
	{ "close_chip_open", "the last close asks it again, and an open",
	    setup_chip_full, close_chip_open, end_chip_empty },
	{ "legacy_break_revoke", "a revoke without a drain under a request",
	    setup_legacy_late, break_revoke, hc_end },
	{ "legacy_break_unplug", "an unplug without a drain under a request",
	    setup_legacy_late, break_unplug, hc_end },
	{ "outq", "TIOCOUTQ, and output that goes on after a stop",
	    setup_stopped_both, outq_start, end_sent_both },
	{ "ioctl_cancel", "no request of a client's after d_cancel but one",
	    setup_slow, ioctls_revoke, end_close_both },
	{ "ioctl_detach", "the same, and a detach",
	    setup_slow, ioctls_unplug, end_close_both },
	{ "ioctl_intr", "a signal takes an ioctl out of the chip's queue",
	    setup_late, ioctls_intr, end_close_both },
	{ "break_intr", "but not the end of a break",
	    setup_late, break_intr, end_close_both },
	{ "set_detach", "tcsetattr that drains, a completion, and a detach",
	    hc_setup_written_a, set_unplug, hc_end_at_once },
	{ "set_cancel", "two tcsetattr, and d_cancel",
	    hc_setup_open_both, set_revoke, hc_end },
	{ "set_carrier", "tcsetattr that drains, and loss of carrier",
	    hc_setup_written_a, set_carrier, hc_end },
	{ "modem_revoke", "TIOCMIWAIT against a revoke",
	    hc_setup_open_a, modem_revoke, hc_end },
	{ "modem_detach", "TIOCMIWAIT against a detach",
	    hc_setup_open_a, modem_unplug, hc_end },
	{ NULL, NULL, NULL, NULL, NULL },
};
