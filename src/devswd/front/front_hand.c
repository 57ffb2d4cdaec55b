/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_hand.c - a planned restart: what is open goes on in the next process.
 *
 * Model
 *	this process				kernel, keeper
 *	front_hand_begin: nobody takes
 *	  calls any more			calls wait
 *	calls in hand are interrupted: one
 *	  that has done nothing is written
 *	  down as it came, a write with
 *	  what it has done; others end
 *	hyp_hand_over: devices stop, and
 *	  say what they have
 *	front_hand_end: files of these;
 *	  "complete"
 *	given to the keeper, and exit
 *						starts the next one
 *	the next process
 *	front_hand_open: reads all of it
 *	front_adopt: nodes; such calls are
 *	  not answered, files have their
 *	  slots; the memory is emptied
 *	hardware attaches: its files are
 *	  opened again (front_hand_files),
 *	  then the calls run once more,
 *	  before any other of their node
 *
 *	All of this is one memfd: a head, and entries of a device, a file or a
 *	call.  A SIGKILL before "complete" leaves a crash, and so does one after
 *	the memory has been emptied; between the two any number of processes may
 *	die, and the next one goes on.  A call that waits to be run again is in
 *	the journal all the time, so a crash answers it (front_keep.c).
 *
 *	A file whose device has said nothing, or does not come back in time, is
 *	dead, as after a crash.  So is one that was dead; and all are if a thread
 *	is stuck, as nobody knows what it does yet.
 *
 *	Nothing that is read is believed: entries have a length within bounds,
 *	strings an end, calls are of those that are written, with the length
 *	that they say (libfuse believes the kernel), slots are free, numbers and
 *	nodes those of the journal.
 *
 * Locks
 *	hand_lock for what is written; what has been read does not change but for
 *	he_done, which is fl_lock's.  It may be taken under K's.
 */
#include <sys/mman.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_state.h"

#define	MAGIC		UINT64_C(0x646e616877736465)
#define	HAND_VERSION	1
#define	HAND_MAX	(256 * 1024 * 1024)
#define	ALIGN(n)	(((n) + 7) & ~(size_t)7)

struct head {
	uint64_t	 h_magic;
	uint32_t	 h_version;
	uint32_t	 h_complete;
};

enum { HAND_DEVICE, HAND_FILE, HAND_CALL };

struct entry {
	uint32_t	 he_type;
	uint32_t	 he_len;	/* behind it; then up to 8 bytes of room */
	uint32_t	 he_minor;	/* of a file, a call */
	uint32_t	 he_done;	/* bytes of a write; when read: is over */
	char		 he_name[24];	/* of a device */
};

struct file {
	uint64_t	 f_number;
	uint32_t	 f_slot;
	uint32_t	 f_flags;	/* HYP_F_* */
	uint32_t	 f_uid;
	uint32_t	 f_gid;
	int32_t		 f_pid;
	uint32_t	 f_ngroups;
	uint32_t	 f_groups[HYP_NGROUPS];
	struct front_fileinfo f_info;
};

static pthread_mutex_t hand_lock = PTHREAD_MUTEX_INITIALIZER;
static int hand_fd = -1;		/* is written */
static int hand_error;
static char *hand_text;			/* has been read */
static size_t hand_len;

/* ---- writing -------------------------------------------------------- */

