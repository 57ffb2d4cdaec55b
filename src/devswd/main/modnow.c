/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modnow.c - modules for now; modnow.h.
 *
 * Model
 *	The next daemon is told the path of each module that devswctl(8) has
 *	loaded (keep.h), and loads it as if it were asked to: owner and mode are
 *	looked at again.  Code that ends the daemon, or does not come back, while
 *	it is loaded would do so in each further one.  So who died in the middle is
 *	counted, however he died, and a module that has never come up is told of as
 *	one that has had its tries:
 *
 *		modload			told: TRIES
 *		it comes up		told: 0
 *		dies later		told: 0
 *		the next one loads it	told: works, 0
 *		dies			told: 1
 *		the next one loads it	told: works, 1
 *		it comes up		told: 0
 *		at TRIES		left alone, which the log says, and
 *					forgotten
 *
 *	What is loaded is what the kernel side says (hyp_module_from).  After each
 *	change what is not is no longer told, so that it does not matter in which
 *	order the clients' threads come to that:
 *
 *		A: modload x			B: modunload x
 *		loads it
 *						unloads it
 *		tells
 *						forgets, or not yet
 *		forgets
 *
 * Locks
 *	None.
 */
#include <errno.h>
#include <stdio.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "main/keep.h"
#include "main/modnow.h"
#include "main/reload.h"

#define	TRIES	3

static void
forget_others(void)
{
	struct told told = { .t_order = 0 };

	while (keep_told(TOLD_MODULE, told.t_order, &told)) {
		if (!hyp_module_from(told.t_text))
			keep_untell(TOLD_MODULE, told.t_text);
	}
}

int
modnow_load(const char *path, char *why, size_t len)
{
	const char *no;
	int error;

	no = keep_tell(TOLD_MODULE, path, TRIES);
	if (no != NULL) {
		snprintf(why, len, "%s", no);
		return ENOSPC;
	}
	error = hyp_module_load(path, why, len);
	if (error == 0)
		(void)keep_tell(TOLD_MODULE, path, 0);
	keep_trying(TOLD_MODULE, path, false);
	forget_others();
	return error;
}

int
modnow_unload(const char *name)
{
	const int error = hyp_module_unload(name);

	if (error == 0)
		forget_others();
	return error;
}

static void
load_again(const struct told *told)
{
	const char *const path = told->t_text;
	char why[512];
	int error;

	/* The command line has it, too. */
	if (hyp_module_from(path))
		return;
	if (told->t_deaths >= TRIES) {
		host_logf(HYP_LOG_ERR, "module %s of devswctl: devswd has died "
		    "while it loaded it: left alone until devswctl modload",
		    path);
		return;
	}
	keep_trying(TOLD_MODULE, path, true);
	error = reload_module(path, why, sizeof(why));
	keep_trying(TOLD_MODULE, path, false);
	host_logf(HYP_LOG_NOTICE, "module %s of devswctl: %s%s", path,
	    error == 0 ? "goes on" : "not loaded again: ",
	    error == 0 ? "" : why);
}

void
modnow_again(void)
{
	struct told told = { .t_order = 0 };

	while (keep_told(TOLD_MODULE, told.t_order, &told))
		load_again(&told);
	forget_others();
}
