/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_html.c - the document as one page that needs nothing else.
 *
 * page.html is the page, and is part of the program; the document takes the
 * place of its @DATA@.  The page draws everything.
 */
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"

#define	PLACE	"@DATA@"

static const unsigned char page_bytes[] = {
#include <page.inc>
	, 0
};

int
report_html(json_t *document, FILE *out)
{
	const char *const page = (const char *)page_bytes;
	const char *const place = strstr(page, PLACE);
	char *const data = json_dumps(document, JSON_COMPACT |
	    JSON_REAL_PRECISION(9));

	if (place == NULL || data == NULL) {
		free(data);
		return -1;
	}
	fwrite(page, 1, (size_t)(place - page), out);
	/* Within a script element only "<" could be taken for markup. */
	for (const char *p = data; *p != '\0'; p++) {
		if (*p == '<')
			fputs("\\u003c", out);
		else
			fputc(*p, out);
	}
	free(data);
	fputs(place + strlen(PLACE), out);
	return ferror(out) ? -1 : 0;
}
