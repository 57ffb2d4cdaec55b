/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid.c - NetBSD's interface to report descriptors, on hid_parse.c.
 *
 * Model
 *	Each function is a walk of its own over the descriptor, as NetBSD's
 *	are, with one allocation of fixed size, freed before it returns; only
 *	hid_start_parse keeps it until hid_end_parse.  No locks; the caller
 *	sees to it that the descriptor does not change.  May sleep for
 *	memory: for attach and open, not for a transfer's callback.  The
 *	functions on reports (get, put, fits) are for everywhere.
 *
 *	A driver calls hid_parse_check at attach and refuses a device whose
 *	descriptor is bad; behind that, the other functions have no faults to
 *	tell of.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/hid/hid.h>

#include "hid/hid_parse.h"

CTASSERT((int)hid_input == (int)HIDP_INPUT);
CTASSERT((int)hid_output == (int)HIDP_OUTPUT);
CTASSERT((int)hid_feature == (int)HIDP_FEATURE);
CTASSERT((int)hid_collection == (int)HIDP_COLLECTION);
CTASSERT((int)hid_endcollection == (int)HIDP_ENDCOLLECTION);
CTASSERT(HIO_CONST == HIDP_CONST && HIO_VARIABLE == HIDP_VARIABLE);
CTASSERT(HIO_NULLSTATE == HIDP_NULLSTATE && HIO_BUFBYTES == HIDP_BUFBYTES);

struct hid_data {
	struct hidp	hd_parse;
};

/* A kind of field, or none. */
static uint32_t
hid_kinds(enum hid_kind kind)
{

	return (uint32_t)kind < HIDP_NKIND ? 1U << kind : 0;
}

static struct hid_data *
hid_begin(const void *desc, int len, uint32_t kinds)
{
	struct hid_data *hd = kmem_alloc(sizeof(*hd), KM_SLEEP);

	KASSERTMSG(len >= 0, "%d", len);
	hidp_start(&hd->hd_parse, desc, (size_t)len, kinds);
	return hd;
}

/*
 * data = hid_start_parse(desc, len, kind)
 *
 *	Begin a walk over the collections of a descriptor and its fields of
 *	one kind; with hid_none, over the collections alone.  Never NULL; end
 *	it with hid_end_parse.  May sleep for memory.
 */
struct hid_data *
hid_start_parse(const void *desc, int len, enum hid_kind kind)
{

	return hid_begin(desc, len, hid_kinds(kind));
}

/*
 * hid_end_parse(data)
 */
void
hid_end_parse(struct hid_data *hd)
{

	kmem_free(hd, sizeof(*hd));
}

/* A logical or physical extent in the 32 bits of a struct hid_item. */
static int32_t
hid_clamp(int64_t v)
{

	return v > INT32_MAX ? INT32_MAX : (int32_t)v;
}

static void
hid_convert(const struct hidp_item *i, struct hid_item *h)
{

	memset(h, 0, sizeof(*h));
	h->_usage_page = i->i_usage_page << 16;
	h->logical_minimum = hid_clamp(i->i_logical_min);
	h->logical_maximum = hid_clamp(i->i_logical_max);
	h->physical_minimum = hid_clamp(i->i_physical_min);
	h->physical_maximum = hid_clamp(i->i_physical_max);
	h->unit_exponent = i->i_exponent;
	h->unit = i->i_unit;
	h->report_ID = i->i_report_id;
	h->usage = i->i_usage;
	h->usage_minimum = i->i_usage_min;
	h->usage_maximum = i->i_usage_max;
	h->designator_index = i->i_designator;
	h->designator_minimum = i->i_designator_min;
	h->designator_maximum = i->i_designator_max;
	h->string_index = i->i_string;
	h->string_minimum = i->i_string_min;
	h->string_maximum = i->i_string_max;
	h->set_delimiter = i->i_delimited;
	h->collection = i->i_collection;
	h->collevel = (int)i->i_collevel;
	h->kind = (enum hid_kind)i->i_kind;
	h->flags = i->i_flags;
	h->loc.size = i->i_size;
	h->loc.count = i->i_count;
	h->loc.pos = i->i_pos;
}

/*
 * more = hid_get_item(data, &item)
 *
 *	The next field, collection or end of one: 1.  0: the end, or a fault,
 *	which is the end for good; item is as it was.
 */
int
hid_get_item(struct hid_data *hd, struct hid_item *h)
{
	struct hidp_item i;

	if (!hidp_next(&hd->hd_parse, &i))
		return 0;
	hid_convert(&i, h);
	return 1;
}

/*
 * error = hid_parse_check(desc, len, &fault)
 *
 *	Read all of a descriptor: may it be relied on?  EINVAL: no, and the
 *	fault has the offset and a short text, which lasts for ever.
 */
int
hid_parse_check(const void *desc, int len, struct hid_fault *f)
{
	struct hid_data *hd = hid_begin(desc, len, 0);
	const struct hidp_error *e = &hd->hd_parse.p_error;
	struct hidp_item i;
	int error = 0;

	while (hidp_next_main(&hd->hd_parse, &i))
		continue;
	if (e->e_code != HIDP_OK) {
		f->hf_off = e->e_off;
		f->hf_text = hidp_strerror(e->e_code);
		error = EINVAL;
	}
	hid_end_parse(hd);
	return error;
}

/* A walk that has reached the end; NULL if the descriptor is bad. */
static struct hid_data *
hid_whole(const void *desc, int len)
{
	struct hid_data *hd = hid_begin(desc, len, 0);
	struct hidp_item i;

	while (hidp_next_main(&hd->hd_parse, &i))
		continue;
	if (hd->hd_parse.p_error.e_code == HIDP_OK)
		return hd;
	hid_end_parse(hd);
	return NULL;
}

