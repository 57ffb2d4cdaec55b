/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_ucom_open.c - litmuses of ucom(4): opens of the two nodes of a line,
 * against each other, closes, revokes, carrier and a device that is pulled out.
 */
#include "sched/h_cp.h"

static const u_int at_once = 0, a_second = LWP_NBWAIT_MS;

/* ---- up and down ---------------------------------------------------- */

static void
setup_no_room(void)
{

	hc_no_room = true;
	hc_setup();
	hc_no_room = false;
	SCHED_CHECK(hc_ucom()->sc_state == UCOM_DEAD);
}

static void
setup_no_carrier(void)
{

	hc_setup();
	cp.cp_msr = 0;
}

/* Nobody calls yet; raw, and without a pause after a hang-up. */
static void
setup_no_call(void)
{
	struct tty *tp;

	hc_setup();
	SCHED_CHECK(c_open(&hc_a, HYP_F_NONBLOCK) == 0);
	tp = hc_ucom()->sc_tty;
	c_raw(tp, 1, 0);
	ttylock(tp);
	CLR(tp->t_cflag, HUPCL);
	ttyunlock(tp);
	h_close(&hc_a);
	cp.cp_msr = 0;
}

/* The first settings are refused. */
static void
setup_param_fails(void)
{

	hc_setup();
	atomic_store_relaxed(&cp.cp_param_error, EIO);
}

static void
setup_param_fails_both(void)
{

	setup_param_fails();
	hc_other_node = true;
}

/* A dial-in open waits for carrier, and a dial-out's mode is refused. */
static void
setup_mode_fails(void)
{

	setup_no_carrier();
	hc_other_node = true;
}

static void
setup_dead(void)
{

	hc_setup();
	cp.cp_dead = true;
}

static void
setup_open_b(void)
{

	hc_setup();
	SCHED_CHECK(c_open(&hc_b, HYP_F_NONBLOCK) == 0);
	c_raw(hc_ucom()->sc_tty, 1, 0);
}

/* For b: its close(2) returns. */
static void
is_over(struct h_hostfile *hf __unused)
{

	mutex_enter(&cp.cp_lock);
	cp.cp_closed = true;
	cv_broadcast(&cp.cp_cv);
	mutex_exit(&cp.cp_lock);
}

/* Exclusive, and whoever closes it opens the other node next. */
static void
setup_reopen(void)
{

	setup_open_b();
	hc_b.c_host.hf_closing = is_over;
	SCHED_CHECK(c_ioctl(&hc_b, L_TIOCEXCL, 0) == 0);
}

/* And a chip that has a buffer of its own. */
static void
setup_chip_b(void)
{

	setup_open_b();
	cp_methods.ucom_txempty = cp_txempty;
	cp.cp_revoke = true;
}

/* Output that the device does not take: 16 bytes, at this speed. */
static void
sends(int speed)
{
	struct tty *tp;

	setup_reopen();
	tp = hc_ucom()->sc_tty;
	SCHED_CHECK(c_write(&hc_b, "abcdefghijklmnop", 16, &hc_bdone) == 0);
	ttylock(tp);
	tp->t_ospeed = speed;
	ttyunlock(tp);
}

static void
setup_sends_soon(void)
{

	sends(9600);
}

static void
setup_sends_never(void)
{

	sends(9600);
	hu_mode(hc_hu, OUT, HU_HOLD, HU_C_NEVER);
}

static void
setup_sends_long(void)
{

	sends(10);
	hu_mode(hc_hu, OUT, HU_HOLD, HU_C_NEVER);
}

static void
setup_opened_once(void)
{

	hc_setup_open_a();
	h_close(&hc_a);
}

/* DTR was left up. */
static void
end_hang_up(void)
{

	cp.cp_dtr = false;
	hc_end();
}

/* ---- actors: the device --------------------------------------------- */

static void
carrier_comes(void *arg __unused)
{

	mutex_enter(&cp.cp_lock);
	cp.cp_msr = UMSR_DCD;
	mutex_exit(&cp.cp_lock);
	ucom_status_change(hc_ucom());
}

static int
somebody_waits(void *arg __unused)
{
	struct ucom_softc *sc = hc_ucom();
	int n;

	if (sc == NULL || atomic_load_relaxed(&hc_clients_done) > 0)
		return 1;
	/* Only who asks here unplugs. */
	ttylock(sc->sc_tty);
	n = sc->sc_tty->t_wopen;
	ttyunlock(sc->sc_tty);
	return n > 0;
}

