/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump.c - a report descriptor as text, an item in each line.
 *
 *	   4: 05 07         Usage Page (Keyboard)
 *
 * This reads the bytes itself, since a descriptor that the parser refuses
 * is the one that somebody wants to look at: everything up to an item that
 * runs over the end is shown.  It keeps no more than the usage page, those
 * that have been pushed, and how deep it is.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "uhidctl/uhidctl.h"

#define	LONG	0xfe
#define	DEEP	HIDP_MAXCOLL	/* beyond that the indentation stays */

struct dumper {
	FILE			*d_out;
	const struct usages	*d_usages;
	uint32_t		 d_page;
	uint32_t		 d_pages[HIDP_MAXPUSH];
	unsigned		 d_npage;
	unsigned		 d_level;
};

static const char *const names[4][16] = {
	{ [0x8] = "Input", [0x9] = "Output", [0xa] = "Collection",
	  [0xb] = "Feature", [0xc] = "End Collection" },
	{ "Usage Page", "Logical Minimum", "Logical Maximum",
	  "Physical Minimum", "Physical Maximum", "Unit Exponent", "Unit",
	  "Report Size", "Report ID", "Report Count", "Push", "Pop" },
	{ "Usage", "Usage Minimum", "Usage Maximum", "Designator Index",
	  "Designator Minimum", "Designator Maximum", NULL, "String Index",
	  "String Minimum", "String Maximum", "Delimiter" },
};

enum { MAIN, GLOBAL, LOCAL };

struct short_item {
	unsigned	s_type;
	unsigned	s_tag;
	unsigned	s_size;
	uint32_t	s_value;
};

static int32_t
as_signed(const struct short_item *s)
{

	return s->s_size == 1 ? (int8_t)s->s_value :
	    s->s_size == 2 ? (int16_t)s->s_value : (int32_t)s->s_value;
}

/* Bits of an input, output or feature item, as far as they are said. */
static void
flags(FILE *out, uint32_t f)
{
	static const char *const set[] = { "Constant", "Variable", "Relative",
	    "Wrap", "Nonlinear", "No_Preferred", "Null_State", "Volatile",
	    "Buffered_Bytes" };
	static const char *const clear[] = { "Data", "Array", "Absolute" };

	for (unsigned i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		if ((f & 1U << i) != 0)
			fprintf(out, "%s%s", i > 0 ? ", " : "", set[i]);
		else if (i < sizeof(clear) / sizeof(clear[0]))
			fprintf(out, "%s%s", i > 0 ? ", " : "", clear[i]);
	}
}

static void
main_item(struct dumper *d, const struct short_item *s)
{

	if (s->s_tag == 0xa) {
		fprintf(d->d_out, " (%s)", collection_name(s->s_value));
		d->d_level++;
	} else if (s->s_tag != 0xc) {
		fputs(" (", d->d_out);
		flags(d->d_out, s->s_value);
		fputc(')', d->d_out);
	}
}

static void
global_item(struct dumper *d, const struct short_item *s)
{
	char name[USAGES_NAME];

	switch (s->s_tag) {
	case 0x0:
		d->d_page = s->s_value & 0xffff;
		usages_page(d->d_usages, d->d_page, name, sizeof(name));
		fprintf(d->d_out, " (%s)", name);
		break;
	case 0x6:
		fprintf(d->d_out, " (0x%" PRIx32 ")", s->s_value);
		break;
	case 0x7:
	case 0x8:
	case 0x9:
		fprintf(d->d_out, " (%" PRIu32 ")", s->s_value);
		break;
	case 0xa:
		if (d->d_npage < HIDP_MAXPUSH)
			d->d_pages[d->d_npage++] = d->d_page;
		break;
	case 0xb:
		if (d->d_npage > 0)
			d->d_page = d->d_pages[--d->d_npage];
		break;
	case 0x5:
		fprintf(d->d_out, " (%d)", hidp_exponent(s->s_value));
		break;
	default:
		fprintf(d->d_out, " (%" PRId32 ")", as_signed(s));
		break;
	}
}

static void
local_item(struct dumper *d, const struct short_item *s)
{
	const uint32_t usage = s->s_size == 4 ? s->s_value :
	    d->d_page << 16 | s->s_value;
	char name[USAGES_NAME];

	if (s->s_tag > 0x2) {
		fprintf(d->d_out, " (%" PRIu32 ")", s->s_value);
		return;
	}
	usages_name(d->d_usages, usage, name, sizeof(name));
	fprintf(d->d_out, " (%s)", name);
}

static void
item(struct dumper *d, const struct short_item *s)
{
	const char *name = names[s->s_type][s->s_tag];

	if (s->s_type == MAIN && s->s_tag == 0xc && d->d_level > 0)
		d->d_level--;
	fprintf(d->d_out, "%*s%s", 2 * (int)(d->d_level < DEEP ? d->d_level :
	    DEEP), "", name != NULL ? name : "Reserved");
	if (name == NULL)
		return;
	switch (s->s_type) {
	case MAIN:
		main_item(d, s);
		break;
	case GLOBAL:
		global_item(d, s);
		break;
	case LOCAL:
		local_item(d, s);
		break;
	}
}

static void
bytes(FILE *out, const uint8_t *p, size_t at, size_t n)
{

	fprintf(out, "%5zu:", at);
	for (size_t i = 0; i < 5; i++) {
		if (i < n)
			fprintf(out, " %02x", p[at + i]);
		else
			fputs("   ", out);
	}
	fputs("  ", out);
}

/*
 * dump(out, us, desc, len)
 *
 *	Until the end, or an item that is not completely there.
 */
void
dump(FILE *out, const struct usages *us, const uint8_t *p, size_t len)
{
	struct dumper d = { .d_out = out, .d_usages = us };
	struct short_item s = { .s_size = 0 };
	size_t at = 0, n;

	while (at < len) {
		const unsigned prefix = p[at];

		if (prefix == LONG) {
			n = len - at < 2 ? SIZE_MAX : 3U + p[at + 1];
		} else {
			s.s_size = (prefix & 3) == 3 ? 4 : prefix & 3;
			n = 1 + s.s_size;
		}
		if (n > len - at)
			return;
		bytes(out, p, at, n);
		if (prefix == LONG)
			fprintf(out, "Long item, %zu bytes", n);
		else {
			s.s_type = prefix >> 2 & 3;
			s.s_tag = prefix >> 4;
			s.s_value = 0;
			for (unsigned i = 0; i < s.s_size; i++)
				s.s_value |= (uint32_t)p[at + 1 + i] <<
				    (8 * i);
			item(&d, &s);
		}
		fputc('\n', out);
		at += n;
	}
}
