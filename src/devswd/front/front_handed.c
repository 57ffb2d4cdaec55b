/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_handed.c - a planned restart: what the process before has handed over
 * is read, and goes on; front_hand.c has the model.
 *
 * Nothing that is read is believed: entries have a length within bounds,
 * strings an end, calls are of those that are written, with the length
 * that they say (libfuse believes the kernel), slots are free, numbers and
 * nodes those of the journal.
 *
 * Locks
 *	What has been read does not change, but for he_minor of a call that runs
 *	again, and he_done of a file: fl_lock's.
 */
#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/handvar.h"
#include "front/journal.h"
#include "host/host.h"
#include "hyp/hyp_state.h"

static char *hand_text;			/* has been read */
static size_t hand_len;

/* The first entry of that kind behind he; NULL: there is none. */
static struct hand_entry *
next_entry(struct hand_entry *he, uint32_t type)
{
	char *at;

	at = he == NULL ? hand_text : (char *)(he + 1) + HAND_ALIGN(he->he_len);
	while (at != NULL && at < hand_text + hand_len) {
		he = (struct hand_entry *)(void *)at;
		if (he->he_type == type)
			return he;
		at = (char *)(he + 1) + HAND_ALIGN(he->he_len);
	}
	return NULL;
}

/* ---- reading -------------------------------------------------------- */

/* Of a write some of it, never all; of others nothing. */
static bool
done_ok(const struct hand_entry *he, const struct fuse_in_header *in)
{
	const struct fuse_write_in *const w = (const void *)(in + 1);

	return he->he_done == 0 ||
	    (in->opcode == FUSE_WRITE && he->he_done < w->size);
}

static bool
entry_ok(const struct hand_entry *he)
{
	const struct fuse_in_header *in = (const void *)(he + 1);
	const struct hand_file *f = (const void *)(he + 1);

	switch (he->he_type) {
	case HAND_DEVICE:
		return memchr(he->he_name, '\0', sizeof(he->he_name)) != NULL;
	case HAND_FILE:
		return he->he_len == sizeof(*f) && f->f_number != 0 &&
		    f->f_ngroups <= HYP_NGROUPS &&
		    memchr(f->f_info.fo_command, '\0',
		    sizeof(f->f_info.fo_command)) != NULL;
	case HAND_CALL:
		return he->he_len >= sizeof(*in) && he->he_len <= FRONT_INSZ &&
		    front_hand_callok(in, he->he_len) && done_ok(he, in);
	default:
		return false;
	}
}

/* All of it is entries that are well. */
static bool
text_ok(void)
{
	size_t at = 0, left;
	struct hand_entry *he;

	while (at < hand_len) {
		left = hand_len - at;
		he = (struct hand_entry *)(void *)(hand_text + at);
		if (left < sizeof(*he) || he->he_len > left - sizeof(*he) ||
		    HAND_ALIGN((size_t)he->he_len) > left - sizeof(*he) ||
		    !entry_ok(he))
			return false;
		at += sizeof(*he) + HAND_ALIGN((size_t)he->he_len);
	}
	return true;
}

static bool
read_text(int fd, off_t at)
{
	ssize_t n;
	size_t got = 0;

	while (got < hand_len) {
		n = pread(fd, hand_text + got, hand_len - got,
		    at + (off_t)got);
		if (n < 1)
			return false;
		got += (size_t)n;
	}
	return true;
}

bool
front_hand_open(int fd)
{
	const off_t end = lseek(fd, 0, SEEK_END);
	struct hand_head h;

	free(hand_text);
	hand_text = NULL;
	hand_len = 0;
	if (end < (off_t)sizeof(h) || end > HAND_MAX ||
	    pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    h.h_magic != HAND_MAGIC || h.h_version != HAND_VERSION ||
	    h.h_complete != 1)
		return false;
	hand_len = (size_t)end - sizeof(h);
	hand_text = malloc(hand_len + 1);
	if (hand_text != NULL && read_text(fd, sizeof(h)) && text_ok())
		return true;
	free(hand_text);
	hand_text = NULL;
	hand_len = 0;
	return false;
}

bool
front_hand_is(void)
{

	return hand_text != NULL;
}

size_t
hyp_hand_get(const char *name, void *data, size_t max)
{
	struct hand_entry *he = NULL;

	while ((he = next_entry(he, HAND_DEVICE)) != NULL) {
		if (strcmp(he->he_name, name) != 0)
			continue;
		if (he->he_len <= max)
			memcpy(data, he + 1, he->he_len);
		return he->he_len;
	}
	return 0;
}

static struct front_node *
kept_node(uint32_t minor)
{
	struct front_node *fn;

	LIST_FOREACH(fn, &front.fl_kept, fn_list) {
		if (fn->fn_minor == minor)
			return fn;
	}
	return NULL;
}

/*
 * front_hand_slots()
 *
 *	Nobody else gets the slots of files that go on, and none of these has a
 *	number that was never given, or a node that is not there.  Before there
 *	is any other file.
 */
