/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_share.c - who may have how many of the threads.
 *
 * A call that sleeps in a driver has a thread for as long as it sleeps, and
 * max_threads is all that there are: one is at the helm, the others (slots)
 * can sleep.  Nobody's calls may take them all:
 *
 *	A user other than root, and a node, may have as many as are left
 *	free, and one: of 1023 slots a single user has 512 at most; two have
 *	341 each, and as many again are free.  Whoever comes next always
 *	finds something, without anybody having to say how many will come.
 *
 *	The last eighth of the slots is for root, whatever the number of
 *	users (who has a user namespace has thousands).
 *
 *	Root is served as long as there is a thread.  Its calls count for
 *	their node: where root has taken it all, others wait for root.
 *
 * A call that is over its share is run all the same, and does what it can do
 * without a sleep; where it would sleep it gets EAGAIN.  It is the opener's
 * call, whoever makes it.  A close is counted but not refused, but for the
 * eighth: what was written would be lost.  There is one line in the log about
 * it, at most every HOST_QUIET_MS, with the number of those before it.
 *
 * A thread counts as taken (fl_busy) from its request until it has the helm
 * again or is a spare, not only until the answer: so the slots that are left
 * free here are threads that front_threads.c has, or can start.
 *
 * The counts change without a lock.  Only the thread at the helm begins
 * requests, so what it compares them with can only become smaller meanwhile:
 * no two requests take the last slot together.  (Closes that begin elsewhere
 * are not held to it.)
 *
 * A struct front_user is a user who has files open, found by number in
 * fl_users under fl_lock, once for each open.
 */
#include <stdlib.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	ROOT_PART	8	/* one in so many slots is root's */

/*
 * fu = front_user_get(uid)
 * front_user_put(fu)
 *
 *	NULL: no memory.
 */
struct front_user *
front_user_get(uid_t uid)
{
	struct front_users *const list = &front.fl_users[uid % FRONT_NUSERS];
	struct front_user *fu;

	pthread_mutex_lock(&front.fl_lock);
	LIST_FOREACH(fu, list, fu_list) {
		if (fu->fu_uid == uid)
			break;
	}
	if (fu == NULL && (fu = calloc(1, sizeof(*fu))) != NULL) {
		fu->fu_uid = uid;
		LIST_INSERT_HEAD(list, fu, fu_list);
	}
	if (fu != NULL)
		fu->fu_refs++;
	pthread_mutex_unlock(&front.fl_lock);
	return fu;
}

void
front_user_put(struct front_user *fu)
{
	bool last;

	pthread_mutex_lock(&front.fl_lock);
	last = --fu->fu_refs == 0;
	if (last)
		LIST_REMOVE(fu, fu_list);
	pthread_mutex_unlock(&front.fl_lock);
	if (last)
		free(fu);
}

/*
 * over = front_share_enter(ft, ff, closing)
 * front_share_exit(ff)
 *
 *	A call on the file begins, or its last close: must it not sleep?  It
 *	ends.  ft is NULL if the thread is not one of the front end's.
 */
bool
front_share_enter(struct front_thread *ft, struct front_file *ff, bool closing)
{
	const unsigned slots = front.fl_config.max_threads - 1;
	const unsigned root = slots >= ROOT_PART ? slots / ROOT_PART :
	    slots > 1;
	unsigned busy, user, node, left;

	user = atomic_fetch_add(&ff->ff_user->fu_busy, 1) + 1;
	node = atomic_fetch_add(&ff->ff_chan->fc_node->fn_busy, 1) + 1;
	if (ft != NULL && !ft->ft_busy) {
		ft->ft_busy = true;
		atomic_fetch_add(&front.fl_busy, 1);
	}
	if (ff->ff_user->fu_uid == 0)
		return false;
	busy = atomic_load(&front.fl_busy);
	if (busy + root > slots)
		return true;
	left = slots - busy;
	return !closing && (user > left + 1 || node > left + 1);
}

void
front_share_exit(struct front_file *ff)
{

	atomic_fetch_sub(&ff->ff_user->fu_busy, 1);
	atomic_fetch_sub(&ff->ff_chan->fc_node->fn_busy, 1);
}

/*
 * front_share_idle(ft)
 *
 *	The thread can be used for another request.
 */
void
front_share_idle(struct front_thread *ft)
{

	if (!ft->ft_busy)
		return;
	ft->ft_busy = false;
	atomic_fetch_sub(&front.fl_busy, 1);
}

/*
 * front_share_refused(ff)
 *
 *	A call on the file has got EAGAIN because it is over its share.
 */
void
front_share_refused(const struct front_file *ff)
{
	const unsigned n = host_log_quiet(&front.fl_refused);

	if (n == 0)
		return;
	host_logf(HYP_LOG_WARNING, "front: %s: no thread for another blocked "
	    "call of uid %u: %u of this user, %u on this node, %u of %u in "
	    "use; told EAGAIN (%u of these)",
	    ff->ff_chan->fc_node->fn_name, ff->ff_user->fu_uid,
	    atomic_load(&ff->ff_user->fu_busy),
	    atomic_load(&ff->ff_chan->fc_node->fn_busy),
	    atomic_load(&front.fl_busy), front.fl_config.max_threads, n);
}
