/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_pmatch.c - pmatch of libkern: ?, *, [a-z], [^a-z]; 2 for all of the
 * string, 1 for its beginning, 0, and -1 for a pattern without end.  What a
 * device says is matched, so the time does not depend on how.
 */
#include <sys/systm.h>

#include "h_test.h"

static const struct {
	const char	*string, *pattern;
	int		 n;
	int		 end;		/* of the match, if n > 0 */
} cases[] = {
	{ "", "", 2, 0 },		{ "abc", "", 1, 0 },
	{ "abc", "abc", 2, 3 },		{ "abcd", "abc", 1, 3 },
	{ "ab", "abc", 0, 0 },		{ "abc", "a?c", 2, 3 },
	{ "abc", "?", 1, 1 },		{ "", "?", 0, 0 },
	{ "", "*", 2, 0 },		{ "abc", "*", 2, 3 },
	{ "abcabd", "a*b", 1, 5 },	{ "abcabc", "a*c", 2, 6 },
	{ "xabc", "*bc", 2, 4 },	{ "xabc", "*b", 1, 3 },
	{ "a1", "a[0-9]", 2, 2 },	{ "ax", "a[0-9]", 0, 0 },
	{ "ax", "a[^0-9]", 2, 2 },	{ "a5", "a[^0-9]", 0, 0 },
	{ "a-", "a[a-]", 2, 2 },	{ "a]", "a[]]", 2, 2 },
	{ "a", "[abc", -1, 0 },		{ "a", "[", -1, 0 },
	{ "zz", "[", -1, 0 },		{ "a", "[^", -1, 0 },
	{ "\377", "[\200-\377]", 2, 1 },
};

static void
matches(void)
{
	const char *end;

	for (u_int i = 0; i < __arraycount(cases); i++) {
		end = NULL;
		T_EQ(pmatch(cases[i].string, cases[i].pattern, &end),
		    cases[i].n);
		if (cases[i].n > 0)
			T_EQ(end - cases[i].string, cases[i].end);
		T_EQ(pmatch(cases[i].string, cases[i].pattern, NULL),
		    cases[i].n);
	}
}

/* Trying all ways would take longer than the sun lasts. */
static void
hostile(void)
{
	char string[1025], pattern[130];

	memset(string, 'a', sizeof(string) - 1);
	string[sizeof(string) - 1] = '\0';
	for (u_int i = 0; i < 128; i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[128] = 'b';
	pattern[129] = '\0';
	T_EQ(pmatch(string, pattern, NULL), 0);
}

static void
small(void)
{

	T_EQ(abs(-3), 3);
	T_EQ(min(1, 2), 1);
	T_EQ(max(1, 2), 2);
	T_EQ(ulmax(1, 2), 2);
}

const struct t_case t_cases[] = {
	{ "what matches, and how far", matches },
	{ "a string and a pattern that repeat themselves", hostile },
	{ "abs, min, max", small },
	{ NULL, NULL },
};
