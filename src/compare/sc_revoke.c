/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_revoke.c - scenarios
 */
#include "compare/compare.h"

const struct scenario scenarios_revoke[] = {
	{ .sc_name = NULL }
};
