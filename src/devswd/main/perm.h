/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perm.h - owner, group and mode of nodes, as the command line and the
 * configuration give them.
 */
#ifndef MAIN_PERM_H
#define MAIN_PERM_H

#include <sys/types.h>

#include "front/front.h"

/* Those that were given. */
struct perm {
	struct front_perm p_perm;
	int		 p_owner;
	int		 p_group;
	int		 p_mode;
};

/*
 * why = perm_set(perm, key, value)
 *
 *	key: "owner", "group" or "mode"; value: a name, a number, or for a mode
 *	an octal number.  NULL, or what is wrong, as the end of a sentence.
 *	Asks the system's databases of users and groups.
 *
 * perm_over(perm, base)
 *
 *	base with what was given in its place.
 */
const char *perm_set(struct perm *, const char *, const char *);
struct front_perm perm_over(const struct perm *, const struct front_perm *);

/*
 * number = perm_number(text, base, max)
 *
 *	A number with nothing behind it, from 0 to max; -1 otherwise.
 */
long	perm_number(const char *, int, long);

#endif /* MAIN_PERM_H */