static int
byte_is_there(void *arg __unused)
{
	struct ucom_softc *sc = hc_ucom();
	bool there;

	mutex_enter(&sc->sc_lock);
	there = sc->sc_open != 0 || !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);
	mutex_exit(&sc->sc_lock);
	return there || atomic_load_relaxed(&hc_clients_done) > 0;
}

/* A call whose first byte comes at once. */
static void
calls(void *arg __unused)
{

	c_await(somebody_waits, NULL);
	carrier_comes(NULL);
	hc_byte_comes(NULL);
}

/* One that ends after that, and then another one. */
static void
calls_twice(void *arg)
{
	struct ucom_softc *sc = hc_ucom();
	bool kept;

	calls(arg);
	c_await(byte_is_there, NULL);
	hc_carrier_goes(NULL);
	mutex_enter(&sc->sc_lock);
	kept = sc->sc_open == 0 && !sc->sc_rx_feeding &&
	    !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);
	mutex_exit(&sc->sc_lock);
	SCHED_CHECK(!kept);
	carrier_comes(NULL);
	hc_byte_comes(NULL);
}

/* ---- actors: clients ------------------------------------------------ */

static void
opens_surely(void *arg)
{
	struct h_client *c = arg;

	SCHED_CHECK(c_open(c, 0) == 0);
	h_close(c);
	(void)C_INCR(&hc_clients_done);
}

/* A file that could be opened has hardware that runs, in its mode. */
static void
opens_runs(void *arg)
{
	struct h_client *const c = arg;
	bool ok;

	if (c_open(c, 0) == 0) {
		mutex_enter(&hc_ucom()->sc_lock);
		ok = hc_ucom()->sc_running && hc_ucom()->sc_parent_open &&
		    hc_ucom()->sc_state == UCOM_OPEN && hc_ucom()->sc_kind ==
		    (c->c_node == hc_b.c_node ? UCOM_DIALOUT : UCOM_DIALIN) &&
		    cp.cp_mode_ok;
		mutex_exit(&hc_ucom()->sc_lock);
		SCHED_CHECK(ok);
		h_close(c);
	} else
		SCHED_CHECK(c->c_error == L_EIO || (hc_other_node &&
		    c->c_error == L_EBUSY));
	(void)C_INCR(&hc_clients_done);
}

/* No open waits for more than one other's attempt and its own. */
static void
opens_dead(void *arg)
{
	const uint64_t start = sched_clock();

	SCHED_CHECK(c_open(arg, 0) == L_EIO);
	SCHED_CHECK(sched_clock() - start <
	    UINT64_C(1000000) * CP_TIMEOUT_MS * 5 / 2);
	(void)C_INCR(&hc_clients_done);
}

static void
opens_twice(void *arg)
{

	opens_surely(arg);
	opens_surely(arg);
}

static void
opens_enxio(void *arg)
{

	SCHED_CHECK(c_open(arg, 0) == L_ENXIO);
}

/* Either it comes first, or it finds the line in use. */
static void
dials_out(void *arg __unused)
{

	if (c_open(&hc_b, 0) == 0)
		h_close(&hc_b);
	else
		SCHED_CHECK(hc_b.c_error == L_EBUSY);
	(void)C_INCR(&hc_clients_done);
}

static void
dial_out_fails(void *arg __unused)
{

	atomic_store_relaxed(&cp.cp_param_error, EIO);
	if (c_open(&hc_b, 0) == 0)
		h_close(&hc_b);
	else
		SCHED_CHECK(hc_b.c_error == L_EBUSY || hc_b.c_error == L_EIO);
}

static void
waits_for_close(void)
{

	mutex_enter(&cp.cp_lock);
	while (!cp.cp_closed)
		cv_wait(&cp.cp_cv, &cp.cp_lock);
	mutex_exit(&cp.cp_lock);
}

/* close(2) has returned: nobody has the line, and nobody is told so. */
static void
reopens(void *arg __unused)
{

	waits_for_close();
	SCHED_CHECK(c_open(&hc_a, HYP_F_NONBLOCK) == 0);
	SCHED_CHECK(sched_clock() - hc_began < UINT64_C(900000000));
	h_close(&hc_a);
}

