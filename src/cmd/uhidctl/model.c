/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.c - a report descriptor as a list of collections and fields that
 * know where they are.
 *
 * Model
 *	hidp_next's collections and fields, in its order, each with the
 *	collection that it is in.  So an entry's path is a walk to the root
 *	of at most HIDP_MAXCOLL steps.  Fields with the same path, kind and
 *	report ID are numbered, from 0.
 *
 *	The usages of an array are not copied: there may be 65536 in each of
 *	thousands of arrays.  They are asked of the parser, which m_at keeps
 *	at some field; only a field before that one begins a new walk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uhidctl/uhidctl.h"

/*
 * yes = model_is_item(e)
 *
 *	A field that means something: no padding.
 */
bool
model_is_item(const struct entry *e)
{

	return e->e_item.i_kind < HIDP_NKIND &&
	    (e->e_item.i_flags & HIDP_CONST) == 0;
}

/*
 * n = model_path(m, e, path)
 *
 *	Its usage, that of its collection, and so on; at most MODEL_PATH.
 */
size_t
model_path(const struct model *m, const struct entry *e, uint32_t *path)
{
	size_t n = 0;

	path[n++] = e->e_item.i_usage;
	while (e->e_parent != -1 && n < MODEL_PATH) {
		e = &m->m_entries[e->e_parent];
		path[n++] = e->e_item.i_usage;
	}
	return n;
}

static int
compare_paths(const struct model *m, const struct entry *a,
    const struct entry *b)
{
	uint32_t pa[MODEL_PATH], pb[MODEL_PATH];
	const size_t na = model_path(m, a, pa), nb = model_path(m, b, pb);

	if (na != nb)
		return na < nb ? -1 : 1;
	for (size_t i = 0; i < na; i++) {
		if (pa[i] != pb[i])
			return pa[i] < pb[i] ? -1 : 1;
	}
	return 0;
}

/* By what they are numbered together for: items only, kind, ID, path. */
static int
compare_alike(const struct model *m, const struct entry *a,
    const struct entry *b)
{
	const int ia = model_is_item(a), ib = model_is_item(b);

	if (ia != ib)
		return ib - ia;
	if (a->e_item.i_kind != b->e_item.i_kind)
		return a->e_item.i_kind < b->e_item.i_kind ? -1 : 1;
	if (a->e_item.i_report_id != b->e_item.i_report_id)
		return a->e_item.i_report_id < b->e_item.i_report_id ? -1 : 1;
	return compare_paths(m, a, b);
}

static int
compare(const void *a, const void *b, void *cookie)
{
	const struct model *m = cookie;
	const uint32_t ia = *(const uint32_t *)a, ib = *(const uint32_t *)b;
	const int r = compare_alike(m, &m->m_entries[ia], &m->m_entries[ib]);

	return r != 0 ? r : ia < ib ? -1 : ia > ib;
}

/* Give fields that are alike their numbers. */
static int
number(struct model *m)
{
	struct entry *last = NULL, *e;
	uint32_t *order;

	if (m->m_nentry == 0)
		return 0;
	order = calloc(m->m_nentry, sizeof(*order));
	if (order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < m->m_nentry; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, m->m_nentry, sizeof(*order), compare, m);
	for (size_t i = 0; i < m->m_nentry; i++, last = e) {
		e = &m->m_entries[order[i]];
		if (last != NULL && compare_alike(m, last, e) == 0) {
			e->e_nth = last->e_nth + 1;
			e->e_many = last->e_many = true;
		}
	}
	free(order);
	return 0;
}

static struct entry *
add(struct model *m, size_t *room)
{
	void *table;

	if (m->m_nentry == *room) {
		*room = *room == 0 ? 64 : 2 * *room;
		table = reallocarray(m->m_entries, *room,
		    sizeof(*m->m_entries));
		if (table == NULL)
			return NULL;
		m->m_entries = table;
	}
	return memset(&m->m_entries[m->m_nentry++], 0, sizeof(struct entry));
}

