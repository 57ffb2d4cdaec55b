/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * died.c - why the daemon before this one died, in JSON; for a client who may
 * see who uses which node.  No locks.
 */
#include "main/controlvar.h"

void
say_died(struct text *t)
{
	static const char *const calls[] = { FRONT_CALLS };
	const struct front_died *const fd = front_died();

	if (fd == NULL || !client_may_see_all(t->t_client))
		return;
	say(t, " \"died\": {\"why\": ");
	say_string(t, fd->fd_words);
	say(t, ",\n  \"ncalls\": %u, \"nfiles\": %u, \"calls\": [",
	    fd->fd_ncalls, fd->fd_nfiles);
	for (unsigned i = 0; i < fd->fd_ncalls && i < FRONT_DIED_MAX; i++) {
		say(t, "%s\n   {\"call\": \"%s\", \"node\": ", i > 0 ? "," :
		    "", calls[fd->fd_calls[i].dc_call]);
		say_string(t, fd->fd_calls[i].dc_name);
		say(t, "}");
	}
	say(t, "],\n  \"files\": [");
	for (unsigned i = 0; i < fd->fd_nfiles && i < FRONT_DIED_MAX; i++) {
		say(t, "%s\n   {\"pid\": %d, \"uid\": %u, \"node\": ",
		    i > 0 ? "," : "", (int)fd->fd_files[i].df_pid,
		    (unsigned)fd->fd_files[i].df_uid);
		say_string(t, fd->fd_files[i].df_name);
		say(t, "}");
	}
	say(t, "]},\n");
}
