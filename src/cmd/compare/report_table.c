/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_table.c - the document for a person at a terminal, 100 columns wide.
 *
 * One line for each outcome, a column for each system that was run.  A value
 * is plain if it is what was expected, has a "*" if it is another but it is
 * known why, and a "!" otherwise; the lines below say what was expected.
 * What was only read in source is not in the table; the page has it.
 */
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"

#define	LABEL		22
#define	CELL		13
#define	WIDTH		100

#define	BOLD		"1"
#define	GOOD		"32"
#define	KNOWN		"33"
#define	BAD		"31;1"

struct table {
	json_t	*t_document;
	FILE	*t_out;
	bool	t_color;
};

/* text, in a column this wide and a colour. */
static void
put(const struct table *t, const char *color, const char *text, int width)
{

	if (t->t_color && color != NULL)
		fprintf(t->t_out, "\033[%sm%-*.*s\033[0m", color, width, width,
		    text);
	else
		fprintf(t->t_out, "%-*.*s", width, width, text);
}

static json_t *
find_outcome(json_t *run, const char *what)
{
	json_t *oc;
	size_t i;

	json_array_foreach(json_object_get(run, "outcomes"), i, oc) {
		if (strcmp(doc_str(oc, "what"), what) == 0)
			return oc;
	}
	return NULL;
}

/* ---- one line of the table ------------------------------------------- */

struct cell {
	char		c_text[96];
	const char	*c_color;
};

/* What a run without outcomes, or without this one, has in its cell. */
static void
no_outcome(json_t *run, struct cell *c)
{
	const char *status = run == NULL ? "" : doc_str(run, "status");
	const bool bad = strcmp(status, "hung") == 0 ||
	    strcmp(status, "differs") == 0;

	snprintf(c->c_text, sizeof(c->c_text), "%s",
	    strcmp(status, "cannot") == 0 ? "cannot" :
	    strcmp(status, "hung") == 0 ? "hung !" :
	    bad && json_array_size(json_object_get(run, "outcomes")) == 0 ?
	    "broken !" : "-");
	c->c_color = strchr(c->c_text, '!') != NULL ? BAD : NULL;
}

static void
fill_cell(json_t *run, const char *what, struct cell *c)
{
	json_t *const oc = find_outcome(run, what);
	json_t *const ms = json_object_get(oc, "ms");
	const bool ok = json_is_true(json_object_get(oc, "ok"));
	char after[24] = "";

	if (oc == NULL) {
		no_outcome(run, c);
		return;
	}
	if (json_is_real(ms))
		snprintf(after, sizeof(after), " %.0fms",
		    json_real_value(ms));
	snprintf(c->c_text, sizeof(c->c_text), "%s%s%s", doc_str(oc, "got"),
	    ok ? "" : doc_str(oc, "noted")[0] != '\0' ? " *" : " !", after);
	c->c_color = ok ? GOOD : doc_str(oc, "noted")[0] != '\0' ? KNOWN : BAD;
}

/* Take what fits in a cell, up to a space; false: nothing is left. */
static bool
take(char *text, char *part, size_t width)
{
	size_t len = strlen(text), cut = width;

	if (len <= width)
		cut = len;
	else {
		while (cut > 0 && text[cut] != ' ')
			cut--;
		if (cut == 0)
			cut = width;
	}
	memcpy(part, text, cut);
	part[cut] = '\0';
	while (text[cut] == ' ')
		cut++;
	memmove(text, text + cut, strlen(text + cut) + 1);
	return part[0] != '\0';
}

static void
print_line(const struct table *t, const char *label, struct cell *cells,
    size_t n)
{
	char part[CELL], name[96];
	bool more = true;

	snprintf(name, sizeof(name), "%s", label);
	for (unsigned row = 0; more; row++) {
		char first[LABEL];

		more = false;
		(void)take(name, first, LABEL - 3);
		fprintf(t->t_out, "  %-*s", LABEL - 2, first);
		for (size_t i = 0; i < n; i++) {
			(void)take(cells[i].c_text, part, CELL - 1);
			put(t, cells[i].c_color, part, i + 1 < n ? CELL :
			    (int)strlen(part));
			more |= cells[i].c_text[0] != '\0';
		}
		fputc('\n', t->t_out);
		more |= name[0] != '\0';
	}
}

static void
print_head(const struct table *t)
{
	struct cell cells[NSYSTEMS];
	json_t *system;
	size_t i, n = 0;

	json_array_foreach(json_object_get(t->t_document, "systems"), i,
	    system) {
		if (!doc_measured(system) || n == NSYSTEMS)
			continue;
		snprintf(cells[n].c_text, sizeof(cells[n].c_text), "%s",
		    doc_str(system, "label"));
		cells[n++].c_color = BOLD;
	}
	print_line(t, "", cells, n);
}

/* ---- a scenario ------------------------------------------------------ */

static bool
said(json_t *list, const char *text)
{
	json_t *each;
	size_t i;

	json_array_foreach(list, i, each) {
		if (strcmp(json_string_value(each), text) == 0)
			return true;
	}
	json_array_append_new(list, json_string(text));
	return false;
}

