/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid_parse.h - the HID report descriptor parser, for both worlds.
 *
 * Drivers use it through NetBSD's interface, <dev/hid/hid.h>; programs on
 * the host side use it as it is here.  Plain C and plain types: it is
 * compiled once, calls nothing, and links into either.
 *
 * A descriptor is a device's own claim of what its reports look like, so it
 * is hostile input.  Whatever the bytes are, the parser reads nothing outside
 * them, writes nothing outside the caller's struct hidp, allocates nothing,
 * and ends after at most one step for each byte and each field, of which
 * there are at most HIDP_MAXFIELDS.  The bytes must not change meanwhile.
 *
 *	hidp_start(&p, desc, len, HIDP_ALL);
 *	while (hidp_next(&p, &item))
 *		...
 *	if (p.p_error.e_code != HIDP_OK)
 *		the descriptor is bad, and what came before is not to be
 *		relied on
 *
 * Numbers in brackets are sections of the Device Class Definition for HID,
 * version 1.11.
 */
#ifndef _HID_HID_PARSE_H_
#define	_HID_HID_PARSE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Caps.  Most are far above real devices, low enough to bound memory and
 * time; what is beyond one is refused, never cut off silently.
 */
#define	HIDP_MAXLEN	65535	/* of a descriptor: wDescriptorLength */
#define	HIDP_MAXBITS	131072	/* of one report: 16 KiB */
#define	HIDP_MAXFIELDS	65536	/* of one descriptor, all reports */
#define	HIDP_MAXCOLL	32	/* collections in each other */
#define	HIDP_MAXPUSH	16	/* Push items without their Pop */
#define	HIDP_MAXUSAGE	512	/* usages and usage ranges of one main item */
#define	HIDP_MAXINDEX	64	/* the same of strings and of designators */

/* The first three also index tables. */
enum hidp_kind {
	HIDP_INPUT,
	HIDP_OUTPUT,
	HIDP_FEATURE,
	HIDP_COLLECTION,
	HIDP_ENDCOLLECTION
};
#define	HIDP_NKIND	3
#define	HIDP_ALL	((1U << HIDP_INPUT) | (1U << HIDP_OUTPUT) |	\
			    (1U << HIDP_FEATURE))

/* Bits of an input, output or feature item [6.2.2.5]. */
#define	HIDP_CONST	0x001
#define	HIDP_VARIABLE	0x002
#define	HIDP_RELATIVE	0x004
#define	HIDP_NULLSTATE	0x040
#define	HIDP_BUFBYTES	0x100

enum hidp_code {
	HIDP_OK,
	HIDP_EEMPTY,
	HIDP_ELENGTH,
	HIDP_ETRUNC,
	HIDP_EIDZERO,
	HIDP_EIDBIG,
	HIDP_EIDNONE,
	HIDP_EPUSH,
	HIDP_EPOP,
	HIDP_EDELIM,
	HIDP_EDELIMNEST,
	HIDP_EDELIMCLOSE,
	HIDP_EDELIMOPEN,
	HIDP_ECOLLDEEP,
	HIDP_ECOLLEND,
	HIDP_ECOLLOPEN,
	HIDP_ERANGEHALF,
	HIDP_ERANGEORDER,
	HIDP_ERANGEPAGE,
	HIDP_EUSAGES,
	HIDP_EINDEXES,
	HIDP_ELOGICAL,
	HIDP_EBITS,
	HIDP_EFIELDS,
	HIDP_NCODE
};

/* The first fault, and at which byte its item begins. */
struct hidp_error {
	enum hidp_code	 e_code;
	uint32_t	 e_off;
};

/*
 * One field of a report, or the beginning or end of a collection.
 *
 * A variable item (HIDP_VARIABLE) of count n comes as n fields of count 1,
 * each with its own usage; an array comes as one field, with the count of
 * its elements, and its first usage (the others: hidp_usage_at).  A field
 * without any usage, padding for instance, has i_usage 0.
 *
 * The page is in the upper half of each usage.  i_pos counts bits from the
 * report's first data bit, which is behind the report ID byte if there is
 * one.
 */
