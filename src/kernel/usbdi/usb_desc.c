/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_desc.c - the descriptor parser: hostile bytes in, a checked tree out.
 *
 * Model
 *	Pure: no I/O, no globals, no locks; memory from kmem(9) only, one
 *	allocation per tree, whose size is known before it is made.
 *
 *	Three passes over a copy of the bytes, so that nothing changes
 *	between a check and its use:
 *
 *	1. split	cut the bytes at wTotalLength into configurations
 *	2. count	walk each one with the cursor, check every
 *			descriptor's own length, count what the tree needs
 *	3. build	fill the tree and check what descriptors say of each
 *			other
 *
 *	The only way forward in the bytes is udesc_next(): it returns a
 *	descriptor that lies completely inside the configuration, or stops.
 *
 * Strictness
 *	A device that contradicts itself is refused, not repaired: the first
 *	contradiction ends the parse with its offset and one sentence.
 *	Unknown descriptor types are skipped, whatever is in them; so are
 *	bytes of a known descriptor beyond its specified length.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>

#include "usbdi/usb_desc.h"

/* The unread part of one configuration. */
struct udesc_cursor {
	const uint8_t	*c_raw;
	size_t		 c_off;
	size_t		 c_end;
};

/* What one setting's walk has seen so far. */
struct udesc_build {
	struct udesc		*b_tree;
	struct udesc_conf	*b_conf;
	struct udesc_alt	*b_alt;		/* next free */
	struct udesc_ep		*b_ep;		/* next free */
	struct udesc_alt	*b_cur;		/* endpoints go here */
	size_t			 b_curoff;
	int			 b_epowner[256]; /* interface no + 1 */
	uint32_t		 b_iad[8];	/* interfaces in an IAD */
	struct udesc_error	*b_err;
};

static int udesc_fail(struct udesc_error *, size_t, const char *, ...)
	    __printflike(3, 4);

/*
 * error = udesc_fail(err, offset, format, ...)
 *
 *	Note what is wrong and where.  Always EINVAL.
 */
static int
udesc_fail(struct udesc_error *err, size_t off, const char *fmt, ...)
{
	va_list ap;

	err->e_off = off;
	va_start(ap, fmt);
	vsnprintf(err->e_text, sizeof(err->e_text), fmt, ap);
	va_end(ap);
	return EINVAL;
}

/*
 * error = udesc_next(cursor, &descriptor, &offset, err)
 *
 *	The next descriptor, *descriptor NULL at the end.  At least 2 bytes
 *	and all of its bLength lie inside the cursor's range.
 */
static int
udesc_next(struct udesc_cursor *c, const uint8_t **dp, size_t *offp,
    struct udesc_error *err)
{
	const size_t left = c->c_end - c->c_off;
	const uint8_t *d = c->c_raw + c->c_off;

	KASSERTMSG(c->c_off <= c->c_end, "offset %zu, end %zu", c->c_off,
	    c->c_end);
	*dp = NULL;
	*offp = c->c_off;
	if (left == 0)
		return 0;
	if (left < 2)
		return udesc_fail(err, c->c_off,
		    "one stray byte at the end of the configuration");
	if (d[0] < 2)
		return udesc_fail(err, c->c_off,
		    "descriptor of type 0x%02x has bLength %u", d[1], d[0]);
	if (d[0] > left)
		return udesc_fail(err, c->c_off, "descriptor of type 0x%02x "
		    "with bLength %u runs over the end (%zu bytes left)",
		    d[1], d[0], left);
	c->c_off += d[0];
	*dp = d;
	return 0;
}

/*
 * error = udesc_check_device(d, len, err)
 */
