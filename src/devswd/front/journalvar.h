/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journalvar.h - between the files that write the journal: stores that who is
 * killed has made or has not, in their order; journal.c says why.
 */
#ifndef FRONT_JOURNALVAR_H
#define FRONT_JOURNALVAR_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/* What is stored before is stored before. */
static inline void
fence(void)
{

	atomic_signal_fence(memory_order_seq_cst);
}

static inline void
put64(_Atomic uint64_t *at, uint64_t value)
{

	fence();
	atomic_store_explicit(at, value, memory_order_relaxed);
	fence();
}

static inline uint64_t
get64(const _Atomic uint64_t *at)
{

	return atomic_load_explicit(at, memory_order_acquire);
}

/* journal.c: the records of suspects.c, states.c and told.c, so many bytes. */
#define	JOURNAL_SUSPECTS	2048
#define	JOURNAL_STATES		((size_t)512 * 512)
#define	JOURNAL_TOLD		((size_t)256 * 512)
void	*journal_suspects(const struct journal *);
void	*journal_states(const struct journal *);
void	*journal_told(const struct journal *);

#endif /* FRONT_JOURNALVAR_H */
