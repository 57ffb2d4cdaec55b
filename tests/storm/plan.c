/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.c - what the device of a seed and a number is.
 *
 * It begins as a good one of a kind that one of our drivers takes.  Half of them
 * get one fault at most (plan_tame); of the others most have some of the rules of
 * descriptors broken, and transfers that go wrong.  One broken rule gets deeper
 * than many.
 */
#include <stdio.h>
#include <string.h>

#include "storm/storm.h"
#include "usbdi/h_desc.h"

#define	H_HID(len)							\
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, (len) & 0xff, (len) >> 8

static const uint8_t uftdi2[] = {
	H_DEV(0x0403, 0x6010, 0x0700, 0, 0, 0, 1), H_CONF(55, 2, 1),
	H_IFACE(0, 0, 2, 0xff, 0xff, 0xff), H_EP(0x81, 2, 64), H_EP(0x02, 2, 64),
	H_IFACE(1, 0, 2, 0xff, 0xff, 0xff), H_EP(0x83, 2, 64), H_EP(0x04, 2, 64),
};
static const uint8_t uhid[] = {
	H_DEV(0x1209, 0x0d60, 0x0100, 0, 0, 0, 1), H_CONF(41, 1, 1),
	H_IFACE(0, 0, 2, 3, 0, 0), H_HID(0),
	H_EP(0x81, 3, 64), H_EP(0x02, 3, 64),
};
static const uint8_t ulpt[] = {
	H_DEV(0x1209, 0x0d62, 0x0100, 0, 0, 0, 1), H_CONF(55, 1, 1),
	H_IFACE(0, 0, 1, 7, 1, 1), H_EP(0x01, 2, 64),
	H_IFACE(0, 1, 2, 7, 1, 2), H_EP(0x01, 2, 64), H_EP(0x82, 2, 64),
};
static const uint8_t ualea[] = {
	H_DEV(0x12d8, 0x0001, 0x0100, 0, 0, 0, 1), H_CONF(25, 1, 1),
	H_IFACE(0, 0, 1, 0xff, 0, 0), H_EP(0x81, 2, 64),
};
static const uint8_t ugen[] = {
	H_DEV(0x1209, 0x0d63, 0x0100, 0, 0, 0, 1), H_CONF(92, 2, 1),
	H_IFACE(0, 0, 4, 0xff, 0, 0), H_EP(0x81, 2, 64), H_EP(0x01, 2, 64),
	H_EP(0x82, 3, 16), H_EP(0x02, 3, 16),
	H_IFACE(1, 0, 0, 0xff, 1, 0),
	H_IFACE(1, 1, 3, 0xff, 1, 0), H_EP(0x83, 2, 8), H_EP(0x03, 2, 8),
	H_EP(0x84, 3, 64),
};
/* Several drivers for one device. */
static const uint8_t many[] = {
	H_DEV(0x1209, 0x0d61, 0x0100, 0xef, 2, 1, 1), H_CONF(137, 4, 1),
	H_IAD(0, 2, 2, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), 5, 0x24, 0, 0x10, 0x01, 5, 0x24, 1, 3, 1,
	4, 0x24, 2, 6, 5, 0x24, 6, 0, 1, H_EP(0x82, 3, 16),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x04, 2, 64), H_EP(0x83, 2, 64),
	H_IFACE(2, 0, 1, 3, 0, 0), H_HID(0), H_EP(0x85, 3, 8),
	H_IFACE(3, 0, 1, 7, 1, 1), H_EP(0x06, 2, 64),
};

static const struct {
	const char	*k_name;
	const uint8_t	*k_bytes;
	size_t		 k_len;
} kinds[] = {
	{ "uftdi", h_ftdi, sizeof(h_ftdi) },
	{ "uftdi2", uftdi2, sizeof(uftdi2) },
	{ "umodem", h_acm, sizeof(h_acm) },
	{ "uchcom", h_ch340, sizeof(h_ch340) },
	{ "uslsa", h_cp2102, sizeof(h_cp2102) },
	{ "uplcom", h_pl2303, sizeof(h_pl2303) },
	{ "uhid", uhid, sizeof(uhid) },
	{ "uhid", uhid, sizeof(uhid) },
	{ "ulpt", ulpt, sizeof(ulpt) },
	{ "ualea", ualea, sizeof(ualea) },
	{ "ugen", ugen, sizeof(ugen) },
	{ "many", many, sizeof(many) },
};
#define	NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* ---- report descriptors --------------------------------------------- */