static void
note(const struct table *t, json_t *notes, const char *hardware,
    json_t *run, json_t *oc)
{
	char text[512];

	if (oc == NULL && strcmp(doc_str(run, "status"), "cannot") == 0)
		snprintf(text, sizeof(text), "%s: %s", hardware,
		    doc_str(run, "reason"));
	else if (oc == NULL)
		snprintf(text, sizeof(text), "! %s, %s: %s", hardware,
		    doc_str(run, "system"), doc_str(run, "reason"));
	else if (doc_str(oc, "noted")[0] != '\0')
		snprintf(text, sizeof(text), "* %s: %s expected (%s): %s",
		    doc_str(oc, "what"), doc_str(oc, "expected"),
		    doc_str(oc, "source"), doc_str(oc, "noted"));
	else
		snprintf(text, sizeof(text), "! %s, %s, %s: %s, expected %s "
		    "(%s)", hardware, doc_str(run, "system"),
		    doc_str(oc, "what"), doc_str(oc, "got"),
		    doc_str(oc, "expected"), doc_str(oc, "source"));
	if (said(notes, text))
		return;
	fprintf(t->t_out, "    ");
	for (char *rest = text, part[WIDTH]; take(rest, part, WIDTH - 6);)
		fprintf(t->t_out, "%s\n%s", part, rest[0] != '\0' ?
		    "      " : "");
}

static void
print_notes(const struct table *t, json_t *scenario)
{
	json_t *run, *oc, *const notes = json_array();
	size_t i, k;

	json_array_foreach(json_object_get(scenario, "runs"), i, run) {
		if (doc_str(run, "reason")[0] != '\0')
			note(t, notes, doc_str(run, "hardware"), run, NULL);
		json_array_foreach(json_object_get(run, "outcomes"), k, oc) {
			if (!json_is_true(json_object_get(oc, "ok")))
				note(t, notes, doc_str(run, "hardware"), run, oc);
		}
	}
	json_decref(notes);
}

/*
 * Every outcome that a run on this hardware has, in order of sight; one
 * without a name if a run went wrong before its first.
 */
static json_t *
outcomes_of(json_t *scenario, const char *hardware)
{
	json_t *run, *oc, *const list = json_array();
	bool failed = false;
	size_t i, k;

	json_array_foreach(json_object_get(scenario, "runs"), i, run) {
		if (strcmp(doc_str(run, "hardware"), hardware) != 0)
			continue;
		json_array_foreach(json_object_get(run, "outcomes"), k, oc)
			(void)said(list, doc_str(oc, "what"));
		failed |= strcmp(doc_str(run, "status"), "cannot") != 0;
	}
	if (json_array_size(list) == 0 && failed)
		json_array_append_new(list, json_string(""));
	return list;
}

static void
print_hardware(const struct table *t, json_t *scenario, const char *hardware)
{
	struct cell cells[NSYSTEMS];
	json_t *const list = outcomes_of(scenario, hardware);
	json_t *what, *system;
	char label[96];
	size_t i, k, n;

	json_array_foreach(list, i, what) {
		n = 0;
		json_array_foreach(json_object_get(t->t_document, "systems"),
		    k, system) {
			if (doc_measured(system) && n < NSYSTEMS)
				fill_cell(doc_run(scenario, hardware,
				    doc_str(system, "id")),
				    json_string_value(what), &cells[n++]);
		}
		snprintf(label, sizeof(label), "%s %s", hardware,
		    json_string_value(what));
		print_line(t, label, cells, n);
	}
	json_decref(list);
}

/* ---- a timeline ------------------------------------------------------ */

#define	NLANES		5
#define	LANE		18

/* The daemon's threads share a column. */
static size_t
column(json_t *event, char lanes[NLANES][24], size_t *n)
{
	char name[24];

	snprintf(name, sizeof(name), "%s",
	    strncmp(doc_str(event, "lane"), "devswd", 6) == 0 ? "devswd" :
	    doc_str(event, "lane"));
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(lanes[i], name) == 0)
			return i;
	}
	if (*n == NLANES)
		return NLANES - 1;
	memcpy(lanes[*n], name, sizeof(name));
	return (*n)++;
}

struct moment {
	double	m_ms;
	size_t	m_column;
	char	m_text[64];
};

static int
by_time(const void *a, const void *b)
{
	const struct moment *const x = a, *const y = b;

	return x->m_ms < y->m_ms ? -1 : x->m_ms > y->m_ms;
}

