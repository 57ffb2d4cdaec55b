/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring.c - what a device has said, the newest of it, with notes.
 *
 * Bytes have numbers, from 0 on, and the ring holds the last rg_size of them.
 * A note is a text that stands before the byte of its number.  A reader has a
 * place, and nothing here knows of readers: so a thousand cost no more than
 * one, and none can hold another up.  No locks: one thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"

/* size is a power of two.  0, or -1: no memory. */
int
ring_init(struct ring *r, size_t size)
{

	memset(r, 0, sizeof(*r));
	r->rg_size = size;
	r->rg_bytes = malloc(size);
	return r->rg_bytes == NULL ? -1 : 0;
}

void
ring_fini(struct ring *r)
{

	free(r->rg_bytes);
	r->rg_bytes = NULL;
}

/* With another size, and what fits of what it has.  -1: it was not changed. */
int
ring_resize(struct ring *r, size_t size)
{
	struct ring bigger = *r;
	struct place pl;
	const uint8_t *bytes;
	const char *text;
	size_t n;

	if (size == r->rg_size)
		return 0;
	bigger.rg_size = size;
	bigger.rg_bytes = malloc(size);
	if (bigger.rg_bytes == NULL)
		return -1;
	ring_back(r, &pl, size);
	bigger.rg_head = pl.pl_pos;
	pl.pl_note = r->rg_notehead;
	while ((n = ring_next(r, &pl, &bytes, &text)) > 0)
		ring_put(&bigger, bytes, n);
	free(r->rg_bytes);
	*r = bigger;
	return 0;
}

void
ring_put(struct ring *r, const uint8_t *bytes, size_t n)
{
	size_t at, some;

	if (n > r->rg_size) {
		r->rg_head += n - r->rg_size;
		bytes += n - r->rg_size;
		n = r->rg_size;
	}
	at = (size_t)r->rg_head & (r->rg_size - 1);
	some = r->rg_size - at < n ? r->rg_size - at : n;
	memcpy(r->rg_bytes + at, bytes, some);
	memcpy(r->rg_bytes, bytes + some, n - some);
	r->rg_head += n;
}

/* The text comes before what is put next; it is cut if it is too long. */
void
ring_note(struct ring *r, const char *text)
{
	struct note *const no = &r->rg_notes[r->rg_notehead++ % RING_NOTES];

	no->no_pos = r->rg_head;
	snprintf(no->no_text, sizeof(no->no_text), "%s", text);
}

/* The place of somebody who has had all. */
void
ring_end(const struct ring *r, struct place *pl)
{

	pl->pl_pos = r->rg_head;
	pl->pl_note = r->rg_notehead;
}

/* The place of somebody who has had all but the last n bytes, if there are. */
void
ring_back(const struct ring *r, struct place *pl, size_t n)
{

	pl->pl_pos = r->rg_head > n ? r->rg_head - n : 0;
	(void)ring_lost(r, pl);
	pl->pl_note = r->rg_notehead;
	while (pl->pl_note > 0 && r->rg_notehead - pl->pl_note < RING_NOTES &&
	    r->rg_notes[(pl->pl_note - 1) % RING_NOTES].no_pos > pl->pl_pos)
		pl->pl_note--;
}

/* How many bytes the reader has lost, after which he is at the oldest. */
uint64_t
ring_lost(const struct ring *r, struct place *pl)
{
	const uint64_t oldest = r->rg_head > r->rg_size ?
	    r->rg_head - r->rg_size : 0;
	uint64_t lost;

	if (pl->pl_pos >= oldest)
		return 0;
	lost = oldest - pl->pl_pos;
	pl->pl_pos = oldest;
	return lost;
}

/*
 * n = ring_next(r, pl, &bytes, &text)
 *
 *	What comes next, and go on: n bytes, which the next ring_put may
 *	overwrite; or a note (n is 0), or nothing (0, and text is NULL).
 *	ring_lost has been asked.
 */
size_t
ring_next(const struct ring *r, struct place *pl, const uint8_t **bytes,
    const char **text)
{
	const struct note *no;
	uint64_t end = r->rg_head;
	size_t at, n;

	*text = NULL;
	if (r->rg_notehead - pl->pl_note > RING_NOTES)
		pl->pl_note = r->rg_notehead - RING_NOTES;
	if (pl->pl_note != r->rg_notehead) {
		no = &r->rg_notes[pl->pl_note % RING_NOTES];
		if (no->no_pos <= pl->pl_pos) {
			*text = no->no_text;
			pl->pl_note++;
			return 0;
		}
		end = no->no_pos;
	}
	at = (size_t)pl->pl_pos & (r->rg_size - 1);
	n = (size_t)(end - pl->pl_pos);
	if (n > r->rg_size - at)
		n = r->rg_size - at;
	*bytes = r->rg_bytes + at;
	pl->pl_pos += n;
	return n;
}