static void
report_item(struct plan *p, unsigned tag, unsigned value)
{
	uint8_t *const d = p->p_report + p->p_reportlen;

	if (p->p_reportlen + 3 > MAXREPORT - 64)
		return;
	d[0] = (uint8_t)(tag | (value > 0xff ? 2 : 1));
	d[1] = (uint8_t)value;
	d[2] = (uint8_t)(value >> 8);
	p->p_reportlen += value > 0xff ? 3 : 2;
}

/* Reports of some IDs and of all three types, in sizes that may be odd. */
static void
report_make(struct plan *p, struct chance *c)
{
	const unsigned ids = below(c, 3) == 0 ? 0 : 1 + below(c, 4);
	static const unsigned main_tags[3] = { 0x80, 0x90, 0xb0 };

	report_item(p, 0x04, below(c, 2) ? 0xff00 : 1);
	report_item(p, 0x08, 1 + below(c, 8));
	report_item(p, 0xa0, 1);
	for (unsigned id = ids > 0; id <= ids; id++) {
		if (ids > 0)
			report_item(p, 0x84, id);
		for (unsigned type = 0; type < 3; type++) {
			if (below(c, 4) == 0)
				continue;
			report_item(p, 0x08, below(c, 0x300));
			report_item(p, 0x14, 0);
			report_item(p, 0x24, 0xff);
			report_item(p, 0x74, 1 + below(c, 32));
			report_item(p, 0x94, 1 + below(c, 20));
			report_item(p, main_tags[type], 2);
		}
	}
	p->p_report[p->p_reportlen++] = 0xc0;
}

/* ---- broken rules --------------------------------------------------- */

static const uint16_t sizes[] = { 0, 1, 2, 7, 8, 63, 65, 512, 1023, 1024,
	2047, 0x0fff, 0x1840, 0x8000, 0xffff };

/* The offset of one of its descriptors, but the device's, of a type (0: any);
   0: it has none. */
static size_t
pick(const struct plan *p, struct chance *c, uint8_t type)
{
	size_t at, found = 0;
	unsigned n = 0;

	for (at = 18; at + 2 <= p->p_len && p->p_desc[at] >= 2 &&
	    at + p->p_desc[at] <= p->p_len; at += p->p_desc[at]) {
		if ((type == 0 || p->p_desc[at + 1] == type) &&
		    below(c, ++n) == 0)
			found = at;
	}
	return found;
}

/* The length of what is there, as far as it is there. */
static size_t
length_at(const struct plan *p, size_t at)
{

	return at + p->p_desc[at] <= p->p_len ? p->p_desc[at] : p->p_len - at;
}

static void
remove_at(struct plan *p, size_t at)
{
	const size_t n = length_at(p, at);

	memmove(p->p_desc + at, p->p_desc + at + n, p->p_len - at - n);
	p->p_len -= n;
}

static void
double_at(struct plan *p, size_t at)
{
	const size_t n = length_at(p, at);

	if (p->p_len + n > MAXDESC)
		return;
	memmove(p->p_desc + at + n, p->p_desc + at, p->p_len - at);
	p->p_len += n;
}

/* The configuration says its length, unless that is what is broken. */
static void
total(struct plan *p, size_t len)
{

	if (p->p_len >= 22) {
		p->p_desc[20] = (uint8_t)len;
		p->p_desc[21] = (uint8_t)(len >> 8);
	}
}

static void
b_length(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 0);
	static const uint8_t lengths[] = { 0, 1, 2, 3, 255 };

	if (at != 0)
		p->p_desc[at] = below(c, 2) ? lengths[below(c, 5)] :
		    (uint8_t)(p->p_desc[at] + (below(c, 2) ? 1 : -1));
}

static void
b_total(struct plan *p, struct chance *c)
{

	total(p, below(c, 2) ? below(c, 0x10000) :
	    p->p_len - 18 + below(c, 9) - 4);
}

