/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_keep.c - channels that outlive their daemon: what is told to whoever
 * keeps them, and how a successor takes them over.
 *
 * Model
 *	A channel stays as long as somebody has its descriptor; meanwhile its
 *	node is there, clients that wait go on waiting, and their new calls
 *	queue up in the kernel.  So each channel is given to the keeper
 *	(front_config's keep) before the kernel knows of its node, and taken
 *	back (unkeep) before it is closed; between the two it may be handed to
 *	a successor at any moment, with the journal that says what it is.
 *
 *	front_adopt, before there is a node of K's:
 *
 *		calls in hand	answered as a revoked file's (an open, with
 *				EINTR: nothing has been opened)
 *		lost calls	journal.c: the numbers that follow the last
 *				one; EIO, as nobody knows what they were
 *		polls		those who sleep in one are woken, and ask
 *				again
 *		sent again	if the kernel can (6.9), it sends once more
 *				what it has no answer to: there should be
 *				none; answered as the calls in hand
 *
 *	Each of these can be done twice, so that who is killed meanwhile is
 *	followed by the next one.  No call is ever run twice.  Files of
 *	the dead have numbers that are not in the table (front_handle.c), and
 *	numbers go on from the highest that was given out.
 *
 *	libfuse serves a channel that has been begun by another process after
 *	one CUSE_INIT, which is made up here; the kernel drops its answer.
 *
 *	A node that is taken over is not served at once: who opens it would
 *	find no hardware, which is about to attach.  Its calls wait in the
 *	kernel until front_node_serve, or until front_nodes_serve, which comes
 *	after a second.  One that K has not made by then has no driver's unit
 *	any more: it stays, is ENXIO to who opens it, and K's as soon as
 *	that makes it.
 *
 * Locks
 *	fl_lock for fl_kept and fn_held.  front_adopt runs before all others;
 *	hyp_node_create is K's to keep apart.
 *
 * handover.pml is a model of all that.
 *
 * Known gap: a client that is killed before anybody has read its call leaves a
 * number out; with more than LOST_MAX of those before a call that is lost (in
 * the few instructions of journal.c), on a kernel that does not send again,
 * its client waits until the channel ends.
 */
#include <sys/epoll.h>
#include <sys/uio.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	LOST_MAX	256
#define	UNIQUE_STEP	2		/* odd ones are INTERRUPTs */
#define	UNIQUE_RESENT	(UINT64_C(1) << 63)
#define	NOTIFY_RESEND	7		/* FUSE_NOTIFY_RESEND */

/* ---- what the keeper is told ---------------------------------------- */

/*
 * front_kept_add(fn, fd)
 * front_kept_made(fn)
 * front_kept_given(fn, perm)
 * front_kept_remove(fn)
 *
 *	A channel for the node is about to be begun; the node is there; it has
 *	this owner and mode; the channel is about to be closed.  No effect
 *	without a keeper, and a node for which there is no room is not kept.
 */
void
front_kept_add(struct front_node *fn, int fd)
{
	struct journal *const j = front.fl_config.journal;
	static struct host_quiet quiet;

	if (j == NULL)
		return;
	assert(fn->fn_record == -1);
	fn->fn_record = journal_node_add(j, fn->fn_minor, fn->fn_class,
	    fn->fn_name);
	if (fn->fn_record != -1)
		(*front.fl_config.keep)(fn->fn_minor, fd);
	else if (host_log_quiet(&quiet) != 0)
		host_logf(HYP_LOG_WARNING, "front: %s: %d nodes are kept for "
		    "the next devswd, and no more: this one is not",
		    fn->fn_name, JOURNAL_NODES);
}

void
front_kept_made(struct front_node *fn)
{

	if (fn->fn_record != -1)
		journal_node_made(front.fl_config.journal, fn->fn_record);
}

void
front_kept_given(struct front_node *fn, const struct front_perm *fp)
{

	if (fn->fn_record != -1)
		journal_node_owner(front.fl_config.journal, fn->fn_record,
		    fp->uid, fp->gid, fp->mode);
}

void
front_kept_remove(struct front_node *fn)
{

	if (fn->fn_record == -1)
		return;
	(*front.fl_config.unkeep)(fn->fn_minor);
	journal_node_remove(front.fl_config.journal, fn->fn_record);
	fn->fn_record = -1;
}

/*
 * front_call_begin(ft, fc)
 * front_call_end(ft)
 *
 *	The thread has read a call, which is in ft_in; it has been answered.
 */
