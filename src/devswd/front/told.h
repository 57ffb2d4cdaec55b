/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * told.h - what an administrator has told a daemon that runs, for who comes
 * after it.
 */
#ifndef FRONT_TOLD_H
#define FRONT_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#define	TOLD_MAX	256		/* of all kinds */
#define	TOLD_TEXT	504		/* with its NUL */

struct journal;

enum told_kind {
	TOLD_CLAIM = 1,		/* as after --claim */
	TOLD_MODULE,		/* the path of its file */
	TOLD_RELEASED,		/* a claim of the configuration's: its text */
	TOLD_DETACHED,		/* a device: place, bus and address */
};

struct told {
	uint32_t	 t_order;	/* later ones have higher ones */
	unsigned	 t_deaths;	/* in a row, while it was tried; < 256 */
	char		 t_text[TOLD_TEXT];
};

/*
 * error = told_add(journal, kind, text, deaths)
 * told_drop(journal, kind, text)
 *
 *	It counts from now on; no longer.  No effect if that is so.  Negative
 *	errno: -ENAMETOOLONG, the text is, or empty; -ENOSPC.  One thread at a
 *	time, for all.
 *
 * told_try(journal, kind, text, on)
 *
 *	It is about to be done, by a process that may die of it; it has come back,
 *	and what was counted is forgotten.  No effect if it is not there.
 *
 * told_died(journal)
 *
 *	The process whose journal it was is dead: one more death for what it
 *	tried.
 */
int	told_add(struct journal *, enum told_kind, const char *, unsigned);
void	told_drop(struct journal *, enum told_kind, const char *);
void	told_try(struct journal *, enum told_kind, const char *, bool);
void	told_died(struct journal *);

/*
 * yes = told_next(journal, kind, after, &told)
 *
 *	The first one of that kind that was told later than after, a t_order,
 *	or 0.  Its text is not empty, and nothing else is known of it.
 */
bool	told_next(const struct journal *, enum told_kind, uint32_t,
	    struct told *);

#endif /* FRONT_TOLD_H */
