/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg.c - a run of the controlled scheduler as a picture: a lane for each
 * thread, time downward, a row for each event that is worth one.
 *
 *	rows	An event has a row of its own, but for: the end of a driver's
 *		entry whose result is 0, if nobody else has run since the last
 *		row; a note that only repeats the result above it; a drain
 *		after d_close, or one of references, that waits for nobody.
 *	bars	From TRACE_BEGIN to TRACE_END, nested; full where the thread
 *		runs, pale where another one does, hatched while it sleeps.
 *		The first word of the text has the colour, see classes[].
 *	arrows	Who wakes or starts whom; dotted: who runs next.
 *
 * The colours are Okabe and Ito's, which colour-blind people can tell apart,
 * as strips beside tinted bars with black text on a light ground of their own,
 * so that a page may be white or dark.  The same run gives the same bytes.
 */
#include <stdio.h>
#include <string.h>

#include "sched/sched_impl.h"

#define	LANE		236
#define	GAP		26
#define	MARGIN		18
#define	ROW		23
#define	HEAD		28
#define	INDENT		11
#define	LEGEND_ROW	20
#define	ROWS_MAX	600
#define	BARS_MAX	300
#define	DEPTH_MAX	8
#define	NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct class {
	const char	*words;		/* "open(2) d_open " */
	const char	*strip, *full, *pale;
	const char	*legend;
} classes[] = {
	{ "open(2) d_open d_open: device_lookup_acquire ",
	    "#0072b2", "#a9cfe8", "#e3f0f8", "open" },
	{ "read(2) write(2) ioctl(2) poll(2) d_read d_write d_ioctl d_poll "
	    "fo_read fo_write ",
	    "#56b4e9", "#cbe8fa", "#eef7fd", "calls: read, write, ..." },
	{ "close(2) d_close fo_close ",
	    "#cc79a7", "#eccadd", "#f9edf3", "close" },
	{ "d_cancel fo_restart ",
	    "#e69f00", "#fad48a", "#fdf2dc",
	    "cancel: wake all, end all calls" },
	{ "drain drain: ",
	    "#c8b800", "#f5ec8c", "#fcfadf",
	    "drain: wait until nobody is inside" },
	{ "revoke(2) vdevgone config_detach attach devsw_detach ",
	    "#009e73", "#a5dccb", "#e2f4ee", "revoke, detach, attach" },
	{ "", "#777777", "#dddddd", "#f3f3f3", NULL },
};

struct row {
	const struct trace_event *r_te;
	unsigned	r_thread;
	char		r_text[110];
	int		r_bold;
	unsigned	r_depth;
};

struct bar {
	unsigned	b_thread, b_depth, b_from, b_to;	/* rows */
	const struct class *b_class;
	const struct trace_event *b_te;
};

static struct row rows[ROWS_MAX];
static struct bar bars[BARS_MAX];
static unsigned nrows, nbars;
static unsigned lane_of[THREADS_MAX], lane_thread[THREADS_MAX], nlanes;

/* ---- what is in the picture ----------------------------------------- */

static const struct class *
class_of(const char *text)
{
	const size_t n = strcspn(text, " ");
	const char *p;

	for (unsigned i = 0; i < NELEM(classes); i++) {
		for (p = classes[i].words; *p != '\0';
		    p += strcspn(p, " ") + 1) {
			if (strcspn(p, " ") == n && strncmp(p, text, n) == 0)
				return &classes[i];
		}
	}
	return &classes[NELEM(classes) - 1];
}

static const struct trace_event *
next_of(const struct trace_event *te)
{
	const struct trace_event *const end = &trace.tr_event[trace.tr_n];
	const unsigned thread = te->te_thread;

	for (te++; te < end; te++)
		if (te->te_thread == thread)
			return te;
	return NULL;
}

static void
add_row(const struct trace_event *te, const char *text, int bold,
    unsigned depth)
{
	struct row *const r = &rows[nrows];

	if (nrows == ROWS_MAX)
		return;
	nrows++;
	r->r_te = te;
	r->r_thread = te->te_thread;
	snprintf(r->r_text, sizeof(r->r_text), "%.*s",
	    (int)sizeof(r->r_text) - 1, text);
	r->r_bold = bold;
	r->r_depth = depth;
}

/* Wakes of one thread in a row share it. */
static int
joins_wake(const struct trace_event *te)
{
	struct row *r;
	size_t n;

	if (nrows == 0)
		return 0;
	r = &rows[nrows - 1];
	if (r->r_thread != te->te_thread || r->r_te->te_kind != TRACE_WAKE ||
	    strcmp(r->r_te->te_text, te->te_text) != 0)
		return 0;
	n = strlen(r->r_text);
	snprintf(r->r_text + n, sizeof(r->r_text) - n, ", %s",
	    trace.tr_name[te->te_peer]);
	return 1;
}