static int
hid_bytes(const struct hid_data *hd, enum hid_kind k, uint8_t id)
{

	return (int)howmany(hidp_bits(&hd->hd_parse, (enum hidp_kind)k, id),
	    NBBY);
}

/*
 * bytes = hid_report_size(desc, len, kind, id)
 *
 *	The size of one report, without its ID byte; 0 if there is no such
 *	report, or the descriptor is bad.
 */
int
hid_report_size(const void *desc, int len, enum hid_kind k, uint8_t id)
{
	struct hid_data *hd = hid_whole(desc, len);
	int size;

	if (hd == NULL)
		return 0;
	size = hid_bytes(hd, k, id);
	hid_end_parse(hd);
	return size;
}

/*
 * bytes = hid_report_size_max(desc, len, kind, &id)
 *
 *	The largest report of a kind, without its ID byte, and its ID unless
 *	that is NULL: the first if several have this size.  0 and ID 0 if
 *	there is none, or the descriptor is bad.
 */
int
hid_report_size_max(const void *desc, int len, enum hid_kind k, uint8_t *idp)
{
	struct hid_data *hd = hid_whole(desc, len);
	int id = -1, max = 0, maxid = 0;

	if (hd != NULL) {
		while ((id = hidp_next_id(&hd->hd_parse, id)) != -1) {
			if (hid_bytes(hd, k, (uint8_t)id) > max) {
				max = hid_bytes(hd, k, (uint8_t)id);
				maxid = id;
			}
		}
		hid_end_parse(hd);
	}
	if (idp != NULL)
		*idp = (uint8_t)maxid;
	return max;
}

/*
 * n = hid_report_ids(desc, len, ids)
 *
 *	The report IDs that have a field of any kind, in rising order; ids has
 *	room for 256.  A descriptor without IDs has one, 0.  0: no fields, or
 *	the descriptor is bad.
 */
int
hid_report_ids(const void *desc, int len, uint8_t *ids)
{
	struct hid_data *hd = hid_whole(desc, len);
	int id = -1, n = 0;

	if (hd == NULL)
		return 0;
	while ((id = hidp_next_id(&hd->hd_parse, id)) != -1)
		ids[n++] = (uint8_t)id;
	hid_end_parse(hd);
	return n;
}

/*
 * found = hid_locate(desc, len, usage, id, kind, &loc, &flags)
 *
 *	The first field with this usage that is not constant: 1, and where it
 *	is and its flags, unless these are NULL.  An array is found by the
 *	first of its usages only.  0: none, and loc->size is 0.
 */
int
hid_locate(const void *desc, int len, uint32_t usage, uint8_t id,
    enum hid_kind k, struct hid_location *loc, uint32_t *flags)
{
	struct hid_data *hd = hid_start_parse(desc, len, k);
	struct hid_item h;
	int found = 0;

	while (!found && hid_get_item(hd, &h)) {
		found = h.kind == k && (h.flags & HIO_CONST) == 0 &&
		    h.usage == usage && h.report_ID == id;
	}
	hid_end_parse(hd);
	if (found && loc != NULL)
		*loc = h.loc;
	if (found && flags != NULL)
		*flags = h.flags;
	if (!found && loc != NULL)
		loc->size = 0;
	return found;
}

/*
 * yes = hid_is_collection(desc, len, id, usage)
 *
 *	Has this report a field, of whatever kind, in an application
 *	collection of this usage?
 */
int
hid_is_collection(const void *desc, int len, uint8_t id, uint32_t usage)
{
	struct hid_data *hd = hid_begin(desc, len, HIDP_ALL);
	uint32_t inside = 0;	/* level of the collection that we are in */
	struct hidp_item i;
	int found = 0;

	while (!found && hidp_next_main(&hd->hd_parse, &i)) {
		switch (i.i_kind) {
		case HIDP_COLLECTION:
			if (inside == 0 && i.i_usage == usage &&
			    i.i_collection == HCOLL_APPLICATION)
				inside = i.i_collevel;
			break;
		case HIDP_ENDCOLLECTION:
			if (i.i_collevel < inside)
				inside = 0;
			break;
		default:
			found = inside != 0 && i.i_report_id == id;
			break;
		}
	}
	hid_end_parse(hd);
	return found;
}

/*
 * fits = hid_location_fits(loc, len)
 *
 *	Are all elements of a field inside a report of len bytes, without its
 *	ID?  Those of a good descriptor are in one of hid_report_size.
 */
bool
hid_location_fits(const struct hid_location *loc, size_t len)
{

	return (uint64_t)loc->size * loc->count <= UINT32_MAX &&
	    howmany(loc->pos + (uint64_t)loc->size * loc->count, NBBY) <= len;
}

/*
 * value = hid_get_data(buf, loc)
 * value = hid_get_udata(buf, loc)
 *
 *	The first element of a field, signed or unsigned; of more than 64
 *	bits the low 64.  buf is a report without its ID byte, in which the
 *	field must lie (hid_location_fits).
 */
long
hid_get_data(const u_char *buf, const struct hid_location *loc)
{

	return hidp_get_signed(buf, SIZE_MAX, loc->pos, loc->size);
}

u_long
hid_get_udata(const u_char *buf, const struct hid_location *loc)
{

	return hidp_get(buf, SIZE_MAX, loc->pos, loc->size);
}

/*
 * hid_put_data(buf, loc, value)
 *
 *	Store the first element of a field and touch no other bit.  The same
 *	rule for buf.
 */
void
hid_put_data(u_char *buf, const struct hid_location *loc, u_long value)
{

	(void)hidp_put(buf, SIZE_MAX, loc->pos, loc->size, value);
}
