/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_handle.c - open files by number: what the kernel calls them.
 *
 * Model
 *	The kernel keeps 64 bits for each open file and gives them back with
 *	each request on it, for as long as a client has it open: also when they
 *	were another process's, which has died and left its channel.  So a
 *	handle is no address but a slot of a table and a number that is used
 *	once:
 *
 *		63                16 15            0
 *		number, from 1        slot
 *
 *	A slot knows the number of the file that is in it.  What does not
 *	agree, or is a file of another channel, is not open here: whoever asks
 *	gets what a revoked file says (front_dead).
 *
 *	A slot is taken before K is asked to open, so that a table that is
 *	full costs the client an ENFILE and no more, and has its number when
 *	the file is open (front_file_insert): no request can name a file
 *	that is not.  It is given back when the client has closed (or has lost)
 *	the file, and the last one that was given back is used next: the
 *	memory that is touched is what is open.
 *
 *	A request looks its file up and takes its reference in one step; so
 *	no handle, whatever it says, leads to a file that is being freed:
 *
 *	read, of a handle		RELEASE of the same
 *					fl_lock: not in the table
 *	fl_lock: not in the table
 *	answered as dead		the last reference: closes, frees
 *
 * Who may have how many: a user other than root half of the table, and all of
 * them together leave a 64th to root.
 *
 * Locks
 *	fl_lock.  Cost: the one pair of lock and unlock that a request makes
 *	here is some 20 ns; a read of a byte takes 10 us and more.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	SLOT_BITS	16
#define	SLOT_MASK	((1U << SLOT_BITS) - 1)
#define	ROOT_PART	64		/* one of so many */

struct slot {
	uint64_t	 s_number;	/* 0: none that is open */
	struct front_file *s_file;
	uint32_t	 s_next;	/* of those that are free, + 1 */
};

/* All by fl_lock.  Slots from hd_fresh on have never been used. */
static struct slot *hd_slots;
static uint32_t hd_max;			/* that may be used */
static uint32_t hd_free;		/* + 1; 0: none */
static uint32_t hd_fresh;
static uint32_t hd_used;

/*
 * error = front_handles_start()
 *
 *	A table without files, but for those that threads have which a
 *	front_stop has left behind; it stays until the process ends.  Negative
 *	errno.  The pages of calloc are the kernel's until a slot is used.
 */
int
front_handles_start(void)
{

	pthread_mutex_lock(&front.fl_lock);
	if (hd_slots == NULL)
		hd_slots = calloc(SLOT_MASK + 1, sizeof(*hd_slots));
	hd_max = front.fl_config.max_files;
	if (hd_used == 0)
		hd_free = hd_fresh = 0;
	pthread_mutex_unlock(&front.fl_lock);
	assert(hd_max >= 2 && hd_max - 1 <= SLOT_MASK);
	return hd_slots != NULL ? 0 : -ENOMEM;
}

static uint64_t
handle_of(const struct front_file *ff)
{

	return ff->ff_number << SLOT_BITS | ff->ff_slot;
}

/* fl_lock held. */
static bool
may_have_one(const struct front_user *fu)
{

	const uint32_t root = hd_max >= ROOT_PART ? hd_max / ROOT_PART : 1;

	if (fu->fu_uid == 0)
		return hd_used < hd_max;
	return hd_used < hd_max - root && fu->fu_refs <= hd_max / 2;
}

static void
refused(const struct front_file *ff)
{
	static struct host_quiet quiet;
	const unsigned n = host_log_quiet(&quiet);

	if (n != 0)
		host_logf(HYP_LOG_WARNING, "front: %s: uid %u has %u files "
		    "open, and all users %u: told ENFILE (%u of these)",
		    ff->ff_chan->fc_node->fn_name, ff->ff_user->fu_uid,
		    ff->ff_user->fu_refs, hd_used, n);
}

/*
 * error = front_file_slot(ff)
 *
 *	Take a slot for a file that is to be opened; its user counts it
 *	already.  ENFILE, logged: he has too many, or all have.
 */
