/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_text.c - what the kernel side tells, as a line of JSON; tracevar.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "host/tracevar.h"

/* A string of K.  Names of nodes are a driver's choice. */
static const char *
trace_quote(const char *text, char *buf, size_t size)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < size - 1; i++)
		buf[i] = text[i] < ' ' || text[i] > '~' || text[i] == '"' ||
		    text[i] == '\\' ? '?' : text[i];
	buf[i] = '\0';
	return buf;
}

size_t
trace_text(const struct trace_record *tr, char *buf)
{
	const struct hyp_trace *const ht = &tr->tr_what;
	char text[64];
	size_t n;

	n = (size_t)snprintf(buf, TRACE_LINE, "{\"t\":%" PRIu64
	    ",\"thread\":%d,\"dev\":\"%s\",\"event\":\"%s\","
	    "\"phase\":\"%s\"", tr->tr_time, (int)tr->tr_thread,
	    trace_quote(ht->ht_dev, text, sizeof(text)), ht->ht_event,
	    ht->ht_exit ? "exit" : "enter");
	if (ht->ht_command[0] != '\0')
		n += (size_t)snprintf(buf + n, TRACE_LINE - n,
		    ",\"command\":\"%s\"", trace_quote(ht->ht_command,
		    text, sizeof(text)));
	if (ht->ht_key != NULL)
		n += (size_t)snprintf(buf + n, TRACE_LINE - n,
		    ",\"%s\":%" PRIu64, ht->ht_key, ht->ht_value);
	if (ht->ht_exit)
		n += (size_t)snprintf(buf + n, TRACE_LINE - n,
		    ",\"error\":\"%s\"", trace_quote(ht->ht_error, text,
		    sizeof(text)));
	n += (size_t)snprintf(buf + n, TRACE_LINE - n, "}\n");
	return n;
}
