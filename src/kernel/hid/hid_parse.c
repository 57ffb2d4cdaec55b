/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid_parse.c - the report descriptor parser: hostile bytes in, fields out.
 *
 * Model
 *	Pure: no I/O, no globals, no locks, no memory but the caller's.  It
 *	includes nothing of either world, so that one object serves both; so
 *	do hid_local.c, the local items, and hid_value.c, numbers in reports.
 *
 *	A descriptor is a program.  hidp_fetch() is the only way forward in
 *	it: it gives an item that lies completely inside, or stops.  Global
 *	items change p_global, local items fill three lists, and a main item
 *	takes both, becomes p_item, and clears the lists.  hidp_next() then
 *	hands p_item out field by field, and never looks further than one
 *	field ahead: a count is a number here, not a loop.
 *
 *	A report's fields need not stand together in the descriptor: each
 *	kind and ID has its own position, p_bits, which is its size when the
 *	descriptor has ended.
 *
 * Strictness
 *	A descriptor that contradicts itself is refused, not repaired: the
 *	first fault ends the walk with its code and offset, and every later
 *	call finds the end.  Reserved and long items are skipped, whatever is
 *	in them.
 *
 *	Where devices in the field commonly bend the specification, the
 *	parser takes the reading that makes sense of them; these places say
 *	so below.
 */
#include "hid/hid_parse_impl.h"

enum {
	TYPE_MAIN,
	TYPE_GLOBAL,
	TYPE_LOCAL
};

#define	ITEM_LONG	0xfe	/* the prefix byte of a long item */

static const char *const hidp_texts[HIDP_NCODE] = {
	[HIDP_OK] = "no fault",
	[HIDP_EEMPTY] = "empty descriptor",
	[HIDP_ELENGTH] = "longer than 65535 bytes",
	[HIDP_ETRUNC] = "item runs over the end",
	[HIDP_EIDZERO] = "report ID 0",
	[HIDP_EIDBIG] = "report ID above 255",
	[HIDP_EIDNONE] = "field without report ID beside others with one",
	[HIDP_EPUSH] = "too many Push items",
	[HIDP_EPOP] = "Pop without Push",
	[HIDP_EDELIM] = "delimiter that neither opens nor closes",
	[HIDP_EDELIMNEST] = "delimiter opened twice",
	[HIDP_EDELIMCLOSE] = "delimiter closed but not open",
	[HIDP_EDELIMOPEN] = "delimiter left open",
	[HIDP_ECOLLDEEP] = "collections nested too deep",
	[HIDP_ECOLLEND] = "End Collection without Collection",
	[HIDP_ECOLLOPEN] = "collection left open",
	[HIDP_ERANGEHALF] = "minimum without maximum, or the reverse",
	[HIDP_ERANGEORDER] = "minimum above maximum",
	[HIDP_ERANGEPAGE] = "usage range over two pages",
	[HIDP_EUSAGES] = "too many usages for one item",
	[HIDP_EINDEXES] = "too many strings or designators for one item",
	[HIDP_ELOGICAL] = "logical minimum above logical maximum",
	[HIDP_EBITS] = "report larger than 16384 bytes",
	[HIDP_EFIELDS] = "more than 65536 fields",
};

/* What the texts say. */
_Static_assert(HIDP_MAXLEN == 65535 && HIDP_MAXBITS == 8 * 16384 &&
    HIDP_MAXFIELDS == 65536, "hidp_texts");

/*
 * text = hidp_strerror(code)
 */
const char *
hidp_strerror(enum hidp_code code)
{

	if ((unsigned)code >= HIDP_NCODE)
		return "unknown fault";
	return hidp_texts[code];
}

/*
 * value = hidp_signed(raw)
 *
 *	An item's data as two's complement of its own length [6.2.2.2].
 */
static int64_t
hidp_signed(struct hidp_raw r)
{

	switch (r.r_size) {
	case 1:
		return (int8_t)r.r_value;
	case 2:
		return (int16_t)r.r_value;
	default:
		return (int32_t)r.r_value;
	}
}