void
front_hand_slots(void)
{
	struct hand_entry *he = NULL;

	while ((he = next_entry(he, HAND_FILE)) != NULL) {
		const struct hand_file *const f = (const void *)(he + 1);

		he->he_done = kept_node(he->he_minor) == NULL ||
		    f->f_number > front.fl_number ||
		    !front_slot_reserve(f->f_slot);
	}
}

/* ---- going on ------------------------------------------------------- */

static const struct fuse_in_header *
call_of(const struct hand_entry *he)
{

	return (const void *)(he + 1);
}

/*
 * yes = front_hand_has(fn, unique)
 *
 *	Is it a call that is to be run again?
 */
bool
front_hand_has(const struct front_node *fn, uint64_t unique)
{
	struct hand_entry *he = NULL;

	while ((he = next_entry(he, HAND_CALL)) != NULL) {
		if (he->he_minor == fn->fn_minor &&
		    call_of(he)->unique == unique)
			return true;
	}
	return false;
}

/* The call's place from this slot on, or a free one; *is: it is there. */
static uint32_t
place_of(uint32_t from, const struct front_node *fn, uint64_t unique, bool *is)
{
	const struct journal *const j = front.fl_config.journal;
	const uint32_t end = journal_calls(j);
	uint32_t place = end > from ? end : from;
	struct journal_call jc;

	*is = false;
	for (uint32_t slot = end; slot-- > from;) {
		if (!journal_call(j, slot, &jc))
			place = slot;
		else if (jc.jc_unique == unique &&
		    (int)jc.jc_node == fn->fn_record) {
			*is = true;
			return slot;
		}
	}
	return place;
}

/*
 * front_hand_journal(slot)
 *
 *	From this slot on, which no thread has, there is nothing in the journal
 *	but perhaps some of these calls: it has all of them now, until a thread
 *	does (front_call_begin).  One for which there is no room is answered.
 */
void
front_hand_journal(uint32_t slot)
{
	const struct fuse_in_header *in;
	const struct front_node *fn;
	struct hand_entry *he = NULL;
	uint32_t place;
	bool is;

	while ((he = next_entry(he, HAND_CALL)) != NULL) {
		in = call_of(he);
		fn = kept_node(he->he_minor);
		if (fn != NULL && (place = place_of(slot, fn, in->unique,
		    &is)) < JOURNAL_CALLS) {
			memcpy(he->he_name, &place, sizeof(place));
			if (!is)
				journal_call_begin(front.fl_config.journal,
				    place, fn->fn_record, in->unique,
				    in->opcode);
			continue;
		}
		if (fn != NULL)
			front_answer_dead(fn->fn_chan, in->unique, in->opcode);
		he->he_minor = UINT32_MAX;
	}
}

static void
forget(const struct hand_file *f)
{

	pthread_mutex_lock(&front.fl_lock);
	front_slot_free(f->f_slot);
	pthread_mutex_unlock(&front.fl_lock);
}

static void
open_again(struct front_chan *fc, const struct hand_file *f)
{
	const struct front_node *const fn = fc->fc_node;
	struct front_file *ff;
	struct hyp_lwp *l;
	int error;

	ff = calloc(1, sizeof(*ff) + f->f_ngroups * sizeof(uint32_t));
	if (ff == NULL || (ff->ff_user = front_user_get(f->f_uid)) == NULL) {
		free(ff);
		forget(f);
		return;
	}
	memcpy(ff->ff_groups, f->f_groups, f->f_ngroups * sizeof(uint32_t));
	ff->ff_chan = fc;
	atomic_store(&ff->ff_refs, 1);
	ff->ff_flags = (int)f->f_flags & (HYP_F_READ | HYP_F_WRITE);
	ff->ff_info = f->f_info;
	ff->ff_info.fo_opening = ff->ff_info.fo_stale = false;
	ff->ff_info.fo_calls = 0;
	ff->ff_cred = (struct hyp_cred){ f->f_uid, f->f_gid, f->f_pid,
	    f->f_ngroups, ff->ff_groups };
	l = hyp_lwp_enter(&ff->ff_cred);
	error = hyp_node_open(fn->fn_node, ff->ff_flags | HYP_F_NONBLOCK |
	    HYP_F_AGAIN, ff, &ff->ff_file);
	hyp_lwp_exit(l);
	if (error == 0 && front_file_restore(ff, f->f_slot, f->f_number))
		return;
	host_logf(HYP_LOG_WARNING, "front: %s: a file of process %d does not "
	    "go on: %s", fn->fn_name, (int)f->f_pid, error != 0 ?
	    strerror(error) : "the time for its hardware is over");
	if (error == 0) {
		front_file_rele(ff);
		return;
	}
	forget(f);
	front_user_put(ff->ff_user);
	free(ff);
}

/* The next file of a node that has not been looked at, which it is now.
   fl_lock held. */
