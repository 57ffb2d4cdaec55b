/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.h - devsw-compare: one scenario, run with the kernel's driver and
 * with devswd under each of its semantics, on the same hardware.
 *
 *	hardware	a USB device that can be plugged and unplugged
 *	system		what drives it: the kernel, or devswd with semantics
 *	scenario	a C function, and what each system should answer
 *	run		a scenario on a hardware under a system
 *
 * Each run is a process of its own (run.c), which writes what it sees into
 * memory that it shares with devsw-compare: so a run that hangs is ended
 * without a loss of what it has seen.  What it saw goes into a JSON document;
 * all output is made from that (report_*.c), now or later (--from).
 *
 * A new scenario is a function in a sc_*.c and a row of the table at that
 * file's end.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#define	COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- hardware.c ------------------------------------------------------ */

/* What it is to programs, and which of the kernel's drivers it has. */
#define	ACM	0x1u
#define	SERIAL	0x2u			/* usb-serial */
#define	HID	0x4u
#define	STUCK	0x8u			/* a HID that does not answer */
#define	TTY	(ACM | SERIAL)
#define	ANY	(TTY | HID)

struct hardware {
	char		h_id[32];
	unsigned	h_class;	/* ACM, SERIAL, HID or STUCK */
	uint16_t	h_vendor, h_product;
	char		h_serial[128];	/* empty: none */
	char		h_port[64];	/* "1-1.4"; empty: wherever it is */
	char		h_far[128];	/* the wire's other end; empty: none */
	char		h_what[128];	/* for people */
	char		h_plug[256];	/* a command; "ask" asks a person, */
	char		h_unplug[256];	/* empty: the hub's port is disabled */
	struct hardware	*h_next;
};

#define	is_hid(hw)	(((hw)->h_class & (HID | STUCK)) != 0)

/*
 * hw = hardware_load(file)
 *
 *	The devices of a description (devsw-compare(1)), or NULL after a
 *	message.
 *
 * hw = hardware_of_node(path, ask)
 *
 *	The USB device behind /dev/ttyUSB0, /dev/ttyACM0 or /dev/hidraw0, to be
 *	unplugged by its hub, or by a person.
 *
 * hw = hardware_attached(ask)
 *
 *	All of them that have such a node now.
 */
struct hardware *hardware_load(const char *);
struct hardware *hardware_of_node(const char *, bool);
struct hardware *hardware_attached(bool);
void	hardware_free(struct hardware *);

/*
 * error = hardware_plug(hw), hardware_unplug(hw)
 *
 *	errno.  As soon as the wire is connected or not; nobody has noticed
 *	yet.  Nothing happens if it is so already.
 */
int	hardware_plug(const struct hardware *);
int	hardware_unplug(const struct hardware *);

/*
 * found = hardware_kernel_node(hw, path, size)
 *
 *	The kernel's node of it, "/dev/ttyUSB0".
 *
 * found = hardware_on_bus(hw)
 *
 *	Does the kernel know the device?
 */
bool	hardware_kernel_node(const struct hardware *, char *, size_t);
bool	hardware_on_bus(const struct hardware *);

/*
 * n = hardware_holders(path, who, size)
 *
 *	How many descriptors of this node all processes have together; who, if
 *	not NULL, names them: "cat (12), socat (34)".  Root's view: others see
 *	their own only.
 */
unsigned hardware_holders(const char *, char *, size_t);

/* ---- system.c -------------------------------------------------------- */

#define	KERNEL		0x01u
#define	NETBSD		0x02u
#define	LEGACY		0x04u
#define	FREEBSD		0x08u
#define	TRACKCLOSE	0x10u
#define	LINUX		0x20u		/* devswd's */
#define	NETBSDS		(NETBSD | LEGACY)
#define	FREEBSDS	(FREEBSD | TRACKCLOSE)
#define	BSDS		(NETBSDS | FREEBSDS)
#define	DEVSWD		(BSDS | LINUX)
#define	LINUXES		(KERNEL | LINUX)
#define	ALL		(KERNEL | DEVSWD)

struct system {
	unsigned	s_bit;
	const char	*s_id;		/* of devswd: its --semantics */
	const char	*s_label, *s_text;
};

#define	NSYSTEMS	6
extern const struct system systems[NSYSTEMS];

/* What was only read is not run: for the reports. */
struct reading_system {
	const char	*rs_id, *rs_label, *rs_text;
};

#define	NREADING	5
extern const struct reading_system reading_systems[NREADING];

/*
 * error = system_start(sys, hw, devswd)
 *
 *	hw belongs to sys from now on, is plugged, and its node can be
 *	opened.  errno after a message.  One at a time.
 *
 * system_stop()
 *
 *	It ends, and the kernel has the hardware again.
 *
 * ok = system_repair(hw)
 *
 *	After a run: plugged, and usable; with another devswd, if need be.
 *
 * path = system_node(hw, dialout, path, size)
 *
 *	The node that works now; NULL: none.  No driver is called.
 *
 * path = system_trace()
 *
 *	Where devswd writes what it calls; NULL: nobody does.
 *
 * pid = system_pid()
 *
 *	devswd's; 0: the kernel has no process.
 */