static int
udesc_check_device(const uint8_t *raw, size_t len, struct udesc_error *err)
{
	usb_device_descriptor_t d;

	if (len < sizeof(d))
		return udesc_fail(err, len, "device descriptor is cut off "
		    "after %zu bytes", len);
	memcpy(&d, raw, sizeof(d));
	if (d.bDescriptorType != UDESC_DEVICE)
		return udesc_fail(err, 1, "type 0x%02x where the device "
		    "descriptor should be", d.bDescriptorType);
	if (d.bLength != sizeof(d))
		return udesc_fail(err, 0, "device descriptor has bLength %u",
		    d.bLength);
	switch (d.bMaxPacketSize) {
	case 8: case 16: case 32: case 64:
	case 9:			/* 2^9, SuperSpeed */
		break;
	default:
		return udesc_fail(err, 7, "bMaxPacketSize0 is %u",
		    d.bMaxPacketSize);
	}
	if (d.bNumConfigurations == 0 ||
	    d.bNumConfigurations > UDESC_MAXCONF)
		return udesc_fail(err, 17, "bNumConfigurations is %u",
		    d.bNumConfigurations);
	return 0;
}

/*
 * error = udesc_split(raw, len, nconf, offsets, lengths, err)
 *
 *	Where each configuration begins and how long it is; together they are
 *	all the bytes behind the device descriptor.
 */
static int
udesc_split(const uint8_t *raw, size_t len, u_int nconf, size_t *offs,
    size_t *lens, struct udesc_error *err)
{
	size_t off = USB_DEVICE_DESCRIPTOR_SIZE;
	usb_config_descriptor_t d;
	u_int i;

	for (i = 0; i < nconf; i++) {
		if (len - off < sizeof(d))
			return udesc_fail(err, len, "configuration %u of %u "
			    "is cut off or missing", i + 1, nconf);
		memcpy(&d, raw + off, sizeof(d));
		if (d.bDescriptorType != UDESC_CONFIG)
			return udesc_fail(err, off + 1, "type 0x%02x where "
			    "configuration %u should begin",
			    d.bDescriptorType, i + 1);
		if (d.bLength < sizeof(d))
			return udesc_fail(err, off, "configuration "
			    "descriptor has bLength %u", d.bLength);
		if (UGETW(d.wTotalLength) < d.bLength)
			return udesc_fail(err, off + 2, "wTotalLength %u is "
			    "less than bLength", UGETW(d.wTotalLength));
		if (UGETW(d.wTotalLength) > len - off)
			return udesc_fail(err, off + 2, "wTotalLength is %u "
			    "but only %zu bytes came",
			    UGETW(d.wTotalLength), len - off);
		offs[i] = off;
		lens[i] = UGETW(d.wTotalLength);
		off += lens[i];
	}
	if (off != len)
		return udesc_fail(err, off, "%zu bytes behind the last "
		    "configuration", len - off);
	return 0;
}

/*
 * error = udesc_check_length(d, off, err)
 *
 *	Is a descriptor of a type that we read long enough for it?
 */
static int
udesc_check_length(const uint8_t *d, size_t off, struct udesc_error *err)
{
	u_int need;

	switch (d[1]) {
	case UDESC_INTERFACE:
		need = USB_INTERFACE_DESCRIPTOR_SIZE;
		break;
	case UDESC_ENDPOINT:
		need = USB_ENDPOINT_DESCRIPTOR_SIZE;
		break;
	case UDESC_INTERFACE_ASSOC:
		need = USB_INTERFACE_ASSOC_DESCRIPTOR_SIZE;
		break;
	case UDESC_CS_INTERFACE:
	case UDESC_CS_ENDPOINT:
		need = USB_DESCRIPTOR_SIZE;
		break;
	case UDESC_DEVICE:
	case UDESC_CONFIG:
		return udesc_fail(err, off, "%s descriptor inside a "
		    "configuration", d[1] == UDESC_DEVICE ? "device" :
		    "configuration");
	default:
		return 0;
	}
	if (d[0] < need)
		return udesc_fail(err, off, "descriptor of type 0x%02x has "
		    "bLength %u, needs %u", d[1], d[0], need);
	return 0;
}

/*
 * error = udesc_count(raw, off, len, &nalt, &nep, err)
 *
 *	How many settings and endpoints are in a configuration; adds to the
 *	counts.
 */
