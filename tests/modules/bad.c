/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bad.c - modules that do not load, for tests; which one is BAD.
 *
 *	1	MODULE_CMD_INIT fails
 *	2	made for another version of the interface
 *	3	requires a module that there is not
 *	4	is no module
 *	5	has LOCKDEBUG if devswd has not
 *	6	MODULE_CMD_INIT ends the daemon
 *	7	MODULE_CMD_INIT does not come back
 *	8	has no name
 *	9	has one of two lines
 */
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/module.h>
#include <sys/proc.h>
#include <sys/systm.h>

#if BAD == 4
extern const int devsw_no_modinfo;
const int devsw_no_modinfo = 4;
#else
static int
bad_modcmd(modcmd_t cmd, void *arg __unused)
{

	if (BAD == 6 && cmd == MODULE_CMD_INIT)
		panic("bad: it was to be expected");
	while (BAD == 7 && cmd == MODULE_CMD_INIT)
		(void)kpause("bad", false, hz, NULL);
	return cmd == MODULE_CMD_INIT ? EDOM : ENOTTY;
}

extern const modinfo_t devsw_modinfo;
const modinfo_t devsw_modinfo = {
	.mi_version = (MODULE_VERSION + (BAD == 2)) ^
	    (BAD == 5 ? MODULE_LOCKDEBUG : 0),
	.mi_class = MODULE_CLASS_MISC,
	.mi_modcmd = bad_modcmd,
	.mi_name = BAD == 8 ? "" : BAD == 9 ? "bad\nline" : "bad",
	.mi_required = BAD == 3 ? "clone,nowhere" : NULL,
};
#endif
