/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_state.c - K's calls for what devices want to know again (states.c).
 *
 * Locks: state_lock, a leaf; K's may be held.
 */
#include <pthread.h>

#include "front/frontvar.h"
#include "front/states.h"
#include "hyp/hyp_state.h"

static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;

void
hyp_state_put(const char *name, const void *text, size_t len)
{

	if (front.fl_config.journal == NULL)
		return;
	pthread_mutex_lock(&state_lock);
	state_put(front.fl_config.journal, name, text, len);
	pthread_mutex_unlock(&state_lock);
}

size_t
hyp_state_get(const char *name, void *text, size_t max)
{
	size_t len;

	if (front.fl_config.journal == NULL)
		return 0;
	pthread_mutex_lock(&state_lock);
	len = state_get(front.fl_config.journal, name, text, max);
	pthread_mutex_unlock(&state_lock);
	return len;
}
