/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * items.c - from names on the command line to values in reports, and back.
 *
 * Model
 *	A name is the end of an item's path: "Generic_Desktop:X", or with
 *	collections before it, outermost first, separated by full stops.  It
 *	may mean several items.  "#N" picks one: of the items of each kind
 *	that it means, the N-th.  For a whole path that is the number which a
 *	listing shows.  In an array, a name means each usage that the array
 *	has: its value is 1 while it is on, 0 while it is off.
 *
 *	Writing changes bits of a report that is read first, so that other
 *	items stay as they are, and all is checked before anything is sent.
 *	Output reports can often not be read; their other items become 0.
 *	A feature report that cannot be read is not written.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "uhidctl/uhidctl.h"

/* ---- names ---------------------------------------------------------- */

/*
 * status = name_parse(us, text, len, name)
 */
int
name_parse(const struct usages *us, const char *text, size_t len,
    struct name *name)
{
	const char *end = text + len, *start, *hash;
	char *tail;

	*name = (struct name){ .n_text = text };
	hash = memchr(text, '#', len);
	if (hash != NULL) {
		if (!isdigit((unsigned char)hash[1]))
			return complain("%.*s: no number behind #", (int)len,
			    text);
		errno = 0;
		name->n_picks = true;
		name->n_nth = (uint32_t)strtoul(hash + 1, &tail, 10);
		if (tail != end || errno != 0 || end - hash > 9)
			return complain("%.*s: no number behind #", (int)len,
			    text);
		end = hash;
	}
	for (;;) {
		start = memrchr(text, '.', (size_t)(end - text));
		start = start == NULL ? text : start + 1;
		if (name->n_len == MODEL_PATH)
			return complain("%.*s: too many collections",
			    (int)len, text);
		if (!usages_find(us, start, (size_t)(end - start),
		    &name->n_path[name->n_len++]))
			return complain("%.*s: no usage is called %.*s",
			    (int)len, text, (int)(end - start), start);
		if (start == text)
			return EXIT_OK;
		end = start - 1;
	}
}

/*
 * matches = name_matches(j, name, e)
 *
 *	#N left aside.
 */
bool
name_matches(struct job *j, const struct name *name, const struct entry *e)
{
	uint32_t path[MODEL_PATH];
	const size_t n = model_path(&j->j_model, e, path);

	if (name->n_len > n || memcmp(name->n_path + 1, path + 1,
	    (name->n_len - 1) * sizeof(*path)) != 0)
		return false;
	if ((e->e_item.i_flags & HIDP_VARIABLE) != 0)
		return name->n_path[0] == path[0];
	return model_array_has(&j->j_model, e, name->n_path[0]);
}

/* Call func for each item that a name means; the number of them. */
static size_t
each(struct job *j, const struct name *name,
    void (*func)(struct job *, const struct name *, const struct entry *,
    void *), void *cookie)
{
	uint32_t seen[HIDP_NKIND] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < j->j_model.m_nentry; i++) {
		const struct entry *e = &j->j_model.m_entries[i];

		if (!item_wanted(j, e) || !name_matches(j, name, e))
			continue;
		if (name->n_picks && seen[e->e_item.i_kind]++ != name->n_nth)
			continue;
		n++;
		if (func != NULL)
			(*func)(j, name, e, cookie);
	}
	return n;
}

static int
no_item(const struct job *j, const char *text)
{

	return complain("%s: %s has no such %s", text, j->j_node.n_path,
	    j->j_options.o_kind == -1 ? "item" :
	    kind_name((enum hidp_kind)j->j_options.o_kind));
}

/* ---- get ------------------------------------------------------------ */

struct printing {
	FILE	*p_out;
	bool	 p_first;
	int	 p_unknown;	/* a report's errno, why a value is not known */
};

static void
print(struct job *j, const struct name *name, const struct entry *e,
    void *cookie)
{
	const struct report *r = &j->j_reports[e->e_item.i_kind];
	struct printing *p = cookie;

	report_get(j, e->e_item.i_kind);
	if (!r->r_known) {
		p->p_unknown = r->r_error;
		return;
	}
	if (j->j_options.o_json)
		json_item(j, p->p_out, name, e, p->p_first);
	else
		show_item(j, p->p_out, name, e);
	p->p_first = false;
}

/*
 * status = items_get(j, out)
 *
 *	Print those that the names mean.  All names are tried.
 */
