/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_marks.c - what PARMRK makes of breaks, errors and \377, undone.
 *
 * The rules are termios(3)'s on PARMRK, read backwards: a break is \377 \0 \0,
 * a byte X with an error \377 \0 X, a byte \377 two of them.  However the
 * input is cut into reads, the outcome is the same.
 */
#include <string.h>

#include "h_test.h"
#include "pty/pty.h"

/* Decode src, cut behind each byte whose bit is set; dst's length. */
static size_t
decode(const char *src, size_t len, unsigned cuts, unsigned char *dst,
    bool *broken)
{
	struct marks mk = { MARKS_NONE };
	size_t from = 0, out = 0;

	for (size_t i = 0; i < len; i++) {
		bool now = false;
		size_t n;

		if (i + 1 < len && (cuts & (1u << i)) == 0)
			continue;
		n = marks_decode(&mk, dst + out,
		    (const unsigned char *)src + from, i + 1 - from, &now);
		if (now) {
			memmove(dst, dst + out, n);
			out = 0;
			*broken = true;
		}
		out += n;
		from = i + 1;
	}
	return out;
}

static void
expect(const char *src, size_t len, const char *want, size_t wantlen,
    bool breaks)
{
	unsigned char dst[64];

	for (unsigned cuts = 0; cuts < 1u << len; cuts++) {
		bool broken = false;

		memset(dst, 0xee, sizeof(dst));
		T_EQ(decode(src, len, cuts, dst, &broken), wantlen);
		T_CHECK(memcmp(dst, want, wantlen) == 0);
		T_EQ(broken, breaks);
		T_EQ(dst[wantlen + 8], 0xee);
	}
}
#define	EXPECT(src, want, breaks)					\
	expect((src), sizeof(src) - 1, (want), sizeof(want) - 1, (breaks))

static void
plain(void)
{

	EXPECT("abc", "abc", false);
	EXPECT("a\0b", "a\0b", false);
	EXPECT("\377\377", "\377", false);
	EXPECT("a\377\377\377\377b", "a\377\377b", false);
	EXPECT("\377\377\0\0", "\377\0\0", false);
}

static void
breaks(void)
{

	EXPECT("\377\0\0", "", true);
	EXPECT("ab\377\0\0cd", "cd", true);
	EXPECT("a\377\0\0b\377\0\0c", "c", true);
	EXPECT("\377\377\377\0\0\377\377", "\377", true);
}

static void
errors(void)
{

	EXPECT("a\377\0xb", "a\0b", false);
	EXPECT("\377\0\377a", "\0a", false);
}

static void
unmarked(void)
{

	EXPECT("a\377b", "a\377b", false);
	EXPECT("\377b\377\377", "\377b\377", false);
}

const struct t_case t_cases[] = {
	{ "what is no mark goes through, a doubled \\377 is one", plain },
	{ "\\377 \\0 \\0 is a break, and drops what was before", breaks },
	{ "a byte with an error is NUL", errors },
	{ "a \\377 from before the marks is kept, with what follows", unmarked },
	{ NULL, NULL }
};
