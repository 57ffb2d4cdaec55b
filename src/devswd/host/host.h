/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - what the host side offers to the rest of the host side (front,
 * main, vusb, tests), beyond the hypercalls of hyp/.
 *
 * hyp_posix_lib (libc and pthreads only): hyp_posix.c, log.c, text.c,
 * trace.c, trace_text.c, tap.c, crash.c, hyp_random.c, note.c, overdue.c.
 * host_usb_lib (libusb) and host_udev_lib (libudev) have headers of their
 * own: host/usb.h and host/udev.h.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- log.c ---------------------------------------------------------- */

/*
 * Where hyp_log writes.
 *
 *	STDERR	 standard error: lines with a time and a level, or, when
 *		 systemd's journal is at the other end (JOURNAL_STREAM), lines
 *		 with a "<6>" prefix.  The default.
 *	SYSLOG	 datagrams to /dev/log, facility daemon.
 */
enum host_logdest {
	HOST_LOG_STDERR,
	HOST_LOG_SYSLOG,
};

/*
 * host_log_to(dest)
 *
 *	Switch the destination.  Any thread; meant for the start of the
 *	daemon, when it leaves its terminal.
 */
void	host_log_to(enum host_logdest);

/*
 * hyp_posix_set_loglevel(level)
 *
 *	Lines with a level above this (HYP_LOG_*) are dropped.  The default
 *	is HYP_LOG_INFO.  Any thread.
 */
void	hyp_posix_set_loglevel(int);

/*
 * host_logf(level, format, ...)
 *
 *	hyp_log for H code, with printf's formats.  A line longer than 1000
 *	bytes is cut, and goes through host_text_clean like all lines.  Any
 *	thread, any lock; not from a signal handler.
 */
void	host_logf(int, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));

/*
 * n = host_log_quiet(quiet)
 *
 *	For a line that a client or a device can cause as often as it likes:
 *	at most one in HOST_QUIET_MS.  n: say it now; it is the n'th since the
 *	last that was said.  0: not now.  quiet is zero at first, and one for
 *	each such line.  Any thread, any lock.
 */
#define	HOST_QUIET_MS	UINT64_C(60000)
struct host_quiet {
	_Atomic uint64_t hq_next;	/* none before */
	atomic_uint	 hq_kept;	/* since the last */
};
unsigned host_log_quiet(struct host_quiet *);

/*
 * host_log_emergency(text)
 *
 *	Last words: text and a newline to standard error, and to syslog if
 *	that is the destination, without taking a lock or formatting.
 *	Async-signal-safe.
 */
void	host_log_emergency(const char *);

/* ---- text.c --------------------------------------------------------- */

/*
 * host_text_clean(text)
 *
 *	Put a '?' in the place of each character, and of each byte that is
 *	part of none, that does more than to be seen on a terminal.  The
 *	text becomes no longer.  Any thread.
 */
void	host_text_clean(char *);

/*
 * n = host_text_json(text, buf, size)
 *
 *	text as JSON has it between the quotes, in plain ASCII: nothing is lost
 *	of what is UTF-8, and no reader takes it for more than text.  A byte
 *	that is part of no character becomes U+FFFD.  Cut at a character if
 *	size, which is not 0, is less than HOST_TEXT_JSON of the text's bytes.
 *	n: strlen(buf).  Any thread.
 */
#define	HOST_TEXT_JSON(n)	(6 * (n) + 1)
size_t	host_text_json(const char *, char *, size_t);

/* ---- hyp_posix.c ---------------------------------------------------- */

/*
 * hyp_posix_set_parkhook(park, unpark)
 *
 *	Have park(word, val, deadline) called by each thread that is about to
 *	sleep in hyp_park: it may do the sleeping itself, and returns what
 *	hyp_park is to return then, or -1.  And unpark(word) by hyp_unpark:
 *	true if it has woken a thread that sleeps so.  NULL: nothing.  They may
 *	be called with any lock of K held, and must not call up; word is what
 *	hyp.h says.  For the front end, whose threads wait for the next request
 *	unless they sleep.  Any thread; meant for start and end.
 */
void	hyp_posix_set_parkhook(int (*)(uint32_t *, uint32_t, uint64_t),
	    bool (*)(uint32_t *));

/* ---- trace.c -------------------------------------------------------- */

/*
 * error = host_trace_open(path)
 *
 *	Open the file that a trace will be written to, and leave it as it is,
 *	or make it, for its owner alone.  ELOOP: it is a link; EPERM, EMLINK:
 *	a file or FIFO of another user, or with another name.  errno: what the
 *	system says.  By the main thread; once, or again after an error or
 *	host_trace_stop.
 */
int	host_trace_open(const char *);

/*
 * error = host_trace_start()
 *
 *	Empty the file of host_trace_open, shut it to all but its owner, and
 *	write to it what hyp_trace (hyp/hyp_trace.h) is given from now on: as
 *	JSON, one line each, in the order of their times, which are
 *	CLOCK_MONOTONIC's.  Not before a fork: a thread does it.  ENOMEM,
 *	EAGAIN: no thread, or an errno of the file.  If the file fails later,
 *	the log says so, and the trace is over.
 */
int	host_trace_start(void);

/*
 * host_trace_stop()
 *
 *	Write what is left, and close the file; what hyp_trace is given after
 *	that is dropped.  Waits for a reader for a second at most, then EAGAIN
 *	is in the log.  Nothing without host_trace_start.  By the main thread.
 */
