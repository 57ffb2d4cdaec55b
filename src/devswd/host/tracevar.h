/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracevar.h - what those that take a trace share: trace.c, a file of all; tap.c,
 * those who follow a node; trace_text.c, how it reads.
 */
#ifndef HOST_TRACEVAR_H
#define HOST_TRACEVAR_H

#include <sys/types.h>

#include <stdint.h>

#include "host/host.h"
#include "hyp/hyp_trace.h"

struct trace_record {
	uint64_t	 tr_time;	/* CLOCK_MONOTONIC, ns */
	pid_t		 tr_thread;
	struct hyp_trace tr_what;
};

#define	TRACE_LINE	HOST_TAP_LINE	/* more than any line */

/*
 * len = trace_text(record, buf)
 *
 *	As a line of JSON, plain ASCII, with its newline, into TRACE_LINE bytes.
 */
size_t	trace_text(const struct trace_record *, char *);

/*
 * asked = tap_put(what)
 *
 *	hyp_trace for those who follow a node; tap.c.  0: nobody ever has, so the
 *	kernel side has not been told to call.
 */
int	tap_put(const struct hyp_trace *);

#endif /* HOST_TRACEVAR_H */
