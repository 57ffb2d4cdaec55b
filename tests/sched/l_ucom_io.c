/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_ucom_io.c - litmuses of ucom(4): reads, writes, drains, flushes, polls and
 * last closes, against completions, revokes and a device that is pulled out.
 */
#include "sched/h_cp.h"

/* ---- up and down ---------------------------------------------------- */

/* Root has said that a close may take a minute. */
static void
setup_held_a(void)
{
	struct tty *tp;

	hc_setup_written_a();
	tp = hc_ucom()->sc_tty;
	ttylock(tp);
	tp->t_port.tp_closing_wait = 60000;
	ttyunlock(tp);
}

static bool
cp_txfull(void *arg __unused, int portno __unused)
{

	cp_enter();
	cp.cp_asked++;
	cp_exit();
	return false;
}

/* The chip has been given all, and says each time that it still sends. */
static void
setup_chip_a(void)
{

	hc_setup_open_a();
	cp_methods.ucom_txempty = cp_txfull;
	hc_ucom()->sc_odone = getticks();
}

/* It was tried again, not waited for to the end of the drain. */
static void
end_soon(void)
{

	SCHED_CHECK(sched_clock() - hc_began < UINT64_C(1000000000));
	hc_end();
}

/* So long a revoke waits for what may soon be sent. */
static void
end_second(void)
{

	SCHED_CHECK(sched_clock() - hc_began < UINT64_C(1100000000));
	hc_end();
}

/* ---- actors: the device --------------------------------------------- */

static void
replugs(void *arg __unused)
{

	hc_pulls();
	hc_plug();
}

static void
line_comes(void *arg __unused)
{

	for (int i = 0; i < 3; i++)
		(void)hc_hw_complete(IN, 0, HYP_USB_OK,
		    "0123456789abcdefghijklmnopqrstuvwxyz", 36);
}

static void
input_fails(void *arg __unused)
{

	(void)hc_hw_complete(IN, 0, HYP_USB_STALL, NULL, 0);
}

static int
out_or_empty(void *arg __unused)
{
	struct ucom_softc *sc = hc_ucom();
	int empty;

	if (hu_inflight(hc_hu, OUT) > 0)
		return 1;
	if (atomic_load_relaxed(&hc_clients_done) == 0)
		return 0;
	ttylock(sc->sc_tty);
	mutex_enter(&sc->sc_lock);
	empty = sc->sc_tty->t_outq.c_cc == 0 && sc->sc_oinflight == 0;
	mutex_exit(&sc->sc_lock);
	ttyunlock(sc->sc_tty);
	return empty;
}

/* As long as there is some: nobody but the completions starts it. */
static void
takes_all(void *arg __unused)
{

	do {
		c_await(out_or_empty, NULL);
	} while (hc_hw_complete(OUT, 0, HYP_USB_OK, NULL, 16) == 0);
}

/* It fails once, and is taken when it is tried again. */
static void
fails_then_takes(void *arg)
{

	c_await(hc_out_or_done, arg);
	(void)hc_hw_complete(OUT, 0, HYP_USB_IOERROR, NULL, 0);
	hc_takes_output(arg);
}

/* ---- actors: clients ------------------------------------------------ */

