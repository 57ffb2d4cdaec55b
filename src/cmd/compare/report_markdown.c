/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_markdown.c - the document as docs/comparison.md.
 *
 * What was measured and what was only read are two tables, never one.
 */
#include <string.h>

#include "compare/compare.h"

/* In a cell of a table: no bar, no end of line, no HTML. */
static void
put(FILE *out, const char *text)
{

	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputs(" or ", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else
			fputc(*text == '\n' ? ' ' : *text, out);
	}
}

/* ---- what was measured ----------------------------------------------- */

static json_t *
find(json_t *list, const char *key, const char *value)
{
	json_t *each;
	size_t i;

	json_array_foreach(list, i, each) {
		if (strcmp(doc_str(each, key), value) == 0)
			return each;
	}
	return NULL;
}

static void
put_outcome(FILE *out, json_t *run, const char *what)
{
	json_t *const oc = find(json_object_get(run, "outcomes"), "what",
	    what);

	if (oc == NULL) {
		put(out, run == NULL || strcmp(doc_str(run, "status"),
		    "expected") == 0 ? "" : doc_str(run, "status"));
		return;
	}
	put(out, doc_str(oc, "got"));
	if (json_is_true(json_object_get(oc, "ok")))
		return;
	fputs(doc_str(oc, "noted")[0] != '\0' ? " (" : " **(", out);
	put(out, doc_str(oc, "expected"));
	fputs(doc_str(oc, "noted")[0] != '\0' ? " expected)" : " expected)**",
	    out);
}

/* One line for each outcome that a run on this hardware has. */
static void
put_hardware(FILE *out, json_t *document, json_t *scenario,
    const char *hardware)
{
	json_t *run, *oc, *system, *const done = json_object();
	size_t i, k, m;

	json_array_foreach(json_object_get(scenario, "runs"), i, run) {
		if (strcmp(doc_str(run, "hardware"), hardware) != 0)
			continue;
		json_array_foreach(json_object_get(run, "outcomes"), k, oc) {
			if (json_object_get(done, doc_str(oc, "what")) != NULL)
				continue;
			json_object_set_new(done, doc_str(oc, "what"),
			    json_true());
			fprintf(out, "| %s: ", hardware);
			put(out, doc_str(oc, "what"));
			json_array_foreach(json_object_get(document,
			    "systems"), m, system) {
				if (!doc_measured(system))
					continue;
				fputs(" | ", out);
				put_outcome(out, doc_run(scenario, hardware,
				    doc_str(system, "id")), doc_str(oc, "what"));
			}
			fputs(" |\n", out);
		}
	}
	json_decref(done);
}

static void
put_head(FILE *out, json_t *document)
{
	json_t *system;
	size_t i, n = 0;

	fputs("| |", out);
	json_array_foreach(json_object_get(document, "systems"), i, system) {
		if (doc_measured(system)) {
			fprintf(out, " %s |", doc_str(system, "label"));
			n++;
		}
	}
	fputs("\n|---|", out);
	for (; n > 0; n--)
		fputs("---|", out);
	fputc('\n', out);
}

/* A line for each thing that is to be said once. */
static void
put_notes(FILE *out, json_t *scenario)
{
	json_t *run, *oc, *const done = json_object();
	size_t i, k;

	json_array_foreach(json_object_get(scenario, "runs"), i, run) {
		const char *reason = doc_str(run, "reason");

		if (reason[0] != '\0' &&
		    json_object_get(done, reason) == NULL) {
			json_object_set_new(done, reason, json_true());
			fprintf(out, "- %s: ", doc_str(run, "hardware"));
			put(out, reason);
			fputc('\n', out);
		}
		json_array_foreach(json_object_get(run, "outcomes"), k, oc) {
			const char *noted = doc_str(oc, "noted");

			if (noted[0] == '\0' ||
			    json_object_get(done, noted) != NULL)
				continue;
			json_object_set_new(done, noted, json_true());
			fprintf(out, "- %s, expected ", doc_str(oc, "what"));
			put(out, doc_str(oc, "expected"));
			fputs(" (", out);
			put(out, doc_str(oc, "source"));
			fputs("): ", out);
			put(out, noted);
			fputc('\n', out);
		}
	}
	if (json_object_size(done) > 0)
		fputc('\n', out);
	json_decref(done);
}