/*
 * hidp_extent(min, max, &lo, &hi)
 *
 *	Both ends of a logical or physical range.  A maximum of 255 needs two
 *	bytes to be positive, but many devices send one: where the minimum is
 *	not negative, the maximum cannot be either, and is read as unsigned.
 */
static void
hidp_extent(struct hidp_raw min, struct hidp_raw max, int64_t *lo,
    int64_t *hi)
{

	*lo = hidp_signed(min);
	*hi = *lo < 0 ? hidp_signed(max) : (int64_t)max.r_value;
}

/*
 * more = hidp_fetch(p, &item)
 *
 *	The next short item, all of its data inside the descriptor; long
 *	items are skipped [6.2.2.3].  false: the end, or a fault.
 */
static bool
hidp_fetch(struct hidp *p, struct hidp_short *s)
{
	uint32_t left, need;
	unsigned prefix, i;

	for (;;) {
		p->p_itemoff = p->p_off;
		left = p->p_len - p->p_off;
		if (left == 0)
			return false;
		prefix = p->p_desc[p->p_off];
		if (prefix != ITEM_LONG)
			break;
		if (left < 2)
			return hidp_fail(p, HIDP_ETRUNC);
		need = 3U + p->p_desc[p->p_off + 1];
		if (left < need)
			return hidp_fail(p, HIDP_ETRUNC);
		p->p_off += need;
	}
	s->s_tag = (uint8_t)(prefix >> 4);
	s->s_type = (uint8_t)(prefix >> 2 & 3);
	s->s_raw.r_size = (prefix & 3) == 3 ? 4 : (uint8_t)(prefix & 3);
	s->s_raw.r_value = 0;
	if (left < 1U + s->s_raw.r_size)
		return hidp_fail(p, HIDP_ETRUNC);
	for (i = 0; i < s->s_raw.r_size; i++)
		s->s_raw.r_value |=
		    (uint32_t)p->p_desc[p->p_off + 1 + i] << (8 * i);
	p->p_off += 1U + s->s_raw.r_size;
	return true;
}

static bool
hidp_report_id(struct hidp *p, uint32_t id)
{

	if (id == 0)
		return hidp_fail(p, HIDP_EIDZERO);
	if (id > 255)
		return hidp_fail(p, HIDP_EIDBIG);
	if (p->p_plain)
		return hidp_fail(p, HIDP_EIDNONE);
	p->p_numbered = true;
	p->p_global.g_report_id = id;
	return true;
}

/*
 * ok = hidp_do_global(p, item)
 *
 *	[6.2.2.7]
 */
static bool
hidp_do_global(struct hidp *p, const struct hidp_short *s)
{
	struct hidp_global *g = &p->p_global;
	const uint32_t v = s->s_raw.r_value;

	switch (s->s_tag) {
	case 0x0:
		g->g_usage_page = v & 0xffff;
		p->p_newpage = p->p_usages.l_n > 0;
		break;
	case 0x1:
		g->g_logical_min = s->s_raw;
		break;
	case 0x2:
		g->g_logical_max = s->s_raw;
		break;
	case 0x3:
		g->g_physical_min = s->s_raw;
		break;
	case 0x4:
		g->g_physical_max = s->s_raw;
		break;
	case 0x5:
		g->g_exponent = v;
		break;
	case 0x6:
		g->g_unit = v;
		break;
	case 0x7:
		g->g_size = v;
		break;
	case 0x8:
		return hidp_report_id(p, v);
	case 0x9:
		g->g_count = v;
		break;
	case 0xa:
		if (p->p_npush == HIDP_MAXPUSH)
			return hidp_fail(p, HIDP_EPUSH);
		p->p_stack[p->p_npush++] = *g;
		break;
	case 0xb:
		if (p->p_npush == 0)
			return hidp_fail(p, HIDP_EPOP);
		*g = p->p_stack[--p->p_npush];
		break;
	}
	return true;
}

/*
 * hidp_fill(p, kind)
 *
 *	p_item, as far as all main items are the same.
 */
