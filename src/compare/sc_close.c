/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_close.c - scenarios
 */
#include "compare/compare.h"

const struct scenario scenarios_close[] = {
	{ .sc_name = NULL }
};
