/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * died.c - why the daemon before this one died, in JSON; for a client who may
 * see who uses which node.  No locks.
 */
#include <string.h>

#include "hyp/hyp_node.h"
#include "main/controlvar.h"

static const char *const calls[] = { FRONT_CALLS };
static const char *const entries[] = { FRONT_ENTRIES };

static bool
is_asked(const struct front_nodeinfo *ni, uint32_t minor)
{

	return ni == NULL || ni->fi_minor == minor;
}

static void
say_calls(struct text *t, const struct front_died *fd,
    const struct front_nodeinfo *ni)
{
	const char *between = "";

	say(t, "\"calls\": [");
	for (unsigned i = 0; i < fd->fd_ncalls && i < FRONT_DIED_MAX; i++) {
		const struct front_died_call *const dc = &fd->fd_calls[i];

		if (!is_asked(ni, dc->dc_minor))
			continue;
		say(t, "%s\n   {\"call\": \"%s\", \"node\": ", between,
		    calls[dc->dc_call]);
		say_string(t, dc->dc_name);
		say(t, "}");
		between = ",";
	}
	say(t, "]");
}

static void
say_files(struct text *t, const struct front_died *fd,
    const struct front_nodeinfo *ni)
{
	const char *between = "";

	say(t, "\"files\": [");
	for (unsigned i = 0; i < fd->fd_nfiles && i < FRONT_DIED_MAX; i++) {
		const struct front_died_file *const df = &fd->fd_files[i];

		if (!is_asked(ni, df->df_minor))
			continue;
		say(t, "%s\n   {\"pid\": %d, \"uid\": %u, \"node\": ",
		    between, (int)df->df_pid, (unsigned)df->df_uid);
		say_string(t, df->df_name);
		say(t, "}");
		between = ",";
	}
	say(t, "]");
}

static void
say_last(struct text *t, const struct front_died *fd,
    const struct front_nodeinfo *ni)
{
	const char *between = "";

	say(t, "\"last\": [");
	for (unsigned i = 0; i < fd->fd_nlast; i++) {
		const struct front_died_last *const dl = &fd->fd_last[i];

		if (!is_asked(ni, dl->dl_minor))
			continue;
		say(t, "%s\n   {\"call\": \"%s\", \"before_ms\": %u, ",
		    between, calls[dl->dl_call], dl->dl_before);
		if (dl->dl_took >= 0)
			say(t, "\"took_ms\": %d, ", dl->dl_took);
		say(t, "\"node\": ");
		say_string(t, dl->dl_name);
		say(t, "}");
		between = ",";
	}
	say(t, "]");
}

/* Of a node are those of its hardware, too. */
static bool
is_driver_of(const struct front_nodeinfo *ni,
    const struct front_died_driver *dd)
{
	struct hyp_node_stat hs;

	if (is_asked(ni, dd->dd_minor) || dd->dd_name[0] == '\0')
		return ni == NULL || dd->dd_name[0] != '\0';
	if (dd->dd_minor != UINT32_MAX)
		return false;
	hyp_node_getstat(ni->fi_node, &hs);
	return strcmp(dd->dd_name, hs.hs_driver) == 0 ||
	    strcmp(dd->dd_name, hs.hs_device) == 0;
}

static void
say_drivers(struct text *t, const struct front_died *fd,
    const struct front_nodeinfo *ni)
{
	const char *between = "";

	say(t, "\"drivers\": [");
	for (unsigned i = 0; i < fd->fd_ndrivers && i < FRONT_DIED_MAX; i++) {
		const struct front_died_driver *const dd = &fd->fd_drivers[i];

		if (!is_driver_of(ni, dd))
			continue;
		say(t, "%s\n   {\"in\": \"%s\", \"%s\": ", between,
		    entries[dd->dd_entry],
		    dd->dd_minor != UINT32_MAX ? "node" : "device");
		say_string(t, dd->dd_name);
		say(t, ", \"thread\": ");
		say_string(t, dd->dd_thread);
		say(t, "}");
		between = ",";
	}
	say(t, "]");
}

void
say_died(struct text *t, const struct front_nodeinfo *ni)
{
	const struct front_died *const fd = front_died();

	if (fd == NULL || !client_may_see_all(t->t_client))
		return;
	say(t, ",\n \"died\": {\"why\": ");
	say_string(t, fd->fd_words);
	if (ni == NULL)
		say(t, ",\n  \"ncalls\": %u, \"nfiles\": %u, "
		    "\"ndrivers\": %u", fd->fd_ncalls, fd->fd_nfiles,
		    fd->fd_ndrivers);
	say(t, ",\n  ");
	say_drivers(t, fd, ni);
	say(t, ",\n  ");
	say_calls(t, fd, ni);
	say(t, ",\n  ");
	say_files(t, fd, ni);
	say(t, ",\n  ");
	say_last(t, fd, ni);
	say(t, "}");
}
