/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_trace.h - what the kernel side tells of its calls of the drivers: each of
 * them as it happens (hyp_trace), those that do not come back, and what each
 * thread is in, for who asks after its death (hyp_note).
 *
 * hyp_trace is off unless the host side turns it on, for as long as it does.  A
 * back end that never does still has to define hyp_trace, which must not be
 * called then.
 */
#ifndef HYP_HYP_TRACE_H
#define HYP_HYP_TRACE_H

#include <stdint.h>

/*
 * One thing that begins or ends.  Strings are ended by a NUL; the pointers
 * are to constants of the kernel side itself, never of a module.
 */
struct hyp_trace {
	const char	*ht_event;	/* "d_open" */
	const char	*ht_key;	/* what ht_value is, or NULL */
	uintptr_t	 ht_func;	/* the driver's function, or 0 */
	uint64_t	 ht_value;
	uintptr_t	 ht_file;	/* fo_*: which of the node's clones */
	uint8_t		 ht_exit;	/* it ends, with ht_error */
	char		 ht_error[16];	/* "EIO", "0" */
	char		 ht_dev[32];	/* "ttyU0", "ucom0" */
	char		 ht_command[32]; /* an ioctl's, or "" */
};

/*
 * What a thread is in, or was in last: K's to write, by that thread alone, and
 * anybody's to read at any moment, also when the thread has been killed between
 * two stores.  Each word is stored as a whole; hn_name belongs to the hn_word
 * that was stored after it, and is only written while that is 0.
 */
struct hyp_note {
	uint64_t	 hn_word;	/* HYP_NOTE_*; 0: nothing */
	uint64_t	 hn_name[2];	/* whose, filled up with NULs: "uftdi0"; or
					   0, and HYP_NOTE_MINOR's, or 0 */
	uint32_t	 hn_tid;	/* H's: 0: never anybody's */
	uint32_t	 hn_spare;
	uint64_t	 hn_thread[2];	/* H's: its name, with its NUL */
	uint64_t	 hn_spares[2];
};

#define	HYP_NOTE_WHAT(w)	((w) & 0xff)
#define	HYP_NOTE_BACK		UINT64_C(0x100)	/* it has come back */
#define	HYP_NOTE_MINOR(w)	((uint32_t)((w) >> 32)) /* of hyp_node_create,
							   and 1; 0: none */

/* d_*: of the node in HYP_NOTE_MINOR.  The others: of hn_name. */
enum {
	HYP_NOTE_NONE,
	HYP_NOTE_OPEN,
	HYP_NOTE_CANCEL,
	HYP_NOTE_CLOSE,
	HYP_NOTE_READ,
	HYP_NOTE_WRITE,
	HYP_NOTE_IOCTL,
	HYP_NOTE_POLL,
	HYP_NOTE_MATCH,			/* from here on: the others */
	HYP_NOTE_ATTACH,
	HYP_NOTE_DETACH,
	HYP_NOTE_CHILDDETACHED,
	HYP_NOTE_ACTIVATE,
	HYP_NOTE_CALLBACK,
	HYP_NOTE_CALLOUT,
	HYP_NOTE_SOFTINT,
	HYP_NOTE_TASK,
	HYP_NOTE_THREAD,
	HYP_NOTE_N
};

/* ---- down-calls (K -> H, defined in src/devswd/host) ---------------- */

/*
 * note = hyp_note()
 *
 *	The calling thread's, until it ends; never NULL, and always the same.
 *	Any context, any lock.  Does not block.
 */
struct hyp_note	*hyp_note(void);

/*
 * hyp_trace(what)
 *
 *	Write down that this happens now, on this thread.  What is given by
 *	one thread after another's call has returned is written after that.
 *	Any context, any lock: does not block, nor wait for the medium.  If
 *	there is too much of it some is left out, and the trace says how much.
 */
void	hyp_trace(const struct hyp_trace *);

/*
 * hyp_calls_watch()
 *
 *	From now on a driver may come whose functions do not come back: look at
 *	hyp_call_next now and then.  Again is harmless.  No lock held.  Does not
 *	block for long.
 */
void	hyp_calls_watch(void);

/* ---- up-calls (H -> K, defined in src/kernel/{autoconf,kern}) ------- */

/*
 * hyp_trace_start()
 * hyp_trace_stop()
 *
 *	From now on hyp_trace is called; it is not any more, but by threads that
 *	are in the middle of it.  What had begun before tells only its end, and
 *	what ends after that only its begin.  Any thread, any lock; also from
 *	hyp_trace, and before hyp_boot.
 */
void	hyp_trace_start(void);
void	hyp_trace_stop(void);

/*
 * more = hyp_call_next(&row, &call)
 *
 *	The match and attach functions of drivers that run now, from row 0 on.
 *	Any thread.
 */
struct hyp_call {
	uint32_t	 hc_id;		/* of this call, and no other */
	uint32_t	 hc_ms;		/* since it began */
	uint32_t	 hc_late;	/* so many deadlines (hyp_set_deadline) */
	const char	*hc_what;	/* "match", "attach" */
	char		 hc_driver[16];
	uint8_t		 hc_hurts;	/* it has kept the kernel lock since, and
					   others wait for that */
};
int	hyp_call_next(uint32_t *, struct hyp_call *);

/*
 * hyp_calls_late(late)
 *
 *	One of them at least is late, or none is any more: modules do not wait
 *	for them to come back.  Any thread, no lock.
 */
void	hyp_calls_late(int);

#endif /* HYP_HYP_TRACE_H */
