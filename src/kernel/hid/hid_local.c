/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid_local.c - local items: usages, strings, designators and delimiters.
 *
 * Model
 *	Three lists, p_usages, p_strings and p_designators, with their tables
 *	in struct hidp.  Local items add to them; a main item completes them
 *	(hidp_locals_end), its fields take from them one by one
 *	(hidp_locals_take), and the step to the next main item clears them.
 *	A range is one entry, however wide.
 */
#include "hid/hid_parse_impl.h"

/*
 * false = hidp_fail(p, code)
 *
 *	The present item is at fault.  Ends the walk.
 */
bool
hidp_fail(struct hidp *p, enum hidp_code code)
{

	p->p_error.e_code = code;
	p->p_error.e_off = p->p_itemoff;
	p->p_left = 0;
	return false;
}

static void
hidp_list_clear(struct hidp_list *l)
{

	*l = (struct hidp_list){ .l_n = 0 };
}

/*
 * ok = hidp_list_add(p, list, table, size, range, is_range, code)
 *
 *	One more entry.  Between delimiters all entries mean the same control
 *	and the first one is the preferred [6.2.2.8]: the others are dropped.
 */
static bool
hidp_list_add(struct hidp *p, struct hidp_list *l, struct hidp_range *table,
    unsigned size, struct hidp_range r, bool is_range, enum hidp_code code)
{

	if (p->p_inset) {
		p->p_delimited = true;
		if (l->l_taken)
			return true;
		l->l_taken = true;
	}
	if (l->l_n == size)
		return hidp_fail(p, code);
	table[l->l_n++] = r;
	if (is_range)
		l->l_range = l->l_n;
	return true;
}

/*
 * ok = hidp_list_half(p, list, table, size, max, raw, page, code)
 *
 *	A minimum or a maximum.  The two make an entry when both are there,
 *	in either order; page is for the ends of less than 4 bytes.
 */
static bool
hidp_list_half(struct hidp *p, struct hidp_list *l, struct hidp_range *table,
    unsigned size, bool max, struct hidp_raw raw, uint32_t page,
    enum hidp_code code)
{
	struct hidp_range *r = &l->l_half;

	if (max ? l->l_havehi : l->l_havelo)
		return hidp_fail(p, HIDP_ERANGEHALF);
	if (max) {
		r->r_hi = raw.r_value;
		r->r_shorthi = raw.r_size < 4;
		l->l_havehi = true;
	} else {
		r->r_lo = raw.r_value;
		r->r_shortlo = raw.r_size < 4;
		l->l_havelo = true;
	}
	if (!l->l_havelo || !l->l_havehi)
		return true;
	l->l_havelo = l->l_havehi = false;
	if (r->r_shortlo)
		r->r_lo |= page;
	if (r->r_shorthi)
		r->r_hi |= page;
	return hidp_list_add(p, l, table, size, *r, true, code);
}

/*
 * ok = hidp_list_end(p, list, table)
 *
 *	No more entries come: are they complete and in order?
 */
static bool
hidp_list_end(struct hidp *p, const struct hidp_list *l,
    const struct hidp_range *table)
{
	unsigned i;

	if (l->l_havelo || l->l_havehi)
		return hidp_fail(p, HIDP_ERANGEHALF);
	for (i = 0; i < l->l_n; i++) {
		if (table[i].r_lo > table[i].r_hi)
			return hidp_fail(p, HIDP_ERANGEORDER);
	}
	return true;
}

/*
 * value = hidp_list_next(list, table)
 *
 *	The entry for the next field; the last one serves all fields that are
 *	left over [6.2.2.8].  0: there is none at all.
 */
static uint32_t
hidp_list_next(struct hidp_list *l, const struct hidp_range *table)
{
	const struct hidp_range *r;
	uint32_t value;

	if (l->l_n == 0)
		return 0;
	r = &table[l->l_at];
	value = r->r_lo + l->l_in;
	if (value < r->r_hi)
		l->l_in++;
	else if (l->l_at + 1 < l->l_n) {
		l->l_at++;
		l->l_in = 0;
	}
	return value;
}