static int
udesc_count(const uint8_t *raw, size_t off, size_t len, u_int *naltp,
    u_int *nepp, struct udesc_error *err)
{
	struct udesc_cursor c = { raw, off + raw[off], off + len };
	u_int nalt = 0, nep = 0;
	const uint8_t *d;
	int error;

	while ((error = udesc_next(&c, &d, &off, err)) == 0 && d != NULL) {
		if ((error = udesc_check_length(d, off, err)) != 0)
			return error;
		if (d[1] == UDESC_INTERFACE) {
			nep = 0;
			if (++nalt > UDESC_MAXALT)
				return udesc_fail(err, off, "more than %u "
				    "interface descriptors", UDESC_MAXALT);
		}
		if (d[1] == UDESC_ENDPOINT) {
			if (++nep > UDESC_MAXEP)
				return udesc_fail(err, off, "more than %u "
				    "endpoints in one setting", UDESC_MAXEP);
			++*nepp;
		}
	}
	*naltp += nalt;
	return error;
}

/*
 * udesc_end_alt(build)
 *
 *	The present setting is complete: did it keep its promise?
 */
static int
udesc_end_alt(struct udesc_build *b)
{
	const struct udesc_alt *a = b->b_cur;

	if (a == NULL || a->da_nep == a->da_d->bNumEndpoints)
		return 0;
	return udesc_fail(b->b_err, b->b_curoff + 4, "interface %u setting "
	    "%u has %u endpoint descriptors, bNumEndpoints says %u",
	    a->da_d->bInterfaceNumber, a->da_d->bAlternateSetting, a->da_nep,
	    a->da_d->bNumEndpoints);
}

/*
 * error = udesc_note_iface(build, number, off)
 *
 *	Remember an interface number if it is new.
 */
static int
udesc_note_iface(struct udesc_build *b, uint8_t number, size_t off)
{
	struct udesc_conf *dc = b->b_conf;
	u_int i;

	for (i = 0; i < dc->dc_niface; i++) {
		if (dc->dc_ifaceno[i] == number)
			return 0;
	}
	if (dc->dc_niface == UDESC_MAXIFACE)
		return udesc_fail(b->b_err, off, "more than %u interfaces",
		    UDESC_MAXIFACE);
	dc->dc_ifaceno[dc->dc_niface++] = number;
	return 0;
}

static int
udesc_add_alt(struct udesc_build *b, uint8_t *d, size_t off)
{
	usb_interface_descriptor_t *id = (void *)d;
	struct udesc_conf *dc = b->b_conf;
	u_int i;
	int error;

	if ((error = udesc_end_alt(b)) != 0)
		return error;
	for (i = 0; i < dc->dc_nalt; i++) {
		const usb_interface_descriptor_t *o = dc->dc_alt[i].da_d;

		if (o->bInterfaceNumber == id->bInterfaceNumber &&
		    o->bAlternateSetting == id->bAlternateSetting)
			return udesc_fail(b->b_err, off, "interface %u "
			    "setting %u is described twice",
			    id->bInterfaceNumber, id->bAlternateSetting);
	}
	if ((error = udesc_note_iface(b, id->bInterfaceNumber, off)) != 0)
		return error;
	b->b_cur = b->b_alt++;
	b->b_cur->da_d = id;
	b->b_cur->da_ep = b->b_ep;
	b->b_curoff = off;
	dc->dc_nalt++;
	return 0;
}

/*
 * error = udesc_check_ep(build, e, off)
 *
 *	Reserved address bits must be clear: two addresses that differ only
 *	there are one endpoint to the hardware.
 */
