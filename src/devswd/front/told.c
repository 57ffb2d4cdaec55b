/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * told.c - what an administrator has told a daemon that runs, in the journal;
 * told.h.
 *
 * Model
 *	What devswctl(8) has told is in no file that the next daemon reads, so
 *	it has a record here as long as it counts.  Its word says which kind it
 *	is, and, by numbers that only become higher, what was told before what:
 *
 *		nothing			word: 0
 *		told			its text; then word: order, 0, kind
 *		is tried		word: order, trying, 0, kind
 *		the process dies	word: order, 1, kind
 *		is tried		word: order, trying, 1, kind
 *		it came back		word: order, 0, kind
 *		taken back		word: 0
 *
 *	A record is right after each store (journal.c).  Its reader believes
 *	nothing but that it is a text: whether it is one that may be told, its
 *	caller asks as if it were told now.
 *
 * Locks
 *	The caller's.
 */
#include <errno.h>
#include <string.h>

#include "front/journalvar.h"
#include "front/told.h"

#define	KIND		UINT64_C(0xff)
#define	DEATH		UINT64_C(0x100)
#define	DEATHS		UINT64_C(0xff00)
#define	TRYING		UINT64_C(0x10000)
#define	ORDER		32		/* shift */

struct record {
	_Atomic uint64_t r_word;
	char		 r_text[TOLD_TEXT];
};

_Static_assert(TOLD_MAX * sizeof(struct record) == JOURNAL_TOLD,
    "records are the format");

static bool
is_kind(uint64_t word, enum told_kind kind)
{

	return (word & KIND) == (uint64_t)kind && word >> ORDER != 0;
}

/* Its record; NULL: it has none. */
static struct record *
find(const struct journal *j, enum told_kind kind, const char *text)
{
	struct record *r = journal_told(j);

	for (size_t i = 0; i < TOLD_MAX; i++, r++) {
		if (is_kind(get64(&r->r_word), kind) &&
		    strncmp(r->r_text, text, TOLD_TEXT) == 0)
			return r;
	}
	return NULL;
}

int
told_add(struct journal *j, enum told_kind kind, const char *text,
    unsigned deaths)
{
	const size_t len = strlen(text);
	struct record *r = journal_told(j), *none = NULL;
	uint64_t last = 0, word;

	if (len == 0 || len >= TOLD_TEXT)
		return -ENAMETOOLONG;
	if (find(j, kind, text) != NULL)
		return 0;
	for (size_t i = 0; i < TOLD_MAX; i++, r++) {
		word = get64(&r->r_word);
		if (word == 0 && none == NULL)
			none = r;
		if (word >> ORDER > last)
			last = word >> ORDER;
	}
	if (none == NULL || last == UINT32_MAX)
		return -ENOSPC;
	memset(none->r_text, 0, TOLD_TEXT);
	memcpy(none->r_text, text, len);
	put64(&none->r_word, (last + 1) << ORDER |
	    (deaths * DEATH & DEATHS) | (uint64_t)kind);
	return 0;
}

void
told_drop(struct journal *j, enum told_kind kind, const char *text)
{
	struct record *r;

	while ((r = find(j, kind, text)) != NULL)
		put64(&r->r_word, 0);
}

void
told_try(struct journal *j, enum told_kind kind, const char *text, bool on)
{
	struct record *const r = find(j, kind, text);
	const uint64_t word = r != NULL ? get64(&r->r_word) : 0;

	if (r != NULL)
		put64(&r->r_word, on ? word | TRYING :
		    word & ~(TRYING | DEATHS));
}

void
told_died(struct journal *j)
{
	struct record *r = journal_told(j);
	uint64_t word;

	for (size_t i = 0; i < TOLD_MAX; i++, r++) {
		word = get64(&r->r_word);
		if ((word & TRYING) == 0)
			continue;
		if ((word & DEATHS) != DEATHS)
			word += DEATH;
		put64(&r->r_word, word & ~TRYING);
	}
}

bool
told_next(const struct journal *j, enum told_kind kind, uint32_t after,
    struct told *told)
{
	const struct record *r = journal_told(j);
	char text[TOLD_TEXT];
	uint64_t word;
	bool found = false;

	for (size_t i = 0; i < TOLD_MAX; i++, r++) {
		word = get64(&r->r_word);
		if (!is_kind(word, kind) || word >> ORDER <= after ||
		    (found && word >> ORDER >= told->t_order))
			continue;
		memcpy(text, r->r_text, TOLD_TEXT);
		if (text[0] == '\0' || memchr(text, '\0', TOLD_TEXT) == NULL)
			continue;
		memcpy(told->t_text, text, TOLD_TEXT);
		told->t_order = (uint32_t)(word >> ORDER);
		told->t_deaths = (unsigned)((word & DEATHS) / DEATH);
		found = true;
	}
	return found;
}
