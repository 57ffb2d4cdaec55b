/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marks.c - what PARMRK makes of input, undone.
 *
 * A break has no byte of its own, so that it can be told from a NUL only
 * where the node marks it: \377 \0 \0 is a break, \377 \0 X a byte X with a
 * parity or framing error, \377 \377 a byte \377.  One machine of three
 * states, kept between two reads, for an input that may end anywhere.
 */
#include "pty/pty.h"

/*
 * marks_decode(mk, dst, src, len, broken)
 *
 *	Decode; the length of what is at dst, at most len + 1.  *broken is set
 *	if there was a break, and what stood before the last one is then
 *	dropped, as BRKINT says.  A byte with an error becomes NUL, as without
 *	PARMRK.  A \377 that nothing of this follows is from before the node
 *	marked, and taken as it is.
 */
size_t
marks_decode(struct marks *mk, unsigned char *dst, const unsigned char *src,
    size_t len, bool *broken)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = src[i];

		switch (mk->mk_state) {
		case MARKS_NONE:
			if (c == 0377)
				mk->mk_state = MARKS_377;
			else
				dst[out++] = c;
			break;
		case MARKS_377:
			mk->mk_state = c == 0 ? MARKS_377_0 : MARKS_NONE;
			if (c != 0)
				dst[out++] = 0377;
			if (c != 0 && c != 0377)
				dst[out++] = c;
			break;
		case MARKS_377_0:
			mk->mk_state = MARKS_NONE;
			if (c != 0) {
				dst[out++] = 0;
				break;
			}
			*broken = true;
			out = 0;
			break;
		}
	}
	return out;
}
