/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid_value.c - numbers in reports, and what the ranges of a field make of
 * them.
 *
 * Model
 *	Pure functions on a buffer and on a struct hidp_item; never outside
 *	the length that the caller gives.  Bits are counted from the least
 *	significant one of the first byte [8.4].
 */
#include "hid/hid_parse.h"

/*
 * value = hidp_get(buf, len, pos, size)
 *
 *	size bits from bit pos on, of a report of len bytes without its ID;
 *	of more than 64 bits the low 64.  What is beyond the end reads as 0,
 *	because devices may cut a report short.
 */
uint64_t
hidp_get(const void *buf, size_t len, uint32_t pos, uint32_t size)
{
	const uint8_t *b = buf;
	const uint32_t n = size < 64 ? size : 64;
	uint64_t value = 0;
	size_t at = pos / 8;
	uint32_t got;

	if (n == 0)
		return 0;
	if (at < len)
		value = b[at] >> pos % 8;
	for (got = 8 - pos % 8; got < n; got += 8) {
		if (++at < len)
			value |= (uint64_t)b[at] << got;
	}
	return n == 64 ? value : value & ((1ULL << n) - 1);
}

/*
 * value = hidp_get_signed(buf, len, pos, size)
 *
 *	The same, as two's complement of size bits.
 */
int64_t
hidp_get_signed(const void *buf, size_t len, uint32_t pos, uint32_t size)
{
	const uint64_t value = hidp_get(buf, len, pos, size);
	uint64_t sign;

	if (size == 0 || size >= 64)
		return (int64_t)value;
	sign = 1ULL << (size - 1);
	return (int64_t)((value ^ sign) - sign);
}

/*
 * ok = hidp_put(buf, len, pos, size, value)
 *
 *	Store the low size bits of value and touch no other bit; bits of the
 *	field above the 64th become 0.  false: the field is not inside the
 *	report, and nothing was written.
 */
bool
hidp_put(void *buf, size_t len, uint32_t pos, uint32_t size, uint64_t value)
{
	uint8_t *b = (uint8_t *)buf + pos / 8;
	uint32_t shift = pos % 8, n;
	uint8_t mask;

	if (((uint64_t)pos + size + 7) / 8 > len)
		return false;
	for (; size > 0; size -= n, b++, shift = 0) {
		n = size < 8 - shift ? size : 8 - shift;
		mask = (uint8_t)(((1U << n) - 1) << shift);
		*b = (uint8_t)((*b & ~mask) | ((value << shift) & mask));
		value >>= n;
	}
	return true;
}

/*
 * value = hidp_value(item, buf, len, n)
 *
 *	Element n of a field, signed if its logical minimum is below 0
 *	[5.8, 6.2.2.7].
 */
int64_t
hidp_value(const struct hidp_item *item, const void *buf, size_t len,
    uint32_t n)
{
	const uint64_t pos = item->i_pos + (uint64_t)n * item->i_size;

	if (n >= item->i_count || pos > HIDP_MAXBITS)
		return 0;
	if (item->i_logical_min < 0)
		return hidp_get_signed(buf, len, (uint32_t)pos, item->i_size);
	return (int64_t)hidp_get(buf, len, (uint32_t)pos, item->i_size);
}

/*
 * null = hidp_is_null(item, value)
 *
 *	Is this the value by which a field says that it has none: one outside
 *	its logical range, where it may [6.2.2.5]?
 */
bool
hidp_is_null(const struct hidp_item *item, int64_t value)
{

	return (item->i_flags & HIDP_NULLSTATE) != 0 &&
	    (value < item->i_logical_min || value > item->i_logical_max);
}

/*
 * hidp_physical(item, &min, &max)
 *
 *	The physical range.  While both ends are 0 or undeclared, it is the
 *	logical one [6.2.2.7].
 */
void
hidp_physical(const struct hidp_item *item, int64_t *min, int64_t *max)
{
	const bool none = item->i_physical_min == 0 &&
	    item->i_physical_max == 0;

	*min = none ? item->i_logical_min : item->i_physical_min;
	*max = none ? item->i_logical_max : item->i_physical_max;
}

/*
 * exponent = hidp_exponent(i_exponent)
 *
 *	It is a nibble, -8..7 [6.2.2.7]; some devices send a whole number of
 *	two's complement instead.
 */
int
hidp_exponent(uint32_t raw)
{

	if (raw <= 0xf)
		return raw < 8 ? (int)raw : (int)raw - 16;
	if (raw <= 0xff)
		return (int8_t)raw;
	if (raw <= 0xffff)
		return (int16_t)raw;
	return (int32_t)raw;
}
