/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.c - text on its way to a client, a packet at a time.
 *
 * Model
 *	A packet is sent when it is full, with CONTROL_MORE, and the last one by
 *	say_end.  A packet ends at any byte.  What others have written (names,
 *	serial numbers) goes through say_string, so an answer is plain ASCII and
 *	valid JSON, whatever a device calls itself.  No locks.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "main/controlvar.h"

#define	STRING_MAX	288	/* bytes of a string; more is cut */

/* t = say_begin(c): NULL, no memory. */
struct text *
say_begin(struct client *c)
{
	struct text *t = malloc(sizeof(*t));

	if (t != NULL) {
		t->t_client = c;
		t->t_len = 0;
	}
	return t;
}

static void
put(struct text *t, const char *bytes, size_t n)
{
	size_t some;

	while (n > 0) {
		if (t->t_len == sizeof(t->t_buf)) {
			client_send(t->t_client, 0, CONTROL_MORE, t->t_buf,
			    t->t_len, 0);
			t->t_len = 0;
		}
		some = sizeof(t->t_buf) - t->t_len;
		if (some > n)
			some = n;
		memcpy(t->t_buf + t->t_len, bytes, some);
		t->t_len += some;
		bytes += some;
		n -= some;
	}
}

/* say(t, format, ...): of a few words; strings are say_string's. */
void
say(struct text *t, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		hyp_panic("control: a line that is too long");
	put(t, line, (size_t)n);
}

/* say_string(t, text): in quotes. */
void
say_string(struct text *t, const char *text)
{
	char json[HOST_TEXT_JSON(STRING_MAX)];

	put(t, "\"", 1);
	put(t, json, host_text_json(text, json, sizeof(json)));
	put(t, "\"", 1);
}

/* say_member(t, name, text): ', "name": "text"', or null for NULL. */
void
say_member(struct text *t, const char *name, const char *text)
{

	say(t, ", \"%s\": ", name);
	if (text != NULL)
		say_string(t, text);
	else
		say(t, "null");
}

/* say_time(t, name, ns): seconds since 1970; null for 0. */
void
say_time(struct text *t, const char *name, uint64_t ns)
{

	if (ns == 0)
		say(t, ", \"%s\": null", name);
	else
		say(t, ", \"%s\": %llu.%03u", name,
		    (unsigned long long)(ns / 1000000000),
		    (unsigned)(ns / 1000000 % 1000));
}

/* say_end(t): the last packet. */
void
say_end(struct text *t)
{

	client_send(t->t_client, 0, 0, t->t_buf, t->t_len, 0);
	free(t);
}

/* say_drop(t): nothing is said after all; no packet has been full. */
void
say_drop(struct text *t)
{

	free(t);
}
