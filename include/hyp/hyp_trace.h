/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_trace.h - what the kernel side tells of its calls of the drivers.
 *
 * Off unless the host side turns it on, for as long as it does.  A back end that
 * never does still has to define hyp_trace, which must not be called then.
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
	uint8_t		 ht_exit;	/* it ends, with ht_error */
	char		 ht_error[16];	/* "EIO", "0" */
	char		 ht_dev[32];	/* "ttyU0", "ucom0" */
	char		 ht_command[32]; /* an ioctl's, or "" */
};

/* ---- down-call (K -> H, defined in src/devswd/host) ----------------- */

/*
 * hyp_trace(what)
 *
 *	Write down that this happens now, on this thread.  What is given by
 *	one thread after another's call has returned is written after that.
 *	Any context, any lock: does not block, nor wait for the medium.  If
 *	there is too much of it some is left out, and the trace says how much.
 */
void	hyp_trace(const struct hyp_trace *);

/* ---- up-call (H -> K, defined in src/kernel/kern) ------------------- */

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

#endif /* HYP_HYP_TRACE_H */
