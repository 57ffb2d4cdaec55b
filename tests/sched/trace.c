/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - what happens in a run of the controlled scheduler, as events:
 * printed at once in columns, one for each thread, kept for a picture
 * (svg.c), and compared with texts that a search looks for.
 *
 * Some points say more to a reader in words than as an expression.  phases[]
 * has them: what is in no litmus and no driver, such as the drain of a close,
 * is a bar while its function has the points.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sched/sched_impl.h"

#define	COLUMN		38
#define	NELEM(a)	(sizeof(a) / sizeof((a)[0]))

struct trace trace;
int tracing;

static int printing, header_due;
static const char *phase_of[THREADS_MAX];	/* its function, or NULL */
static const char *wants[TRACE_WANTS];
static unsigned nwants, nwanted;
static int unwanted;
static unsigned said[THREADS_MAX];		/* bits: words[] */
static unsigned switches, last_thread;

/* A function whose points are one bar. */
static const struct {
	const char	*func, *text;
} phases[] = {
	{ "spec_io_drain", "drain" },
	{ "localcount_drain", "drain: wait for references" },
};

/* A point that is worth a word, the first time that a thread comes to it. */
static const struct {
	const char	*what, *expr, *func, *text;
} words[] = {
	{ "store", "&sn->sn_gone", "spec_revoke", "file is marked gone" },
	{ "inc", "&sd->sd_iocnt", "spec_open_enter", "open is counted" },
	{ "inc", "&sd->sd_iocnt", "spec_io_enter", "call is counted" },
	{ "store", "&vp->v_op", "spec_node_dead", "file is dead" },
	{ "load", "&dev->dv_attaching", "device_lookup_attached",
	    "looks for its device" },
	{ "enter", NULL, "config_detach_enter", "claims the device" },
	{ "enter", NULL, "config_detach_commit", "detach is committed" },
};

void
trace_want(const char *text)
{

	if (nwants == TRACE_WANTS) {
		fprintf(stderr, "sched: more than %d texts\n", TRACE_WANTS);
		exit(2);
	}
	wants[nwants++] = text;
}

int
trace_wanted(void)
{

	unsigned i = nwanted;

	while (i < nwants && wants[i][0] == '!')
		i++;
	return !unwanted && i == nwants;
}

/* How often another thread went on. */
unsigned
trace_switches(void)
{

	return switches;
}

void
trace_start(int show)
{

	printing = show;
	trace.tr_n = trace.tr_ncolumns = 0;
	trace.tr_before[0] = '\0';
	memset(trace.tr_name, 0, sizeof(trace.tr_name));
	header_due = 0;
	memset(phase_of, 0, sizeof(phase_of));
	memset(said, 0, sizeof(said));
	nwanted = switches = 0;
	unwanted = 0;
	last_thread = THREADS_MAX;
}

/* ---- columns -------------------------------------------------------- */

/* One line, with text in that column; returns what did not fit. */
static const char *
print_line(unsigned column, const char *text)
{
	char line[THREADS_MAX * (COLUMN + 3) + 1];
	size_t len = strlen(text), n = len, end = 0;

	if (n > COLUMN) {
		for (n = COLUMN; n > COLUMN / 2 && text[n] != ' '; n--)
			continue;
		if (text[n] != ' ')
			n = COLUMN;
	}
	for (unsigned i = 0; i < trace.tr_ncolumns; i++)
		end += (size_t)snprintf(line + end, sizeof(line) - end,
		    " %-*.*s%s", COLUMN, i == column ? (int)n : 0, text,
		    i + 1 < trace.tr_ncolumns ? " |" : "");
	while (end > 0 && line[end - 1] == ' ')
		end--;
	printf("#%.*s\n", (int)end, line);
	if (n < len && text[n] == ' ')
		n++;
	return text + n;
}

/* The names of all columns, whenever there is one more. */
static void
print_header(void)
{

	header_due = 0;
	printf("#");
	for (unsigned c = 0; c < trace.tr_ncolumns; c++)
		for (unsigned t = 0; t < THREADS_MAX; t++)
			if (trace.tr_name[t][0] != '\0' &&
			    trace.tr_column[t] == c)
				printf(" %-*s%s", COLUMN, trace.tr_name[t],
				    c + 1 < trace.tr_ncolumns ? " |" : "\n#");
	for (unsigned c = 0; c < trace.tr_ncolumns; c++)
		printf("%.*s%s", COLUMN + 1,
		    "----------------------------------------",
		    c + 1 < trace.tr_ncolumns ? "-+" : "\n");
}

static void
print_cell(unsigned column, const char *text)
{

	if (header_due)
		print_header();
	do
		text = print_line(column, text);
	while (*text != '\0');
}