void
front_call_begin(struct front_thread *ft, const struct front_chan *fc)
{
	const struct fuse_in_header *const in = ft->ft_in;

	ft->ft_record = fc->fc_node->fn_record;
	if (ft->ft_record == -1 || in->opcode == FUSE_INTERRUPT)
		ft->ft_record = -1;
	else
		journal_call_begin(front.fl_config.journal, ft->ft_slot,
		    ft->ft_record, in->unique, in->opcode);
	if (ft->ft_handslot != 0)
		journal_call_end(front.fl_config.journal, ft->ft_handslot);
	ft->ft_handslot = 0;
}

void
front_call_end(struct front_thread *ft)
{

	if (ft->ft_record != -1 && !ft->ft_handed)
		journal_call_end(front.fl_config.journal, ft->ft_slot);
}

/* ---- answers in the place of the dead ------------------------------- */

/* ENOENT: it has its answer, or was never asked.  Is there a connection? */
static bool
put(int fd, int error, uint64_t unique, const void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + len),
		.error = error,
		.unique = unique,
	};
	const struct iovec iov[2] = {
		{ .iov_base = &out, .iov_len = sizeof(out) },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = len },
	};

	return writev(fd, iov, len != 0 ? 2 : 1) != -1 || errno != ENODEV;
}

/*
 * front_answer_dead(fc, unique, opcode)
 *
 *	The call was one on a file that is dead now.
 */
void
front_answer_dead(const struct front_chan *fc, uint64_t unique,
    uint32_t opcode)
{
	const struct front_node *const fn = fc->fc_node;
	struct fuse_poll_out poll = { .revents = 0 };
	struct hyp_dead hd;
	int error;

	hyp_node_dead(fn->fn_node, fn->fn_class == HYP_NODE_TTY, &hd);
	switch (opcode) {
	case FUSE_POLL:
		poll.revents = hd.hd_always;
		(void)put(fc->fc_fd, 0, unique, &poll, sizeof(poll));
		return;
	case FUSE_READ:
		error = hd.hd_read;
		break;
	case FUSE_WRITE:
		error = hd.hd_write;
		break;
	case FUSE_IOCTL:
		error = hd.hd_ioctl;
		break;
	case FUSE_OPEN:
		error = EINTR;
		break;
	case FUSE_RELEASE:
		error = 0;
		break;
	default:
		error = EIO;
	}
	(void)put(fc->fc_fd, -error, unique, NULL, 0);
}

/*
 * front_interrupt_again(fc, unique)
 *
 *	The kernel is to send the INTERRUPT of that call once more.
 */
void
front_interrupt_again(const struct front_chan *fc, uint64_t unique)
{

	(void)put(fc->fc_fd, -EAGAIN, unique | 1, NULL, 0);
}

static unsigned
answer_calls(const struct front_chan *fc)
{
	const struct journal *const j = front.fl_config.journal;
	struct journal_call jc;
	unsigned n = 0;

	for (unsigned i = 0; i < journal_calls(j); i++) {
		if (!journal_call(j, i, &jc) ||
		    (int)jc.jc_node != fc->fc_node->fn_record ||
		    front_hand_has(fc->fc_node, jc.jc_unique))
			continue;
		front_answer_dead(fc, jc.jc_unique, jc.jc_opcode);
		n++;
	}
	return n;
}

static void
answer_lost(const struct front_chan *fc, uint64_t seen)
{
	uint64_t unique = seen & ~UNIQUE_RESENT;

	for (unsigned i = 0; i < LOST_MAX; i++) {
		unique += UNIQUE_STEP;
		if (!put(fc->fc_fd, -EIO, unique, NULL, 0))
			break;
	}
}

static void
wake_polls(const struct front_chan *fc)
{
	const struct journal *const j = front.fl_config.journal;
	struct fuse_notify_poll_wakeup_out wake;
	struct journal_file jf;

	for (unsigned i = 0; i < journal_files(j); i++) {
		if (!journal_file(j, i, &jf) || jf.jf_poll == 0 ||
		    (int)jf.jf_node != fc->fc_node->fn_record)
			continue;
		wake.kh = jf.jf_poll;
		(void)put(fc->fc_fd, FUSE_NOTIFY_POLL, 0, &wake, sizeof(wake));
	}
}

/* EINVAL from a kernel that cannot. */
static void
send_again(const struct front_chan *fc)
{

	(void)put(fc->fc_fd, NOTIFY_RESEND, 0, NULL, 0);
}