static const struct hand_file *
next_file(struct hand_entry **hep, const struct front_node *fn)
{

	while ((*hep = next_entry(*hep, HAND_FILE)) != NULL) {
		if ((*hep)->he_minor == fn->fn_minor && (*hep)->he_done == 0) {
			(*hep)->he_done = 1;
			return (const void *)(*hep + 1);
		}
	}
	return NULL;
}

/*
 * front_hand_files(fn)
 *
 *	The node is about to be served: open again what was open.  fl_lock
 *	held, and left meanwhile; sleeps then.  The time for hardware may be
 *	over in the middle of it: then the node is served, what is opened just
 *	then is closed, without a wait for its output, and its channel may even
 *	be lost, which is why it is held.
 *
 * front_hand_forget(fn)
 *
 *	It has no hardware: forget that.  fl_lock held.
 *
 * front_hand_gone(fn)
 *
 *	It has been taken over in vain and goes.  Forget its files, answer its
 *	calls: another node may have its number.
 */
void
front_hand_files(struct front_node *fn)
{
	struct hand_entry *he = NULL;
	const struct hand_file *f;
	struct front_chan *fc;

	while ((fc = fn->fn_chan) != NULL && (f = next_file(&he, fn)) != NULL) {
		atomic_fetch_add(&fc->fc_refs, 1);
		pthread_mutex_unlock(&front.fl_lock);
		open_again(fc, f);
		front_chan_rele(fc);
		pthread_mutex_lock(&front.fl_lock);
	}
}

void
front_hand_forget(const struct front_node *fn)
{
	struct hand_entry *he = NULL;
	const struct hand_file *f;

	while ((f = next_file(&he, fn)) != NULL)
		front_slot_free(f->f_slot);
}

void
front_hand_gone(const struct front_node *fn)
{
	const struct fuse_in_header *in;
	struct hand_entry *he = NULL;
	uint32_t place;

	pthread_mutex_lock(&front.fl_lock);
	front_hand_forget(fn);
	while ((he = next_entry(he, HAND_CALL)) != NULL) {
		if (he->he_minor != fn->fn_minor)
			continue;
		he->he_minor = UINT32_MAX;
		pthread_mutex_unlock(&front.fl_lock);
		in = call_of(he);
		front_answer_dead(fn->fn_chan, in->unique, in->opcode);
		memcpy(&place, he->he_name, sizeof(place));
		journal_call_end(front.fl_config.journal, place);
		pthread_mutex_lock(&front.fl_lock);
	}
	pthread_mutex_unlock(&front.fl_lock);
}

/* The channel of the node with that number, if it is served.  fl_lock held. */
static struct front_chan *
served(const struct front_nodes *nodes, uint32_t minor)
{
	const struct front_node *fn;

	LIST_FOREACH(fn, nodes, fn_list) {
		if (fn->fn_minor == minor && !fn->fn_held)
			return fn->fn_chan;
	}
	return NULL;
}

/* Does a file of one of them wait for its hardware?  fl_lock held. */
static bool
file_waits(const struct front_nodes *nodes)
{
	const struct front_node *fn;
	struct hand_entry *he;

	LIST_FOREACH(fn, nodes, fn_list) {
		he = NULL;
		while (fn->fn_held && (he = next_entry(he, HAND_FILE)) != NULL)
			if (he->he_minor == fn->fn_minor)
				return true;
	}
	return false;
}

bool
front_hand_waits(void)
{
	struct hand_entry *he = NULL;
	bool waits;

	pthread_mutex_lock(&front.fl_lock);
	waits = file_waits(&front.fl_nodes) || file_waits(&front.fl_kept);
	while (!waits && (he = next_entry(he, HAND_CALL)) != NULL)
		waits = he->he_minor != UINT32_MAX;
	pthread_mutex_unlock(&front.fl_lock);
	return waits;
}

/*
 * fc = front_hand_next(ft)
 *
 *	A call of a node that is served, which is ft's now, in ft_in; NULL: there
 *	is none.  Its place in the journal is ft's to give up
 *	(front_call_begin).
 */
struct front_chan *
front_hand_next(struct front_thread *ft)
{
	struct hand_entry *he = NULL;
	struct front_chan *fc = NULL;

	if (!atomic_load(&front.fl_handed))
		return NULL;
	pthread_mutex_lock(&front.fl_lock);
	while (fc == NULL && (he = next_entry(he, HAND_CALL)) != NULL) {
		fc = served(&front.fl_nodes, he->he_minor);
		if (fc == NULL)
			fc = served(&front.fl_kept, he->he_minor);
	}
	if (fc != NULL) {
		memcpy(ft->ft_in, he + 1, he->he_len);
		memcpy(&ft->ft_handslot, he->he_name, sizeof(uint32_t));
		ft->ft_done = he->he_done;
		he->he_minor = UINT32_MAX;
		atomic_fetch_add(&fc->fc_refs, 1);
	} else
		atomic_store(&front.fl_handed, false);
	pthread_mutex_unlock(&front.fl_lock);
	return fc;
}