static int
udesc_check_ep(const struct udesc_build *b, const usb_endpoint_descriptor_t *e,
    size_t off)
{
	const u_int type = UE_GET_XFERTYPE(e->bmAttributes);
	const u_int size = UGETW(e->wMaxPacketSize);

	if ((e->bEndpointAddress & ~(UE_ADDR | UE_DIR_IN)) != 0 ||
	    UE_GET_ADDR(e->bEndpointAddress) == 0)
		return udesc_fail(b->b_err, off + 2,
		    "endpoint address 0x%02x is not valid",
		    e->bEndpointAddress);
	if (UE_GET_SIZE(size) > 1024)
		return udesc_fail(b->b_err, off + 4, "endpoint 0x%02x: "
		    "wMaxPacketSize 0x%04x", e->bEndpointAddress, size);
	if (UE_GET_SIZE(size) == 0 &&
	    (type == UE_BULK || type == UE_INTERRUPT))
		return udesc_fail(b->b_err, off + 4, "endpoint 0x%02x: "
		    "wMaxPacketSize is 0", e->bEndpointAddress);
	return 0;
}

static int
udesc_add_ep(struct udesc_build *b, uint8_t *d, size_t off)
{
	usb_endpoint_descriptor_t *e = (void *)d;
	struct udesc_alt *a = b->b_cur;
	int error, *owner;
	u_int i;

	if (a == NULL)
		return udesc_fail(b->b_err, off,
		    "endpoint descriptor before any interface");
	if ((error = udesc_check_ep(b, e, off)) != 0)
		return error;
	for (i = 0; i < a->da_nep; i++) {
		if (a->da_ep[i].de_d->bEndpointAddress == e->bEndpointAddress)
			return udesc_fail(b->b_err, off, "endpoint 0x%02x is "
			    "described twice in interface %u setting %u",
			    e->bEndpointAddress, a->da_d->bInterfaceNumber,
			    a->da_d->bAlternateSetting);
	}
	owner = &b->b_epowner[e->bEndpointAddress];
	if (*owner != 0 && *owner != a->da_d->bInterfaceNumber + 1)
		return udesc_fail(b->b_err, off, "endpoint 0x%02x is in "
		    "interface %u and in interface %u", e->bEndpointAddress,
		    *owner - 1, a->da_d->bInterfaceNumber);
	*owner = a->da_d->bInterfaceNumber + 1;
	b->b_ep++->de_d = e;
	a->da_nep++;
	return 0;
}

/*
 * error = udesc_add_iad(build, d, off)
 *
 *	Only the overlap is checked here; whether the interfaces exist is not
 *	known before the end.
 */
static int
udesc_add_iad(struct udesc_build *b, const uint8_t *d, size_t off)
{
	const usb_interface_assoc_descriptor_t *iad = (const void *)d;
	const u_int first = iad->bFirstInterface;
	const u_int count = iad->bInterfaceCount;
	u_int i;

	if (count == 0 || first + count > 256)
		return udesc_fail(b->b_err, off, "interface association of "
		    "%u interfaces from %u on", count, first);
	for (i = first; i < first + count; i++) {
		if ((b->b_iad[i / 32] & (1U << (i % 32))) != 0)
			return udesc_fail(b->b_err, off, "interface %u is in "
			    "two interface associations", i);
		b->b_iad[i / 32] |= 1U << (i % 32);
	}
	return 0;
}

/*
 * error = udesc_check_conf(build)
 *
 *	What can be said only when a configuration is complete.
 */
static int
udesc_check_conf(struct udesc_build *b)
{
	struct udesc_conf *dc = b->b_conf;
	uint32_t have[8] = { 0 };
	u_int i, n;

	if (dc->dc_niface != dc->dc_d->bNumInterface)
		return udesc_fail(b->b_err, dc->dc_off + 4, "configuration "
		    "%u has %u interfaces, bNumInterfaces says %u",
		    dc->dc_d->bConfigurationValue, dc->dc_niface,
		    dc->dc_d->bNumInterface);
	for (i = 0; i < dc->dc_nalt; i++) {
		if (dc->dc_alt[i].da_d->bAlternateSetting == 0) {
			n = dc->dc_alt[i].da_d->bInterfaceNumber;
			have[n / 32] |= 1U << (n % 32);
		}
	}
	for (i = 0; i < dc->dc_niface; i++) {
		n = dc->dc_ifaceno[i];
		if ((have[n / 32] & (1U << (n % 32))) == 0)
			return udesc_fail(b->b_err, dc->dc_off, "interface "
			    "%u has no setting 0", n);
	}
	for (i = 0; i < 256; i++) {
		if ((b->b_iad[i / 32] & ~have[i / 32] & (1U << (i % 32))) != 0)
			return udesc_fail(b->b_err, dc->dc_off, "an interface "
			    "association names interface %u, which does not "
			    "exist", i);
	}
	return 0;
}

