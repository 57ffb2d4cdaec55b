/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - one run, in a process of its own, with a deadline.
 *
 *	devsw-compare			the run's process
 *	fork				the scenario, its threads
 *	look at rc_done, at the		rc_done, _exit
 *	process and at the clock
 *	SIGKILL at the deadline
 *
 * A process that even SIGKILL does not end, since one of its threads sleeps
 * uninterruptibly, is left behind.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare/compare.h"

#define	DEADLINE_S	30u
#define	EXIT_MS		40000u		/* a close may wait for output */
#define	TRACE_MS	60u		/* until the trace is written */

/* ---- what it should have been ---------------------------------------- */

static const struct expect *
expectation(const struct scenario *sc, const char *what,
    const struct hardware *hw, const struct system *sys)
{

	for (const struct expect *ex = sc->sc_expect; ex->ex_what != NULL;
	    ex++) {
		if (strcmp(ex->ex_what, what) == 0 &&
		    (ex->ex_class & hw->h_class) != 0 &&
		    (ex->ex_systems & sys->s_bit) != 0)
			return ex;
	}
	return NULL;
}

/* Is it one of "a|b"? */
static bool
one_of(const char *got, const char *list)
{
	const size_t len = strlen(got);

	for (;;) {
		if (strncmp(list, got, len) == 0 &&
		    (list[len] == '\0' || list[len] == '|'))
			return true;
		list = strchr(list, '|');
		if (list == NULL)
			return false;
		list++;
	}
}

/* ---- the document's words -------------------------------------------- */

static json_t *
json_outcome(const struct outcome *oc, const struct expect *ex, bool *ok)
{
	const bool good = ex != NULL && one_of(oc->oc_got, ex->ex_value);
	const bool known = !good && ex != NULL && ex->ex_known != NULL &&
	    one_of(oc->oc_got, ex->ex_known);
	json_t *json;

	if (!good && !known)
		*ok = false;
	json = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}",
	    "what", oc->oc_what, "got", oc->oc_got,
	    "expected", ex == NULL ? "" : ex->ex_value,
	    "source", ex == NULL ? "" : ex->ex_source,
	    "ok", good, "noted", known ? ex->ex_why : "");
	json_object_set_new(json, "ms", oc->oc_ms < 0 ? json_null() :
	    json_real(oc->oc_ms));
	return json;
}

static double
ms_since(const struct record *rc, uint64_t when)
{
	const double ms = ((double)when - (double)rc->rc_began) / 1e6;

	return (double)(long)(ms * 1000) / 1000;
}

static json_t *
json_event(const struct record *rc, const struct event *ev)
{
	static const char *const kinds[] = { "call", "plug", "driver", "wait",
	    "note" };
	json_t *json;

	json = json_pack("{s:s, s:s, s:s, s:f, s:s}",
	    "lane", ev->ev_lane, "kind", kinds[ev->ev_kind],
	    "what", ev->ev_what, "from", ms_since(rc, ev->ev_from),
	    "result", ev->ev_result);
	json_object_set_new(json, "to", ev->ev_to == 0 ? json_null() :
	    json_real(ms_since(rc, ev->ev_to)));
	return json;
}

static int
by_begin(const void *a, const void *b)
{
	const struct event *const x = a, *const y = b;

	return x->ev_from < y->ev_from ? -1 : x->ev_from > y->ev_from;
}

