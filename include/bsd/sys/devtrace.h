/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/devtrace.h - tell the host side what goes on between specfs and the
 * drivers (devswd --trace).
 *
 * Whoever has something to tell asks DEVTRACE() first, which is all that it
 * costs when nobody listens, and makes a struct devtrace of it: enter, what
 * it is about, exit.
 */
#ifndef _SYS_DEVTRACE_H_
#define _SYS_DEVTRACE_H_

#include <sys/cdefs.h>
#include <sys/types.h>

#define	DEVTRACE_NAMELEN	32

struct devtrace {
	const char	*dt_event;	/* a constant, not a module's */
	const char	*dt_dev;	/* node or device */
	u_long		 dt_command;	/* an ioctl's, or 0 */
	const char	*dt_key;	/* a constant: of dt_value, or NULL */
	uintptr_t	 dt_func;	/* the driver's function, or 0 */
	uint64_t	 dt_value;
	uintptr_t	 dt_file;	/* fo_*: which clone, or 0 */
};

/* May change at any time: then one of enter and exit is told alone. */
extern bool devtrace_on;
#define	DEVTRACE()							\
	__predict_false(__atomic_load_n(&devtrace_on, __ATOMIC_RELAXED))

void	devtrace_enter(const struct devtrace *);
void	devtrace_exit(const struct devtrace *, int);

#endif /* _SYS_DEVTRACE_H_ */
