/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_trace.c - specfs: what it tells of itself (sys/devtrace.h).  devsw
 * tells of the calls of drivers, but for those of clones (spec_clone.c).
 *
 * Takes nodes_lock, for the names; so no lock that is taken under that one
 * is held.
 */
#include <sys/devtrace.h>
#include <sys/systm.h>

#include "specfs/specfs_impl.h"

CTASSERT(SPEC_NAMELEN == DEVTRACE_NAMELEN);

/*
 * spec_trace_name(type, dev, name)
 *
 *	The node's name, or numbers: DEVTRACE_NAMELEN bytes.  Block devices
 *	have no nodes.
 */
void
spec_trace_name(int type, dev_t dev, char *name)
{

	if (type == VCHR)
		(void)spec_node_lookup(dev, name);
	else
		snprintf(name, DEVTRACE_NAMELEN, "block device %d,%d",
		    major(dev), minor(dev));
}

/*
 * spec_trace_enter(dt, type, dev)
 * spec_trace_exit(dt, type, dev, error)
 * spec_trace_begin(event, type, dev)
 * spec_trace_end(event, type, dev, error)
 *
 *	devtrace_enter and devtrace_exit, which find the name; and for an event
 *	about which there is nothing else to tell.
 */
void
spec_trace_enter(const struct devtrace *dt, enum vtype type, dev_t dev)
{
	char name[DEVTRACE_NAMELEN];
	struct devtrace named = *dt;

	spec_trace_name(type, dev, name);
	named.dt_dev = name;
	devtrace_enter(&named);
}

void
spec_trace_exit(const struct devtrace *dt, enum vtype type, dev_t dev,
    int error)
{
	char name[DEVTRACE_NAMELEN];
	struct devtrace named = *dt;

	spec_trace_name(type, dev, name);
	named.dt_dev = name;
	devtrace_exit(&named, error);
}

void
spec_trace_begin(const char *event, enum vtype type, dev_t dev)
{

	spec_trace_enter(&(const struct devtrace){ .dt_event = event }, type,
	    dev);
}

void
spec_trace_end(const char *event, enum vtype type, dev_t dev, int error)
{

	spec_trace_exit(&(const struct devtrace){ .dt_event = event }, type,
	    dev, error);
}

/*
 * spec_trace_drain(sd)
 *
 *	A drain begins, for so many calls.
 */
void
spec_trace_drain(struct specdev *sd)
{
	const struct devtrace dt = { .dt_event = "drain", .dt_key = "calls",
	    .dt_value = atomic_load_relaxed(&sd->sd_iocnt) };

	spec_trace_enter(&dt, sd->sd_type, sd->sd_dev);
}