/* Begin and end of each event; of a short one both are in one line. */
static size_t
moments(json_t *run, struct moment *list, char lanes[NLANES][24], size_t *n)
{
	json_t *event, *to;
	size_t i, count = 0, at;
	double from;

	json_array_foreach(json_object_get(run, "events"), i, event) {
		at = column(event, lanes, n);
		from = json_real_value(json_object_get(event, "from"));
		to = json_object_get(event, "to");
		list[count].m_ms = from;
		list[count].m_column = at;
		if (json_is_real(to) && json_real_value(to) - from < 1) {
			snprintf(list[count].m_text, sizeof(list->m_text),
			    "%s%s%s", doc_str(event, "what"),
			    doc_str(event, "result")[0] != '\0' ? ": " : "",
			    doc_str(event, "result"));
			count++;
			continue;
		}
		snprintf(list[count].m_text, sizeof(list->m_text), "%s...",
		    doc_str(event, "what"));
		count++;
		if (!json_is_real(to))
			continue;
		list[count].m_ms = json_real_value(to);
		list[count].m_column = at;
		snprintf(list[count].m_text, sizeof(list->m_text), "= %s",
		    doc_str(event, "result"));
		count++;
	}
	qsort(list, count, sizeof(*list), by_time);
	return count;
}

static void
print_timeline(const struct table *t, json_t *run)
{
	char lanes[NLANES][24];
	struct moment *list;
	size_t count, n = 0;

	count = json_array_size(json_object_get(run, "events"));
	list = calloc(2 * count + 1, sizeof(*list));
	if (list == NULL || count == 0) {
		free(list);
		return;
	}
	count = moments(run, list, lanes, &n);
	fprintf(t->t_out, "\n    %s, %s\n", doc_str(run, "hardware"),
	    doc_str(run, "system"));
	fprintf(t->t_out, "    %9s  ", "ms");
	for (size_t i = 0; i < n; i++)
		fprintf(t->t_out, "%-*.*s", i + 1 < n ? LANE : 0, LANE - 1,
		    lanes[i]);
	fputc('\n', t->t_out);
	for (size_t i = 0; i < count; i++)
		fprintf(t->t_out, "    %9.1f  %*s%s\n", list[i].m_ms,
		    (int)list[i].m_column * LANE, "", list[i].m_text);
	free(list);
}

static void
print_timelines(const struct table *t, json_t *scenario)
{
	json_t *run;
	size_t i;

	json_array_foreach(json_object_get(scenario, "runs"), i, run)
		print_timeline(t, run);
	fputc('\n', t->t_out);
}

/* ---- all ------------------------------------------------------------- */

static void
print_scenario(const struct table *t, json_t *scenario, bool timeline)
{
	json_t *hardware;
	char title[WIDTH];
	size_t i;

	if (doc_str(scenario, "why_not")[0] == '\0' &&
	    json_array_size(json_object_get(scenario, "runs")) == 0)
		return;		/* none of this hardware is meant */
	snprintf(title, sizeof(title), "%lld %s: %s",
	    (long long)json_integer_value(json_object_get(scenario,
	    "number")), doc_str(scenario, "name"), doc_str(scenario, "title"));
	put(t, BOLD, title, (int)strlen(title));
	fputc('\n', t->t_out);
	if (doc_str(scenario, "why_not")[0] != '\0') {
		fprintf(t->t_out, "    cannot be run: %s\n",
		    doc_str(scenario, "why_not"));
		return;
	}
	json_array_foreach(json_object_get(t->t_document, "hardware"), i,
	    hardware)
		print_hardware(t, scenario, doc_str(hardware, "id"));
	print_notes(t, scenario);
	if (timeline)
		print_timelines(t, scenario);
}

static void
count_runs(json_t *document, unsigned counts[4])
{
	json_t *scenario, *run, *oc;
	const char *status;
	size_t i, k, m;
	bool known;

	json_array_foreach(json_object_get(document, "scenarios"), i,
	    scenario) {
		json_array_foreach(json_object_get(scenario, "runs"), k, run) {
			status = doc_str(run, "status");
			known = false;
			json_array_foreach(json_object_get(run, "outcomes"), m,
			    oc)
				known |= doc_str(oc, "noted")[0] != '\0';
			counts[strcmp(status, "cannot") == 0 ? 3 :
			    strcmp(status, "expected") != 0 ? 2 :
			    known ? 1 : 0]++;
		}
	}
}

/*
 * yes = report_all_expected(document)
 *
 *	Nothing differed but what is explained.
 */
bool
report_all_expected(json_t *document)
{
	unsigned counts[4] = { 0, 0, 0, 0 };

	count_runs(document, counts);
	return counts[2] == 0;
}

int
report_table(json_t *document, FILE *out, bool color, bool timeline)
{
	const struct table t = { document, out, color };
	unsigned counts[4] = { 0, 0, 0, 0 };
	json_t *scenario;
	size_t i;

	fprintf(out, "devsw %s, Linux %s, %s\n\n", doc_str(document, "version"),
	    doc_str(document, "kernel"), doc_str(document, "date"));
	print_head(&t);
	json_array_foreach(json_object_get(document, "scenarios"), i, scenario)
		print_scenario(&t, scenario, timeline);
	count_runs(document, counts);
	fprintf(out, "\n%u runs as expected, %u differ and it is known why (*), "
	    "%u differ (!), %u cannot be run\n", counts[0], counts[1],
	    counts[2], counts[3]);
	return 0;
}