struct hidp_item {
	enum hidp_kind	 i_kind;
	uint32_t	 i_flags;	/* of a field */
	uint32_t	 i_collection;	/* type of the latest collection */
	uint32_t	 i_collevel;	/* open ones, this one included; at an
					   end: that remain open */
	uint32_t	 i_report_id;	/* 0: the descriptor has no IDs */
	uint32_t	 i_pos;
	uint32_t	 i_size;	/* bits of one element */
	uint32_t	 i_count;
	uint32_t	 i_usage_page;	/* not shifted */
	uint32_t	 i_usage;
	uint32_t	 i_usage_min;	/* the latest range; 0, 0 if none */
	uint32_t	 i_usage_max;
	uint32_t	 i_string;	/* of this field; 0: none */
	uint32_t	 i_string_min;
	uint32_t	 i_string_max;
	uint32_t	 i_designator;
	uint32_t	 i_designator_min;
	uint32_t	 i_designator_max;
	int64_t		 i_logical_min;	/* below 0: the field is signed */
	int64_t		 i_logical_max;
	int64_t		 i_physical_min; /* as declared: hidp_physical */
	int64_t		 i_physical_max;
	uint32_t	 i_exponent;	/* as declared: hidp_exponent */
	uint32_t	 i_unit;
	uint32_t	 i_off;		/* of the item in the descriptor */
	bool		 i_delimited;	/* some usages were alternatives */
};

/* ---- the parser's state: the caller supplies it, but only looks at
   p_error ---- */

/* A number as it stands in an item: what it means may depend on others. */
struct hidp_raw {
	uint32_t	 r_value;
	uint8_t		 r_size;
};

struct hidp_global {
	struct hidp_raw	 g_logical_min;
	struct hidp_raw	 g_logical_max;
	struct hidp_raw	 g_physical_min;
	struct hidp_raw	 g_physical_max;
	uint32_t	 g_usage_page;
	uint32_t	 g_exponent;
	uint32_t	 g_unit;
	uint32_t	 g_size;
	uint32_t	 g_count;
	uint32_t	 g_report_id;
};

/* A single value has both ends equal. */
struct hidp_range {
	uint32_t	 r_lo;
	uint32_t	 r_hi;
	bool		 r_shortlo;	/* usages: an end came without page */
	bool		 r_shorthi;
};

/* What local items of one sort have said since the last main item. */
struct hidp_list {
	struct hidp_range l_half;	/* a minimum or maximum alone */
	uint16_t	 l_n;
	uint16_t	 l_range;	/* the latest real range, from 1 */
	uint16_t	 l_at;		/* sequential reading: entry, ... */
	uint32_t	 l_in;		/* ... and how far into it */
	bool		 l_havelo;
	bool		 l_havehi;
	bool		 l_taken;	/* this set of alternatives has one */
};

struct hidp {
	struct hidp_error p_error;
	const uint8_t	*p_desc;
	uint32_t	 p_len;
	uint32_t	 p_off;		/* the next item */
	uint32_t	 p_itemoff;	/* the present one */
	uint32_t	 p_kinds;	/* fields that the caller wants */
	uint32_t	 p_nfield;
	uint32_t	 p_ncoll;
	uint32_t	 p_npush;
	uint32_t	 p_left;	/* fields of p_item still to come */
	uint32_t	 p_colltype;
	bool		 p_numbered;	/* there was a Report ID */
	bool		 p_plain;	/* there was a field without one */
	bool		 p_inset;	/* between delimiters */
	bool		 p_delimited;
	bool		 p_newpage;	/* Usage Page behind the usages */
	struct hidp_item p_item;
	struct hidp_global p_global;
	struct hidp_global p_stack[HIDP_MAXPUSH];
	struct hidp_list p_usages;
	struct hidp_list p_strings;
	struct hidp_list p_designators;
	struct hidp_range p_usage[HIDP_MAXUSAGE];
	struct hidp_range p_string[HIDP_MAXINDEX];
	struct hidp_range p_designator[HIDP_MAXINDEX];
	uint32_t	 p_bits[HIDP_NKIND][256];
	uint32_t	 p_ids[256 / 32];	/* that have a field */
};

void	hidp_start(struct hidp *, const void *, size_t, uint32_t);
bool	hidp_next(struct hidp *, struct hidp_item *);
bool	hidp_next_main(struct hidp *, struct hidp_item *);
bool	hidp_usage_at(const struct hidp *, uint32_t, uint32_t *);
bool	hidp_usage_index(const struct hidp *, uint32_t, uint32_t *);

enum hidp_code hidp_check(struct hidp *, const void *, size_t);
const char *hidp_strerror(enum hidp_code);
uint32_t hidp_bits(const struct hidp *, enum hidp_kind, uint8_t);
int	hidp_next_id(const struct hidp *, int);

uint64_t hidp_get(const void *, size_t, uint32_t, uint32_t);
int64_t	hidp_get_signed(const void *, size_t, uint32_t, uint32_t);
bool	hidp_put(void *, size_t, uint32_t, uint32_t, uint64_t);

int64_t	hidp_value(const struct hidp_item *, const void *, size_t, uint32_t);
bool	hidp_is_null(const struct hidp_item *, int64_t);
void	hidp_physical(const struct hidp_item *, int64_t *, int64_t *);
int	hidp_exponent(uint32_t);

#endif /* _HID_HID_PARSE_H_ */
