/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8.c - text that somebody else has written: what of it is UTF-8
 * (RFC 3629), and what a terminal would obey.
 */
#include "uhidctl/uhidctl.h"

/*
 * n = utf8_next(text, &c)
 *
 *	The first character and how many bytes it has; 0 at the end.  c is
 *	UTF8_BAD, of one byte, where no well-formed character begins: one that
 *	is cut off, longer than it need be, half of a UTF-16 pair, or beyond
 *	U+10FFFF.
 */
size_t
utf8_next(const char *text, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *const p = (const unsigned char *)text;
	const size_t more = *p < 0xc0 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t v;

	*c = *p;
	if (*p < 0x80)
		return *p != '\0';
	*c = UTF8_BAD;
	if (more == 0 || *p >= 0xf8)
		return 1;
	v = *p & (0x3fU >> more);
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < least[more] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 1;
	*c = v;
	return more + 1;
}

/*
 * yes = utf8_is_control(c)
 *
 *	C0, DEL and C1; what separates lines, or turns the direction of writing.
 */
bool
utf8_is_control(uint32_t c)
{

	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}
