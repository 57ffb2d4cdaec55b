/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw_trace.c - the calls of drivers' entries, for those who watch
 * (sys/devtrace.h).
 *
 * subr_devsw.c comes here for an entry instead of calling it, so that the
 * whole price of a trace that is off is the question whether it is on.  The
 * kernel lock is taken already, if it is: the time in here is the driver's.
 */
#include <sys/conf.h>
#include <sys/devtrace.h>
#include <sys/uio.h>

#include "devsw/devsw_impl.h"

/*
 * error = devsw_trace_call(event, func, block, dev, flag, mode, l)
 *
 *	d_open, d_cancel or d_close.
 */
int
devsw_trace_call(const char *event, dev_type_open((*func)), bool block,
    dev_t dev, int flag, int mode, struct lwp *l)
{
	char name[DEVTRACE_NAMELEN];
	const struct devtrace dt = { .dt_event = event, .dt_dev = name,
	    .dt_func = (uintptr_t)func };
	int error;

	devsw_getdevname(block, dev, name);
	devtrace_enter(&dt);
	error = func(dev, flag, mode, l);
	devtrace_exit(&dt, error);
	return error;
}

/*
 * error = devsw_trace_rw(event, func, dev, uio, flag)
 *
 *	d_read or d_write.
 */
int
devsw_trace_rw(const char *event, dev_type_read((*func)), dev_t dev,
    struct uio *uio, int flag)
{
	char name[DEVTRACE_NAMELEN];
	struct devtrace dt = { .dt_event = event, .dt_dev = name,
	    .dt_func = (uintptr_t)func };
	const size_t resid = uio->uio_resid;
	int error;

	devsw_getdevname(false, dev, name);
	devtrace_enter(&dt);
	error = func(dev, uio, flag);
	dt.dt_key = "bytes";
	dt.dt_value = resid - uio->uio_resid;
	devtrace_exit(&dt, error);
	return error;
}

/*
 * error = devsw_trace_ioctl(func, block, dev, cmd, data, flag, l)
 */
int
devsw_trace_ioctl(dev_type_ioctl((*func)), bool block, dev_t dev, u_long cmd,
    void *data, int flag, struct lwp *l)
{
	char name[DEVTRACE_NAMELEN];
	const struct devtrace dt = { .dt_event = "d_ioctl", .dt_dev = name,
	    .dt_command = cmd, .dt_func = (uintptr_t)func };
	int error;

	devsw_getdevname(block, dev, name);
	devtrace_enter(&dt);
	error = func(dev, cmd, data, flag, l);
	devtrace_exit(&dt, error);
	return error;
}

/*
 * revents = devsw_trace_poll(func, dev, events, l)
 */
int
devsw_trace_poll(dev_type_poll((*func)), dev_t dev, int events, struct lwp *l)
{
	char name[DEVTRACE_NAMELEN];
	struct devtrace dt = { .dt_event = "d_poll", .dt_dev = name,
	    .dt_key = "events", .dt_value = (u_int)events };
	int revents;

	devsw_getdevname(false, dev, name);
	devtrace_enter(&dt);
	revents = func(dev, events, l);
	dt.dt_key = "revents";
	dt.dt_value = (u_int)revents;
	devtrace_exit(&dt, 0);
	return revents;
}