int
front_file_slot(struct front_file *ff)
{
	bool may;

	pthread_mutex_lock(&front.fl_lock);
	may = may_have_one(ff->ff_user);
	if (may && hd_free != 0) {
		ff->ff_slot = hd_free - 1;
		hd_free = hd_slots[ff->ff_slot].s_next;
	} else if (may && hd_fresh <= SLOT_MASK)
		ff->ff_slot = hd_fresh++;
	else
		may = false;
	if (may) {
		ff->ff_slotted = true;
		hd_used++;
	}
	pthread_mutex_unlock(&front.fl_lock);
	if (!may)
		refused(ff);
	return may ? 0 : ENFILE;
}

/*
 * front_slot_free(slot)
 *
 *	Nobody has it any more.  fl_lock held.
 */
void
front_slot_free(uint32_t slot)
{

	assert(hd_slots[slot].s_number == 0);
	hd_slots[slot].s_next = hd_free;
	hd_free = slot + 1;
	hd_used--;
}

/*
 * yes = front_slot_reserve(slot)
 *
 *	The slot is a file's that was open in another process: nobody else gets
 *	it.  False: it is somebody's.
 */
bool
front_slot_reserve(uint32_t slot)
{
	uint32_t *at;
	bool free;

	pthread_mutex_lock(&front.fl_lock);
	while (slot <= SLOT_MASK && hd_fresh <= slot) {
		hd_slots[hd_fresh].s_next = hd_free;
		hd_free = ++hd_fresh;
	}
	at = &hd_free;
	while (slot <= SLOT_MASK && *at != 0 && *at != slot + 1)
		at = &hd_slots[*at - 1].s_next;
	free = slot <= SLOT_MASK && *at != 0;
	if (free) {
		*at = hd_slots[slot].s_next;
		hd_used++;
	}
	pthread_mutex_unlock(&front.fl_lock);
	return free;
}

/*
 * front_file_noslot(ff)
 *
 *	The file has not become open; it may have a slot.
 */
void
front_file_noslot(struct front_file *ff)
{

	pthread_mutex_lock(&front.fl_lock);
	if (ff->ff_slotted)
		front_slot_free(ff->ff_slot);
	ff->ff_slotted = false;
	pthread_mutex_unlock(&front.fl_lock);
}

/* For a successor.  fl_lock held. */
static void
record_open(struct front_file *ff)
{
	const struct journal_file jf = {
		.jf_number = ff->ff_number,
		.jf_node = (unsigned)ff->ff_chan->fc_node->fn_record,
		.jf_uid = ff->ff_cred.hc_uid,
		.jf_gid = ff->ff_cred.hc_gid,
		.jf_pid = ff->ff_info.fo_pid,
	};

	if (ff->ff_chan->fc_node->fn_record == -1)
		return;
	journal_file_open(front.fl_config.journal, ff->ff_slot, &jf);
	ff->ff_recorded = true;
}

/*
 * front_file_polled(ff, handle)
 *
 *	A client may sleep in a poll of the file from now on, which the
 *	kernel calls handle.
 */
void
front_file_polled(struct front_file *ff, uint64_t handle)
{

	pthread_mutex_lock(&front.fl_lock);
	if (ff->ff_recorded)
		journal_file_poll(front.fl_config.journal, ff->ff_slot,
		    handle);
	pthread_mutex_unlock(&front.fl_lock);
}

/* fl_lock held. */
static void
insert(struct front_file *ff, uint64_t number)
{
	struct slot *const s = &hd_slots[ff->ff_slot];

	assert(ff->ff_slotted && s->s_number == 0);
	ff->ff_number = number;
	s->s_file = ff;
	s->s_number = number;
	LIST_INSERT_HEAD(&ff->ff_chan->fc_files, ff, ff_list);
	record_open(ff);
}

/*
 * handle = front_file_insert(ff)
 *
 *	The file is open from now on: its channel has it, and requests find it.
 */
uint64_t
front_file_insert(struct front_file *ff)
{

	pthread_mutex_lock(&front.fl_lock);
	insert(ff, ++front.fl_number);
	pthread_mutex_unlock(&front.fl_lock);
	return handle_of(ff);
}

/*
 * yes = front_file_restore(ff, slot, number)
 *
 *	The file is open as it was in another process, in a slot that has been
 *	reserved, and is its own.  False: its node is served already, so that
 *	calls have found it dead, perhaps its RELEASE, and the caller closes it.
 */