/* ---- what was read --------------------------------------------------- */

static void
put_reading(FILE *out, json_t *document, json_t *scenario)
{
	json_t *const list = json_object_get(scenario, "read");
	json_t *system, *rd;
	size_t i, k;

	if (json_array_size(list) == 0)
		return;
	fputs("Read from source, not run here:\n\n"
	    "| system | on | | source |\n|---|---|---|---|\n", out);
	json_array_foreach(json_object_get(document, "systems"), i, system) {
		json_array_foreach(list, k, rd) {
			if (strcmp(doc_str(rd, "system"),
			    doc_str(system, "id")) != 0)
				continue;
			fprintf(out, "| %s | %s | ", doc_str(system, "label"),
			    doc_str(rd, "hardware"));
			put(out, doc_str(rd, "text"));
			fputs(" | ", out);
			put(out, doc_str(rd, "source"));
			fputs(json_is_true(json_object_get(rd, "inferred")) ?
			    " (inferred) |\n" : " |\n", out);
		}
	}
	fputc('\n', out);
}

/* ---- all ------------------------------------------------------------- */

static void
put_scenario(FILE *out, json_t *document, json_t *scenario)
{
	json_t *hardware;
	size_t i;

	fprintf(out, "## %lld. ", (long long)json_integer_value(
	    json_object_get(scenario, "number")));
	put(out, doc_str(scenario, "title"));
	fprintf(out, "\n\n`%s`: ", doc_str(scenario, "name"));
	put(out, doc_str(scenario, "text"));
	fputs("\n\n", out);
	if (doc_str(scenario, "why_not")[0] != '\0') {
		fputs("Cannot be run here: ", out);
		put(out, doc_str(scenario, "why_not"));
		fputs(".\n\n", out);
	} else {
		put_head(out, document);
		json_array_foreach(json_object_get(document, "hardware"), i,
		    hardware)
			put_hardware(out, document, scenario,
			    doc_str(hardware, "id"));
		fputc('\n', out);
		put_notes(out, scenario);
	}
	put_reading(out, document, scenario);
}

int
report_markdown(json_t *document, FILE *out)
{
	json_t *each;
	size_t i;

	fprintf(out, "# Close, revoke and unplug: Linux and the BSD contract\n"
	    "\nMade by `tools/compare` with devsw %s on Linux %s, %.10s; do "
	    "not edit.\n\n", doc_str(document, "version"),
	    doc_str(document, "kernel"), doc_str(document, "date"));
	fputs("Each scenario was run on the same hardware with each of these "
	    "systems:\n\n", out);
	json_array_foreach(json_object_get(document, "systems"), i, each) {
		if (doc_measured(each))
			fprintf(out, "- **%s**: %s\n", doc_str(each, "label"),
			    doc_str(each, "text"));
	}
	fputs("\nWhat other kernels do was read in their source, and is told "
	    "apart:\n\n", out);
	json_array_foreach(json_object_get(document, "systems"), i, each) {
		if (!doc_measured(each))
			fprintf(out, "- **%s**: %s\n", doc_str(each, "label"),
			    doc_str(each, "text"));
	}
	fputs("\nHardware:\n\n", out);
	json_array_foreach(json_object_get(document, "hardware"), i, each)
		fprintf(out, "- **%s**: %s (%s)\n", doc_str(each, "id"),
		    doc_str(each, "what"), doc_str(each, "usb"));
	fputs("\nA value with \"expected\" behind it is not what the source "
	    "says; the line\nbelow the table says why.  Sources of all "
	    "expectations: `tools/compare`'s page.\n\n", out);
	json_array_foreach(json_object_get(document, "scenarios"), i, each)
		put_scenario(out, document, each);
	return 0;
}