int	system_start(const struct system *, const struct hardware *,
	    const char *);
void	system_stop(void);
bool	system_repair(const struct hardware *);
const char *system_node(const struct hardware *, bool, char *, size_t);
const char *system_trace(void);
pid_t	system_pid(void);
void	system_say_log(FILE *);

/* ---- scenarios ------------------------------------------------------- */

struct run;

struct expect {
	const char	*ex_what;	/* an outcome */
	unsigned	ex_class, ex_systems;
	const char	*ex_value;	/* "a|b": either */
	const char	*ex_source;	/* whose code or document says so */
	const char	*ex_known, *ex_why; /* what is answered instead, why */
};

struct reading {
	const char	*rd_system;	/* of reading_systems */
	unsigned	rd_class;
	const char	*rd_text, *rd_source;
	bool		rd_inferred;
};

struct scenario {
	unsigned	sc_number;
	const char	*sc_name, *sc_title, *sc_text;
	const char	*sc_actors;	/* separated by commas */
	unsigned	sc_class, sc_systems;	/* where it can be run */
	const char	*sc_why_not;	/* elsewhere, or why nowhere */
	void		(*sc_run)(struct run *);
	const struct expect *sc_expect;	/* the first row that fits counts */
	const struct reading *sc_reading;
	unsigned	sc_deadline_s;	/* 0: the usual */
	bool		sc_quick;	/* of --quick */
};

/* Why a close of --semantics netbsd-legacy has a d_cancel. */
#define	LEGACY_CANCEL "devswd's drivers have a d_cancel, which stands in for " \
		"what a d_close of old did first"

/* Ordered by number, ends with one without a name. */
extern const struct scenario scenarios_open[], scenarios_unplug[],
    scenarios_stale[], scenarios_close[], scenarios_revoke[],
    scenarios_silent[];
extern const struct scenario *const scenario_tables[];	/* ends with NULL */

/* ---- record.c: what a run has seen ----------------------------------- */

enum event_kind { EV_CALL, EV_PLUG, EV_DRIVER, EV_WAIT, EV_NOTE };

struct event {
	enum event_kind	ev_kind;
	char		ev_lane[24], ev_what[48], ev_result[48];
	uint64_t	ev_from, ev_to;		/* ns; to 0: not yet */
};

struct outcome {
	char		oc_what[32], oc_got[80];
	double		oc_ms;			/* < 0: none */
};

#define	NEVENTS		1024
#define	NOUTCOMES	48

struct record {
	uint64_t	rc_began;
	long		rc_trace;		/* offset of its begin */
	unsigned	rc_nevents, rc_noutcomes;	/* atomic */
	char		rc_cannot[160];		/* why it cannot be run */
	char		rc_broken[160];		/* the run itself failed */
	bool		rc_done;
	struct event	rc_events[NEVENTS];
	struct outcome	rc_outcomes[NOUTCOMES];
};

uint64_t record_now(void);
void	pause_ms(unsigned);
struct event *record_event(struct record *, enum event_kind, const char *,
	    const char *);
void	record_outcome(struct record *, const char *, double, const char *,
	    ...) __attribute__((format(printf, 4, 5)));

/* ---- actor.c: what a scenario is written with ------------------------ */

struct run {
	const struct scenario	*r_sc;
	const struct hardware	*r_hw;
	const struct system	*r_sys;
	struct record		*r_rec;
	char			r_node[64], r_dialin[64];
	int			r_fd;		/* what must_open gave last */
	uint64_t		r_event;	/* the last plug, unplug, ... */
};

struct call;

/*
 * c = call_read(r, lane, fd, size), ...
 *
 *	A thread that makes this system call.  It is seen in the lane, an
 *	actor's name.
 *
 * yes = call_blocked(r, c)
 *
 *	Wait until it sleeps in the kernel and nobody is at work who could
 *	wake it; false: it has returned.
 *
 * n = call_result(r, c)
 *
 *	Wait for its end, for CALL_LIMIT_S at most; what it returned, or -1,
 *	or CALL_WAITS.
 */
#define	CALL_LIMIT_S	4
#define	CALL_SOON_S	2
#define	CALL_WAITS	(-2)
#define	CALL_BLOCK	4096		/* the most that is read or written */

struct call *call_open(struct run *, const char *, const char *, int);
struct call *call_open_as(struct run *, const char *, const char *, int,
	    unsigned);