void	host_trace_stop(void);

/* ---- tap.c ---------------------------------------------------------- */

/*
 * host_tap_init(turn, idle_ms)
 *
 *	turn(on) is called when the kernel side shall call hyp_trace and when it
 *	need not any more: with a lock held, from hyp_trace too.  A tap
 *	that nobody has had for idle_ms is closed.  NULL: nobody is called.
 *	Before any tap.
 */
void	host_tap_init(void (*)(bool), unsigned);

/*
 * error = host_tap_get(name, &tap)
 * host_tap_put(tap)
 *
 *	What hyp_trace is told of this node is kept, the newest of it, from the
 *	first of these until nobody has had it for idle_ms.
 *	EBUSY: too many nodes are followed.
 *
 * from = host_tap_now(tap)
 *
 *	The number of the next record.
 *
 * len = host_tap_read(tap, &from, &lost, line)
 *
 *	The record of that number as a line of HOST_TAP_LINE bytes, as in the
 *	file; from moves on.  lost: so many before it are not kept any more.
 *	0: there is none yet.  HOST_TAP_ANEW: the number is not of this tap; from
 *	is that of now.
 *
 * more = host_tap_wait(tap, from, until)
 *
 *	Sleep until there is the record of that number, or it is time
 *	(CLOCK_MONOTONIC).
 *
 * host_tap_end(ended)
 *
 *	Nobody waits any longer.  false: they may again.
 */
struct host_tap;
struct timespec;
#define	HOST_TAP_LINE	400
#define	HOST_TAP_ANEW	(-1)
int	host_tap_get(const char *, struct host_tap **);
void	host_tap_put(struct host_tap *);
uint64_t host_tap_now(const struct host_tap *);
int	host_tap_read(const struct host_tap *, uint64_t *, uint64_t *, char *);
bool	host_tap_wait(const struct host_tap *, uint64_t,
	    const struct timespec *);
void	host_tap_end(bool);

/* ---- hyp_random.c --------------------------------------------------- */

/*
 * host_random_files(random, urandom)
 *
 *	Other files in their place, and all is forgotten; for tests.
 */
void	host_random_files(const char *, const char *);

/* ---- note.c --------------------------------------------------------- */

/*
 * host_note_to(memory, n)
 *
 *	Give these n struct hyp_note, of a shared mapping, from the begin of a
 *	page on, and zeroed, to threads that call hyp_note from now on first;
 *	at most HOST_NOTES.  They may be unmapped later: it has a mapping of its
 *	own.  NULL: to nobody any more.
 *
 * note = host_note_mine()
 *
 *	The calling thread's, or NULL.  Async-signal-safe.
 *
 * host_note_idle()
 *
 *	The calling thread is in no driver, and what it was in last says nothing
 *	of what comes now: it begins to wait for something else.
 */
#define	HOST_NOTES	4096
struct hyp_note;
void	host_note_to(void *, unsigned);
const struct hyp_note *host_note_mine(void);
void	host_note_idle(void);

/* ---- crash.c -------------------------------------------------------- */

/*
 * host_fatal(what)
 *
 *	The process cannot go on, by errno and through no fault of its own: a
 *	line "what: why" in the log, the hooks of host_emergency_add, and the
 *	end, with exit status 1.  Any thread; not from a signal handler.
 */
_Noreturn void	host_fatal(const char *);

/*
 * host_emergency_add(hook)
 *
 *	Have hook called once when the process is about to die of hyp_panic
 *	or, after host_crash_catch, of a fatal signal.  hook must be
 *	async-signal-safe: no lock, no allocation, only system calls on
 *	memory that is never freed.  Adding the same hook again is a no-op.
 *	At most 4 hooks.  Any thread.
 */
void	host_emergency_add(void (*)(void));

/*
 * host_crash_catch()
 *
 *	From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS and SIGABRT run
 *	the hooks before the process dies of that same signal, with the core
 *	dump it would have had.  The main thread and the threads of
 *	hyp_thread_create run them on a stack of their own, so that an
 *	overflown stack is caught too.  Once, at start, by the main thread.
 */
void	host_crash_catch(void);

/*
 * host_crash_say(text)
 *
 *	host_log_emergency, and remembered as a reason.  For hooks, too.
 *
 * host_crash_words(words, size)
 *
 *	Memory, zeroed, for what is said from now on by who dies of his own, as
 *	text with "; " between; NULL: nowhere any more.  Not while anybody
 *	may die.
 */
void	host_crash_say(const char *);
void	host_crash_words(char *, size_t);

/*
 * host_crash_module(name, there)
 *
 *	A module has come, or is about to go: name is the dynamic linker's,
 *	and lives as long.  A crash in it says so.  One thread at a time.
 */
void	host_crash_module(const char *, int);

/*
 * stack = host_crash_stack()
 * host_crash_stack_free(stack)
 *
 *	Give the calling thread an alternate signal stack, and take it back
 *	before it ends; NULL: it has one, or there is no memory, and a crash
 *	whose cause is the stack's end is not reported.  hyp_thread_create and
 *	host_crash_catch do it by themselves.  Of its memory nothing is used
 *	before a crash.
 */
void	*host_crash_stack(void);
void	host_crash_stack_free(void *);

#endif /* HOST_HOST_H */
