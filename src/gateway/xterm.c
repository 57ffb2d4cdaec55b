/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xterm.c - xterm.js, as it is installed, in one script and one style.
 *
 * Debian's node-xterm is CommonJS modules, which no browser loads (and
 * libjs-xterm is a line that requires them).  So each becomes a function in a
 * table by its name, "xterm_modules", and the page's script has the require()
 * for it.  The files are read once, at the start; what is too long, no plain
 * file, or has an odd name is left out, and if anything is missing in the end
 * the page does without (console.js).
 */
#include <sys/stat.h>

#include <ctype.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"
#include "gateway/xterm.h"

#define	FILE_MAX	1048576
#define	ALL_MAX		4194304

static bool
is_name(const char *name)
{

	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name) &&
		    strchr("._/-", *name) == NULL)
			return false;
	}
	return true;
}

static bool
ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), k = strlen(end);

	return n > k && strcmp(text + n - k, end) == 0;
}

static void
copy(FILE *out, const char *path)
{
	FILE *const in = fopen(path, "re");
	char buf[8192];
	size_t n, all = 0;

	if (in == NULL)
		return;
	while (all < FILE_MAX && (n = fread(buf, 1, sizeof(buf), in)) > 0) {
		(void)fwrite(buf, 1, n, out);
		all += n;
	}
	(void)fclose(in);
}

static void
add_module(FILE *out, const char *path, const char *name)
{

	fprintf(out, "xterm_modules[\"%.*s\"] = function (require, exports, "
	    "module) {\n", (int)(strlen(name) - 3), name);
	copy(out, path);
	fprintf(out, "\n};\n");
}

static void
add_modules(FILE *out, FTS *fts, size_t prefix)
{
	const FTSENT *e;

	while ((e = fts_read(fts)) != NULL && ftell(out) < ALL_MAX) {
		if (e->fts_info == FTS_F && e->fts_statp->st_size < FILE_MAX &&
		    e->fts_pathlen > prefix && ends_with(e->fts_name, ".js") &&
		    !ends_with(e->fts_name, ".test.js") &&
		    is_name(e->fts_path + prefix))
			add_module(out, e->fts_path, e->fts_path + prefix);
	}
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{

	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/*
 * xterm_read(directory, xt)
 *
 *	Reads files, from disk or memory.  xterm_free is due.
 */
void
xterm_read(const char *directory, struct xterm *xt)
{
	char path[256], *roots[] = { path, NULL };
	FILE *out;
	FTS *fts;

	snprintf(path, sizeof(path), "%s/xterm.css", directory);
	out = open_memstream(&xt->xt_style, &xt->xt_style_size);
	if (out != NULL) {
		copy(out, path);
		(void)fclose(out);
	}
	snprintf(path, sizeof(path), "%s", directory);
	out = open_memstream(&xt->xt_script, &xt->xt_script_size);
	if (out == NULL)
		return;
	fprintf(out, "\"use strict\";\nconst xterm_modules = {};\n");
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (fts != NULL) {
		add_modules(out, fts, strlen(path) + 1);
		(void)fts_close(fts);
	}
	(void)fclose(out);
	if (xt->xt_style_size == 0)
		say("web: there is no xterm.js in %s (Debian has it in "
		    "node-xterm): terminals are plain text", directory);
}

void
xterm_free(struct xterm *xt)
{

	free(xt->xt_script);
	free(xt->xt_style);
}