int
items_get(struct job *j, FILE *out)
{
	struct printing p = { .p_out = out, .p_first = true };
	int status = EXIT_OK;
	struct name name;

	if (j->j_options.o_json)
		fprintf(out, "[");
	for (int i = 0; i < j->j_options.o_nnames; i++) {
		const char *text = j->j_options.o_names[i];

		p.p_unknown = 0;
		if (name_parse(j->j_usages, text, strlen(text), &name) !=
		    EXIT_OK)
			status = EXIT_FAILED;
		else if (each(j, &name, print, &p) == 0)
			status = no_item(j, text);
		if (p.p_unknown != 0)
			status = complain("%s: %s: %s", j->j_node.n_path, text,
			    node_why(p.p_unknown));
	}
	if (j->j_options.o_json)
		fprintf(out, "]\n");
	return status;
}

/* ---- set ------------------------------------------------------------ */

static void
remember(struct job *j, const struct name *name, const struct entry *e,
    void *cookie)
{

	(void)j, (void)name;
	*(const struct entry **)cookie = e;
}

/* The one item that can be written and that the name means. */
static int
one_output(struct job *j, const struct name *name, const char *text,
    const struct entry **ep)
{
	const int kind = j->j_options.o_kind;
	const struct entry *e = NULL;
	size_t n, outputs, features;

	if (kind == HIDP_INPUT)
		return complain("%s: input cannot be written", text);
	if (kind != -1)
		n = each(j, name, remember, &e);
	else {
		j->j_options.o_kind = HIDP_OUTPUT;
		outputs = each(j, name, remember, &e);
		j->j_options.o_kind = HIDP_FEATURE;
		features = each(j, name, remember, &e);
		j->j_options.o_kind = kind;
		n = outputs + features;
		if (n == 0 && each(j, name, NULL, NULL) > 0)
			return complain("%s: input cannot be written", text);
	}
	if (n == 0)
		return no_item(j, text);
	if (n > 1)
		return complain("%s: %zu items; #N, -k or more of the path "
		    "says which", text, n);
	if ((e->e_item.i_flags & HIDP_VARIABLE) == 0)
		return complain("%s: an array, which cannot be written", text);
	*ep = e;
	return EXIT_OK;
}

static int
parse_value(const struct entry *e, const char *text, const char *value,
    int64_t *v)
{
	const char *digits = value + (*value == '-' || *value == '+');
	char *end;

	errno = 0;
	*v = strtoll(value, &end, strncasecmp(digits, "0x", 2) == 0 ? 16 : 10);
	if (end == value || *end != '\0' || errno != 0 ||
	    isspace((unsigned char)*value))
		return complain("%s: %s is no number", text, value);
	if (*v < e->e_item.i_logical_min || *v > e->e_item.i_logical_max)
		return complain("%s: %s is not in %" PRId64 "..%" PRId64,
		    text, value, e->e_item.i_logical_min,
		    e->e_item.i_logical_max);
	return EXIT_OK;
}

/* A name and its value into its report, in memory. */
static int
put(struct job *j, const char *text, const char *value, bool *touched)
{
	const struct entry *e = NULL;
	struct report *r;
	struct name name;
	int64_t v = 0;
	int status;

	status = name_parse(j->j_usages, text, strlen(text), &name);
	if (status == EXIT_OK)
		status = one_output(j, &name, text, &e);
	if (status == EXIT_OK)
		status = parse_value(e, text, value, &v);
	if (status != EXIT_OK)
		return status;
	r = &j->j_reports[e->e_item.i_kind];
	report_get(j, e->e_item.i_kind);
	if (!r->r_known && e->e_item.i_kind == HIDP_FEATURE)
		return complain("%s: %s: the report cannot be read: %s",
		    j->j_node.n_path, text, node_why(r->r_error));
	touched[e->e_item.i_kind] = true;
	(void)hidp_put(r->r_data, r->r_len, e->e_item.i_pos, e->e_item.i_size,
	    (uint64_t)v);
	/* A device's range may be wider than its field. */
	if (hidp_value(&e->e_item, r->r_data, r->r_len, 0) != v)
		return complain("%s: %s does not go into %" PRIu32 " bits",
		    text, value, e->e_item.i_size);
	return EXIT_OK;
}

/*
 * status = items_set(j)
 *
 *	Do all NAME=VALUE, or none of them.  Each name has its '='.
 */
int
items_set(struct job *j)
{
	bool touched[HIDP_NKIND] = { false };
	int error, status;

	for (int i = 0; i < j->j_options.o_nnames; i++) {
		const char *const arg = j->j_options.o_names[i];
		const char *const equals = strchr(arg, '=');
		char *const text = strndup(arg, (size_t)(equals - arg));

		status = text == NULL ? complain("%s", strerror(ENOMEM)) :
		    put(j, text, equals + 1, touched);
		free(text);
		if (status != EXIT_OK)
			return status;
	}
	for (int k = 0; k < HIDP_NKIND; k++) {
		struct report *r = &j->j_reports[k];

		if (!touched[k])
			continue;
		error = j->j_node.n_set(&j->j_node, (enum hidp_kind)k,
		    r->r_data, r->r_len);
		if (error != 0)
			return complain("%s: the %s report is not taken: %s",
			    j->j_node.n_path, kind_name((enum hidp_kind)k),
			    node_why(error));
	}
	return EXIT_OK;
}