static int
is_zero(const char *text)
{
	const char *const p = strstr(text, " = ");

	return p == NULL || strcmp(p, " = 0") == 0;
}

/* Not what a client or the bus has called. */
static int
is_entry(const char *text)
{

	return strncmp(text, "d_", 2) == 0 || strncmp(text, "fo_", 3) == 0 ||
	    strncmp(text, "drain", 5) == 0;
}

/* Rows and bars of all events. */
static void
lay_out(void)
{
	unsigned open[THREADS_MAX][DEPTH_MAX], depth[THREADS_MAX];
	const char *ended[THREADS_MAX];		/* the last bar's text */
	int skips[THREADS_MAX];			/* the drain that begins */
	const struct trace_event *te, *n;
	char text[128];
	unsigned t;

	nrows = nbars = 0;
	memset(depth, 0, sizeof(depth));
	memset(ended, 0, sizeof(ended));
	memset(skips, 0, sizeof(skips));
	for (te = trace.tr_event; te < &trace.tr_event[trace.tr_n]; te++) {
		t = te->te_thread;
		switch (te->te_kind) {
		case TRACE_BEGIN:
			n = next_of(te);
			if (n != NULL && n->te_kind == TRACE_END &&
			    (strncmp(te->te_text, "drain:", 6) == 0 ||
			    (strcmp(te->te_text, "drain") == 0 &&
			    ended[t] != NULL &&
			    strncmp(ended[t], "d_close", 7) == 0))) {
				skips[t] = 1;
				continue;
			}
			if (nbars == BARS_MAX || depth[t] == DEPTH_MAX)
				return;
			bars[nbars].b_thread = t;
			bars[nbars].b_depth = depth[t];
			bars[nbars].b_from = nrows;
			bars[nbars].b_to = ROWS_MAX;
			bars[nbars].b_class = class_of(te->te_text);
			bars[nbars].b_te = te;
			open[t][depth[t]++] = nbars++;
			add_row(te, te->te_text, 1, depth[t]);
			break;
		case TRACE_END:
			if (skips[t] || depth[t] == 0) {
				skips[t] = 0;
				continue;
			}
			ended[t] = te->te_text;
			if (!is_zero(te->te_text) || nrows == 0 ||
			    !is_entry(te->te_text) ||
			    rows[nrows - 1].r_thread != t) {
				snprintf(text, sizeof(text), "%s%s",
				    strstr(te->te_text, " = ") != NULL ? "" :
				    "end of ", te->te_text);
				add_row(te, text, !is_zero(te->te_text),
				    depth[t]);
			}
			bars[open[t][--depth[t]]].b_to = nrows;
			break;
		case TRACE_WAKE:
			if (joins_wake(te))
				break;
			snprintf(text, sizeof(text), "%s %s", te->te_text,
			    trace.tr_name[te->te_peer]);
			add_row(te, text, 0, depth[t]);
			break;
		case TRACE_NOTE:
			if (te > trace.tr_event && te[-1].te_thread == t &&
			    (te[-1].te_kind == TRACE_END ||
			    te[-1].te_kind == TRACE_NOTE))
				break;
			add_row(te, te->te_text, 0, depth[t]);
			break;
		default:
			add_row(te, te->te_text, te->te_kind == TRACE_FAIL,
			    depth[t]);
			break;
		}
	}
	for (unsigned i = 0; i < nbars; i++)
		if (bars[i].b_to == ROWS_MAX)
			bars[i].b_to = nrows;
}

/* Threads that have a row, or are woken in one, in the columns' order. */
static void
find_lanes(void)
{
	int used[THREADS_MAX] = { 0 };

	for (unsigned i = 0; i < nrows; i++)
		used[rows[i].r_thread] = 1;
	nlanes = 0;
	for (unsigned c = 0; c < trace.tr_ncolumns; c++) {
		for (unsigned t = 0; t < THREADS_MAX; t++) {
			if (trace.tr_name[t][0] == '\0' || !used[t] ||
			    trace.tr_column[t] != c)
				continue;
			lane_of[t] = nlanes;
			lane_thread[nlanes++] = t;
		}
	}
}

/* ---- drawing -------------------------------------------------------- */

static unsigned top;		/* of the first row */

static unsigned
lane_x(unsigned thread)
{

	return MARGIN + lane_of[thread] * (LANE + GAP);
}