/* The close has to send, longer than an O_NONBLOCK open waits: *arg ms. */
static void
reopens_not(void *arg)
{
	const u_int ms = *(const u_int *)arg;
	uint64_t took;

	waits_for_close();
	SCHED_CHECK(c_open(&hc_a, HYP_F_NONBLOCK) == L_EAGAIN);
	took = (sched_clock() - hc_began) / 1000000;
	SCHED_CHECK(took >= ms && took < ms + 100);
}

/* Busy is the line for this one only if the other has had it. */
static void
dials_in_now(void *arg __unused)
{

	if (c_open(&hc_a, HYP_F_NONBLOCK) == 0)
		h_close(&hc_a);
	else
		SCHED_CHECK(hc_a.c_error == L_EBUSY || hc_a.c_error == L_EIO);
}

/* It may be the one who meets the error that was meant for dial-out. */
static void
dials_in(void *arg __unused)
{

	if (c_open(&hc_a, 0) == 0)
		h_close(&hc_a);
	else
		SCHED_CHECK(hc_a.c_error == L_EIO);
}

static void
answers(void *arg __unused)
{

	SCHED_CHECK(c_open(&hc_a, 0) == 0);
	SCHED_CHECK(c_read(&hc_a, hc_abuf, 1, &hc_adone) == 0);
	SCHED_CHECK(hc_adone == 1 && hc_abuf[0] == 'x');
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

/* The end of the call may be the first that it reads. */
static void
answers_some(void *arg __unused)
{

	SCHED_CHECK(c_open(&hc_a, 0) == 0);
	SCHED_CHECK(c_read(&hc_a, hc_abuf, 1, &hc_adone) == 0);
	h_close(&hc_a);
	(void)C_INCR(&hc_clients_done);
}

static void
reads_b(void *arg __unused)
{

	SCHED_CHECK(c_read(&hc_b, hc_bbuf, 1, &hc_bdone) == 0);
	SCHED_CHECK(hc_bdone == 1);
	h_close(&hc_b);
}

/* Nothing ends it, so it is done once: the chip is asked once. */
static void
drains_once(void *arg __unused)
{

	SCHED_CHECK(c_ioctl(&hc_b, L_TCSBRK, 1) == 0);
	SCHED_CHECK(cp.cp_asked == 1);
	h_close(&hc_b);
	(void)C_INCR(&hc_clients_done);
}

static void
revokes_b(void *arg __unused)
{

	SCHED_CHECK(h_revoke(hc_b.c_node) == 0);
	sched_note("dtyU0 is revoked");
}

static void
unplugs_waiter(void *arg)
{

	c_await(somebody_waits, NULL);
	hc_unplugs(arg);
}

/* Of two dial-out opens one's mode is refused; then there is a carrier. */
static void
mode_fails(void *arg)
{

	c_await(somebody_waits, NULL);
	atomic_store_relaxed(&cp.cp_param_error, EIO);
	opens_runs(arg);
	carrier_comes(NULL);
}

/* Exclusive, while A waits: no business of A's; then there is a carrier. */
static void
dials_out_excl(void *arg __unused)
{

	c_await(somebody_waits, NULL);
	SCHED_CHECK(c_open(&hc_b, 0) == 0);
	SCHED_CHECK(c_ioctl(&hc_b, L_TIOCEXCL, 0) == 0);
	h_close(&hc_b);
	carrier_comes(NULL);
}

static void
opens_runs_waiter(void *arg)
{

	c_await(somebody_waits, NULL);
	opens_runs(arg);
}

static void
revokes_waiter(void *arg)
{

	c_await(somebody_waits, NULL);
	hc_revokes_a(arg);
}

/* The same of a chip that answers when it comes. */
static void
revokes_asked(void *arg)
{
	struct ucom_softc *const sc = hc_ucom();

	revokes_waiter(arg);
	mutex_enter(&sc->sc_lock);
	cp.cp_revoke = false;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
}

/*
 * A dial-in open waits for dial-out meanwhile; its revoke does not wait for
 * dial-out, and is no business of dial-out's: another one can come.
 */
static void
byte_after_revoke(void *arg)
{
	struct h_client another = { .c_node = hc_b.c_node };

	revokes_waiter(arg);
	SCHED_CHECK(sched_clock() - hc_began < UINT64_C(1000000000));
	SCHED_CHECK(c_open(&another, 0) == 0);
	h_close(&another);
	hc_byte_comes(NULL);
}

static void
opens_no_room(void *arg __unused)
{

	SCHED_CHECK(c_open(&hc_a, 0) == L_ENXIO);
}

/* ---- the litmuses --------------------------------------------------- */

ACTORS(twice, { "A", opens_twice, &hc_a }, { "C", opens_surely, &hc_c });
ACTORS(in_out, { "A", opens_surely, &hc_a }, { "B", dials_out, NULL });
ACTORS(in_close_out, { "A", opens_surely, &hc_a }, { "B", hc_closes, &hc_b });
ACTORS(out_close_in, { "B", hc_open_close, &hc_b }, { "A", hc_closes, &hc_a });
ACTORS(in_out_fails, { "A", dials_in, NULL }, { "B", dial_out_fails, NULL });
ACTORS(close_reopen, { "B", hc_closes, &hc_b }, { "A", reopens, NULL });
ACTORS(close_reopen_soon, { "B", hc_closes, &hc_b }, { "A", reopens, NULL },
    { "sent", hc_takes_output, ARG(&hc_one) });
ACTORS(close_reopen_never, { "B", hc_closes, &hc_b },
    { "A", reopens_not, ARG(&a_second) });
ACTORS(close_reopen_long, { "B", hc_closes, &hc_b },
    { "A", reopens_not, ARG(&at_once) });
ACTORS(in_now_out, { "A", dials_in_now, NULL }, { "B", dials_out, NULL });
ACTORS(in_now_out_fails, { "A", dials_in_now, NULL },
    { "B", dial_out_fails, NULL });
ACTORS(up_fails, { "A", opens_runs, &hc_a }, { "C", opens_runs, &hc_c });
ACTORS(up_fails_out, { "A", opens_runs, &hc_a }, { "B", opens_runs, &hc_b });
ACTORS(mode_fails_out, { "A", opens_runs, &hc_a }, { "B", mode_fails, &hc_b },
    { "D", opens_runs_waiter, &hc_d });
ACTORS(excl_in, { "A", opens_surely, &hc_a },
    { "B", dials_out_excl, NULL });
ACTORS(no_room_open, { "A", opens_no_room, NULL },
    { "unplug", hc_unplugs, NULL });
ACTORS(up_never, { "A", opens_dead, &hc_a }, { "C", opens_dead, &hc_c },
    { "B", opens_dead, &hc_b });
ACTORS(in_in_out, { "A", opens_surely, &hc_a }, { "C", opens_surely, &hc_c },
    { "B", dials_out, NULL });
ACTORS(close_open_revoke, { "A", hc_closes, &hc_a },
    { "C", hc_open_close, &hc_c },
    { "revoke", hc_revokes_a, NULL });
ACTORS(out_in_revoke, { "B", hc_closes, &hc_b }, { "A", hc_open_close, &hc_a },
    { "revoke", revokes_b, NULL });
ACTORS(open_revoke, { "C", hc_open_close, &hc_c },
    { "revoke", hc_revokes_a, NULL });
ACTORS(out_revoke_in, { "B", hc_open_close, &hc_b },
    { "revoke", hc_revokes_a, NULL });
ACTORS(revoke_both, { "A", hc_closes, &hc_a }, { "R1", hc_revokes_a, NULL },
    { "R2", revokes_b, NULL });
ACTORS(revoke_in, { "B", reads_b, NULL }, { "A", hc_open_close, &hc_a },
    { "revoke", byte_after_revoke, NULL });
ACTORS(drain_revoke_in, { "B", drains_once, NULL },
    { "A", hc_open_close, &hc_a }, { "revoke", revokes_asked, NULL });
ACTORS(open_unplug, { "A", hc_open_close, &hc_a },
    { "unplug", hc_unplugs, NULL });
ACTORS(in_out_unplug, { "A", hc_open_close, &hc_a },
    { "B", hc_open_close, &hc_b },
    { "unplug", hc_unplugs, NULL });
ACTORS(carrier_unplug, { "A", opens_enxio, &hc_a },
    { "unplug", unplugs_waiter, NULL });
ACTORS(carrier_comes_revoke, { "A", hc_open_close, &hc_a },
    { "revoke", hc_revokes_a, NULL }, { "carrier", carrier_comes, NULL });
ACTORS(carrier_twice, { "up", carrier_comes, NULL },
    { "down", hc_carrier_goes, NULL }, { "A", hc_closes, &hc_a });
ACTORS(call_answer, { "A", answers, NULL }, { "call", calls, NULL });
ACTORS(call_twice, { "A", answers_some, NULL },
    { "call", calls_twice, NULL });

extern const struct sched_litmus l_ucom_open[];
const struct sched_litmus l_ucom_open[] = {
	{ "hup_pause", "opens of one node: the pause after a hang-up",
	    hc_setup, twice, hc_end },
	{ "in_out", "a dial-in open against a dial-out open",
	    hc_setup, in_out, hc_end },
	{ "in_in_out", "two dial-in opens against a dial-out open",
	    hc_setup, in_in_out, hc_end },
	{ "in_out_no_carrier", "the same without carrier, which comes",
	    setup_no_carrier, carrier_comes_revoke, hc_end },
	{ "in_close_out", "a dial-in open that waits for dial-out's close",
	    setup_open_b, in_close_out, hc_end },
	{ "out_close_in", "a dial-out open against dial-in's close",
	    hc_setup_open_a, out_close_in, hc_end },
	{ "in_out_fails", "a dial-in open, and dial-out that fails",
	    hc_setup, in_out_fails, hc_end },
	{ "close_reopen", "close(2) of dial-out, then open(2) of dial-in",
	    setup_reopen, close_reopen, hc_end },
	{ "close_reopen_soon", "the same, and output that is soon gone",
	    setup_sends_soon, close_reopen_soon, hc_end },
	{ "close_reopen_never", "and that is not: EAGAIN in a second",
	    setup_sends_never, close_reopen_never, hc_end },
	{ "close_reopen_long", "and that will not be: EAGAIN at once",
	    setup_sends_long, close_reopen_long, hc_end },
	{ "in_now_out", "dial-in with O_NONBLOCK against dial-out",
	    hc_setup, in_now_out, hc_end },
	{ "in_now_out_fails", "the same, and dial-out fails",
	    hc_setup, in_now_out_fails, hc_end },
	{ "up_fails", "a first open that fails, and another one",
	    setup_param_fails, up_fails, hc_end },
	{ "up_fails_out", "the same, of the other node",
	    setup_param_fails_both, up_fails_out, hc_end },
	{ "mode_fails_out", "dial-out that fails, another, and dial-in",
	    setup_mode_fails, mode_fails_out, hc_end },
	{ "excl_in", "dial-in waits, and dial-out is exclusive meanwhile",
	    setup_no_carrier, excl_in, hc_end },
	{ "no_room", "an attachment without room for data is a dead device",
	    setup_no_room, no_room_open, hc_end },
	{ "up_never", "opens of a device that never answers: one timeout",
	    setup_dead, up_never, hc_end },
	{ "own_close", "an open between d_cancel and d_close of its node",
	    hc_setup_open_a, open_revoke, hc_end_close_a },
	{ "other_close", "the same, of the other node",
	    hc_setup_open_a, out_revoke_in, hc_end_close_a },
	{ "own_close_last", "last close, open and revoke of a node",
	    hc_setup_open_a, close_open_revoke, hc_end },
	{ "other_close_last", "last close and revoke, and the other node",
	    setup_open_b, out_in_revoke, hc_end },
	{ "revoke_both", "revokes of both nodes at once",
	    hc_setup_open_a, revoke_both, hc_end },
	{ "revoke_in", "a revoke of dial-in leaves dial-out alone",
	    setup_open_b, revoke_in, hc_end },
	{ "drain_revoke_in", "nor does it end dial-out's tcdrain",
	    setup_chip_b, drain_revoke_in, hc_end },
	{ "open_unplug", "an open against a detach",
	    hc_setup, open_unplug, hc_end },
	{ "in_out_unplug", "opens of both nodes against a detach",
	    hc_setup, in_out_unplug, hc_end },
	{ "carrier_unplug", "an open that waits for carrier, and a detach",
	    setup_no_carrier, carrier_unplug, hc_end },
	{ "carrier_byte", "an open that waits for carrier, and a byte with it",
	    setup_no_call, call_answer, end_hang_up },
	{ "carrier_bounce", "the same, and the carrier goes again",
	    setup_no_call, call_twice, end_hang_up },
	{ "pause_unplug", "an open in the pause after a hang-up, and a detach",
	    setup_opened_once, open_unplug, hc_end },
	{ "carrier_twice", "carrier comes and goes during a last close",
	    hc_setup_open_a, carrier_twice, hc_end },
	{ NULL, NULL, NULL, NULL, NULL },
};