/* ---- watch ---------------------------------------------------------- */

/* Is there news in an item?  What moves relatively has it when it moves. */
static bool
news(const struct entry *e, const struct report *r, const uint8_t *before)
{
	const struct hidp_item *h = &e->e_item;

	for (uint32_t n = 0; n < h->i_count; n++) {
		const int64_t v = hidp_value(h, r->r_data, r->r_len, n);

		if (before == NULL || v != hidp_value(h, before, r->r_len, n) ||
		    ((h->i_flags & HIDP_RELATIVE) != 0 && v != 0))
			return true;
	}
	return false;
}

struct watched {
	struct printing	*w_printing;
	const uint8_t	*w_before;	/* NULL: this is the first one */
};

/* An item of the report that has come; name is NULL if there are none. */
static void
watch_item(struct job *j, const struct name *name, const struct entry *e,
    void *cookie)
{
	const struct watched *w = cookie;

	if (j->j_options.o_all ||
	    news(e, &j->j_reports[HIDP_INPUT], w->w_before))
		print(j, name, e, w->w_printing);
}

/* A report has come. */
static int
watch_report(struct job *j, FILE *out, const struct name *names,
    const uint8_t *before)
{
	struct printing p = { .p_out = out, .p_first = true };
	struct watched w = { &p, before };

	if (j->j_options.o_json)
		fprintf(out, "[");
	for (size_t i = 0; names == NULL && i < j->j_model.m_nentry; i++) {
		if (item_wanted(j, &j->j_model.m_entries[i]))
			watch_item(j, NULL, &j->j_model.m_entries[i], &w);
	}
	for (int i = 0; names != NULL && i < j->j_options.o_nnames; i++)
		(void)each(j, &names[i], watch_item, &w);
	if (j->j_options.o_json)
		fprintf(out, "]\n");
	if (fflush(out) != 0)
		return complain("standard output: %s", strerror(errno));
	return EXIT_OK;
}

/* The names, each of which must mean some input; NULL if there are none. */
static int
watch_names(struct job *j, struct name **namesp)
{
	struct name *names;
	int status;

	*namesp = NULL;
	if (j->j_options.o_nnames == 0)
		return EXIT_OK;
	names = calloc((size_t)j->j_options.o_nnames, sizeof(*names));
	if (names == NULL)
		return complain("%s", strerror(ENOMEM));
	for (int i = 0; i < j->j_options.o_nnames; i++) {
		const char *text = j->j_options.o_names[i];

		status = name_parse(j->j_usages, text, strlen(text),
		    &names[i]);
		if (status == EXIT_OK && each(j, &names[i], NULL, NULL) == 0)
			status = no_item(j, text);
		if (status != EXIT_OK) {
			free(names);
			return status;
		}
	}
	*namesp = names;
	return EXIT_OK;
}

static int
watch(struct job *j, FILE *out, const struct name *names, uint8_t *before)
{
	struct report *r = &j->j_reports[HIDP_INPUT];
	int status = EXIT_OK;
	ssize_t n;

	for (unsigned long i = 0; status == EXIT_OK; i++) {
		if (i > 0 && i == j->j_options.o_count)
			return EXIT_OK;
		if (i > 0)
			memcpy(before, r->r_data, r->r_len);
		n = j->j_node.n_read(&j->j_node, r->r_data, r->r_len);
		if (n <= 0)
			return complain("%s: %s", j->j_node.n_path,
			    n == 0 || errno == EIO ? node_why(ENODEV) :
			    node_why(errno));
		memset(r->r_data + n, 0, r->r_len - (size_t)n);
		r->r_asked = r->r_known = true;
		status = watch_report(j, out, names, i > 0 ? before : NULL);
	}
	return status;
}

/*
 * status = items_watch(j, out)
 *
 *	Print what changes, all at first, with each report that comes.
 */
int
items_watch(struct job *j, FILE *out)
{
	const size_t len = j->j_reports[HIDP_INPUT].r_len;
	struct name *names;
	uint8_t *before;
	int status;

	if (len == 0)
		return complain("%s: it has no input", j->j_node.n_path);
	j->j_options.o_kind = HIDP_INPUT;
	status = watch_names(j, &names);
	if (status != EXIT_OK)
		return status;
	before = malloc(len);
	status = before == NULL ? complain("%s", strerror(ENOMEM)) :
	    watch(j, out, names, before);
	free(before);
	free(names);
	return status;
}
