/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * undefined.c - a module that wants what devswd does not have, for tests.
 */
#include <sys/errno.h>
#include <sys/module.h>

int	splnothing(void);

MODULE(MODULE_CLASS_MISC, undefined, NULL);

static int
undefined_modcmd(modcmd_t cmd, void *arg __unused)
{

	return cmd == MODULE_CMD_INIT ? splnothing() : ENOTTY;
}
