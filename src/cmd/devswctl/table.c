/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c - columns for people.
 *
 * A text is whatever bytes a device has called itself.  Each character that
 * the locale cannot print, or that is none, becomes a '?', and so do those
 * that turn the direction of writing; then widths are those of a terminal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "devswctl/devswctl.h"

#define	MAXCOLS		12
#define	MAXTEXT		256	/* characters of one text */
#define	BETWEEN		2	/* spaces */
#define	LEAST		6	/* columns that are left of a text */

struct cell {
	wchar_t		*c_text;
	enum colour	 c_colour;
};

struct table {
	int		 t_cols;
	int		 t_used;	/* cells */
	int		 t_yield;	/* columns, the last ones */
	struct cell	*t_cells;
};

static void *
need(void *p)
{

	if (p != NULL)
		return p;
	complain("out of memory");
	exit(EXIT_FAILED);
}

/* ---- texts ---------------------------------------------------------- */

static bool
harmless(wchar_t c)
{

	return iswprint((wint_t)c) && wcwidth(c) >= 0 && c != 0x61c &&
	    c != 0x200e && c != 0x200f && !(c >= 0x2028 && c <= 0x202e) &&
	    !(c >= 0x2066 && c <= 0x2069);
}

/* At most MAXTEXT characters of it, fit for a terminal. */
static wchar_t *
clean(const char *text)
{
	wchar_t *const wide = need(calloc(MAXTEXT + 1, sizeof(*wide)));
	mbstate_t state;
	size_t used;
	wchar_t c;

	memset(&state, 0, sizeof(state));
	for (size_t n = 0; n < MAXTEXT && *text != '\0'; n++) {
		used = mbrtowc(&c, text, strlen(text), &state);
		if (used == (size_t)-1 || used == (size_t)-2) {
			memset(&state, 0, sizeof(state));
			used = 1;
			c = '?';
		}
		wide[n] = harmless(c) ? c : '?';
		text += used;
	}
	return wide;
}

static int
width(const wchar_t *text)
{
	int n = 0;

	for (; *text != 0; text++)
		n += wcwidth(*text);
	return n;
}

/* In exactly so many columns, or fewer if it is the last. */
static void
print_cell(const wchar_t *text, int columns, bool last)
{
	const bool cut = width(text) > columns;
	int room = columns - (cut ? 2 : 0);

	for (; *text != 0 && wcwidth(*text) <= room; text++) {
		printf("%lc", (wint_t)*text);
		room -= wcwidth(*text);
	}
	if (cut)
		fputs("..", stdout);
	if (!last)
		printf("%*s", room + BETWEEN, "");
}

void
print_clean(const char *text, int columns)
{
	wchar_t *const wide = clean(text);

	print_cell(wide, columns, true);
	free(wide);
}

void
print_lines(const char *text)
{
	char line[512];
	size_t len;

	for (; *text != '\0'; text += len, text += *text == '\n') {
		len = strcspn(text, "\n");
		if (len == 0)
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		print_clean(line, 250);
		putchar('\n');
	}
}

/* ---- colour --------------------------------------------------------- */

static bool
in_colour(void)
{
	const char *const no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

const char *
colour_on(enum colour colour)
{
	static const char *const codes[] = {
		[PLAIN] = "",
		[BOLD] = "\033[1m",
		[DIM] = "\033[2m",
		[RED] = "\033[31m",
		[YELLOW] = "\033[33m",
	};

	return in_colour() ? codes[colour] : "";
}

const char *
colour_off(enum colour colour)
{

	return colour != PLAIN && in_colour() ? "\033[0m" : "";
}

/* ---- tables --------------------------------------------------------- */

struct table *
table_new(int cols, ...)
{
	struct table *const t = need(calloc(1, sizeof(*t)));
	va_list ap;

	t->t_cols = cols < MAXCOLS ? cols : MAXCOLS;
	va_start(ap, cols);
	for (int i = 0; i < t->t_cols; i++)
		table_put(t, BOLD, va_arg(ap, const char *));
	va_end(ap);
	return t;
}

void
table_yield(struct table *t, int cols)
{

	t->t_yield = cols;
}

void
table_put(struct table *t, enum colour colour, const char *text)
{

	t->t_cells = need(realloc(t->t_cells,
	    (size_t)(t->t_used + 1) * sizeof(*t->t_cells)));
	t->t_cells[t->t_used].c_text = clean(text);
	t->t_cells[t->t_used++].c_colour = colour;
}

int
table_rows(const struct table *t)
{

	return t->t_used / t->t_cols - 1;
}

/* The widest columns from that one on give way until all fit. */
static int
narrow(const struct table *t, int *widths, int from, int sum)
{
	int widest;

	while (sum > COLUMNS) {
		widest = from;
		for (int i = from + 1; i < t->t_cols; i++) {
			if (widths[i] >= widths[widest])
				widest = i;
		}
		if (widths[widest] <= LEAST)
			break;
		widths[widest]--;
		sum--;
	}
	return sum;
}

/* Each column as wide as its widest text, and then so that all fit. */
static void
set_widths(const struct table *t, int *widths)
{
	int sum = BETWEEN * (t->t_cols - 1), w;

	for (int i = 0; i < t->t_cols; i++)
		widths[i] = 0;
	for (int i = 0; i < t->t_used; i++) {
		w = width(t->t_cells[i].c_text);
		if (w > widths[i % t->t_cols])
			widths[i % t->t_cols] = w;
	}
	for (int i = 0; i < t->t_cols; i++)
		sum += widths[i];
	if (t->t_yield > 0)
		sum = narrow(t, widths, t->t_cols - t->t_yield, sum);
	(void)narrow(t, widths, 0, sum);
}

void
table_free(struct table *t)
{

	for (int i = 0; i < t->t_used; i++)
		free(t->t_cells[i].c_text);
	free(t->t_cells);
	free(t);
}

void
table_print(struct table *t)
{
	int widths[MAXCOLS];
	const struct cell *c;

	set_widths(t, widths);
	for (int i = 0; i < t->t_used; i++) {
		const int col = i % t->t_cols;

		c = &t->t_cells[i];
		fputs(colour_on(c->c_colour), stdout);
		print_cell(c->c_text, widths[col], col == t->t_cols - 1);
		fputs(colour_off(c->c_colour), stdout);
		if (col == t->t_cols - 1)
			putchar('\n');
	}
	table_free(t);
}
