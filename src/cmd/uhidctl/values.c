/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values.c - the reports of a node, and what an item's value in them is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uhidctl/uhidctl.h"

/* ---- reports -------------------------------------------------------- */

/*
 * status = reports_create(j)
 *
 *	Room for the node's reports, nothing known of them.
 */
int
reports_create(struct job *j)
{

	for (int k = 0; k < HIDP_NKIND; k++) {
		struct report *r = &j->j_reports[k];

		r->r_asked = r->r_known = false;
		r->r_error = 0;
		r->r_len = j->j_node.n_id == -1 ? 0 : model_report_size(
		    &j->j_model, (enum hidp_kind)k, j->j_node.n_id);
		/* One byte more: none is not NULL. */
		r->r_data = calloc(1, r->r_len + 1);
		if (r->r_data == NULL)
			return complain("%s", strerror(ENOMEM));
	}
	return EXIT_OK;
}

void
reports_destroy(struct job *j)
{

	for (int k = 0; k < HIDP_NKIND; k++)
		free(j->j_reports[k].r_data);
}

/*
 * report_get(j, kind)
 *
 *	Ask the device, once: each may take it seconds.
 */
void
report_get(struct job *j, enum hidp_kind kind)
{
	struct report *r = &j->j_reports[kind];

	if (r->r_len == 0 || r->r_asked)
		return;
	r->r_asked = true;
	r->r_error = j->j_node.n_get(&j->j_node, kind, r->r_data, r->r_len);
	r->r_known = r->r_error == 0;
	if (!r->r_known)
		memset(r->r_data, 0, r->r_len);
}

/*
 * reports_get(j)
 *
 *	Ask for all that are wanted.  Tells nothing: r_known, r_error.
 */
void
reports_get(struct job *j)
{

	for (int k = 0; k < HIDP_NKIND; k++) {
		if (j->j_options.o_kind == -1 || j->j_options.o_kind == k)
			report_get(j, (enum hidp_kind)k);
	}
}

/* ---- items ---------------------------------------------------------- */

/*
 * wanted = item_wanted(j, e)
 *
 *	An item of this node's, and of the kind that is asked for.
 */
bool
item_wanted(const struct job *j, const struct entry *e)
{

	return model_is_item(e) && (j->j_node.n_id == -1 ||
	    e->e_item.i_report_id == (uint32_t)j->j_node.n_id) &&
	    (j->j_options.o_kind == -1 ||
	    j->j_options.o_kind == (int)e->e_item.i_kind);
}

/*
 * value = item_number(j, name, e, &null)
 *
 *	The value of a variable; or whether the usage that name means is on
 *	in an array.  null: the item says that it has no value.
 */
int64_t
item_number(struct job *j, const struct name *name, const struct entry *e,
    bool *null)
{
	const struct hidp_item *h = &e->e_item;
	const struct report *r = &j->j_reports[h->i_kind];
	uint32_t usage;
	int64_t v;

	*null = false;
	if ((h->i_flags & HIDP_VARIABLE) != 0) {
		v = hidp_value(h, r->r_data, r->r_len, 0);
		*null = hidp_is_null(h, v);
		return v;
	}
	for (uint32_t n = 0; n < h->i_count; n++) {
		v = hidp_value(h, r->r_data, r->r_len, n);
		if (model_array_usage(&j->j_model, e, v, &usage) &&
		    usage == name->n_path[0])
			return 1;
	}
	return 0;
}