static void
reads_closes(void *arg __unused)
{

	SCHED_CHECK(c_read(&hc_a, hc_abuf, 1, &hc_adone) == 0);
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

/* 3 times 36 bytes. */
static int
is_flushed(void *arg __unused)
{

	return atomic_load_relaxed(&hc_flushed);
}

static int
z_comes(void *arg __unused)
{

	return hc_hw_complete(IN, 0, HYP_USB_OK, "z", 1) == 0;
}

/* What comes after a flush is read, whatever it has met. */
static void
line_comes_z(void *arg)
{

	line_comes(arg);
	c_await(is_flushed, NULL);
	c_await(z_comes, NULL);
}

static void
flushes_reads(void *arg __unused)
{
	size_t n;

	SCHED_CHECK(c_ioctl(&hc_a, L_TCFLSH, L_TCIOFLUSH) == 0);
	atomic_store_relaxed(&hc_flushed, true);
	do {
		SCHED_CHECK(c_read(&hc_a, hc_abuf, sizeof(hc_abuf), &n) == 0 && n > 0);
	} while (hc_abuf[n - 1] != 'z' || (n > 1 && hc_abuf[n - 2] == 'y'));
}

/* Beside the event thread, as a chip's other endpoint would not do it. */
static void
breaks_come(void *arg __unused)
{

	for (int i = 0; i < 3; i++) {
		(void)hc_hw_complete(IN, 0, HYP_USB_OK,
		    "0123456789abcdefghijklmnopqrstuvwxyz", 36);
		ucom_line_event(hc_ucom(), ULSR_BI);
	}
}

/* All bytes, in their order, and whole marks between them. */
static void
reads_events(void *arg __unused)
{
	static const char mark[] = "\377\0\0";
	u_int at = 0, marks = 0;
	size_t i, n;

	for (hc_adone = 0; hc_adone < 108; ) {
		SCHED_CHECK(c_read(&hc_a, hc_abuf, 30, &n) == 0);
		SCHED_CHECK(n > 0);
		for (i = 0; i < n; i++) {
			if (at != 0 || hc_abuf[i] == mark[0]) {
				SCHED_CHECK(hc_abuf[i] == mark[at]);
				at = (at + 1) % 3;
				marks += at == 0;
				continue;
			}
			SCHED_CHECK(hc_abuf[i] ==
			    "0123456789abcdefghijklmnopqrstuvwxyz"[
			    hc_adone++ % 36]);
		}
	}
	SCHED_CHECK(marks <= 3);
}

static void
reads_lines(void *arg __unused)
{
	size_t n;

	for (hc_adone = 0; hc_adone < 108; hc_adone += n) {
		SCHED_CHECK(c_read(&hc_a, hc_abuf + hc_adone, 30, &n) == 0);
		SCHED_CHECK(n > 0);
	}
	for (n = 0; n < 3; n++)
		SCHED_CHECK(memcmp(hc_abuf + n * 36,
		    "0123456789abcdefghijklmnopqrstuvwxyz", 36) == 0);
}

static void
writes_closes(void *arg __unused)
{
	static const char text[100] = "The quick brown fox jumps over the "
	    "lazy dog.  The quick brown fox jumps over the lazy dog.";
	int error = c_write(&hc_a, text, sizeof(text), &hc_adone);

	SCHED_CHECK(error == 0 || error == L_EIO);
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

static void
writes_long(void *arg __unused)
{
	static const char longer[300];

	SCHED_CHECK(c_write(&hc_a, longer, sizeof(longer), &hc_adone) == 0);
	SCHED_CHECK(hc_adone == sizeof(longer));
	(void)C_INCR(&hc_clients_done);
}

static void
drains_closes(void *arg __unused)
{
	const int error = c_ioctl(&hc_a, L_TCSBRK, 1);

	/* Not sent is not 0. */
	SCHED_CHECK(error == L_EBADF || (error == 0 &&
	    atomic_load_relaxed(&hc_taken)));
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

/* Nothing comes but the end. */
static void
reads_end(void *arg)
{
	char buf[8];
	size_t n = 0;
	const int error = c_read(arg, buf, sizeof(buf), &n);

	SCHED_CHECK(error == L_EIO || (error == 0 && n == 0));
	h_close(arg);
}

/* Nothing of it is left on its way, or the file is dead. */
static void
flushes_closes(void *arg __unused)
{
	const int error = c_ioctl(&hc_a, L_TCFLSH, L_TCIOFLUSH);

	SCHED_CHECK(error == 0 || error == L_EBADF);
	if (error == 0 && c_ioctl(&hc_a, L_TCSBRK, 1) == 0)
		SCHED_CHECK(hc_ucom()->sc_oinflight == 0);
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

static void
polls(void *arg __unused)
{

	hc_polled = h_poll(&hc_a, POLLIN, 1);
	sched_note("poll: %#x", hc_polled);
	/* Of a hang-up as of the dead file that comes after it. */
	SCHED_CHECK((hc_polled & POLLHUP) == 0 || (hc_polled & POLLERR) != 0);
}

/* ---- setups and ends of their own ----------------------------------- */

static void
setup_marks_a(void)
{
	struct tty *tp;

	hc_setup_open_a();
	tp = hc_ucom()->sc_tty;
	ttylock(tp);
	SET(tp->t_iflag, PARMRK);
	ttyunlock(tp);
}

static void
setup_never_a(void)
{

	hc_setup_written_a();
	hu_mode(hc_hu, OUT, HU_HOLD, HU_C_NEVER);
	hu_mode(hc_hu, IN, HU_HOLD, HU_C_NEVER);
}

static int
is_ready(void *arg __unused)
{

	return (hc_polled & (POLLIN | POLLHUP)) != 0 ||
	    atomic_load_relaxed(&hc_a.c_host.hf_wakes) > 0;
}

/* Ready, or woken as soon as the event thread has run. */
static void
end_poll(void)
{

	T_UNTIL(is_ready, NULL);
	hc_end_close_a();
}

/* Nothing but the drain's 6 s, the grace, and zombies of each pipe. */
static void
end_bounded(void)
{

	SCHED_CHECK(sched_clock() < UINT64_C(1000000000) * 20);
	SCHED_CHECK(hyp_usb_zombies() <= UCOM_IN_BUFFS + 1);
	hc_end();
}

/* ---- the litmuses --------------------------------------------------- */

ACTORS(close_unplug, { "A", hc_closes, &hc_a }, { "unplug", hc_unplugs, NULL });
ACTORS(close_output, { "A", hc_closes, &hc_a },
    { "sent", hc_takes_output, ARG(&hc_one) });
ACTORS(close_output_unplug, { "A", hc_closes, &hc_a },
    { "sent", hc_takes_one, NULL },
    { "unplug", hc_unplugs, NULL });
ACTORS(close_fails, { "A", hc_closes, &hc_a },
    { "sent", fails_then_takes, ARG(&hc_one) });
ACTORS(close_revoke, { "A", hc_closes, &hc_a },
    { "revoke", hc_revokes_a, NULL });
ACTORS(close_alone, { "A", hc_closes, &hc_a });
ACTORS(read_unplug, { "A", reads_closes, NULL },
    { "unplug", hc_unplugs, NULL });
ACTORS(read_input_revoke, { "A", reads_closes, NULL },
    { "input", hc_byte_comes, NULL }, { "revoke", hc_revokes_a, NULL });
ACTORS(read_input_unplug, { "A", reads_closes, NULL },
    { "input", hc_byte_comes, NULL }, { "unplug", hc_unplugs, NULL });
ACTORS(read_stall_unplug, { "A", reads_closes, NULL },
    { "stall", input_fails, NULL }, { "unplug", hc_unplugs, NULL });
ACTORS(two_reads_revoke, { "A", reads_end, &hc_a }, { "C", reads_end, &hc_c },
    { "revoke", hc_revokes_a, NULL });
ACTORS(flush_output, { "A", flushes_closes, NULL },
    { "sent", hc_takes_one, NULL });
ACTORS(flush_unplug, { "A", flushes_closes, NULL },
    { "sent", hc_takes_one, NULL }, { "unplug", hc_unplugs, NULL });
ACTORS(flush_revoke, { "A", flushes_closes, NULL },
    { "sent", hc_takes_one, NULL }, { "revoke", hc_revokes_a, NULL });
ACTORS(flush_input, { "A", flushes_reads, NULL },
    { "input", line_comes_z, NULL });
ACTORS(read_events, { "A", reads_events, NULL },
    { "input", breaks_come, NULL });
ACTORS(close_events, { "A", hc_closes, &hc_a }, { "input", breaks_come, NULL });
ACTORS(read_full, { "A", reads_lines, NULL },
    { "input", line_comes, NULL });
ACTORS(close_full, { "A", hc_closes, &hc_a }, { "input", line_comes, NULL });
ACTORS(write_output, { "A", writes_closes, NULL },
    { "sent", hc_takes_output, ARG(&hc_one) });
ACTORS(write_long, { "A", writes_long, NULL }, { "sent", takes_all, NULL });
ACTORS(write_unplug, { "A", writes_closes, NULL },
    { "unplug", hc_unplugs, NULL });
ACTORS(write_revoke, { "A", writes_closes, NULL },
    { "sent", hc_takes_output, ARG(&hc_one) },
    { "revoke", hc_revokes_a, NULL });
ACTORS(drain_unplug, { "A", drains_closes, NULL },
    { "sent", hc_takes_one, NULL }, { "unplug", hc_unplugs, NULL });
ACTORS(close_output_revoke, { "A", hc_closes, &hc_a },
    { "sent", hc_takes_one, NULL }, { "revoke", hc_revokes_a, NULL });
ACTORS(poll_unplug, { "A", polls, NULL }, { "unplug", hc_unplugs, NULL });
ACTORS(poll_input, { "A", polls, NULL }, { "input", hc_byte_comes, NULL });
ACTORS(replug, { "A", reads_closes, NULL }, { "C", hc_open_close, &hc_c },
    { "replug", replugs, NULL });

extern const struct sched_litmus l_ucom_io[];
const struct sched_litmus l_ucom_io[] = {
	{ "close_unplug_idle", "a last close against a detach",
	    hc_setup_open_a, close_unplug, hc_end_at_once },
	{ "close_output", "a last close, and output that completes",
	    hc_setup_written_a, close_output, hc_end },
	{ "close_output_unplug", "the same, and a detach",
	    hc_setup_written_a, close_output_unplug, hc_end_at_once },
	{ "close_far_end", "a last close that nobody takes, and a revoke",
	    setup_held_a, close_revoke, end_second },
	{ "close_chip", "the same, and the chip has it",
	    setup_chip_a, close_revoke, end_second },
	{ "close_fails", "a last close, and output that fails once",
	    hc_setup_written_a, close_fails, end_soon },
	{ "close_never", "a last close of a dead device: bounded",
	    setup_never_a, close_alone, end_bounded },
	{ "unplug_never", "a last close and a detach of a dead device",
	    setup_never_a, close_unplug, end_bounded },
	{ "read_detach", "a blocked read against a detach",
	    hc_setup_open_a, read_unplug, hc_end },
	{ "read_input_cancel", "a read, a completion, and d_cancel",
	    hc_setup_open_a, read_input_revoke, hc_end },
	{ "read_input_unplug", "a read, a completion, and a detach",
	    hc_setup_open_a, read_input_unplug, hc_end },
	{ "read_stall_unplug", "a stalled input, and a detach",
	    hc_setup_open_a, read_stall_unplug, hc_end },
	{ "two_reads_end", "two blocked reads of a line against a revoke",
	    hc_setup_open_both, two_reads_revoke, hc_end },
	{ "read_full", "more input than the tty takes, and reads",
	    hc_setup_open_a, read_full, hc_end_close_a },
	{ "close_full", "more input than the tty takes, and a close",
	    hc_setup_open_a, close_full, hc_end },
	{ "flush_output", "tcflush, and a completion",
	    hc_setup_written_a, flush_output, hc_end },
	{ "flush_detach", "tcflush, a completion, and a detach",
	    hc_setup_written_a, flush_unplug, hc_end_at_once },
	{ "flush_cancel", "tcflush, a completion, and a revoke",
	    hc_setup_written_a, flush_revoke, hc_end },
	{ "flush_input", "tcflush of more input than the tty takes, and reads",
	    hc_setup_open_a, flush_input, hc_end_close_a },
	{ "read_events", "more input than the tty takes, with a break behind each piece, and reads",
	    setup_marks_a, read_events, hc_end_close_a },
	{ "close_events", "the same, and a close",
	    setup_marks_a, close_events, hc_end },
	{ "write_output", "a blocked write, and completions",
	    hc_setup_open_a, write_output, hc_end },
	{ "write_long", "a write of more than fits, and completions",
	    hc_setup_open_a, write_long, hc_end_close_a },
	{ "write_detach", "a blocked write against a detach",
	    hc_setup_open_a, write_unplug, hc_end },
	{ "write_cancel", "a write, completions, and d_cancel",
	    hc_setup_open_a, write_revoke, hc_end },
	{ "drain_detach", "tcdrain, a completion, and a detach",
	    hc_setup_written_a, drain_unplug, hc_end_at_once },
	{ "close_cancel", "a last close that drains, and a revoke",
	    hc_setup_written_a, close_output_revoke, hc_end },
	{ "poll_detach", "a poll against a detach",
	    hc_setup_open_a, poll_unplug, end_poll },
	{ "poll_byte", "a poll against a completion",
	    hc_setup_open_a, poll_input, end_poll },
	{ "replug", "a stale file, an open, and a replug",
	    hc_setup_open_a, replug, hc_end },
	{ NULL, NULL, NULL, NULL, NULL },
};
