/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show.c - what uhidctl prints for people.
 *
 *	/dev/uhid0: Maker Mouse, 0x1234:0x5678
 *	Generic_Desktop:Mouse (Application)
 *	    Generic_Desktop:Pointer (Physical)
 *	        input Button:Button_1 = 0 (0..1)
 *	        input Generic_Desktop:X = ? (-127..127)
 *
 * A listing is by collections; an item alone is PATH=VALUE.
 */
#include <inttypes.h>
#include <string.h>

#include "uhidctl/uhidctl.h"

const char *
kind_name(enum hidp_kind kind)
{
	static const char *const names[HIDP_NKIND] = {
		[HIDP_INPUT] = "input",
		[HIDP_OUTPUT] = "output",
		[HIDP_FEATURE] = "feature",
	};

	return names[kind];
}

/*
 * text = collection_name(type)
 */
const char *
collection_name(uint32_t type)
{
	static const char *const names[] = {
		"Physical", "Application", "Logical", "Report", "Named_Array",
		"Usage_Switch", "Usage_Modifier"
	};

	if (type < sizeof(names) / sizeof(names[0]))
		return names[type];
	return type < 0x80 ? "Reserved" : "Vendor";
}

/*
 * show_printable(out, text)
 *
 *	A device's text, or a user's, without what a terminal would obey:
 *	'?' is in place of a control character and of each byte that is no
 *	UTF-8, as a terminal may take one of 0x80 to 0x9f for a C1 control.
 */
void
show_printable(FILE *out, const char *text)
{
	uint32_t c;
	size_t n;

	for (; (n = utf8_next(text, &c)) > 0; text += n) {
		if (c == UTF8_BAD || utf8_is_control(c))
			fputc('?', out);
		else
			fwrite(text, 1, n, out);
	}
}

static void
show_usage(struct job *j, FILE *out, uint32_t usage)
{
	char name[USAGES_NAME];

	usages_name(j->j_usages, usage, name, sizeof(name));
	fputs(name, out);
}

/* "#2", if a number is needed to tell it from others. */
static void
show_nth(FILE *out, const struct entry *e)
{

	if (e->e_many)
		fprintf(out, "#%" PRIu32, e->e_nth);
}

/*
 * show_path(j, out, e, usage)
 *
 *	All of the path; usage (may be NULL) in place of the item's own.
 */
void
show_path(struct job *j, FILE *out, const struct entry *e,
    const uint32_t *usage)
{
	uint32_t path[MODEL_PATH];
	size_t n = model_path(&j->j_model, e, path);

	if (usage != NULL)
		path[0] = *usage;
	while (n-- > 0) {
		show_usage(j, out, path[n]);
		if (n > 0)
			fputc('.', out);
	}
	show_nth(out, e);
}

/*
 * show_value(j, out, e)
 *
 *	A number; "none"; "?": not known; the usages that are on in an array.
 */
void
show_value(struct job *j, FILE *out, const struct entry *e)
{
	const struct hidp_item *h = &e->e_item;
	const struct report *r = &j->j_reports[h->i_kind];
	const char *between = "";
	uint32_t usage;
	int64_t v;

	if (!r->r_known || (int)h->i_report_id != j->j_node.n_id) {
		fputc('?', out);
		return;
	}
	for (uint32_t n = 0; n < h->i_count; n++) {
		v = hidp_value(h, r->r_data, r->r_len, n);
		if ((h->i_flags & HIDP_VARIABLE) != 0) {
			if (hidp_is_null(h, v))
				fputs("none", out);
			else
				fprintf(out, "%" PRId64, v);
			return;
		}
		/* Number 0 of a page says that it is none. */
		if (!model_array_usage(&j->j_model, e, v, &usage) ||
		    (usage & 0xffff) == 0)
			continue;
		fputs(between, out);
		show_usage(j, out, usage);
		between = ",";
	}
	if (*between == '\0')
		fputs("none", out);
}

/*
 * show_item(j, out, name, e)
 *
 *	A line with the path and the value, or with the value alone.  name is
 *	what was asked for, or NULL.
 */
void
show_item(struct job *j, FILE *out, const struct name *name,
    const struct entry *e)
{
	const bool array = (e->e_item.i_flags & HIDP_VARIABLE) == 0;
	bool null;

	if (!j->j_options.o_only) {
		show_path(j, out, e, name != NULL && array ? name->n_path :
		    NULL);
		fputc('=', out);
	}
	if (name != NULL && array)
		fprintf(out, "%" PRId64, item_number(j, name, e, &null));
	else
		show_value(j, out, e);
	fputc('\n', out);
}

/* ---- the listing ---------------------------------------------------- */

/* The last usage of an array; its first one is the item's. */
static void
show_array(struct job *j, FILE *out, const struct entry *e)
{
	const struct hidp_item *h = &e->e_item;
	uint32_t first, last;

	if (model_array_usage(&j->j_model, e, h->i_logical_max, &last) &&
	    model_array_usage(&j->j_model, e, h->i_logical_min, &first) &&
	    first != last) {
		fputs("..", out);
		show_usage(j, out, last);
	}
	fprintf(out, "[%" PRIu32 "]", h->i_count);
}

static void
show_field(struct job *j, FILE *out, const struct entry *e)
{
	const struct hidp_item *h = &e->e_item;

	fprintf(out, "%*s%s ", 4 * (int)h->i_collevel, "",
	    kind_name(h->i_kind));
	if (!model_is_item(e)) {
		fprintf(out, "constant, %" PRIu64 " bits\n",
		    (uint64_t)h->i_size * h->i_count);
		return;
	}
	show_usage(j, out, h->i_usage);
	if ((h->i_flags & HIDP_VARIABLE) == 0)
		show_array(j, out, e);
	show_nth(out, e);
	if ((int)h->i_report_id == j->j_node.n_id) {
		fputs(" = ", out);
		show_value(j, out, e);
	}
	if ((h->i_flags & HIDP_VARIABLE) != 0)
		fprintf(out, " (%" PRId64 "..%" PRId64 ")", h->i_logical_min,
		    h->i_logical_max);
	if ((int)h->i_report_id != j->j_node.n_id && h->i_report_id != 0)
		fprintf(out, ", report %" PRIu32, h->i_report_id);
	fputc('\n', out);
}

/* With -a, padding and the fields of other reports as well. */
static bool
listed(const struct job *j, const struct entry *e)
{
	const int kind = j->j_options.o_kind;

	return j->j_options.o_all ? kind == -1 || kind == (int)e->e_item.i_kind
	    : item_wanted(j, e);
}

/*
 * show_list(j, out)
 *
 *	Everything, with the values that are known.
 */
void
show_list(struct job *j, FILE *out)
{
	const struct node *n = &j->j_node;

	show_printable(out, n->n_path);
	if (n->n_name[0] != '\0') {
		fputs(": ", out);
		show_printable(out, n->n_name);
		fprintf(out, ", 0x%04x:0x%04x", n->n_vendor, n->n_product);
	}
	if (n->n_id > 0)
		fprintf(out, ", report %d", n->n_id);
	fputc('\n', out);
	for (size_t i = 0; i < j->j_model.m_nentry; i++) {
		const struct entry *e = &j->j_model.m_entries[i];

		if (e->e_item.i_kind == HIDP_COLLECTION) {
			fprintf(out, "%*s", 4 * (int)(e->e_item.i_collevel -
			    1), "");
			show_usage(j, out, e->e_item.i_usage);
			fprintf(out, " (%s)\n",
			    collection_name(e->e_item.i_collection));
		} else if (listed(j, e))
			show_field(j, out, e);
	}
}