static json_t *
json_run(const struct scenario *sc, const struct hardware *hw,
    const struct system *sys, struct record *rc, bool hung, unsigned seconds)
{
	json_t *const outcomes = json_array(), *const events = json_array();
	unsigned n = rc->rc_nevents < NEVENTS ? rc->rc_nevents : NEVENTS;
	bool ok = true;
	const char *status;
	char reason[200];

	for (unsigned i = 0; i < rc->rc_noutcomes && i < NOUTCOMES; i++)
		json_array_append_new(outcomes,
		    json_outcome(&rc->rc_outcomes[i], expectation(sc,
		    rc->rc_outcomes[i].oc_what, hw, sys), &ok));
	qsort(rc->rc_events, n, sizeof(rc->rc_events[0]), by_begin);
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(events,
		    json_event(rc, &rc->rc_events[i]));

	snprintf(reason, sizeof(reason), "%s",
	    rc->rc_cannot[0] != '\0' ? rc->rc_cannot : rc->rc_broken);
	if (hung) {
		status = "hung";
		snprintf(reason, sizeof(reason), "hung after %u s", seconds);
	} else if (rc->rc_cannot[0] != '\0')
		status = "cannot";
	else if (!ok || rc->rc_broken[0] != '\0' || rc->rc_noutcomes == 0)
		status = "differs";
	else
		status = "expected";
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "hardware",
	    hw->h_id, "system", sys->s_id, "status", status, "reason", reason,
	    "outcomes", outcomes, "events", events);
}

json_t *
run_cannot(const struct hardware *hw, const struct system *sys,
    const char *reason)
{

	return json_pack("{s:s, s:s, s:s, s:s, s:[], s:[]}", "hardware",
	    hw->h_id, "system", sys->s_id, "status", "cannot", "reason",
	    reason, "outcomes", "events");
}

/* ---- the process ----------------------------------------------------- */

_Noreturn static void
in_child(const struct scenario *sc, const struct hardware *hw,
    const struct system *sys, struct record *rc)
{
	struct run r = { .r_sc = sc, .r_hw = hw, .r_sys = sys, .r_rec = rc,
	    .r_fd = -1 };

	setpgid(0, 0);
	if (system_node(hw, true, r.r_node, sizeof(r.r_node)) == NULL ||
	    system_node(hw, false, r.r_dialin, sizeof(r.r_dialin)) == NULL)
		broken(&r, "no node");
	sc->sc_run(&r);
	__atomic_store_n(&rc->rc_done, true, __ATOMIC_RELEASE);
	_exit(0);
}

/* Wait for the process; true: it is gone. */
static bool
reap(pid_t pid, unsigned ms, const bool *done, int *status)
{

	for (unsigned i = 0; i < ms; i += 2) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (done != NULL && __atomic_load_n(done, __ATOMIC_ACQUIRE))
			return false;
		pause_ms(2);
	}
	return false;
}

/* Until it has ended, or has said all and is on its way; or it hangs. */
static bool
watch(pid_t pid, struct record *rc, unsigned seconds)
{
	const bool never = false;
	bool gone, hung;
	int status = 0;

	gone = reap(pid, seconds * 1000, &rc->rc_done, &status);
	hung = !gone && !__atomic_load_n(&rc->rc_done, __ATOMIC_ACQUIRE);
	if (gone && !rc->rc_done)
		snprintf(rc->rc_broken, sizeof(rc->rc_broken),
		    "the scenario ended with status %#x", (unsigned)status);
	if (!gone) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		(void)reap(pid, EXIT_MS, &never, &status);
	}
	return hung;
}

json_t *
run_scenario(const struct scenario *sc, const struct hardware *hw,
    const struct system *sys)
{
	const unsigned seconds = sc->sc_deadline_s != 0 ? sc->sc_deadline_s :
	    DEADLINE_S;
	struct record *rc;
	bool hung = false;
	json_t *json;
	pid_t pid;

	if (!(sc->sc_class & hw->h_class) || !(sc->sc_systems & sys->s_bit))
		return run_cannot(hw, sys, sc->sc_why_not);
	rc = mmap(NULL, sizeof(*rc), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rc == MAP_FAILED)
		return run_cannot(hw, sys, strerror(errno));
	rc->rc_trace = trace_size(system_trace());
	rc->rc_began = record_now();
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		in_child(sc, hw, sys, rc);
	if (pid == -1)
		json = run_cannot(hw, sys, strerror(errno));
	else {
		hung = watch(pid, rc, seconds);
		pause_ms(TRACE_MS);
		trace_events(system_trace(), rc);
		json = json_run(sc, hw, sys, rc, hung, seconds);
	}
	munmap(rc, sizeof(*rc));
	return json;
}
