/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * states.h - what devices want to know again, in the journal.
 */
#ifndef FRONT_STATES_H
#define FRONT_STATES_H

#include <stddef.h>

struct journal;

/*
 * state_put(journal, name, text, len)
 * len = state_get(journal, name, text, max)
 *
 *	hyp_state_put and hyp_state_get (hyp_state.h), of this journal.  One
 *	thread at a time.
 */
void	state_put(struct journal *, const char *, const void *, size_t);
size_t	state_get(const struct journal *, const char *, void *, size_t);

#endif /* FRONT_STATES_H */