static void
put_bytes(const void *from, size_t len)
{
	const char *at = from;
	ssize_t n;

	while (hand_error == 0 && len > 0) {
		n = write(hand_fd, at, len);
		if (n == -1 && errno != EINTR)
			hand_error = errno;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

static int
put_entry(struct entry *he, const void *data, size_t len)
{
	static const char zeros[8];
	int error;

	he->he_len = (uint32_t)len;
	pthread_mutex_lock(&hand_lock);
	if (hand_fd == -1 || len > HAND_MAX)
		hand_error = EINVAL;
	put_bytes(he, sizeof(*he));
	put_bytes(data, len);
	put_bytes(zeros, ALIGN(len) - len);
	error = hand_error;
	pthread_mutex_unlock(&hand_lock);
	return error;
}

int
hyp_hand_put(const char *name, const void *data, size_t len)
{
	struct entry he = { .he_type = HAND_DEVICE };

	assert(strlen(name) < sizeof(he.he_name));
	strcpy(he.he_name, name);
	return put_entry(&he, data, len) == 0 ? 0 : ENOMEM;
}

/* One of those that sleep, and as long as it says. */
static bool
call_ok(const struct fuse_in_header *in, size_t len)
{
	const void *const arg = in + 1;
	const struct fuse_write_in *const w = arg;
	const struct fuse_ioctl_in *const c = arg;

	if (in->len != len)
		return false;
	len -= sizeof(*in);
	switch (in->opcode) {
	case FUSE_OPEN:
		return len == sizeof(struct fuse_open_in);
	case FUSE_READ:
		return len == sizeof(struct fuse_read_in);
	case FUSE_WRITE:
		return len >= sizeof(*w) && w->size == len - sizeof(*w);
	case FUSE_IOCTL:
		return len >= sizeof(*c) && c->in_size == len - sizeof(*c);
	case FUSE_FLUSH:
		return len == sizeof(struct fuse_flush_in);
	case FUSE_FSYNC:
		return len == sizeof(struct fuse_fsync_in);
	default:
		return false;
	}
}

/*
 * yes = front_hand_call(ft, fc, done)
 *
 *	This process is to be followed by another one, and the call was
 *	interrupted for that: it has been written down, and goes on there.  False:
 *	it is to be answered.
 */
bool
front_hand_call(struct front_thread *ft, const struct front_chan *fc,
    size_t done)
{
	const struct fuse_in_header *const in = ft->ft_in;
	struct entry he = { .he_type = HAND_CALL,
	    .he_minor = fc->fc_node->fn_minor, .he_done = (uint32_t)done };

	if (!atomic_load(&front.fl_handing) || atomic_load(&ft->ft_signalled) ||
	    ft->ft_record == -1 || !call_ok(in, in->len) ||
	    put_entry(&he, in, in->len) != 0)
		return false;
	ft->ft_handed = true;
	return true;
}

int
front_hand_begin(void)
{
	const struct head h = { .h_magic = MAGIC, .h_version = HAND_VERSION };

	pthread_mutex_lock(&hand_lock);
	hand_fd = memfd_create("devsw-hand", MFD_CLOEXEC);
	hand_error = hand_fd == -1 ? errno : 0;
	put_bytes(&h, sizeof(h));
	pthread_mutex_unlock(&hand_lock);
	if (hand_error != 0)
		return -hand_error;
	/* What has been read is the next one's to say anew. */
	atomic_store(&front.fl_handing, true);
	front_threads_stop();
	return 0;
}

/* The first entry of that kind behind he; NULL: there is none. */
static struct entry *
next_entry(struct entry *he, uint32_t type)
{
	char *at;

	at = he == NULL ? hand_text : (char *)(he + 1) + ALIGN(he->he_len);
	while (at != NULL && at < hand_text + hand_len) {
		he = (struct entry *)(void *)at;
		if (he->he_type == type)
			return he;
		at = (char *)(he + 1) + ALIGN(he->he_len);
	}
	return NULL;
}

/* Has this device been written? */
static bool
is_handed(const char *name)
{
	struct entry he;
	off_t at = sizeof(struct head);

	if (name[0] == '\0')
		return false;
	while (pread(hand_fd, &he, sizeof(he), at) == (ssize_t)sizeof(he)) {
		if (he.he_type == HAND_DEVICE &&
		    strncmp(he.he_name, name, sizeof(he.he_name)) == 0)
			return true;
		at += (off_t)(sizeof(he) + ALIGN(he.he_len));
	}
	return false;
}

static void
put_file(const struct front_file *ff)
{
	struct file f = {
		.f_number = ff->ff_number,
		.f_slot = ff->ff_slot,
		.f_flags = (uint32_t)ff->ff_flags,
		.f_uid = ff->ff_cred.hc_uid,
		.f_gid = ff->ff_cred.hc_gid,
		.f_pid = ff->ff_cred.hc_pid,
		.f_ngroups = ff->ff_cred.hc_ngroups,
		.f_info = ff->ff_info,
	};
	struct entry he = { .he_type = HAND_FILE,
	    .he_minor = ff->ff_chan->fc_node->fn_minor };

	memcpy(f.f_groups, ff->ff_groups, f.f_ngroups * sizeof(uint32_t));
	if (hyp_file_alive(ff->ff_file))
		(void)put_entry(&he, &f, sizeof(f));
}

int
front_hand_end(void)
{
	const struct head h = { .h_magic = MAGIC, .h_version = HAND_VERSION,
	    .h_complete = 1 };
	struct hyp_node_stat hs;
	struct front_node *fn;
	struct front_file *ff;

	if (front.fl_nthreads != 0)
		return -EBUSY;
	LIST_FOREACH(fn, &front.fl_nodes, fn_list) {
		if (fn->fn_chan == NULL || fn->fn_record == -1)
			continue;
		hyp_node_getstat(fn->fn_node, &hs);
		if (!is_handed(hs.hs_device))
			continue;
		LIST_FOREACH(ff, &fn->fn_chan->fc_files, ff_list)
			put_file(ff);
	}
	if (hand_error == 0 && pwrite(hand_fd, &h, sizeof(h), 0) !=
	    (ssize_t)sizeof(h))
		hand_error = errno;
	return hand_error == 0 ? hand_fd : -hand_error;
}

/* ---- reading -------------------------------------------------------- */

static bool
entry_ok(const struct entry *he)
{
	const struct fuse_in_header *in = (const void *)(he + 1);
	const struct file *f = (const void *)(he + 1);

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
		    he->he_done < he->he_len && call_ok(in, he->he_len);
	default:
		return false;
	}
}

/* All of it is entries that are well. */
static bool
text_ok(void)
{
	size_t at = 0, left;
	struct entry *he;

	while (at < hand_len) {
		left = hand_len - at;
		he = (struct entry *)(void *)(hand_text + at);
		if (left < sizeof(*he) || he->he_len > left - sizeof(*he) ||
		    ALIGN((size_t)he->he_len) > left - sizeof(*he) ||
		    !entry_ok(he))
			return false;
		at += sizeof(*he) + ALIGN((size_t)he->he_len);
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
	struct head h;

	free(hand_text);
	hand_text = NULL;
	hand_len = 0;
	if (end < (off_t)sizeof(h) || end > HAND_MAX ||
	    pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    h.h_magic != MAGIC || h.h_version != HAND_VERSION ||
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
	struct entry *he = NULL;

	while ((he = next_entry(he, HAND_DEVICE)) != NULL) {
		if (strcmp(he->he_name, name) != 0)
			continue;
		if (he->he_len <= max)
			memcpy(data, he + 1, he->he_len);
		return he->he_len;
	}
	return 0;
}

/*
 * front_hand_slots()
 *
 *	Nobody else gets the slots of files that go on, and none of these has a
 *	number that was never given.  Right after front_start.
 */
void
front_hand_slots(void)
{
	struct entry *he = NULL;

	while ((he = next_entry(he, HAND_FILE)) != NULL) {
		const struct file *const f = (const void *)(he + 1);

		he->he_done = f->f_number > front.fl_number ||
		    !front_slot_reserve(f->f_slot);
	}
}

/* ---- going on ------------------------------------------------------- */

static const struct fuse_in_header *
call_of(const struct entry *he)
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
	struct entry *he = NULL;

	while ((he = next_entry(he, HAND_CALL)) != NULL) {
		if (he->he_minor == fn->fn_minor &&
		    call_of(he)->unique == unique)
			return true;
	}
	return false;
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
 * front_hand_journal(slot)
 *
 *	From this slot on, which no thread has, the journal is empty: it has these
 *	calls now, until a thread does (front_call_begin).  One for which there is
 *	no room is answered.
 */
void
front_hand_journal(uint32_t slot)
{
	const struct fuse_in_header *in;
	const struct front_node *fn;
	struct entry *he = NULL;

	while ((he = next_entry(he, HAND_CALL)) != NULL) {
		in = call_of(he);
		fn = kept_node(he->he_minor);
		if (fn != NULL && slot < JOURNAL_CALLS) {
			memcpy(he->he_name, &slot, sizeof(slot));
			journal_call_begin(front.fl_config.journal, slot++,
			    fn->fn_record, in->unique, in->opcode);
			continue;
		}
		if (fn != NULL)
			front_answer_dead(fn->fn_chan, in->unique, in->opcode);
		he->he_minor = UINT32_MAX;
	}
}

static void
open_again(struct front_node *fn, const struct file *f)
{
	struct front_file *ff;
	struct hyp_lwp *l;
	int error;

	ff = calloc(1, sizeof(*ff) + f->f_ngroups * sizeof(uint32_t));
	if (ff == NULL || (ff->ff_user = front_user_get(f->f_uid)) == NULL) {
		free(ff);
		front_slot_free(f->f_slot);
		return;
	}
	memcpy(ff->ff_groups, f->f_groups, f->f_ngroups * sizeof(uint32_t));
	ff->ff_chan = fn->fn_chan;
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
	if (error == 0) {
		front_file_restore(ff, f->f_slot, f->f_number);
		return;
	}
	host_logf(HYP_LOG_WARNING, "front: %s: a file of process %d does not "
	    "go on: %s", fn->fn_name, (int)f->f_pid, strerror(error));
	front_slot_free(f->f_slot);
	front_user_put(ff->ff_user);
	free(ff);
}

/*
 * front_hand_files(fn, alive)
 *
 *	The node is about to be served: open again what was open, or if it is not
 *	alive, has no hardware, forget it.  Sleeps.
 */
void
front_hand_files(struct front_node *fn, bool alive)
{
	struct entry *he = NULL;

	while ((he = next_entry(he, HAND_FILE)) != NULL) {
		const struct file *const f = (const void *)(he + 1);

		if (he->he_minor != fn->fn_minor || he->he_done != 0)
			continue;
		he->he_done = 1;
		if (alive && fn->fn_node != NULL && fn->fn_chan != NULL)
			open_again(fn, f);
		else
			front_slot_free(f->f_slot);
	}
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
	struct entry *he;

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
	struct entry *he = NULL;
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
	struct entry *he = NULL;
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
