/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_died.c - why and in the middle of what the daemon died that was before
 * this one.
 *
 * Model
 *	Who dies of his own (crash.c) writes into the journal what he says last,
 *	with which thread and which call of a client it was, and in which
 *	function of a driver, or after which; of who is killed there is nothing.
 *	Which calls were in hand and which files open, and whose, which calls
 *	were the last, and which threads were in a driver (note.c), the journal
 *	has anyhow.  The next daemon reads that before it takes over, tells it
 *	once in the log, and keeps it to be asked for (devswctl status and show)
 *	until it ends.
 *
 *	Of calls and files as many are kept as somebody reads; the rest is
 *	counted.  What is in the journal is not believed: journal.c.
 *
 * Locks
 *	None: front_died_open is before there is a thread, and nothing changes
 *	after it.
 */
#include <sys/prctl.h>

#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "front/suspects.h"
#include "front/told.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"

_Static_assert(sizeof(((struct front_died *)0)->fd_words) == JOURNAL_WORDS,
    "words of the journal");

_Static_assert(JOURNAL_NOTES <= HOST_NOTES, "notes of the journal");

#define	LAST_TOLD	8		/* in the log */

static const char *const entries[HYP_NOTE_N] = { FRONT_ENTRIES };

static struct front_died died;
static bool died_is;
static const struct journal *died_journal;	/* this process's */

/* ---- the one that dies ---------------------------------------------- */

/* Formatting is not safe in a signal handler. */
static char *
add(char *to, const char *end, const char *text)
{

	while (*text != '\0' && to < end)
		*to++ = *text++;
	*to = '\0';
	return to;
}

/* Which of a driver's functions it is in, or was in last. */
static char *
add_note(char *to, const char *end)
{
	const struct journal *const j = died_journal;
	const struct hyp_note *const hn = host_note_mine();
	struct journal_note note;
	struct journal_node node;
	const char *name = note.jn_name;

	if (hn == NULL || !journal_note_read(hn, &note))
		return to;
	if (note.jn_minor != JOURNAL_NO_MINOR && j != NULL &&
	    journal_minor(j, note.jn_minor, &node))
		name = node.jn_name;
	to = add(to, end, note.jn_back ? ", after " : ", in ");
	to = add(to, end, entries[note.jn_what]);
	if (name[0] == '\0')
		return to;
	to = add(to, end, " of ");
	return add(to, end, name);
}

/* Which thread it is, and what it does for whom. */
static void
died_emergency(void)
{
	static const char *const calls[] = { FRONT_CALLS };
	const struct front_thread *const ft = front_maybe_self();
	char text[256] = "", name[17] = "?", *to = text;
	const char *const end = text + sizeof(text) - 1;

	(void)prctl(PR_GET_NAME, name);
	to = add(to, end, "in thread ");
	to = add(to, end, name);
	if (ft != NULL && atomic_load(&ft->ft_state) != FT_IDLE) {
		to = add(to, end, ", ");
		to = add(to, end, calls[ft->ft_op]);
		to = add(to, end, " of ");
		to = add(to, end, ft->ft_chan->fc_node->fn_name);
	}
	(void)add_note(to, end);
	host_crash_say(text);
}

/* ---- the next one --------------------------------------------------- */

/* FRONT_CALLS' place; -1: the kernel's own. */
static int
call_of(uint32_t opcode)
{

	switch (opcode) {
	case FUSE_OPEN:
		return FRONT_OPEN;
	case FUSE_READ:
		return FRONT_READ;
	case FUSE_WRITE:
		return FRONT_WRITE;
	case FUSE_IOCTL:
		return FRONT_IOCTL;
	case FUSE_POLL:
		return FRONT_POLL;
	case FUSE_RELEASE:
		return FRONT_RELEASE;
	default:
		return -1;
	}
}

static void
read_calls(const struct journal *j)
{
	struct journal_call jc;
	struct journal_node jn;
	struct front_died_call *dc;
	int call;

	for (unsigned i = 0; i < journal_calls(j); i++) {
		if (!journal_call(j, i, &jc) ||
		    (call = call_of(jc.jc_opcode)) == -1 ||
		    (died.fd_ncalls < FRONT_DIED_MAX &&
		    !journal_node(j, jc.jc_node, &jn)) ||
		    died.fd_ncalls++ >= FRONT_DIED_MAX)
			continue;
		dc = &died.fd_calls[died.fd_ncalls - 1];
		dc->dc_minor = jn.jn_minor;
		dc->dc_call = (unsigned)call;
		strcpy(dc->dc_name, jn.jn_name);
	}
}

static void
read_files(const struct journal *j)
{
	struct journal_file jf;
	struct journal_node jn;
	struct front_died_file *df;

	for (unsigned i = 0; i < journal_files(j); i++) {
		if (!journal_file(j, i, &jf) ||
		    (died.fd_nfiles < FRONT_DIED_MAX &&
		    !journal_node(j, jf.jf_node, &jn)) ||
		    died.fd_nfiles++ >= FRONT_DIED_MAX)
			continue;
		df = &died.fd_files[died.fd_nfiles - 1];
		df->df_minor = jn.jn_minor;
		df->df_pid = jf.jf_pid;
		df->df_uid = jf.jf_uid;
		strcpy(df->df_name, jn.jn_name);
	}
}