static unsigned
row_y(unsigned row)
{

	return top + row * ROW;
}

static void
put_text(FILE *f, unsigned x, unsigned y, const char *attrs, const char *s,
    size_t n)
{

	fprintf(f, "<text x=\"%u\" y=\"%u\"%s%s>", x, y,
	    *attrs != '\0' ? " " : "", attrs);
	for (; n > 0 && *s != '\0'; s++, n--) {
		switch (*s) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		default:
			fputc(*s >= ' ' ? *s : ' ', f);
			break;
		}
	}
	fputs("</text>\n", f);
}

/* Lines of at most n characters; returns how many. */
static unsigned
put_lines(FILE *f, unsigned x, unsigned y, unsigned step, const char *attrs,
    const char *s, size_t n)
{
	unsigned lines = 0;
	size_t len;

	for (; *s != '\0'; lines++) {
		len = strlen(s);
		if (len > n) {
			for (len = n; len > 0 && s[len] != ' '; len--)
				continue;
			if (len == 0)
				len = n;
		}
		if (f != NULL)
			put_text(f, x, y + lines * step, attrs, s, len);
		s += len;
		s += strspn(s, " ");
	}
	return lines;
}

static void
put_rect(FILE *f, unsigned x, unsigned y, unsigned w, unsigned h,
    const char *fill, const char *attrs)
{

	fprintf(f, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" "
	    "fill=\"%s\"%s%s/>\n", x, y, w, h, fill, *attrs != '\0' ? " " : "",
	    attrs);
}

static void
put_bar(FILE *f, const struct bar *b)
{
	const unsigned x = lane_x(b->b_thread) + 9 + INDENT * b->b_depth;
	const unsigned w = lane_x(b->b_thread) + LANE - x - 3 * b->b_depth;
	const unsigned y = row_y(b->b_from) + 2;
	unsigned to;

	put_rect(f, x, y, w, row_y(b->b_to) - 2 - y, b->b_class->pale, "");
	for (unsigned i = b->b_from; i < b->b_to; i = to) {
		to = i + 1;
		if (rows[i].r_thread != b->b_thread)
			continue;
		while (to < b->b_to && rows[to].r_thread == b->b_thread)
			to++;
		put_rect(f, x, i == b->b_from ? y : row_y(i), w,
		    (to == b->b_to ? row_y(to) - 2 : row_y(to)) -
		    (i == b->b_from ? y : row_y(i)), b->b_class->full, "");
	}
	put_rect(f, x, y, 5, row_y(b->b_to) - 2 - y, b->b_class->strip, "");
	fprintf(f, "<rect x=\"%u.5\" y=\"%u.5\" width=\"%u\" height=\"%u\" "
	    "fill=\"none\" stroke=\"%s\"/>\n", x, y, w - 1,
	    row_y(b->b_to) - 3 - y, b->b_class->strip);
}

/* Hatched, from where a thread sleeps to where it is woken. */
static void
put_sleep(FILE *f, unsigned row)
{
	const unsigned t = rows[row].r_thread;
	const unsigned x = lane_x(t) + 14 + INDENT * (rows[row].r_depth > 0 ?
	    rows[row].r_depth - 1 : 0);
	const struct trace_event *te = rows[row].r_te;
	unsigned end = row + 1, y;

	for (te++; te < &trace.tr_event[trace.tr_n]; te++) {
		if (te->te_thread == t ||
		    (te->te_kind == TRACE_WAKE && te->te_peer == t))
			break;
	}
	while (end < nrows && rows[end].r_te < te)
		end++;
	y = row_y(end);
	if (end < nrows && te->te_thread != t)
		y += ROW / 2;		/* the arrow that wakes it */
	put_rect(f, x, row_y(row + 1), lane_x(t) + LANE - x - 6,
	    y - row_y(row + 1), "url(#sleep)", "");
}

/* Where an arrow comes to a lane. */
static void
put_arrow(FILE *f, unsigned from, unsigned to, unsigned y)
{
	const unsigned x0 = lane_x(from) + (lane_of[to] > lane_of[from] ?
	    LANE : 9);
	const unsigned x1 = lane_x(to) + (lane_of[to] > lane_of[from] ?
	    4 : LANE + 4);

	if (lane_of[to] == lane_of[from])
		return;
	fprintf(f, "<path d=\"M%u %uH%u\" fill=\"none\" stroke=\"#222\" "
	    "stroke-width=\"1.5\" marker-end=\"url(#arrow)\"/>\n", x0, y, x1);
}

