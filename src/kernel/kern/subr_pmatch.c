/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_pmatch.c - pmatch: a string against a pattern of ?, * and [...].
 *
 * A driver may match what a device calls itself, so the string is the
 * device's.  So the time has to be bounded: all places of the string that the
 * pattern so far leads to are known at once, and each of its signs goes over
 * the string once.
 */
#include <sys/kmem.h>
#include <sys/systm.h>

/*
 * rest = in_set(set, c, &in)
 *
 *	Is c in the set that begins at set, behind its '['?  rest is behind
 *	its ']'; NULL: there is none.
 */
static const char *
in_set(const char *set, char c, bool *in)
{
	const bool not = *set == '^';
	const char *p = set + (not ? 1 : 0);
	bool found = false;

	do {
		if (*p == '\0')
			return NULL;
		if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
			found |= (u_char)p[0] <= (u_char)c &&
			    (u_char)c <= (u_char)p[2];
			p += 3;
		} else
			found |= *p++ == c;
	} while (*p != ']');
	*in = found != not;
	return p + 1;
}

/* One sign of the pattern, but '*', takes one of the string; the sign after
   it, or NULL. */
static const char *
step(const char *p, const char *s, size_t len, bool *at)
{
	const char *next = p + 1;
	bool in;

	if (*p == '[' && (next = in_set(p + 1, '\0', &in)) == NULL)
		return NULL;
	for (size_t i = len; i > 0; i--) {
		if (*p == '[')
			(void)in_set(p + 1, s[i - 1], &in);
		else
			in = *p == '?' || *p == s[i - 1];
		at[i] = at[i - 1] && in;
	}
	at[0] = false;
	return next;
}

/* '*' takes any number. */
static void
step_star(size_t len, bool *at)
{

	for (size_t i = 1; i <= len; i++)
		at[i] |= at[i - 1];
}

/*
 * n = pmatch(string, pattern, &end)
 *
 *	2: the whole string matches; 1: its beginning does; 0: it does not; -1:
 *	the pattern is wrong ("[" without "]").  end, if not NULL, is where
 *	the longest match ends, with 1 and 2.  Sleeps.
 */
int
pmatch(const char *string, const char *pattern, const char **end)
{
	const size_t len = strlen(string);
	bool *const at = kmem_zalloc(len + 1, KM_SLEEP);
	const char *p = pattern;
	size_t i;
	int n;

	at[0] = true;
	while (p != NULL && *p != '\0') {
		if (*p == '*') {
			step_star(len, at);
			p++;
		} else
			p = step(p, string, len, at);
	}
	for (i = len; i > 0 && !at[i]; i--)
		continue;
	n = p == NULL ? -1 : !at[i] ? 0 : i == len ? 2 : 1;
	if (n > 0 && end != NULL)
		*end = string + i;
	kmem_free(at, len + 1);
	return n;
}