/*
 * ok = hidp_usages_end(p)
 *
 *	A main item has come: complete the usages.
 *
 *	A usage without a page belongs to the last page declared [6.2.2.8].
 *	Taken to the letter that is the last one before the main item, but
 *	devices mix usages of several pages in one item, each behind its own
 *	Usage Page.  So a usage has the page that it was declared under,
 *	unless a Usage Page stands between the last usage and the main item:
 *	such a one can be meant only for the usages before it.
 */
static bool
hidp_usages_end(struct hidp *p)
{
	const uint32_t page = p->p_global.g_usage_page << 16;
	struct hidp_range *r;
	unsigned i;

	for (i = 0; i < p->p_usages.l_n; i++) {
		r = &p->p_usage[i];
		if (p->p_newpage && r->r_shortlo)
			r->r_lo = page | (r->r_lo & 0xffff);
		if (p->p_newpage && r->r_shorthi)
			r->r_hi = page | (r->r_hi & 0xffff);
		if (r->r_lo >> 16 != r->r_hi >> 16)
			return hidp_fail(p, HIDP_ERANGEPAGE);
	}
	return hidp_list_end(p, &p->p_usages, p->p_usage);
}

static bool
hidp_delimiter(struct hidp *p, uint32_t v)
{

	if (v > 1)
		return hidp_fail(p, HIDP_EDELIM);
	if (v == 1 && p->p_inset)
		return hidp_fail(p, HIDP_EDELIMNEST);
	if (v == 0 && !p->p_inset)
		return hidp_fail(p, HIDP_EDELIMCLOSE);
	p->p_inset = v == 1;
	p->p_usages.l_taken = false;
	p->p_strings.l_taken = false;
	p->p_designators.l_taken = false;
	return true;
}

/*
 * ok = hidp_do_usage(p, item)
 *
 *	Usage, Usage Minimum or Usage Maximum: of 4 bytes it has its page with
 *	it, shorter ones take the page of the moment, see hidp_usages_end.
 */
static bool
hidp_do_usage(struct hidp *p, const struct hidp_short *s)
{
	const uint32_t page = p->p_global.g_usage_page << 16;
	const bool is_short = s->s_raw.r_size < 4;
	const uint32_t v = s->s_raw.r_value | (is_short ? page : 0);
	const struct hidp_range one = { v, v, is_short, is_short };

	p->p_newpage = false;
	if (s->s_tag != 0x0)
		return hidp_list_half(p, &p->p_usages, p->p_usage,
		    HIDP_MAXUSAGE, s->s_tag == 0x2, s->s_raw, page,
		    HIDP_EUSAGES);
	return hidp_list_add(p, &p->p_usages, p->p_usage, HIDP_MAXUSAGE, one,
	    false, HIDP_EUSAGES);
}

/*
 * ok = hidp_do_index(p, list, table, tag, raw)
 *
 *	A string or designator index (tag 0), or its minimum or maximum.
 */
static bool
hidp_do_index(struct hidp *p, struct hidp_list *l, struct hidp_range *table,
    unsigned tag, struct hidp_raw raw)
{
	const struct hidp_range one = { raw.r_value, raw.r_value, false,
	    false };

	if (tag != 0)
		return hidp_list_half(p, l, table, HIDP_MAXINDEX, tag == 2,
		    raw, 0, HIDP_EINDEXES);
	return hidp_list_add(p, l, table, HIDP_MAXINDEX, one, false,
	    HIDP_EINDEXES);
}

/*
 * ok = hidp_local(p, item)
 *
 *	[6.2.2.8]
 */