static void
hidp_fill(struct hidp *p, enum hidp_kind kind)
{
	const struct hidp_global *g = &p->p_global;
	struct hidp_item *i = &p->p_item;

	*i = (struct hidp_item){ .i_kind = kind };
	i->i_collection = p->p_colltype;
	i->i_collevel = p->p_ncoll;
	i->i_report_id = g->g_report_id;
	i->i_usage_page = g->g_usage_page;
	hidp_locals_fill(p, i);
	hidp_extent(g->g_logical_min, g->g_logical_max, &i->i_logical_min,
	    &i->i_logical_max);
	hidp_extent(g->g_physical_min, g->g_physical_max, &i->i_physical_min,
	    &i->i_physical_max);
	i->i_exponent = g->g_exponent;
	i->i_unit = g->g_unit;
	i->i_off = p->p_itemoff;
}

static bool
hidp_collection(struct hidp *p, uint32_t type)
{

	if (p->p_ncoll == HIDP_MAXCOLL)
		return hidp_fail(p, HIDP_ECOLLDEEP);
	p->p_ncoll++;
	p->p_colltype = type;
	hidp_fill(p, HIDP_COLLECTION);
	hidp_locals_take(p, &p->p_item);
	return true;
}

static bool
hidp_end_collection(struct hidp *p)
{

	if (p->p_ncoll == 0)
		return hidp_fail(p, HIDP_ECOLLEND);
	p->p_ncoll--;
	hidp_fill(p, HIDP_ENDCOLLECTION);
	return true;
}

/*
 * ok = hidp_field(p, kind, flags)
 *
 *	An input, output or feature item: p_item becomes the whole of it.  One
 *	of no bits is no field: i_count is 0.
 */
static bool
hidp_field(struct hidp *p, enum hidp_kind kind, uint32_t flags)
{
	const struct hidp_global *g = &p->p_global;
	const uint64_t bits = (uint64_t)g->g_size * g->g_count;
	uint32_t *pos = &p->p_bits[kind][g->g_report_id];
	struct hidp_item *i = &p->p_item;
	uint32_t fields;

	hidp_fill(p, kind);
	if (bits == 0)
		return true;
	if (bits > HIDP_MAXBITS - *pos)
		return hidp_fail(p, HIDP_EBITS);
	fields = (flags & HIDP_VARIABLE) != 0 ? g->g_count : 1;
	if (fields > HIDP_MAXFIELDS - p->p_nfield)
		return hidp_fail(p, HIDP_EFIELDS);
	if (p->p_numbered && g->g_report_id == 0)
		return hidp_fail(p, HIDP_EIDNONE);
	if ((flags & HIDP_CONST) == 0 && i->i_logical_min > i->i_logical_max)
		return hidp_fail(p, HIDP_ELOGICAL);
	if (!p->p_numbered)
		p->p_plain = true;
	i->i_flags = flags;
	i->i_pos = *pos;
	i->i_size = g->g_size;
	i->i_count = g->g_count;
	hidp_locals_take(p, &p->p_item);
	p->p_nfield += fields;
	*pos += (uint32_t)bits;
	p->p_ids[g->g_report_id / 32] |= 1U << (g->g_report_id % 32);
	return true;
}

/*
 * ok = hidp_do_main(p, item, &given)
 *
 *	[6.2.2.4].  given: p_item is something that the caller wants.  The
 *	local items stay until the next step, for hidp_usage_at.
 */
static bool
hidp_do_main(struct hidp *p, const struct hidp_short *s, bool *given)
{
	static const uint8_t kinds[] = { HIDP_INPUT, HIDP_OUTPUT, 0,
	    HIDP_FEATURE };

	*given = true;
	if (!hidp_locals_end(p))
		return false;
	switch (s->s_tag) {
	case 0x8:
	case 0x9:
	case 0xb:
		if (!hidp_field(p, kinds[s->s_tag - 8], s->s_raw.r_value))
			return false;
		*given = p->p_item.i_count != 0 &&
		    (p->p_kinds & 1U << p->p_item.i_kind) != 0;
		return true;
	case 0xa:
		return hidp_collection(p, s->s_raw.r_value);
	case 0xc:
		return hidp_end_collection(p);
	default:
		*given = false;
		return true;
	}
}

/*
 * more = hidp_step(p)
 *
 *	Go on to the next main item that the caller wants.
 */