struct call *call_read(struct run *, const char *, int, size_t);
struct call *call_write(struct run *, const char *, int, size_t);
struct call *call_fill(struct run *, const char *, int, size_t);
struct call *call_poll(struct run *, const char *, int, short, int);
struct call *call_ioctl(struct run *, const char *, int, const char *,
	    unsigned long, void *);
struct call *call_drain(struct run *, const char *, int);
struct call *call_close(struct run *, const char *, int);
struct call *call_revoke(struct run *, const char *, const char *, unsigned);
bool	call_blocked(struct run *, struct call *);
long	call_result(struct run *, struct call *);
bool	call_ended(struct call *, double);

/*
 * signals(r, restart), call_signal(c)
 *
 *	SIGUSR1 has a handler that does nothing, with SA_RESTART or without;
 *	and the call's thread gets one.
 */
void	signals(struct run *, bool);
void	call_signal(struct call *);

/*
 * outcome(r, what, c)
 *
 *	What the call has returned, and when since the last event.
 *
 * outcome_now(r, what, c)
 *
 *	The same, or "waits" if it sleeps.  For reads and the like: an open or
 *	a close sleeps now and then.
 *
 * outcome_soon(r, what, c)
 *
 *	The same, or "waits" after CALL_SOON_S, which is more than an open that
 *	waits for nobody takes, the pause after a hang-up included.
 *
 * outcome_set(r, what, format, ...)
 *
 *	Something else that was seen.
 *
 * outcome_driver(r, what)
 *
 *	What has been called in the driver since the scenario began, as
 *	devswd's trace has it: "open cancel drain close".  Nothing on a system
 *	without a trace.
 *
 * traced = driver_calls(r, text, size)
 *
 *	The same, to be looked at.
 */
void	outcome(struct run *, const char *, struct call *);
void	outcome_now(struct run *, const char *, struct call *);
void	outcome_soon(struct run *, const char *, struct call *);
void	outcome_set(struct run *, const char *, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
void	outcome_driver(struct run *, const char *);
bool	driver_calls(struct run *, char *, size_t);

/*
 * fd = must_open(r, flags)
 *
 *	The node, of a tty the one for dial-out, raw and without regard to the
 *	carrier.  The run ends if that fails.
 *
 * must_fill(r, fd)
 *
 *	Write until the far end takes no more; what was written last is not
 *	sent yet.
 *
 * tty_raw(r, fd, clocal)
 *
 *	The line is raw, with HUPCL, and CLOCAL or not.
 *
 * n = write_size(r, n)
 *
 *	How much to write at a time: to a tty n bytes; to a HID a report of 8,
 *	before which hidraw wants its ID.
 *
 * was = node_owner(r, path, uid)
 *
 *	The node belongs to that user from now on; whose it was.
 *
 * cannot(r, format, ...), broken(r, format, ...)
 *
 *	End the run: it cannot be run here; or it went wrong.
 */
int	must_open(struct run *, int);
void	must_fill(struct run *, int);
void	tty_raw(struct run *, int, bool);
size_t	write_size(const struct run *, size_t);
unsigned node_owner(struct run *, const char *, unsigned);
_Noreturn void cannot(struct run *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
_Noreturn void broken(struct run *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * unplug(r), plug(r)
 *
 *	Pull the plug: returns when the wire is cut.  Put it in again: returns
 *	when a node works; its name is in r_node.
 *
 * gone(r)
 *
 *	Wait until the system knows of the unplug.
 *
 * event(r, text)
 *
 *	Outcomes' times count from now.
 */
void	unplug(struct run *);
void	plug(struct run *);
void	gone(struct run *);
void	event(struct run *, const char *);

/*
 * The far end of the wire; the run ends if there is none.
 *
 * far_drain(r, far, c)
 *
 *	Read whatever comes until the call has ended, or CALL_LIMIT_S.
 */
int	far_open(struct run *);
void	far_write(struct run *, int, size_t);
size_t	far_read(struct run *, int, size_t);
void	far_drain(struct run *, int, struct call *);

/* ---- run.c, trace.c -------------------------------------------------- */

/*
 * json = run_scenario(sc, hw, sys)
 *
 *	One run, as the document has it.  Never NULL.
 */
json_t	*run_scenario(const struct scenario *, const struct hardware *,
	    const struct system *);
json_t	*run_cannot(const struct hardware *, const struct system *,
	    const char *);

long	trace_size(const char *);
void	trace_events(const char *, struct record *);
bool	trace_driver(const char *, long, char *, size_t);
bool	trace_closed(const char *, long);
uint64_t trace_time(const char *, long, const char *, bool);

/* ---- reports --------------------------------------------------------- */

const char *doc_str(json_t *, const char *);
bool	doc_measured(json_t *);
json_t	*doc_run(json_t *, const char *, const char *);

int	report_table(json_t *, FILE *, bool, bool);
int	report_markdown(json_t *, FILE *);
int	report_html(json_t *, FILE *);
bool	report_all_expected(json_t *);

#endif /* COMPARE_H */
