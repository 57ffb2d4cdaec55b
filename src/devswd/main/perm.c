/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perm.c - owner, group and mode of nodes, from text; perm.h.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "main/perm.h"

#define	MODE_MAX	(S_IRWXU | S_IRWXG | S_IRWXO)

long
perm_number(const char *text, int base, long max)
{
	char *end;
	long val;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	val = strtol(text, &end, base);
	return *end != '\0' || errno != 0 || val > max ? -1 : val;
}

static const char *
set_owner(struct perm *p, const char *text)
{
	const struct passwd *pw = getpwnam(text);
	const long val = pw != NULL ? (long)pw->pw_uid :
	    perm_number(text, 10, UINT32_MAX - 1L);

	if (val == -1)
		return "no such user";
	p->p_perm.uid = (uid_t)val;
	p->p_owner = 1;
	return NULL;
}

static const char *
set_group(struct perm *p, const char *text)
{
	const struct group *gr = getgrnam(text);
	const long val = gr != NULL ? (long)gr->gr_gid :
	    perm_number(text, 10, UINT32_MAX - 1L);

	if (val == -1)
		return "no such group";
	p->p_perm.gid = (gid_t)val;
	p->p_group = 1;
	return NULL;
}

static const char *
set_mode(struct perm *p, const char *text)
{
	const long val = perm_number(text, 8, MODE_MAX);

	if (val <= 0)
		return "wants an octal number from 1 to 777";
	p->p_perm.mode = (mode_t)val;
	p->p_mode = 1;
	return NULL;
}

const char *
perm_set(struct perm *p, const char *key, const char *value)
{

	if (strcmp(key, "owner") == 0)
		return set_owner(p, value);
	return strcmp(key, "group") == 0 ? set_group(p, value) :
	    set_mode(p, value);
}

struct front_perm
perm_over(const struct perm *p, const struct front_perm *base)
{
	struct front_perm fp = *base;

	if (p->p_owner)
		fp.uid = p->p_perm.uid;
	if (p->p_group)
		fp.gid = p->p_perm.gid;
	if (p->p_mode)
		fp.mode = p->p_perm.mode;
	return fp;
}
