/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_trace.c - see h_trace.h.
 */
#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "hyp/hyp_trace.h"
#include "specfs/h_trace.h"

#define	MAXTEXTS	256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char texts[MAXTEXTS][160];
static unsigned ntexts;

void
hyp_trace(const struct hyp_trace *ht)
{
	char value[64] = "";

	if (ht->ht_key != NULL)
		snprintf(value, sizeof(value), " %s %" PRIu64, ht->ht_key,
		    ht->ht_value);
	pthread_mutex_lock(&lock);
	assert(ntexts < MAXTEXTS);
	snprintf(texts[ntexts++], sizeof(texts[0]), "%s %s %s%s%s%s%s%s",
	    ht->ht_event, ht->ht_exit ? "exit" : "enter", ht->ht_dev,
	    ht->ht_exit ? " " : "", ht->ht_error,
	    ht->ht_command[0] != '\0' ? " " : "", ht->ht_command, value);
	pthread_mutex_unlock(&lock);
}

void
h_trace_reset(void)
{

	pthread_mutex_lock(&lock);
	memset(texts, 0, sizeof(texts));
	ntexts = 0;
	pthread_mutex_unlock(&lock);
}

unsigned
h_trace_count(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = ntexts;
	pthread_mutex_unlock(&lock);
	return n;
}

const char *
h_trace_text(unsigned i)
{

	return i < h_trace_count() ? texts[i] : "";
}

int
h_trace_find(const char *text)
{
	const unsigned n = h_trace_count();

	for (unsigned i = 0; i < n; i++) {
		if (strncmp(texts[i], text, strlen(text)) == 0)
			return (int)i;
	}
	return -1;
}

int
h_trace_has(void *arg)
{

	return h_trace_find(arg) != -1;
}
