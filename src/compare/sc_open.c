/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_open.c - scenarios
 */
#include "compare/compare.h"

const struct scenario scenarios_open[] = {
	{ .sc_name = NULL }
};