static bool
hidp_step(struct hidp *p)
{
	struct hidp_short s;
	bool given;

	if (p->p_error.e_code != HIDP_OK)
		return false;
	hidp_locals_clear(p);
	while (hidp_fetch(p, &s)) {
		switch (s.s_type) {
		case TYPE_MAIN:
			if (!hidp_do_main(p, &s, &given))
				return false;
			if (given)
				return true;
			hidp_locals_clear(p);
			break;
		case TYPE_GLOBAL:
			if (!hidp_do_global(p, &s))
				return false;
			break;
		case TYPE_LOCAL:
			if (!hidp_local(p, &s))
				return false;
			break;
		}
	}
	if (p->p_error.e_code == HIDP_OK && p->p_inset)
		return hidp_fail(p, HIDP_EDELIMOPEN);
	if (p->p_error.e_code == HIDP_OK && p->p_ncoll != 0)
		return hidp_fail(p, HIDP_ECOLLOPEN);
	return false;
}

/* ---- what callers call ---- */

/*
 * hidp_start(p, desc, len, kinds)
 *
 *	Begin a walk over a descriptor, which must stay as it is.  kinds has
 *	a bit 1 << kind for each kind of field that hidp_next shall return;
 *	collections always come.  A bad length is found by the first
 *	hidp_next.
 */
void
hidp_start(struct hidp *p, const void *desc, size_t len, uint32_t kinds)
{

	__builtin_memset(p, 0, sizeof(*p));
	p->p_desc = desc;
	p->p_kinds = kinds;
	if (len == 0)
		hidp_fail(p, HIDP_EEMPTY);
	else if (len > HIDP_MAXLEN)
		hidp_fail(p, HIDP_ELENGTH);
	else
		p->p_len = (uint32_t)len;
}

/*
 * more = hidp_next_main(p, &item)
 *
 *	The next main item, whatever its count.  false: the end, or p_error.
 */
bool
hidp_next_main(struct hidp *p, struct hidp_item *item)
{

	p->p_left = 0;
	if (!hidp_step(p))
		return false;
	*item = p->p_item;
	return true;
}

/*
 * more = hidp_next(p, &item)
 *
 *	The next field, collection or end of one.  false: the end, or p_error.
 */
bool
hidp_next(struct hidp *p, struct hidp_item *item)
{
	struct hidp_item *i = &p->p_item;

	if (p->p_left > 0) {
		p->p_left--;
		i->i_pos += i->i_size;
		hidp_locals_take(p, &p->p_item);
	} else {
		if (!hidp_step(p))
			return false;
		if ((i->i_flags & HIDP_VARIABLE) != 0) {
			p->p_left = i->i_count - 1;
			i->i_count = 1;
		}
	}
	*item = *i;
	return true;
}

/*
 * code = hidp_check(p, desc, len)
 *
 *	Read all of a descriptor.  HIDP_OK: every later walk over it ends
 *	without a fault, and hidp_bits and hidp_next_id of p tell of it.
 *	Otherwise p_error has the first fault.
 */
enum hidp_code
hidp_check(struct hidp *p, const void *desc, size_t len)
{
	struct hidp_item item;

	hidp_start(p, desc, len, HIDP_ALL);
	while (hidp_next_main(p, &item))
		continue;
	return p->p_error.e_code;
}

/*
 * bits = hidp_bits(p, kind, id)
 *
 *	How long a report is, without its ID byte; 0 if there is none.  p has
 *	reached the end of the descriptor.
 */
uint32_t
hidp_bits(const struct hidp *p, enum hidp_kind kind, uint8_t id)
{

	return (unsigned)kind < HIDP_NKIND ? p->p_bits[kind][id] : 0;
}

/*
 * id = hidp_next_id(p, after)
 *
 *	The next larger report ID that has a field, beginning with after -1;
 *	-1: no more.  A descriptor without IDs has ID 0.
 */
int
hidp_next_id(const struct hidp *p, int after)
{
	int id;

	for (id = after + 1; id < 256; id++) {
		if ((p->p_ids[id / 32] & 1U << (id % 32)) != 0)
			return id;
	}
	return -1;
}
