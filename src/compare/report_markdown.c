/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_markdown.c - the document as docs/comparison.md.
 */
#include <string.h>

#include "compare/compare.h"

int
report_markdown(json_t *document, FILE *out)
{

	(void)document;
	(void)out;
	return 0;
}

int
report_html(json_t *document, FILE *out)
{

	(void)document;
	(void)out;
	return 0;
}
