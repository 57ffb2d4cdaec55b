/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marks.c - what was wrong with the bytes that a line has received.
 *
 * Model
 *	Two sources, of which neither is enough.  Marks (PARMRK) stand at their
 *	place in the input: \377\377 is a \377, \377 0 x a byte x with a parity
 *	or framing error, or, if x is 0, perhaps a break; which of them, and
 *	overruns, they do not say.  The driver's counters (TIOCGICOUNT), if it
 *	has some, tell all four apart, and not where.
 *
 *	So what has been counted since the last look is put aside (mk_left), and
 *	each mark takes one of it: a break first, if its byte is 0, else a
 *	framing error, then a parity error.  So many of each are told as were
 *	counted; if both kinds come at once, which byte had which is not known.
 *	What was counted and has no mark by the look after the next is told by
 *	itself.  Overruns have no marks at all, and are told when they are seen.
 *
 *	A driver that counts nothing leaves a mark a parity error, or a break.
 *
 * No state but struct marks, which is its line's; nothing here asks the device.
 */
#include <string.h>

#include "gateway/gateway.h"

/* A device was opened; now is what its driver has counted, NULL: nothing. */
void
marks_begin(struct marks *mk, const struct counts *now)
{

	memset(&mk->mk_left, 0, sizeof(mk->mk_left));
	mk->mk_state = 0;
	mk->mk_waits = false;
	mk->mk_counts = now != NULL;
	if (now != NULL)
		mk->mk_last = *now;
}

/*
 * bits = marks_counted(mk, now)
 *
 *	The driver has counted this.  What of it is to be told at once: LINE_*.
 *	mk_total is what came since the line is there; a counter that goes round
 *	is right.
 */
unsigned
marks_counted(struct marks *mk, const struct counts *now)
{
	const struct counts was = mk->mk_last;
	const uint32_t frame = now->ct_frame - was.ct_frame;
	const uint32_t parity = now->ct_parity - was.ct_parity;
	const uint32_t brk = now->ct_break - was.ct_break;
	const uint32_t overrun = now->ct_overrun - was.ct_overrun;

	mk->mk_last = *now;
	mk->mk_total.er_frame += frame;
	mk->mk_total.er_parity += parity;
	mk->mk_total.er_break += brk;
	mk->mk_total.er_overrun += overrun;
	mk->mk_left.ct_frame += frame;
	mk->mk_left.ct_parity += parity;
	mk->mk_left.ct_break += brk;
	return overrun != 0 ? LINE_OVERRUN : 0;
}

/*
 * bits = marks_rest(mk, &more)
 *
 *	Some time has passed: what was counted and still has no mark, if that was
 *	so at the last call too.  more: call again, as there is some now.
 */
unsigned
marks_rest(struct marks *mk, bool *more)
{
	const struct counts left = mk->mk_left;
	const unsigned bits = (left.ct_frame != 0 ? LINE_FRAMING : 0) |
	    (left.ct_parity != 0 ? LINE_PARITY : 0) |
	    (left.ct_break != 0 ? LINE_BREAK : 0);

	*more = bits != 0 && !mk->mk_waits;
	mk->mk_waits = *more;
	if (*more)
		return 0;
	memset(&mk->mk_left, 0, sizeof(mk->mk_left));
	return bits;
}

/* Forget what was counted: nobody wanted marks, so that none will come. */
void
marks_forget(struct marks *mk)
{

	memset(&mk->mk_left, 0, sizeof(mk->mk_left));
	mk->mk_waits = false;
}

/* Is a mark about to begin, or has it begun? */
bool
marks_within(const struct marks *mk)
{

	return mk->mk_state != 0;
}

/* What a mark with this byte means. */
static unsigned
meaning(struct marks *mk, uint8_t c)
{
	struct counts *const left = &mk->mk_left;

	if (!mk->mk_counts) {
		if (c == 0)
			mk->mk_total.er_break++;
		else
			mk->mk_total.er_either++;
		return c == 0 ? LINE_BREAK : LINE_PARITY;
	}
	if (c == 0 && left->ct_break > 0) {
		left->ct_break--;
		return LINE_BREAK;
	}
	if (left->ct_frame > 0) {
		left->ct_frame--;
		return LINE_FRAMING;
	}
	if (left->ct_parity > 0) {
		left->ct_parity--;
		return LINE_PARITY;
	}
	return c == 0 ? LINE_BREAK : LINE_PARITY;
}

/*
 * is = marks_byte(mk, c, &bits)
 *
 *	One byte of marked input.  Whether c is a byte of the device's; bits:
 *	what was wrong with it, or 0.
 *
 * ends = marks_ends(mk)
 *
 *	Is the next byte the last one of a mark?  Then the driver has counted it.
 */
bool
marks_byte(struct marks *mk, uint8_t c, unsigned *bits)
{

	*bits = 0;
	switch (mk->mk_state) {
	case 0:
		mk->mk_state = c == 0xff;
		return mk->mk_state == 0;
	case 1:
		mk->mk_state = c == 0 ? 2 : 0;
		return mk->mk_state == 0;
	default:
		mk->mk_state = 0;
		*bits = meaning(mk, c);
		return true;
	}
}

bool
marks_ends(const struct marks *mk)
{

	return mk->mk_state == 2;
}