void
trace_thread(const struct sched_thread *t)
{

	if (trace.tr_name[t->st_number][0] != '\0')
		return;
	memcpy(trace.tr_name[t->st_number], t->st_name, sizeof(t->st_name));
	trace.tr_column[t->st_number] = trace.tr_ncolumns++;
	header_due = 1;
}

/* What the setup has done, in its order, but not what the driver did. */
void
trace_setup(const char *text)
{
	const size_t n = strlen(trace.tr_before);

	if (text[0] == 'd' && text[1] == '_')
		return;
	snprintf(trace.tr_before + n, sizeof(trace.tr_before) - n, "%s%s",
	    n > 0 ? ", " : "", text);
}

/* ---- events --------------------------------------------------------- */

static void
look(const struct sched_thread *t, const char *text)
{
	char line[200];
	unsigned i;

	if (nwanted == nwants || unwanted)
		return;
	snprintf(line, sizeof(line), "%.30s: %.150s", t->st_name, text);
	for (i = nwanted; i < nwants && wants[i][0] == '!'; i++) {
		if (strstr(line, wants[i] + 1) != NULL)
			unwanted = 1;
	}
	if (i < nwants && strstr(line, wants[i]) != NULL)
		nwanted = i + 1;
}

static void
add(const struct sched_thread *t, enum trace_kind kind,
    const struct sched_thread *peer, const char *text)
{
	static const char *const before[] = {
		[TRACE_BEGIN] = "[ ", [TRACE_END] = "] ",
		[TRACE_DID] = "* ", [TRACE_FAIL] = "!! ",
	};
	char line[200];
	struct trace_event *te;

	if (t->st_number != last_thread)
		switches++;
	last_thread = t->st_number;
	trace_thread(t);
	if (peer != NULL)
		trace_thread(peer);
	if (kind == TRACE_WAKE)
		snprintf(line, sizeof(line), "%s %s", text, peer->st_name);
	else
		snprintf(line, sizeof(line), "%s%.150s",
		    kind < NELEM(before) && before[kind] != NULL ?
		    before[kind] : "", text);
	if (printing)
		print_cell(trace.tr_column[t->st_number], line);
	look(t, kind == TRACE_WAKE ? line : text);
	if (kind == TRACE_POINT || trace.tr_n == TRACE_MAX)
		return;
	te = &trace.tr_event[trace.tr_n++];
	te->te_kind = kind;
	te->te_thread = (uint8_t)t->st_number;
	te->te_peer = peer == NULL ? THREADS_MAX : (uint8_t)peer->st_number;
	snprintf(te->te_text, sizeof(te->te_text), "%.*s",
	    (int)sizeof(te->te_text) - 1, text);
}

static void
phase_end(const struct sched_thread *t)
{
	const char *const func = phase_of[t->st_number];

	if (func == NULL)
		return;
	phase_of[t->st_number] = NULL;
	for (unsigned i = 0; i < NELEM(phases); i++)
		if (strcmp(phases[i].func, func) == 0)
			add(t, TRACE_END, NULL, phases[i].text);
}

void
trace_event(const struct sched_thread *t, enum trace_kind kind,
    const struct sched_thread *peer, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	ctx_quiet(1);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (kind == TRACE_BEGIN || kind == TRACE_END || kind == TRACE_DID)
		phase_end(t);
	add(t, kind, peer, text);
	ctx_quiet(0);
}

void
trace_arrive(const struct sched_thread *t, const char *func)
{

	ctx_quiet(1);
	if (phase_of[t->st_number] != NULL &&
	    strcmp(phase_of[t->st_number], func) != 0)
		phase_end(t);
	ctx_quiet(0);
}

void
trace_point(const struct sched_thread *t, const char *what, const char *expr,
    const char *func)
{
	char text[128];

	ctx_quiet(1);
	for (unsigned i = 0; i < NELEM(phases); i++) {
		if (phase_of[t->st_number] == NULL &&
		    strcmp(phases[i].func, func) == 0) {
			phase_of[t->st_number] = func;
			add(t, TRACE_BEGIN, NULL, phases[i].text);
		}
	}
	for (unsigned i = 0; i < NELEM(words); i++) {
		if ((said[t->st_number] & 1u << i) == 0 &&
		    strcmp(words[i].what, what) == 0 &&
		    strcmp(words[i].func, func) == 0 &&
		    (words[i].expr == NULL ||
		    strcmp(words[i].expr, expr) == 0)) {
			said[t->st_number] |= 1u << i;
			add(t, TRACE_DID, NULL, words[i].text);
		}
	}
	snprintf(text, sizeof(text), "%s %s  (%s)", what, expr, func);
	add(t, TRACE_POINT, NULL, text);
	ctx_quiet(0);
}
