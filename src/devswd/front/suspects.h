/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suspects.h - devices that are being attached, for who comes after a crash.
 */
#ifndef FRONT_SUSPECTS_H
#define FRONT_SUSPECTS_H

#include <stdbool.h>
#include <stdint.h>

struct journal;

/* A device at its place, and this plugging of it. */
struct suspect {
	const char	*s_path;	/* its place: "1-1.4" */
	uint32_t	 s_serial;	/* < 65536, and the next: from its number */
	uint32_t	 s_addr;	/* another one at each plug */
	uint16_t	 s_vendor;
	uint16_t	 s_product;
};

#define	SUSPECT_AGAIN	60

enum suspect_state {
	SUSPECT_NONE,		/* never attached, or well */
	SUSPECT_WAITS,
	SUSPECT_WORKS,		/* drivers are at it */
};

/*
 * suspect_set(journal, suspect, state)
 *
 *	It is so from now on.  Who comes to SUSPECT_NONE has got over it: what
 *	was counted is forgotten.  One thread at a time, for all.
 *
 * state = suspect_get(journal, suspect, &deaths)
 *
 *	How it is, and how many crashes in a row it was at work in.  Of another
 *	plugging than that of the last crash: none, but for SUSPECT_AGAIN s.
 *
 * suspects_died(journal, crashed)
 *
 *	The process whose journal it was is dead.  Those at work then have one
 *	more if that was a crash, and none is at work.
 *
 * suspects_forgive(journal)
 *
 *	Nothing is counted of those that are not at work.
 */
void	suspect_set(struct journal *, const struct suspect *,
	    enum suspect_state);
enum suspect_state suspect_get(const struct journal *, const struct suspect *,
	    unsigned *);
void	suspects_died(struct journal *, bool);
void	suspects_forgive(struct journal *);

#endif /* FRONT_SUSPECTS_H */