bool
front_file_restore(struct front_file *ff, uint32_t slot, uint64_t number)
{
	bool held;

	pthread_mutex_lock(&front.fl_lock);
	ff->ff_slot = slot;
	ff->ff_slotted = true;
	held = ff->ff_chan->fc_node->fn_held;
	if (held)
		insert(ff, number);
	pthread_mutex_unlock(&front.fl_lock);
	return held;
}

/* fl_lock held. */
static void
remove_file(struct front_file *ff)
{
	struct slot *const s = &hd_slots[ff->ff_slot];

	assert(s->s_number == ff->ff_number && s->s_file == ff);
	s->s_number = 0;
	s->s_file = NULL;
	if (ff->ff_recorded)
		journal_file_close(front.fl_config.journal, ff->ff_slot);
	ff->ff_recorded = false;
	front_slot_free(ff->ff_slot);
	ff->ff_slotted = false;
	LIST_REMOVE(ff, ff_list);
}

/*
 * front_file_remove(ff)
 *
 *	The client has not got the file after all.
 *
 * ff = front_file_first(fc)
 *
 *	Take any file of the channel out, as front_file_take; NULL: there is
 *	none.
 */
void
front_file_remove(struct front_file *ff)
{

	pthread_mutex_lock(&front.fl_lock);
	remove_file(ff);
	pthread_mutex_unlock(&front.fl_lock);
}

struct front_file *
front_file_first(struct front_chan *fc)
{
	struct front_file *ff;

	pthread_mutex_lock(&front.fl_lock);
	ff = LIST_FIRST(&fc->fc_files);
	if (ff != NULL)
		remove_file(ff);
	pthread_mutex_unlock(&front.fl_lock);
	return ff;
}

/* fl_lock held: any 64 bits; NULL: no file of the channel. */
static struct front_file *
find(const struct front_chan *fc, uint64_t handle)
{
	const struct slot *const s = &hd_slots[handle & SLOT_MASK];
	const uint64_t number = handle >> SLOT_BITS;

	if (number == 0 || s->s_number != number || s->s_file->ff_chan != fc)
		return NULL;
	return s->s_file;
}

/*
 * ff = front_file_get(fc, handle)
 *
 *	The open file of the channel that a request names, with a reference for
 *	that request, which front_req_exit or front_file_rele gives back.
 *
 * ff = front_file_take(fc, handle)
 *
 *	The client has closed it: no request finds it any more.  The client's
 *	reference is the caller's now.
 *
 *	NULL: it is not open here; front_dead answers.
 */
struct front_file *
front_file_get(struct front_chan *fc, uint64_t handle)
{
	struct front_file *ff;

	pthread_mutex_lock(&front.fl_lock);
	ff = find(fc, handle);
	if (ff != NULL)
		atomic_fetch_add(&ff->ff_refs, 1);
	pthread_mutex_unlock(&front.fl_lock);
	return ff;
}

struct front_file *
front_file_take(struct front_chan *fc, uint64_t handle)
{
	struct front_file *ff;

	pthread_mutex_lock(&front.fl_lock);
	ff = find(fc, handle);
	if (ff != NULL)
		remove_file(ff);
	pthread_mutex_unlock(&front.fl_lock);
	return ff;
}

/*
 * front_dead(req, op, events, fc)
 *
 *	Answer a call on a file that is not open here as one on a revoked file
 *	of the node.  events: what a poll asks for.  Does not sleep.
 */
void
front_dead(fuse_req_t req, enum front_op op, uint32_t events,
    struct front_chan *fc)
{
	struct hyp_dead hd;

	hyp_node_dead(fc->fc_node->fn_node,
	    fc->fc_node->fn_class == HYP_NODE_TTY, &hd);
	switch (op) {
	case FRONT_POLL:
		(void)fuse_reply_poll(req, (events & hd.hd_asked) |
		    hd.hd_always);
		break;
	case FRONT_READ:
		(void)front_reply_err(req, hd.hd_read, fc);
		break;
	case FRONT_WRITE:
		/* Some of it may have been written while it was open. */
		if (front_self()->ft_done != 0)
			(void)fuse_reply_write(req, front_self()->ft_done);
		else
			(void)front_reply_err(req, hd.hd_write, fc);
		break;
	case FRONT_IOCTL:
		(void)front_reply_err(req, hd.hd_ioctl, fc);
		break;
	case FRONT_OPEN:
	case FRONT_RELEASE:
		(void)front_reply_err(req, 0, fc);
		break;
	}
}
