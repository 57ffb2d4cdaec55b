/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lend.c - a module that has something for others, for tests: borrow.c.
 */
#include <sys/errno.h>
#include <sys/module.h>

const char *lend_text(void);

const char *
lend_text(void)
{

	return "lent";
}

MODULE(MODULE_CLASS_MISC, lend, NULL);

static int
lend_modcmd(modcmd_t cmd, void *arg __unused)
{

	return cmd == MODULE_CMD_INIT || cmd == MODULE_CMD_FINI ? 0 : ENOTTY;
}