/*
 * error = udesc_check_value(tree, dc, err)
 */
static int
udesc_check_value(const struct udesc *t, const struct udesc_conf *dc,
    struct udesc_error *err)
{
	const uint8_t value = dc->dc_d->bConfigurationValue;
	const struct udesc_conf *o;

	if (value == 0)
		return udesc_fail(err, dc->dc_off + 5,
		    "bConfigurationValue is 0");
	for (o = t->d_conf; o < dc; o++) {
		if (o->dc_d->bConfigurationValue == value)
			return udesc_fail(err, dc->dc_off + 5,
			    "bConfigurationValue %u is used twice", value);
	}
	return 0;
}

/*
 * error = udesc_build_conf(build)
 *
 *	Third pass, for the configuration b_conf, whose dc_off and dc_len are
 *	set and whose descriptors have passed udesc_count.
 */
static int
udesc_build_conf(struct udesc_build *b)
{
	struct udesc_conf *dc = b->b_conf;
	uint8_t *raw = b->b_tree->d_raw;
	struct udesc_cursor c = { raw, dc->dc_off, dc->dc_off + dc->dc_len };
	const uint8_t *d;
	size_t off;
	int error;

	dc->dc_d = (void *)(raw + dc->dc_off);
	dc->dc_alt = b->b_alt;
	b->b_cur = NULL;
	memset(b->b_epowner, 0, sizeof(b->b_epowner));
	memset(b->b_iad, 0, sizeof(b->b_iad));
	if ((error = udesc_check_value(b->b_tree, dc, b->b_err)) != 0)
		return error;
	c.c_off += dc->dc_d->bLength;
	while ((error = udesc_next(&c, &d, &off, b->b_err)) == 0 &&
	    d != NULL) {
		if (d[1] == UDESC_INTERFACE)
			error = udesc_add_alt(b, raw + off, off);
		else if (d[1] == UDESC_ENDPOINT)
			error = udesc_add_ep(b, raw + off, off);
		else if (d[1] == UDESC_INTERFACE_ASSOC)
			error = udesc_add_iad(b, d, off);
		if (error != 0)
			return error;
	}
	if (error == 0)
		error = udesc_end_alt(b);
	if (error == 0)
		error = udesc_check_conf(b);
	return error;
}

/*
 * tree = udesc_alloc(raw, len, nconf, nalt, nep, &alt, &ep)
 *
 *	One piece of memory for the tree and a copy of the bytes.
 */
static struct udesc *
udesc_alloc(const uint8_t *raw, size_t len, u_int nconf, u_int nalt,
    u_int nep, struct udesc_alt **altp, struct udesc_ep **epp)
{
	const size_t size = sizeof(struct udesc) +
	    nconf * sizeof(struct udesc_conf) +
	    nalt * sizeof(struct udesc_alt) +
	    nep * sizeof(struct udesc_ep) + len;
	struct udesc *t = kmem_zalloc(size, KM_SLEEP);

	t->d_size = size;
	t->d_nconf = nconf;
	t->d_conf = (void *)(t + 1);
	*altp = (void *)(t->d_conf + nconf);
	*epp = (void *)(*altp + nalt);
	t->d_raw = (void *)(*epp + nep);
	t->d_len = len;
	memcpy(t->d_raw, raw, len);
	t->d_dev = (void *)t->d_raw;
	return t;
}