bool
hidp_local(struct hidp *p, const struct hidp_short *s)
{

	switch (s->s_tag) {
	case 0x0:
	case 0x1:
	case 0x2:
		return hidp_do_usage(p, s);
	case 0x3:
	case 0x4:
	case 0x5:
		return hidp_do_index(p, &p->p_designators, p->p_designator,
		    s->s_tag - 0x3, s->s_raw);
	case 0x7:
	case 0x8:
	case 0x9:
		return hidp_do_index(p, &p->p_strings, p->p_string,
		    s->s_tag - 0x7, s->s_raw);
	case 0xa:
		return hidp_delimiter(p, s->s_raw.r_value);
	}
	return true;
}

/*
 * ok = hidp_locals_end(p)
 *
 *	A main item has come: are the local items before it complete?
 */
bool
hidp_locals_end(struct hidp *p)
{

	if (p->p_inset)
		return hidp_fail(p, HIDP_EDELIMOPEN);
	return hidp_usages_end(p) &&
	    hidp_list_end(p, &p->p_strings, p->p_string) &&
	    hidp_list_end(p, &p->p_designators, p->p_designator);
}

/*
 * hidp_ends(list, table, &min, &max)
 *
 *	The latest range, if there is any.
 */
static void
hidp_ends(const struct hidp_list *l, const struct hidp_range *table,
    uint32_t *min, uint32_t *max)
{

	if (l->l_range == 0)
		return;
	*min = table[l->l_range - 1].r_lo;
	*max = table[l->l_range - 1].r_hi;
}

/*
 * hidp_locals_fill(p, item)
 *
 *	What all fields of a main item share.
 */
void
hidp_locals_fill(const struct hidp *p, struct hidp_item *i)
{

	hidp_ends(&p->p_usages, p->p_usage, &i->i_usage_min,
	    &i->i_usage_max);
	hidp_ends(&p->p_strings, p->p_string, &i->i_string_min,
	    &i->i_string_max);
	hidp_ends(&p->p_designators, p->p_designator, &i->i_designator_min,
	    &i->i_designator_max);
	i->i_delimited = p->p_delimited;
}

/*
 * hidp_locals_take(p, item)
 *
 *	The usage, string and designator of the next field.
 */
void
hidp_locals_take(struct hidp *p, struct hidp_item *i)
{

	i->i_usage = hidp_list_next(&p->p_usages, p->p_usage);
	i->i_string = hidp_list_next(&p->p_strings, p->p_string);
	i->i_designator = hidp_list_next(&p->p_designators, p->p_designator);
}

/*
 * hidp_locals_clear(p)
 *
 *	They do not carry over to the next main item [6.2.2.8].
 */
void
hidp_locals_clear(struct hidp *p)
{

	hidp_list_clear(&p->p_usages);
	hidp_list_clear(&p->p_strings);
	hidp_list_clear(&p->p_designators);
	p->p_inset = p->p_delimited = p->p_newpage = false;
}

/*
 * found = hidp_usage_at(p, n, &usage)
 *
 *	Usage n of the main item that the latest hidp_next or hidp_next_main
 *	returned (a part of).  For an array this is what the value
 *	i_logical_min + n means [6.2.2.5]; false: it means nothing.
 */
bool
hidp_usage_at(const struct hidp *p, uint32_t n, uint32_t *usage)
{
	const struct hidp_range *r;
	unsigned i;

	for (i = 0; i < p->p_usages.l_n; i++) {
		r = &p->p_usage[i];
		if (n <= r->r_hi - r->r_lo) {
			*usage = r->r_lo + n;
			return true;
		}
		n -= r->r_hi - r->r_lo + 1;
	}
	return false;
}

/*
 * found = hidp_usage_index(p, usage, &n)
 *
 *	The other way round: the first n of which hidp_usage_at says this usage.
 */
bool
hidp_usage_index(const struct hidp *p, uint32_t usage, uint32_t *n)
{
	const struct hidp_range *r;
	unsigned i;

	*n = 0;
	for (i = 0; i < p->p_usages.l_n; i++) {
		r = &p->p_usage[i];
		if (usage >= r->r_lo && usage <= r->r_hi) {
			*n += usage - r->r_lo;
			return true;
		}
		*n += r->r_hi - r->r_lo + 1;
	}
	return false;
}
