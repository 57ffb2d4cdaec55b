/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * note.c - what each thread is in, where it outlives the process; hyp_note.
 *
 * Model
 *	A thread gets a note when it asks first, and gives it back when it ends.
 *	With the memory of host_note_to, which is the journal's, a successor
 *	reads there what each thread was in, however it died.  Without, or
 *	if all are taken, a thread has one of its own, of which its own last
 *	words can tell (host_note_mine) and nobody else.
 *
 *	Notes are given out from the first on, so behind one that was never
 *	anybody's (hn_tid is 0) there is none.
 *
 *	The memory is mapped once more, and never unmapped: a thread may end
 *	after who has given it, and has a note there until then.
 *
 * Locks
 *	note_mtx, a leaf: which are free.  What is in a note is its thread's.
 */
#include <sys/mman.h>
#include <sys/prctl.h>

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"

static pthread_mutex_t note_mtx = PTHREAD_MUTEX_INITIALIZER;
static struct hyp_note *note_first;	/* NULL: everybody has his own */
static unsigned note_n;			/* of these */
static unsigned note_fresh;		/* from here on: never anybody's */
static uint16_t note_back[HOST_NOTES];	/* that have been given back */
static unsigned note_nback;

static pthread_once_t note_once = PTHREAD_ONCE_INIT;
static pthread_key_t note_key;
static bool note_keyed;

static _Thread_local struct hyp_note note_own;
static _Thread_local struct hyp_note *note_mine;

void
host_note_to(void *memory, unsigned n)
{
	void *at = MAP_FAILED;

	if (memory != NULL)
		at = mremap(memory, 0, n * sizeof(struct hyp_note),
		    MREMAP_MAYMOVE);
	pthread_mutex_lock(&note_mtx);
	note_first = at == MAP_FAILED ? NULL : at;
	note_n = n < HOST_NOTES ? n : HOST_NOTES;
	note_fresh = note_nback = 0;
	pthread_mutex_unlock(&note_mtx);
}

/* The thread ends.  Its memory may not be what is given out any more. */
static void
note_put(void *arg)
{
	struct hyp_note *const hn = arg;

	__atomic_store_n(&hn->hn_word, 0, __ATOMIC_RELAXED);
	note_mine = &note_own;
	pthread_mutex_lock(&note_mtx);
	if (note_first != NULL && hn >= note_first &&
	    hn < note_first + note_fresh)
		note_back[note_nback++] = (uint16_t)(hn - note_first);
	pthread_mutex_unlock(&note_mtx);
}

static void
note_make_key(void)
{

	note_keyed = pthread_key_create(&note_key, note_put) == 0;
}

/* NULL: there is none to be had, or nobody would give it back. */
static struct hyp_note *
note_get(void)
{
	struct hyp_note *hn = NULL;
	char name[sizeof(hn->hn_thread)] = "";

	(void)pthread_once(&note_once, note_make_key);
	(void)prctl(PR_GET_NAME, name);
	pthread_mutex_lock(&note_mtx);
	if (note_keyed && note_first != NULL) {
		if (note_nback > 0)
			hn = &note_first[note_back[--note_nback]];
		else if (note_fresh < note_n)
			hn = &note_first[note_fresh++];
	}
	if (hn != NULL) {
		hn->hn_word = 0;
		memcpy(hn->hn_thread, name, sizeof(name));
		hn->hn_tid = (uint32_t)gettid();
	}
	pthread_mutex_unlock(&note_mtx);
	if (hn != NULL && pthread_setspecific(note_key, hn) != 0) {
		note_put(hn);
		return NULL;
	}
	return hn;
}

struct hyp_note *
hyp_note(void)
{

	if (note_mine == NULL && (note_mine = note_get()) == NULL)
		note_mine = &note_own;
	return note_mine;
}

const struct hyp_note *
host_note_mine(void)
{

	return note_mine;
}

void
host_note_idle(void)
{

	if (note_mine != NULL)
		__atomic_store_n(&note_mine->hn_word, 0, __ATOMIC_RELAXED);
}
