/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.c - the files of the web console: by a path, their bytes.
 *
 * Ours are within the program (page/), those of xterm.js are made at the start
 * of what is installed (xterm.c).
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/web.h"
#include "gateway/xterm.h"
#include "gateway/page_data.h"

struct page {
	struct xterm	 pg_xterm;
};

static const struct {
	const char	*path, *type;
	const void	*bytes;
	size_t		 size;
} ours[] = {
	{ "/", "text/html; charset=utf-8", page_console_html,
	    sizeof(page_console_html) },
	{ "/login", "text/html; charset=utf-8", page_login_html,
	    sizeof(page_login_html) },
	{ "/console.css", "text/css; charset=utf-8", page_console_css,
	    sizeof(page_console_css) },
	{ "/console.js", "text/javascript; charset=utf-8", page_console_js,
	    sizeof(page_console_js) },
};

/* xterm.js has its modules in that directory.  NULL: no memory. */
struct page *
page_new(const char *xterm)
{
	struct page *const pg = calloc(1, sizeof(*pg));

	if (pg != NULL)
		xterm_read(xterm, &pg->pg_xterm);
	return pg;
}

void
page_free(struct page *pg)
{

	xterm_free(&pg->pg_xterm);
	free(pg);
}

const void *
page_find(const struct page *pg, const char *path, size_t *size,
    const char **type)
{
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strcmp(ours[i].path, path) != 0)
			continue;
		*size = ours[i].size;
		*type = ours[i].type;
		return ours[i].bytes;
	}
	if (strcmp(path, "/xterm.js") == 0) {
		*size = pg->pg_xterm.xt_script_size;
		*type = "text/javascript; charset=utf-8";
		return pg->pg_xterm.xt_script;
	}
	if (strcmp(path, "/xterm.css") == 0) {
		*size = pg->pg_xterm.xt_style_size;
		*type = "text/css; charset=utf-8";
		return pg->pg_xterm.xt_style;
	}
	return NULL;
}