/*
 * yes = front_is_resent(fc, in)
 *
 *	Is it a call that the dead one had?  It is answered.
 */
bool
front_is_resent(const struct front_chan *fc, const void *buf)
{
	const struct fuse_in_header *const in = buf;

	if ((in->unique & UNIQUE_RESENT) == 0)
		return false;
	if (in->opcode != FUSE_INTERRUPT)
		front_answer_dead(fc, in->unique, in->opcode);
	return true;
}

/* ---- taking over ---------------------------------------------------- */

/* What libfuse waits for; the kernel has asked it long ago. */
static bool
begin_again(struct front_chan *fc)
{
	struct {
		struct fuse_in_header	h;
		struct cuse_init_in	i;
	} in = {
		.h = { .len = sizeof(in), .opcode = CUSE_INIT,
		    .unique = FRONT_MADE_UP },
		.i = { .major = FUSE_KERNEL_VERSION, .minor = 38,
		    .flags = CUSE_UNRESTRICTED_IOCTL },
	};
	struct fuse_buf buf = { .size = sizeof(in), .mem = &in };

	fuse_session_process_buf(fc->fc_se, &buf);
	return fc->fc_inited;
}

/* Is there a device behind it that still is? */
static bool
is_alive(int fd)
{
	struct pollfd pfd = { .fd = fd };

	return poll(&pfd, 1, 0) == 0 &&
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* The record of the node that the keeper calls minor; -1: there is none. */
static int
record_of(uint32_t minor, struct journal_node *jn)
{
	const struct journal *const j = front.fl_config.journal;

	for (unsigned i = 0; i < journal_nodes(j); i++) {
		if (journal_node(j, i, jn) && jn->jn_minor == minor)
			return (int)i;
	}
	return -1;
}

/* One channel; false: it is of no use. */
static bool
adopt(const struct front_kept *k, unsigned *callsp)
{
	struct journal_node jn;
	struct front_node *fn;
	struct front_chan *fc;
	const int record = record_of(k->fk_minor, &jn);

	if (record == -1 || !jn.jn_made || !is_alive(k->fk_fd) ||
	    (fn = front_node_alloc(NULL, jn.jn_name, jn.jn_class,
	    jn.jn_minor)) == NULL)
		return false;
	fc = front_chan_alloc(fn, k->fk_fd);
	if (fc == NULL) {
		front_node_free(fn);
		return false;
	}
	fn->fn_record = record;
	if (jn.jn_given) {
		fn->fn_own = false;
		fn->fn_given = (struct front_perm){ jn.jn_uid, jn.jn_gid,
		    jn.jn_mode };
	} else
		(void)front_node_own(fn, false);
	*callsp += answer_calls(fc);
	wake_polls(fc);
	/* Who has ended by his own leaves nothing else. */
	if (!front_hand_is()) {
		answer_lost(fc, jn.jn_seen);
		send_again(fc);
	}
	fn->fn_chan = fc;
	fn->fn_held = true;
	/* Nothing of libfuse's can fail here. */
	if (!begin_again(fc))
		hyp_panic("front: a made-up CUSE_INIT is refused");
	LIST_INSERT_HEAD(&front.fl_kept, fn, fn_list);
	return true;
}

static bool
is_record_of_ours(int record)
{
	const struct front_node *fn;

	LIST_FOREACH(fn, &front.fl_kept, fn_list) {
		if (fn->fn_record == record)
			return true;
	}
	return false;
}

static bool
goes_on(const struct journal_call *jc)
{
	const struct front_node *fn;

	LIST_FOREACH(fn, &front.fl_kept, fn_list) {
		if (fn->fn_record == (int)jc->jc_node)
			return front_hand_has(fn, jc->jc_unique);
	}
	return false;
}

/* All that the journal says of the dead has been done. */
static void
forget_the_dead(void)
{
	struct journal *const j = front.fl_config.journal;
	const unsigned threads = front.fl_config.max_threads;
	struct journal_call jc;

	/*
	 * Those that go on are there twice for a moment, and always once; the
	 * dead one may have had more threads.
	 */
	for (unsigned i = threads; i < journal_calls(j); i++) {
		if (!journal_call(j, i, &jc) || !goes_on(&jc))
			journal_call_end(j, i);
	}
	front_hand_journal(threads);
	for (unsigned i = 0; i < threads && i < journal_calls(j); i++)
		journal_call_end(j, i);
	for (unsigned i = 0; i < journal_files(j); i++)
		journal_file_close(j, i);
	for (unsigned i = 0; i < journal_nodes(j); i++) {
		if (!is_record_of_ours((int)i))
			journal_node_remove(j, (int)i);
	}
}

unsigned
front_adopt(const struct front_kept *kept, unsigned n)
{
	unsigned nodes = 0, calls = 0;

	assert(LIST_EMPTY(&front.fl_nodes));
	front.fl_number = journal_number(front.fl_config.journal);
	for (unsigned i = 0; i < n; i++) {
		if (adopt(&kept[i], &calls)) {
			nodes++;
			continue;
		}
		/* It goes, and with it the node if there is one. */
		(*front.fl_config.unkeep)(kept[i].fk_minor);
		close(kept[i].fk_fd);
	}
	forget_the_dead();
	front_hand_slots();
	if (nodes != 0)
		host_logf(HYP_LOG_NOTICE, "front: %u nodes are taken over, "
		    "with %u calls in hand", nodes, calls);
	return nodes;
}

/*
 * error = front_kept_take(node, name, class, minor, &fn)
 *
 *	K makes this node: the one that has been taken over; NULL, there is
 *	none.  EEXIST, logged: one that is served has its number or its name
 *	and is not it; one that is not yet goes, for which the keeper is waited
 *	for, without fl_lock.
 */
int
front_kept_take(struct hyp_node *node, const char *name, int class,
    uint32_t minor, struct front_node **fnp)
{
	LIST_HEAD(, front_node) going = LIST_HEAD_INITIALIZER(going);
	struct front_node *fn, *next;
	int error = 0;

	*fnp = NULL;
	pthread_mutex_lock(&front.fl_lock);
	for (fn = LIST_FIRST(&front.fl_kept); fn != NULL; fn = next) {
		next = LIST_NEXT(fn, fn_list);
		if (fn->fn_minor != minor && strcmp(fn->fn_name, name) != 0)
			continue;
		if (fn->fn_minor == minor && fn->fn_class == class &&
		    strcmp(fn->fn_name, name) == 0) {
			LIST_REMOVE(fn, fn_list);
			LIST_INSERT_HEAD(&front.fl_nodes, fn, fn_list);
			fn->fn_node = node;
			*fnp = fn;
			break;
		}
		host_logf(HYP_LOG_WARNING, "front: %s: number %u was %s%s",
		    name, minor, fn->fn_name, fn->fn_held ? "" :
		    ", which is there until devswd ends");
		if (!fn->fn_held) {
			error = EEXIST;
			break;
		}
		LIST_REMOVE(fn, fn_list);
		LIST_INSERT_HEAD(&going, fn, fn_list);
	}
	pthread_mutex_unlock(&front.fl_lock);
	while ((fn = LIST_FIRST(&going)) != NULL) {
		LIST_REMOVE(fn, fn_list);
		front_hand_gone(fn);
		front_kept_remove(fn);
		front_chan_free(fn->fn_chan);
		front_node_free(fn);
	}
	return error;
}

/*
 * fl_lock held, and left meanwhile if the node is alive, of which K knows, so that
 * it stays in fl_nodes.  One that is only kept may be taken, or go, by any thread
 * (front_kept_take).  A channel that has been lost has nothing to serve.
 */
static void
serve(struct front_node *fn, bool alive)
{
	int error;

	if (fn->fn_held && front_hand_is()) {
		if (alive)
			front_hand_files(fn);
		else
			front_hand_forget(fn);
		atomic_store(&front.fl_handed, true);
	}

	if (!fn->fn_held || fn->fn_chan == NULL)
		return;
	fn->fn_held = false;
	error = front_chan_watch(fn->fn_chan);
	if (error != 0)
		host_logf(HYP_LOG_ERR, "front: %s: epoll: %s", fn->fn_name,
		    strerror(-error));
	/* For calls that wait to be run again. */
	front_ping();
}

void
front_node_serve(uint32_t minor)
{
	struct front_node *fn;

	pthread_mutex_lock(&front.fl_lock);
	LIST_FOREACH(fn, &front.fl_nodes, fn_list) {
		if (fn->fn_minor == minor)
			serve(fn, true);
	}
	pthread_mutex_unlock(&front.fl_lock);
}

void
front_nodes_serve(void)
{
	struct front_node *fn;

	pthread_mutex_lock(&front.fl_lock);
	LIST_FOREACH(fn, &front.fl_nodes, fn_list)
		serve(fn, false);
	LIST_FOREACH(fn, &front.fl_kept, fn_list)
		serve(fn, false);
	pthread_mutex_unlock(&front.fl_lock);
}
