/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suspects.c - devices that are being attached, in the journal; suspects.h.
 *
 * Model
 *	A driver, or what a device says of itself, may end the daemon while the
 *	device is attached; the next daemon would attach it, and end as well.
 *	So a device has a record while drivers are at it, in which the next one
 *	counts, and which stays until an attach comes back:
 *
 *		one daemon	works		word: used, working, 0
 *				crashes
 *		the next	counts it	word: used, 1
 *				works		word: used, working, 1
 *				comes back	word: 0
 *
 *	A record is right after each store (journal.c): its word says whether
 *	there is something in it, and is changed as a whole.
 *
 *	There are NRECORDS of them.  A place has one, of the device that is
 *	plugged in there last; without a free one, the one that has the fewest
 *	deaths and is not at work goes.  Of what is in a record nothing is
 *	believed but that it can be compared.
 *
 *	Who plugs a device in again wants it tried again.  But one may also come
 *	back by itself, with a new address, and just because the daemon has
 *	crashed; began its count anew each time, it would go on until nobody
 *	starts the daemon any more, and take everybody's nodes along.  So what
 *	has come back within SUSPECT_AGAIN seconds of a crash is what was there:
 *	if vendor, product and serial number are the same, too, so that nobody
 *	answers for what was in his place before.
 *
 * Locks
 *	The caller's.
 *
 * Known gap: devices that are at work at the same time are all suspects.
 * Ports take turns with what drivers do, so these are few.  And one that is
 * another device each time it comes back is one.
 */
#include <string.h>

#include "front/journalvar.h"
#include "front/suspects.h"
#include "hyp/hyp.h"

#define	PATH		48
#define	USED		UINT64_C(1)
#define	WORKING		UINT64_C(2)
#define	DEATH		UINT64_C(0x100)
#define	DEATHS(word)	((unsigned)((word) / DEATH & 0xff))
#define	TIME_SHIFT	32		/* of the last crash, s */

struct record {
	_Atomic uint64_t r_word;
	_Atomic uint64_t r_ids;
	char		 r_path[PATH];
};
#define	NRECORDS	(JOURNAL_SUSPECTS / sizeof(struct record))

_Static_assert(sizeof(struct record) == 64, "records are the format");

static uint64_t
ids_of(const struct suspect *s)
{

	return (uint64_t)(s->s_serial & 0xffff) << 48 |
	    (uint64_t)(s->s_addr & 0xffff) << 32 |
	    (uint64_t)s->s_vendor << 16 | s->s_product;
}
#define	ADDR_MASK	(UINT64_C(0xffff) << 32)

static uint32_t
seconds(void)
{

	return (uint32_t)(hyp_clock() / 1000000000);
}

/* Is it about this plugging of its device, or the one before, just now? */
static bool
still_counts(const struct record *r, const struct suspect *s)
{
	const uint64_t word = get64(&r->r_word);

	return get64(&r->r_ids) == ids_of(s) || (DEATHS(word) > 0 &&
	    seconds() - (uint32_t)(word >> TIME_SHIFT) < SUSPECT_AGAIN);
}

static bool
is_at(const struct record *r, const char *path)
{

	return (get64(&r->r_word) & USED) != 0 &&
	    strncmp(r->r_path, path, PATH) == 0;
}

/* Its record; NULL: it has none. */
static struct record *
find(const struct journal *j, const struct suspect *s)
{
	struct record *r = journal_suspects(j);

	for (size_t i = 0; i < NRECORDS; i++, r++) {
		if (is_at(r, s->s_path) &&
		    ((get64(&r->r_ids) ^ ids_of(s)) & ~ADDR_MASK) == 0)
			return r;
	}
	return NULL;
}

/* One for a device that has none; NULL: all are at work. */
static struct record *
choose(const struct journal *j, const struct suspect *s)
{
	struct record *r = journal_suspects(j), *best = NULL;
	uint64_t word;

	for (size_t i = 0; i < NRECORDS; i++, r++) {
		word = get64(&r->r_word);
		if ((word & WORKING) != 0)
			continue;
		if (is_at(r, s->s_path))
			return r;
		/* One of 0 is free. */
		if (best == NULL || (get64(&best->r_word) != 0 && (word == 0 ||
		    DEATHS(word) < DEATHS(get64(&best->r_word)))))
			best = r;
	}
	return best;
}

void
suspect_set(struct journal *j, const struct suspect *s,
    enum suspect_state state)
{
	struct record *r;

	if (strlen(s->s_path) >= PATH)
		return;
	r = find(j, s);
	if (r != NULL && still_counts(r, s)) {
		put64(&r->r_ids, ids_of(s));
		put64(&r->r_word, state == SUSPECT_NONE ? 0 :
		    state == SUSPECT_WORKS ? get64(&r->r_word) | WORKING :
		    get64(&r->r_word) & ~WORKING);
		return;
	}
	if (state != SUSPECT_WORKS ||
	    (r == NULL && (r = choose(j, s)) == NULL))
		return;
	put64(&r->r_word, 0);
	put64(&r->r_ids, ids_of(s));
	memset(r->r_path, 0, PATH);
	memcpy(r->r_path, s->s_path, strlen(s->s_path));
	put64(&r->r_word, USED | WORKING);
}

enum suspect_state
suspect_get(const struct journal *j, const struct suspect *s, unsigned *deaths)
{
	const struct record *const r = find(j, s);
	const uint64_t word = r != NULL && still_counts(r, s) ?
	    get64(&r->r_word) : 0;

	*deaths = DEATHS(word);
	return word == 0 ? SUSPECT_NONE : (word & WORKING) != 0 ?
	    SUSPECT_WORKS : SUSPECT_WAITS;
}

void
suspects_died(struct journal *j, bool crashed)
{
	struct record *r = journal_suspects(j);
	const uint64_t now = seconds();
	uint64_t word;

	for (size_t i = 0; i < NRECORDS; i++, r++) {
		word = get64(&r->r_word);
		if ((word & WORKING) == 0)
			continue;
		if (crashed && DEATHS(word) < 0xff)
			word += DEATH;
		if (crashed)
			word = (word & UINT32_MAX) | now << TIME_SHIFT;
		put64(&r->r_word, word & ~WORKING);
	}
}

void
suspects_forgive(struct journal *j)
{
	struct record *r = journal_suspects(j);

	for (size_t i = 0; i < NRECORDS; i++, r++) {
		if ((get64(&r->r_word) & WORKING) == 0)
			put64(&r->r_word, 0);
	}
}