/*
 * error = udesc_parse_copy(raw, len, &tree, err)
 *
 *	udesc_parse, on bytes that nobody else can change.
 */
static int
udesc_parse_copy(const uint8_t *raw, size_t len, struct udesc **tp,
    struct udesc_error *err)
{
	size_t offs[UDESC_MAXCONF], lens[UDESC_MAXCONF];
	u_int i, nconf, nalt = 0, nep = 0;
	struct udesc_build b;
	int error;

	if ((error = udesc_check_device(raw, len, err)) != 0)
		return error;
	nconf = raw[17];
	if ((error = udesc_split(raw, len, nconf, offs, lens, err)) != 0)
		return error;
	for (i = 0; i < nconf; i++) {
		error = udesc_count(raw, offs[i], lens[i], &nalt, &nep, err);
		if (error != 0)
			return error;
	}
	memset(&b, 0, sizeof(b));
	b.b_err = err;
	b.b_tree = udesc_alloc(raw, len, nconf, nalt, nep, &b.b_alt, &b.b_ep);
	for (i = 0; i < nconf && error == 0; i++) {
		b.b_conf = &b.b_tree->d_conf[i];
		b.b_conf->dc_off = offs[i];
		b.b_conf->dc_len = lens[i];
		error = udesc_build_conf(&b);
	}
	if (error != 0) {
		udesc_free(b.b_tree);
		return error;
	}
	*tp = b.b_tree;
	return 0;
}

/*
 * error = udesc_parse(raw, len, &tree, err)
 *
 *	Check the descriptors of a device and make a tree of them; free it
 *	with udesc_free.  raw may change while this runs (it is copied
 *	first).  Any context; does not sleep.  EINVAL: refused, *err says what
 *	is wrong at which offset of raw; E2BIG: more than UDESC_MAXLEN bytes,
 *	*err is set too.
 */
int
udesc_parse(const void *raw, size_t len, struct udesc **tp,
    struct udesc_error *err)
{
	uint8_t *copy;
	int error;

	*tp = NULL;
	if (len > UDESC_MAXLEN) {
		udesc_fail(err, UDESC_MAXLEN, "%zu bytes of descriptors",
		    len);
		return E2BIG;
	}
	if (len == 0)
		return udesc_fail(err, 0, "no descriptors at all");
	copy = kmem_alloc(len, KM_SLEEP);
	memcpy(copy, raw, len);
	error = udesc_parse_copy(copy, len, tp, err);
	kmem_free(copy, len);
	return error;
}

/*
 * udesc_free(tree)
 *
 *	Forget a tree and the bytes that all its pointers point into.
 */
void
udesc_free(struct udesc *t)
{

	kmem_free(t, t->d_size);
}

/*
 * conf = udesc_conf_by_value(tree, value)
 *
 *	The configuration with this bConfigurationValue, or NULL.
 */
const struct udesc_conf *
udesc_conf_by_value(const struct udesc *t, uint8_t value)
{
	u_int i;

	for (i = 0; i < t->d_nconf; i++) {
		if (t->d_conf[i].dc_d->bConfigurationValue == value)
			return &t->d_conf[i];
	}
	return NULL;
}

/*
 * alt = udesc_alt_nth(conf, index, n)
 *
 *	Setting n, counted in the order of the bytes, of the interface with
 *	this index (not number), or NULL.  n == 0 always exists for an index
 *	below dc_niface, but need not be bAlternateSetting 0.
 */
const struct udesc_alt *
udesc_alt_nth(const struct udesc_conf *dc, u_int index, u_int n)
{
	u_int i;

	if (index >= dc->dc_niface)
		return NULL;
	for (i = 0; i < dc->dc_nalt; i++) {
		if (dc->dc_alt[i].da_d->bInterfaceNumber ==
		    dc->dc_ifaceno[index] && n-- == 0)
			return &dc->dc_alt[i];
	}
	return NULL;
}
