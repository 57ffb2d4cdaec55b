/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * states.c - what devices want to know again when the daemon has been killed,
 * in the journal; states.h.
 *
 * Model
 *	A record of a device has room for two texts, of which a word says which
 *	one counts, and how long it is.  So what is set is written beside what
 *	was, and counts with one store:
 *
 *		nothing			word: 0
 *		a text of 5		word: used, second 0, 5
 *		another one, of 7	word: used, second 1, 7
 *
 *	A record is right after each store (journal.c).  Its reader believes
 *	nothing but that it has a name and a length within bounds; what the
 *	text says is for its device to judge.
 *
 *	There are NRECORDS of them; a device for which there is none is set
 *	as by default after a kill, and nobody is told.
 *
 * Locks
 *	The caller's.
 */
#include <stdbool.h>
#include <string.h>

#include "front/journalvar.h"
#include "front/states.h"
#include "hyp/hyp_state.h"

#define	NAME		24
#define	USED		UINT64_C(1)
#define	SECOND		UINT64_C(2)
#define	LENGTH		8		/* shift */

struct record {
	_Atomic uint64_t r_word;
	char		 r_name[NAME];
	char		 r_text[2][HYP_STATE_MAX];
};
#define	NRECORDS	(JOURNAL_STATES / sizeof(struct record))

_Static_assert(sizeof(struct record) == 512, "records are the format");

static bool
is_of(const struct record *r, const char *name)
{

	return (get64(&r->r_word) & USED) != 0 &&
	    strncmp(r->r_name, name, NAME) == 0;
}

/* The record of that name; or if free a free one; NULL: there is none. */
static struct record *
find(const struct journal *j, const char *name, bool free)
{
	struct record *r = journal_states(j), *none = NULL;

	for (size_t i = 0; i < NRECORDS; i++, r++) {
		if (is_of(r, name))
			return r;
		if (none == NULL && (get64(&r->r_word) & USED) == 0)
			none = r;
	}
	return free ? none : NULL;
}

void
state_put(struct journal *j, const char *name, const void *text, size_t len)
{
	struct record *r;
	uint64_t word;
	unsigned other;

	if (strlen(name) >= NAME || len > HYP_STATE_MAX)
		return;
	r = find(j, name, len != 0);
	if (r == NULL)
		return;
	word = get64(&r->r_word);
	if (len == 0) {
		put64(&r->r_word, 0);
		return;
	}
	if (!is_of(r, name)) {
		word = 0;
		put64(&r->r_word, 0);
		memset(r->r_name, 0, NAME);
		memcpy(r->r_name, name, strlen(name));
	}
	other = (word & SECOND) != 0 ? 0 : 1;
	fence();
	memcpy(r->r_text[other], text, len);
	put64(&r->r_word, USED | (other != 0 ? SECOND : 0) |
	    (uint64_t)len << LENGTH);
}

size_t
state_get(const struct journal *j, const char *name, void *text, size_t max)
{
	const struct record *const r = find(j, name, false);
	const uint64_t word = r != NULL ? get64(&r->r_word) : 0;
	const uint64_t len = word >> LENGTH;

	if (len == 0 || len > HYP_STATE_MAX || len > max)
		return 0;
	memcpy(text, r->r_text[(word & SECOND) != 0 ? 1 : 0], (size_t)len);
	return (size_t)len;
}