/* A time that is after the last one's is of a call long before (journal.c). */
static void
read_last(const struct journal *j)
{
	struct journal_last jl;
	struct journal_node jn;
	struct front_died_last *dl;
	uint32_t newest = 0;
	int call;

	for (unsigned i = 0; i < JOURNAL_LAST &&
	    died.fd_nlast < FRONT_DIED_LAST; i++) {
		if (!journal_last(j, i, &jl) ||
		    (call = call_of(jl.jl_opcode)) == -1 ||
		    !journal_node(j, jl.jl_node, &jn))
			continue;
		if (died.fd_nlast == 0)
			newest = jl.jl_ms;
		if ((int32_t)(newest - jl.jl_ms) < 0)
			continue;
		dl = &died.fd_last[died.fd_nlast++];
		dl->dl_minor = jn.jn_minor;
		dl->dl_call = (unsigned)call;
		dl->dl_before = newest - jl.jl_ms;
		dl->dl_took = jl.jl_took;
		strcpy(dl->dl_name, jn.jn_name);
	}
}

/* Those that no client's call tells of come first. */
static void
read_drivers(const struct journal *j, bool called)
{
	const unsigned n = journal_notes(j);
	struct journal_note note;
	struct journal_node node;
	struct front_died_driver *dd;

	for (unsigned i = 0; i < n; i++) {
		if (!journal_note(j, i, &note) || note.jn_back ||
		    (note.jn_what < HYP_NOTE_MATCH) != called ||
		    died.fd_ndrivers++ >= FRONT_DIED_MAX)
			continue;
		dd = &died.fd_drivers[died.fd_ndrivers - 1];
		dd->dd_entry = note.jn_what;
		dd->dd_minor = note.jn_minor;
		strcpy(dd->dd_name, note.jn_minor != JOURNAL_NO_MINOR &&
		    journal_minor(j, note.jn_minor, &node) ? node.jn_name :
		    note.jn_name);
		strcpy(dd->dd_thread, note.jn_thread);
	}
}

static void
tell_driver(const struct front_died_driver *dd)
{

	host_logf(HYP_LOG_NOTICE, "thread %s was in %s%s%s", dd->dd_thread,
	    entries[dd->dd_entry], dd->dd_name[0] != '\0' ? " of " : "",
	    dd->dd_name);
}

static void
tell_last(const struct front_died_last *dl)
{
	static const char *const calls[] = { FRONT_CALLS };
	char took[32] = "no answer";

	if (dl->dl_took >= 0)
		snprintf(took, sizeof(took), "%d ms", dl->dl_took);
	host_logf(HYP_LOG_NOTICE, "%u ms before its last call: %s of %s, %s",
	    dl->dl_before, calls[dl->dl_call], dl->dl_name, took);
}

static void
tell(void)
{
	static const char *const calls[] = { FRONT_CALLS };

	host_logf(HYP_LOG_WARNING, "the devswd before this one died: %s",
	    died.fd_words[0] != '\0' ? died.fd_words : "it was killed");
	for (unsigned i = 0; i < died.fd_ndrivers && i < LAST_TOLD; i++)
		tell_driver(&died.fd_drivers[i]);
	for (unsigned i = 0; i < died.fd_ncalls && i < FRONT_DIED_MAX; i++)
		host_logf(HYP_LOG_NOTICE, "it was in the middle of: %s of %s",
		    calls[died.fd_calls[i].dc_call], died.fd_calls[i].dc_name);
	for (unsigned i = 0; i < died.fd_nfiles && i < FRONT_DIED_MAX; i++)
		host_logf(HYP_LOG_NOTICE, "%s was open, by process %d of "
		    "user %u", died.fd_files[i].df_name,
		    (int)died.fd_files[i].df_pid, died.fd_files[i].df_uid);
	for (unsigned i = 0; i < died.fd_nlast && i < LAST_TOLD; i++)
		tell_last(&died.fd_last[i]);
	if (died.fd_ncalls > FRONT_DIED_MAX || died.fd_nfiles > FRONT_DIED_MAX)
		host_logf(HYP_LOG_NOTICE, "%u calls and %u files in all",
		    died.fd_ncalls, died.fd_nfiles);
}

void
front_died_open(struct journal *j, bool was)
{

	if (was) {
		memset(&died, 0, sizeof(died));
		journal_words(j, died.fd_words);
		host_text_clean(died.fd_words);
		read_calls(j);
		read_files(j);
		read_last(j);
		read_drivers(j, false);
		read_drivers(j, true);
		died_is = true;
		suspects_died(j, died.fd_words[0] != '\0');
		told_died(j);
		tell();
	}
	died_journal = j;
	journal_last_clear(j);
	host_crash_words(journal_words_clear(j), JOURNAL_WORDS);
	host_note_to(journal_notes_clear(j), JOURNAL_NOTES);
	host_emergency_add(died_emergency);
}

const struct front_died *
front_died(void)
{

	return died_is ? &died : NULL;
}
