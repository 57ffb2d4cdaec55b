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
 *	Here is what is written; front_handed.c has what is read, and goes on.
 *	handover.pml is a model of all that.
 *
 * Locks
 *	hand_lock; it may be taken under K's.  Who calls front_hand_end is alone.
 */
#include <sys/mman.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/handvar.h"
#include "hyp/hyp_state.h"

/* A call that was handed over, for as long as this process lives. */
struct late {
	const struct front_chan *l_chan;
	uint64_t	 l_unique;
};

static pthread_mutex_t hand_lock = PTHREAD_MUTEX_INITIALIZER;
static int hand_fd = -1;		/* is written */
static int hand_error;

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
put_entry(struct hand_entry *he, const void *data, size_t len)
{
	static const char zeros[8];
	int error;

	he->he_len = (uint32_t)len;
	pthread_mutex_lock(&hand_lock);
	if (hand_fd == -1 || len > HAND_MAX)
		hand_error = EINVAL;
	put_bytes(he, sizeof(*he));
	put_bytes(data, len);
	put_bytes(zeros, HAND_ALIGN(len) - len);
	error = hand_error;
	pthread_mutex_unlock(&hand_lock);
	return error;
}

int
hyp_hand_put(const char *name, const void *data, size_t len)
{
	struct hand_entry he = { .he_type = HAND_DEVICE };

	assert(strlen(name) < sizeof(he.he_name));
	strcpy(he.he_name, name);
	return put_entry(&he, data, len) == 0 ? 0 : ENOMEM;
}

/*
 * ok = front_hand_callok(in, len)
 *
 *	Is it one of those that sleep, and as long as it says?
 */
bool
front_hand_callok(const struct fuse_in_header *in, size_t len)
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
 * The call's client has got a signal, of which the thread at the helm has read
 * just before it stopped to read.
 */
static void
interrupted_late(fuse_req_t req, void *arg)
{
	const struct late *const l = arg;

	(void)req;
	front_interrupt_again(l->l_chan, l->l_unique);
}

/*
 * yes = front_hand_call(ft, req, fc, done)
 *
 *	This process is to be followed by another one, and the call was
 *	interrupted for that: it has been written down, and goes on there.  False:
 *	it is to be answered.
 *
 *	libfuse keeps the request until this process ends.  If it did not, an
 *	INTERRUPT would be lost, and its client not be killed before the call ends:
 *
 *		thread				helm
 *						fl_handing is not set: waits
 *						reads an INTERRUPT
 *		front_req_claim
 *		front_hand_call
 *						libfuse: of what call?
 */
bool
front_hand_call(struct front_thread *ft, fuse_req_t req,
    const struct front_chan *fc, size_t done)
{
	const struct fuse_in_header *const in = ft->ft_in;
	struct hand_entry he = { .he_type = HAND_CALL,
	    .he_minor = fc->fc_node->fn_minor, .he_done = (uint32_t)done };
	struct late *l;

	if (!atomic_load(&front.fl_handing) || atomic_load(&ft->ft_signalled) ||
	    ft->ft_record == -1 || !front_hand_callok(in, in->len) ||
	    (l = malloc(sizeof(*l))) == NULL)
		return false;
	*l = (struct late){ fc, in->unique };
	if (put_entry(&he, in, in->len) != 0) {
		free(l);
		return false;
	}
	ft->ft_handed = true;
	fuse_req_interrupt_func(req, interrupted_late, l);
	return true;
}

int
front_hand_begin(void)
{
	const struct hand_head h = { .h_magic = HAND_MAGIC,
	    .h_version = HAND_VERSION };

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

/* Has this device been written? */
static bool
is_handed(const char *name)
{
	struct hand_entry he;
	off_t at = sizeof(struct hand_head);

	if (name[0] == '\0')
		return false;
	while (pread(hand_fd, &he, sizeof(he), at) == (ssize_t)sizeof(he)) {
		if (he.he_type == HAND_DEVICE &&
		    strncmp(he.he_name, name, sizeof(he.he_name)) == 0)
			return true;
		at += (off_t)(sizeof(he) + HAND_ALIGN(he.he_len));
	}
	return false;
}

static void
put_file(const struct front_file *ff)
{
	struct hand_file f = {
		.f_number = ff->ff_number,
		.f_slot = ff->ff_slot,
		.f_flags = (uint32_t)ff->ff_flags,
		.f_uid = ff->ff_cred.hc_uid,
		.f_gid = ff->ff_cred.hc_gid,
		.f_pid = ff->ff_cred.hc_pid,
		.f_ngroups = ff->ff_cred.hc_ngroups,
		.f_info = ff->ff_info,
	};
	struct hand_entry he = { .he_type = HAND_FILE,
	    .he_minor = ff->ff_chan->fc_node->fn_minor };

	memcpy(f.f_groups, ff->ff_groups, f.f_ngroups * sizeof(uint32_t));
	if (hyp_file_alive(ff->ff_file))
		(void)put_entry(&he, &f, sizeof(f));
}

int
front_hand_end(void)
{
	const struct hand_head h = { .h_magic = HAND_MAGIC, .h_version = HAND_VERSION,
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
