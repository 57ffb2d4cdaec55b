/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * died.c - why the daemon before this one died, in JSON; for a client who may
 * see who uses which node.  No locks.
 */
#include "main/controlvar.h"

static const char *const calls[] = { FRONT_CALLS };

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

void
say_died(struct text *t, const struct front_nodeinfo *ni)
{
	const struct front_died *const fd = front_died();

	if (fd == NULL || !client_may_see_all(t->t_client))
		return;
	say(t, ",\n \"died\": {\"why\": ");
	say_string(t, fd->fd_words);
	if (ni == NULL)
		say(t, ",\n  \"ncalls\": %u, \"nfiles\": %u", fd->fd_ncalls,
		    fd->fd_nfiles);
	say(t, ",\n  ");
	say_calls(t, fd, ni);
	say(t, ",\n  ");
	say_files(t, fd, ni);
	say(t, ",\n  ");
	say_last(t, fd, ni);
	say(t, "}");
}
