/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * now.h - claims for now: those that devswctl(8) makes, and takes back.
 *
 * All functions are for main's thread; none waits.
 */
#ifndef MAIN_NOW_H
#define MAIN_NOW_H

#include <stdio.h>

#include "main/claim.h"

#define	NOW_AT		"devswctl"	/* c_at of such a claim */

/*
 * why = now_add(head, text, &claim)
 *
 *	claim_add of a claim for now, which is the last one then.  NULL, or
 *	what is wrong, as the end of a sentence.
 *
 * claim = now_drop(head, word)
 *
 *	Take the claim out that has this name or, if none has, this text; for
 *	the caller to free.  Any claim, not only one for now.  NULL: there is
 *	none.
 */
const char *now_add(struct claim_head *, const char *, struct claim **);
struct claim *now_drop(struct claim_head *, const char *);

/*
 * now_go_on(head, text, to)
 *
 *	now_add of a claim for now that was made before head's others were read.
 *	Nothing if head has the same; one that head has no room for is told of
 *	in a line.
 *
 * now_keep(old, new, to)
 *
 *	The configuration was read again: the claims for now of old go on in
 *	new.
 */
void	now_go_on(struct claim_head *, const char *, FILE *);
void	now_keep(const struct claim_head *, struct claim_head *, FILE *);

/*
 * now_read(head, path)
 *
 *	Add the claims of a file of devswctl(8)'s, one a line (CONTROL_CLAIMS).
 *	A file that others than root could have written is as none, and so is a
 *	line that is no claim, or of one that is there already.
 */
void	now_read(struct claim_head *, const char *);

#endif /* MAIN_NOW_H */