static void
put_wakes(FILE *f, unsigned row)
{
	const struct trace_event *te = rows[row].r_te;

	for (; te < &trace.tr_event[trace.tr_n] &&
	    te->te_kind == TRACE_WAKE && te->te_thread == rows[row].r_thread;
	    te++) {
		for (unsigned i = 0; i < nlanes; i++)
			if (lane_thread[i] == te->te_peer)
				put_arrow(f, te->te_thread, te->te_peer,
				    row_y(row) + ROW / 2);
	}
}

/* What runs: thick lines, and dotted ones to who runs next. */
static void
put_running(FILE *f)
{
	unsigned to;

	for (unsigned i = 0; i < nrows; i = to) {
		const unsigned x = lane_x(rows[i].r_thread);

		for (to = i + 1; to < nrows &&
		    rows[to].r_thread == rows[i].r_thread; to++)
			continue;
		put_rect(f, x, row_y(i) + 1, 5, row_y(to) - row_y(i) - 2,
		    "#222222", "rx=\"2\"");
		if (to < nrows)
			fprintf(f, "<path d=\"M%u %uH%u\" stroke=\"#222\" "
			    "stroke-width=\"1.5\" stroke-dasharray=\"1 4\" "
			    "stroke-linecap=\"round\"/>\n", x + 2, row_y(to),
			    lane_x(rows[to].r_thread) + 2);
	}
}

static void
put_rows(FILE *f)
{
	const struct row *r;
	unsigned x;

	for (unsigned i = 0; i < nrows; i++) {
		r = &rows[i];
		x = lane_x(r->r_thread) + 20 +
		    INDENT * (r->r_depth > 0 ? r->r_depth - 1 : 0);
		if (r->r_te->te_kind == TRACE_FAIL) {
			put_rect(f, lane_x(r->r_thread) + 9, row_y(i) + 2,
			    LANE - 9, ROW - 4, "#d55e00", "rx=\"3\"");
			put_text(f, x, row_y(i) + 16,
			    "font-weight=\"bold\" fill=\"#ffffff\"",
			    "bad: see above", 99);
			continue;
		}
		if (r->r_te->te_kind == TRACE_DID)
			fprintf(f, "<circle cx=\"%u\" cy=\"%u\" r=\"3.5\" "
			    "fill=\"#d55e00\"/>\n", x + 3, row_y(i) + ROW / 2);
		put_text(f, x + (r->r_te->te_kind == TRACE_DID ? 11 : 0),
		    row_y(i) + 16, r->r_bold ? "font-weight=\"bold\"" :
		    r->r_te->te_kind == TRACE_SLEEP ||
		    r->r_te->te_kind == TRACE_WAKE ?
		    "font-style=\"italic\"" : "", r->r_text,
		    (LANE - INDENT * r->r_depth) / 7);
	}
}

static void
put_legend(FILE *f, unsigned y, unsigned columns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < NELEM(classes); i++) {
		const unsigned x = MARGIN + n % columns * (LANE + GAP);
		const unsigned ly = y + n / columns * LEGEND_ROW;

		if (classes[i].legend == NULL)
			continue;
		put_rect(f, x, ly, 5, 14, classes[i].strip, "");
		put_rect(f, x + 5, ly, 21, 14, classes[i].full, "");
		put_text(f, x + 33, ly + 11, "font-size=\"11.5\"",
		    classes[i].legend, 99);
		n++;
	}
	for (unsigned i = 0; i < 4; i++, n++) {
		static const char *const texts[] = {
			"full: runs; pale: another one runs",
			"sleeps until it is woken", "wakes, or starts",
			"who runs next"
		};
		const unsigned x = MARGIN + n % columns * (LANE + GAP);
		const unsigned ly = y + n / columns * LEGEND_ROW;

		switch (i) {
		case 0:
			put_rect(f, x, ly, 4, 14, "#222222", "rx=\"2\"");
			put_rect(f, x + 6, ly, 10, 14, "#bbbbbb", "");
			put_rect(f, x + 16, ly, 10, 14, "#eeeeee", "");
			break;
		case 1:
			put_rect(f, x, ly, 26, 14, "#ececec", "");
			put_rect(f, x, ly, 26, 14, "url(#sleep)", "");
			break;
		case 2:
			fprintf(f, "<path d=\"M%u %uH%u\" stroke=\"#222\" "
			    "stroke-width=\"1.5\" marker-end=\"url(#arrow)\"/>"
			    "\n", x, ly + 7, x + 24);
			break;
		default:
			fprintf(f, "<path d=\"M%u %uH%u\" stroke=\"#222\" "
			    "stroke-width=\"1.5\" stroke-dasharray=\"1 4\" "
			    "stroke-linecap=\"round\"/>\n", x, ly + 7, x + 26);
			break;
		}
		put_text(f, x + 33, ly + 11, "font-size=\"11.5\"", texts[i],
		    99);
	}
}