/* An item that is padding comes as many fields: make it one again. */
static bool
more_padding(struct model *m, const struct hidp_item *item)
{
	struct hidp_item *last;

	if (item->i_kind >= HIDP_NKIND || (item->i_flags & HIDP_CONST) == 0 ||
	    m->m_nentry == 0)
		return false;
	last = &m->m_entries[m->m_nentry - 1].e_item;
	if (last->i_off != item->i_off)
		return false;
	last->i_count++;
	return true;
}

static int
fill(struct model *m)
{
	struct hidp_item item;
	uint32_t fields = 0;
	int32_t open = -1;
	size_t room = 0;

	hidp_start(&m->m_at, m->m_desc, m->m_len, HIDP_ALL);
	while (hidp_next(&m->m_at, &item)) {
		struct entry *e;

		if (item.i_kind == HIDP_ENDCOLLECTION) {
			open = m->m_entries[open].e_parent;
			continue;
		}
		if (more_padding(m, &item)) {
			fields++;
			continue;
		}
		e = add(m, &room);
		if (e == NULL)
			return -ENOMEM;
		e->e_item = item;
		e->e_parent = open;
		if (item.i_kind == HIDP_COLLECTION)
			open = (int32_t)m->m_nentry - 1;
		else
			e->e_walk = fields++;
	}
	return (int)m->m_at.p_error.e_code;
}

/*
 * error = model_create(m, desc, len)
 *
 *	desc must stay.  -ENOMEM; or what is wrong with the descriptor, an
 *	enum hidp_code, and m_error.  Tells nothing.
 */
int
model_create(struct model *m, const void *desc, size_t len)
{
	int error;

	memset(m, 0, sizeof(*m));
	m->m_desc = desc;
	m->m_len = len;
	error = fill(m);
	m->m_error = m->m_at.p_error;
	m->m_atfield = UINT32_MAX;
	if (error == 0)
		error = number(m);
	if (error != 0) {
		free(m->m_entries);
		m->m_entries = NULL;
		m->m_nentry = 0;
	}
	return error;
}

void
model_destroy(struct model *m)
{

	free(m->m_entries);
	m->m_entries = NULL;
	m->m_nentry = 0;
}

/*
 * bytes = model_report_size(m, kind, id)
 *
 *	Without its ID; 0: there is none.
 */
size_t
model_report_size(const struct model *m, enum hidp_kind kind, int id)
{
	size_t bits = 0;

	for (size_t i = 0; i < m->m_nentry; i++) {
		const struct hidp_item *h = &m->m_entries[i].e_item;
		const size_t end = (size_t)h->i_pos +
		    (size_t)h->i_size * h->i_count;

		if (h->i_kind == kind && (int)h->i_report_id == id &&
		    end > bits)
			bits = end;
	}
	return (bits + 7) / 8;
}

/* ---- arrays --------------------------------------------------------- */

/* Bring the parser to this field. */
static void
seek(struct model *m, const struct entry *e)
{
	struct hidp_item item;

	if (m->m_atfield > e->e_walk + 1) {
		hidp_start(&m->m_at, m->m_desc, m->m_len, HIDP_ALL);
		m->m_atfield = 0;
	}
	while (m->m_atfield < e->e_walk + 1 && hidp_next(&m->m_at, &item)) {
		if (item.i_kind < HIDP_NKIND)
			m->m_atfield++;
	}
}

/*
 * means = model_array_usage(m, e, value, &usage)
 *
 *	Which usage an element of this value says is on.
 */
bool
model_array_usage(struct model *m, const struct entry *e, int64_t value,
    uint32_t *usage)
{
	const struct hidp_item *h = &e->e_item;

	if (value < h->i_logical_min || value > h->i_logical_max ||
	    value - h->i_logical_min > UINT32_MAX)
		return false;
	seek(m, e);
	return hidp_usage_at(&m->m_at, (uint32_t)(value - h->i_logical_min),
	    usage);
}

/*
 * has = model_array_has(m, e, usage)
 *
 *	Is this usage one of the array's?
 */
bool
model_array_has(struct model *m, const struct entry *e, uint32_t usage)
{
	const struct hidp_item *h = &e->e_item;
	uint32_t n;

	seek(m, e);
	return hidp_usage_index(&m->m_at, usage, &n) &&
	    n <= h->i_logical_max - h->i_logical_min;
}
