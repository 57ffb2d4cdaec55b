/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.c - what uhidctl prints for programs.
 *
 * A listing is one object, with all collections and all fields, padding and
 * those of other reports included: a program can leave out what it does not
 * want.  Items that were asked for, or that have changed, are one array in
 * one line.  A value that is not known, or that a field says it does not
 * have, is null; of an array it is the array of the usages that are on.
 *
 * Names need no escapes (usages.c); what a device calls itself does.
 */
#include <inttypes.h>

#include "uhidctl/uhidctl.h"

/*
 * In quotes.  What is no UTF-8 is replaced, and what a terminal would obey is
 * escaped.
 */
static void
string(FILE *out, const char *text)
{
	uint32_t c;
	size_t n;

	fputc('"', out);
	for (; (n = utf8_next(text, &c)) > 0; text += n) {
		if (c == UTF8_BAD)
			fputs("\\ufffd", out);
		else if (utf8_is_control(c))
			fprintf(out, "\\u%04" PRIx32, c);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", (char)c);
		else
			fwrite(text, 1, n, out);
	}
	fputc('"', out);
}

static void
usage_name(struct job *j, FILE *out, uint32_t usage)
{
	char name[USAGES_NAME];

	usages_name(j->j_usages, usage, name, sizeof(name));
	string(out, name);
}

static void
value(struct job *j, FILE *out, const struct entry *e)
{
	const struct hidp_item *h = &e->e_item;
	const struct report *r = &j->j_reports[h->i_kind];
	const char *between = "";
	uint32_t usage;
	int64_t v;

	if (!r->r_known || (int)h->i_report_id != j->j_node.n_id ||
	    !model_is_item(e)) {
		fputs("null", out);
		return;
	}
	if ((h->i_flags & HIDP_VARIABLE) != 0) {
		v = hidp_value(h, r->r_data, r->r_len, 0);
		if (hidp_is_null(h, v))
			fputs("null", out);
		else
			fprintf(out, "%" PRId64, v);
		return;
	}
	fputc('[', out);
	for (uint32_t n = 0; n < h->i_count; n++) {
		v = hidp_value(h, r->r_data, r->r_len, n);
		if (!model_array_usage(&j->j_model, e, v, &usage) ||
		    (usage & 0xffff) == 0)
			continue;
		fputs(between, out);
		usage_name(j, out, usage);
		between = ", ";
	}
	fputc(']', out);
}

/* "kind" and "path", with no comma behind. */
static void
identity(struct job *j, FILE *out, const struct entry *e,
    const uint32_t *usage)
{

	fprintf(out, "\"kind\": \"%s\", \"path\": \"",
	    kind_name(e->e_item.i_kind));
	show_path(j, out, e, usage);
	fputc('"', out);
}

/*
 * json_item(j, out, name, e, first)
 *
 *	An element of an array; first: the first one.
 */
void
json_item(struct job *j, FILE *out, const struct name *name,
    const struct entry *e, bool first)
{
	const bool on = name != NULL &&
	    (e->e_item.i_flags & HIDP_VARIABLE) == 0;
	bool null;

	fputs(first ? "{" : ", {", out);
	identity(j, out, e, on ? name->n_path : NULL);
	fputs(", \"value\": ", out);
	if (on)
		fprintf(out, "%" PRId64, item_number(j, name, e, &null));
	else
		value(j, out, e);
	fputc('}', out);
}

/* ---- the listing ---------------------------------------------------- */

static void
flags(FILE *out, uint32_t f)
{

	fprintf(out, "\"constant\": %s, \"variable\": %s, \"relative\": %s",
	    f & HIDP_CONST ? "true" : "false",
	    f & HIDP_VARIABLE ? "true" : "false",
	    f & HIDP_RELATIVE ? "true" : "false");
}

static void
field(struct job *j, FILE *out, const struct entry *e)
{
	const struct hidp_item *h = &e->e_item;
	int64_t min, max;

	hidp_physical(h, &min, &max);
	fputc('{', out);
	identity(j, out, e, NULL);
	fputs(", \"usage\": ", out);
	usage_name(j, out, h->i_usage);
	fprintf(out, ", \"usage_number\": %" PRIu32 ", \"report\": %" PRIu32
	    ", \"bit\": %" PRIu32 ", \"bits\": %" PRIu32 ", \"count\": %"
	    PRIu32 ", ", h->i_usage, h->i_report_id, h->i_pos, h->i_size,
	    h->i_count);
	flags(out, h->i_flags);
	fprintf(out, ", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64
	    ", \"physical_minimum\": %" PRId64 ", \"physical_maximum\": %"
	    PRId64 ", \"unit\": %" PRIu32 ", \"exponent\": %d, \"value\": ",
	    h->i_logical_min, h->i_logical_max, min, max, h->i_unit,
	    hidp_exponent(h->i_exponent));
	value(j, out, e);
	fputc('}', out);
}

static void
collection(struct job *j, FILE *out, const struct entry *e)
{

	fputs("{\"path\": \"", out);
	show_path(j, out, e, NULL);
	fprintf(out, "\", \"type\": \"%s\", \"level\": %" PRIu32 "}",
	    collection_name(e->e_item.i_collection), e->e_item.i_collevel);
}

/* All entries that are (or are not) collections, in lines of their own. */
static void
entries(struct job *j, FILE *out, bool collections)
{
	const int kind = j->j_options.o_kind;
	const char *between = "\n  ";

	for (size_t i = 0; i < j->j_model.m_nentry; i++) {
		const struct entry *e = &j->j_model.m_entries[i];

		if ((e->e_item.i_kind == HIDP_COLLECTION) != collections ||
		    (!collections && kind != -1 &&
		    kind != (int)e->e_item.i_kind))
			continue;
		fputs(between, out);
		if (collections)
			collection(j, out, e);
		else
			field(j, out, e);
		between = ",\n  ";
	}
}

/*
 * json_list(j, out)
 */
void
json_list(struct job *j, FILE *out)
{
	const struct node *n = &j->j_node;

	fputs("{\"node\": ", out);
	string(out, n->n_path);
	if (n->n_id != -1) {
		fputs(",\n \"name\": ", out);
		string(out, n->n_name);
		fprintf(out, ", \"vendor\": %d, \"product\": %d, "
		    "\"report\": %d", n->n_vendor, n->n_product, n->n_id);
	}
	fputs(",\n \"collections\": [", out);
	entries(j, out, true);
	fputs("],\n \"items\": [", out);
	entries(j, out, false);
	fputs("]}\n", out);
}