static const char *
failed(void)
{

	for (unsigned i = 0; i < nrows; i++)
		if (rows[i].r_te->te_kind == TRACE_FAIL)
			return rows[i].r_te->te_text;
	return NULL;
}

static void
draw_all(FILE *f, const char *title, const char *again)
{
	const unsigned columns = nlanes < 2 ? 2 : nlanes;
	const unsigned width = 2 * MARGIN + columns * (LANE + GAP) - GAP;
	const size_t big = width / 10, small = width / 7;	/* characters */
	const unsigned lines = put_lines(NULL, 0, 0, 0, "", title, big);
	const unsigned foot = put_lines(NULL, 0, 0, 0, "", again, small);
	const char *const bad = failed();
	unsigned y = MARGIN + 14, height;

	top = y + lines * 20 + HEAD + (trace.tr_before[0] != '\0' ? 20 : 0) +
	    (bad != NULL ? 24 : 0);
	height = row_y(nrows) + 14 + (9 + columns) / columns * LEGEND_ROW +
	    foot * 14 + 10 + MARGIN;
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
	    "height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" "
	    "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" "
	    "font-size=\"12.5\" fill=\"#111111\">\n", width, height, width,
	    height);
	fputs("<defs><pattern id=\"sleep\" width=\"7\" height=\"7\" "
	    "patternUnits=\"userSpaceOnUse\" "
	    "patternTransform=\"rotate(45)\">"
	    "<path d=\"M0 0V7\" stroke=\"#666\" stroke-width=\"2\"/>"
	    "</pattern><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" "
	    "refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
	    "markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
	    "<path d=\"M0 0L8 4L0 8z\" fill=\"#222\"/></marker></defs>\n", f);
	put_rect(f, 0, 0, width, height, "#fdfdfb",
	    "rx=\"8\" stroke=\"#bbbbbb\"");
	y += 20 * put_lines(f, MARGIN, y, 20,
	    "font-size=\"15\" font-weight=\"bold\"", title, big);
	if (trace.tr_before[0] != '\0') {
		char before[160];

		snprintf(before, sizeof(before), "Before: %s.",
		    trace.tr_before);
		put_text(f, MARGIN, y, "fill=\"#444444\"", before, 999);
		y += 20;
	}
	if (bad != NULL) {
		put_rect(f, MARGIN, y - 14, width - 2 * MARGIN, 20, "#d55e00",
		    "rx=\"3\"");
		put_text(f, MARGIN + 6, y, "font-weight=\"bold\" "
		    "fill=\"#ffffff\"", bad, small);
	}
	for (unsigned i = 0; i < nlanes; i++) {
		const unsigned x = lane_x(lane_thread[i]);

		put_rect(f, x, top - HEAD + 2, LANE, HEAD - 6, "#e8e8e4",
		    "rx=\"3\"");
		put_text(f, x + 12, top - HEAD + 17,
		    "font-size=\"13.5\" font-weight=\"bold\"",
		    trace.tr_name[lane_thread[i]], 30);
		fprintf(f, "<path d=\"M%u.5 %uV%u\" stroke=\"#cccccc\"/>\n",
		    x + 2, top, row_y(nrows));
	}
	put_running(f);
	for (unsigned i = 0; i < nbars; i++)
		put_bar(f, &bars[i]);
	for (unsigned i = 0; i < nrows; i++) {
		if (rows[i].r_te->te_kind == TRACE_SLEEP)
			put_sleep(f, i);
	}
	put_rows(f);
	for (unsigned i = 0; i < nrows; i++) {
		if (rows[i].r_te->te_kind == TRACE_WAKE)
			put_wakes(f, i);
	}
	put_legend(f, row_y(nrows) + 14, columns);
	(void)put_lines(f, MARGIN, height - MARGIN - 14 * (foot - 1) + 4, 14,
	    "font-size=\"10.5\" font-family=\"monospace\" "
	    "fill=\"#555555\"", again, small);
	fputs("</svg>\n", f);
}

int
svg_write(const char *file, const char *title, const char *again)
{
	static char text[2048];
	FILE *f;
	int error;

	lay_out();
	find_lanes();
	if ((f = fopen(file, "w")) == NULL)
		return -1;
	snprintf(text, sizeof(text), "t_sched --replay %s", again);
	draw_all(f, title, text);
	error = ferror(f);
	return fclose(f) != 0 || error ? -1 : 0;
}