static void
b_count(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, below(c, 3) ? 4 : 2);

	if (at != 0)
		p->p_desc[at + 4] = (uint8_t)(below(c, 2) ? below(c, 256) :
		    p->p_desc[at + 4] + below(c, 3) - 1);
}

static void
b_address(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 5);

	if (at != 0)
		p->p_desc[at + 2] = (uint8_t)(below(c, 2) ? below(c, 256) :
		    p->p_desc[at + 2] ^ (1u << below(c, 8)));
}

static void
b_type(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 5);

	if (at != 0)
		p->p_desc[at + 3] = (uint8_t)below(c, below(c, 4) ? 4 : 256);
}

static void
b_packet(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 5);
	const uint16_t size = sizes[below(c, sizeof(sizes) / 2)];

	if (at == 0)
		return;
	p->p_desc[at + 4] = (uint8_t)size;
	p->p_desc[at + 5] = (uint8_t)(size >> 8);
}

static void
b_drop(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 0);

	if (at > 18)
		remove_at(p, at);
}

static void
b_double(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 0);

	if (at != 0)
		double_at(p, at);
}

/* Twelve times as many interfaces, or endpoints, or whatever. */
static void
b_many(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 0);

	for (unsigned i = 0; at > 18 && i < 12; i++)
		double_at(p, at);
}

static void
b_number(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 4);

	if (at != 0)
		p->p_desc[at + 2 + below(c, 2)] = (uint8_t)(below(c, 2) ?
		    below(c, 256) : below(c, 4));
}

static void
b_class(struct plan *p, struct chance *c)
{
	const size_t at = pick(p, c, 0x24);
	const size_t hid = pick(p, c, 0x21);

	if (at != 0 && p->p_desc[at] > 2)
		p->p_desc[at + 2 + below(c, p->p_desc[at] - 2u)] =
		    (uint8_t)below(c, below(c, 2) ? 8 : 256);
	else if (hid != 0)
		p->p_desc[hid + 5 + below(c, 4)] = (uint8_t)below(c, 256);
}

static void
b_device(struct plan *p, struct chance *c)
{
	static const uint8_t at[] = { 2, 3, 4, 5, 6, 12, 13, 14, 15, 16, 17 };

	p->p_desc[at[below(c, sizeof(at))]] = (uint8_t)below(c,
	    below(c, 2) ? 4 : 256);
}

static void
b_bytes(struct plan *p, struct chance *c)
{

	for (unsigned n = 1 + below(c, 6); n > 0 && p->p_len > 18; n--)
		p->p_desc[18 + below(c, (unsigned)p->p_len - 18)] =
		    (uint8_t)chance(c);
}

static void
b_cut(struct plan *p, struct chance *c)
{

	p->p_told = 18 + below(c, (unsigned)p->p_len - 17);
}

static void
b_report(struct plan *p, struct chance *c)
{

	if (p->p_reportlen == 0)
		return;
	for (unsigned n = 1 + below(c, 8); n > 0; n--)
		p->p_report[below(c, (unsigned)p->p_reportlen)] =
		    (uint8_t)chance(c);
	if (below(c, 4) == 0)
		p->p_reportlen = below(c, (unsigned)p->p_reportlen);
}

static void
b_string(struct plan *p, struct chance *c)
{

	for (size_t i = 2; i < p->p_stringlen; i++)
		p->p_string[i] = (uint8_t)chance(c);
	p->p_string[0] = (uint8_t)chance(c);
	if (below(c, 2))
		p->p_string[1] = (uint8_t)chance(c);
}

static const struct {
	const char	*r_name;
	void		(*r_break)(struct plan *, struct chance *);
} rules[] = {
	{ "length", b_length },		{ "total", b_total },
	{ "count", b_count },		{ "address", b_address },
	{ "type", b_type },		{ "packet", b_packet },
	{ "drop", b_drop },		{ "double", b_double },
	{ "many", b_many },		{ "number", b_number },
	{ "class", b_class },		{ "class", b_class },
	{ "device", b_device },		{ "bytes", b_bytes },
	{ "cut", b_cut },		{ "report", b_report },
	{ "report", b_report },		{ "string", b_string },
};
#define	NRULES	(sizeof(rules) / sizeof(rules[0]))

/* ---- the whole ------------------------------------------------------ */

/* The lengths of report descriptors, in the HID descriptors. */
static void
tell_report(struct plan *p)
{

	for (size_t at = 18; at + 9 <= p->p_len && p->p_desc[at] >= 2;
	    at += p->p_desc[at]) {
		if (p->p_desc[at + 1] != 0x21)
			continue;
		p->p_desc[at + 7] = (uint8_t)p->p_reportlen;
		p->p_desc[at + 8] = (uint8_t)(p->p_reportlen >> 8);
	}
}

static void
break_rules(struct plan *p, struct chance *c, unsigned n)
{
	unsigned i;

	while (p->p_nbroken < n) {
		i = below(c, NRULES);
		rules[i].r_break(p, c);
		/* Or the rest would be hidden by the first. */
		if (rules[i].r_break != b_total)
			total(p, p->p_len - 18);
		p->p_broken[p->p_nbroken++] = rules[i].r_name;
	}
}

/* Anything may be wrong with it, and mostly something is. */
static void
plan_wild(struct plan *p, struct chance *c)
{
	static const unsigned odd[] = { 0, 10, 50, 150, 400 };
	const unsigned dice = below(c, 10);
	unsigned bits;

	break_rules(p, c, dice < 2 ? 0 : dice < 7 ? 1 :
	    2 + below(c, MAXBROKEN - 1));
	p->p_odd = odd[below(c, sizeof(odd) / sizeof(odd[0]))];
	p->p_early = below(c, 25) == 0;
	/* As often early as late: the place of the highest bit. */
	bits = 2 + below(c, 8);
	p->p_unplug = 1 + below(c, 1u << bits);
	p->p_whole = below(c, 8) == 0;
	p->p_ms = below(c, 8) == 0 ? below(c, 300) : 500 + below(c, 5000);
}

/*
 * A good device with one fault at most, which lives long enough for clients to
 * find it and to move data: what is wrong comes when somebody is at work.
 */
static void
plan_tame(struct plan *p, struct chance *c)
{
	const unsigned fault = below(c, 4);

	break_rules(p, c, fault == 1);
	p->p_odd = fault == 2 ? 10 + below(c, 20) : 0;
	p->p_unplug = 60 + below(c, fault == 3 ? 60 : 300);
	p->p_ms = 2000 + below(c, 3000);
}

void
plan_make(struct plan *p, uint64_t seed, unsigned number)
{
	struct chance c = chance_of(seed, number);
	const unsigned kind = below(&c, NKINDS);

	memset(p, 0, sizeof(*p));
	p->p_number = number;
	p->p_seed = chance(&c);
	p->p_kind = kinds[kind].k_name;
	p->p_len = kinds[kind].k_len;
	memcpy(p->p_desc, kinds[kind].k_bytes, p->p_len);
	total(p, p->p_len - 18);
	p->p_stringlen = 2 + 2 * (1 + below(&c, 30));
	p->p_string[0] = (uint8_t)p->p_stringlen;
	p->p_string[1] = 3;
	for (size_t i = 2; i < p->p_stringlen; i += 2)
		p->p_string[i] = (uint8_t)('a' + below(&c, 26));
	if (pick(p, &c, 0x21) != 0) {
		report_make(p, &c);
		tell_report(p);
	}
	p->p_told = SIZE_MAX;
	p->p_high = below(&c, 4) == 0;
	if (below(&c, 2) == 0)
		plan_tame(p, &c);
	else
		plan_wild(p, &c);
}

void
plan_print(const struct plan *p)
{

	printf("device %u: %s, %u/1000 odd%s, %s speed, out after %u transfers "
	    "%sor %u ms of rest", p->p_number, p->p_kind, p->p_odd,
	    p->p_early ? ", early too" : "", p->p_high ? "high" : "full",
	    p->p_unplug, p->p_whole ? "of all " : "", p->p_ms);
	for (unsigned i = 0; i < p->p_nbroken; i++)
		printf("%s %s", i == 0 ? "; broken:" : ",", p->p_broken[i]);
	printf("\n");
}
