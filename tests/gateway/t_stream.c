/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_stream.c - hostile telnet: requests of RFC 2217 that are cut anywhere, that
 * have no end, that are out of range, and streams of chance made of their
 * pieces, and of those that libtelnet takes apart itself.  The promises are
 * h_stream.h's; fuzz_stream.c has the same for libFuzzer.
 */
#undef NDEBUG
#include <stdlib.h>
#include <string.h>

#include "gateway/h_stream.h"
#include "h_test.h"

#define	STREAMS		1500
#define	LONGEST		4000

static const char *const pieces[] = {
	"\xff\xfa\x2c", "\xff\xf0", "\xff\xff", "\xff\xfb\x2c", "\xff\xfc\x2c",
	"\xff\xfd\x2c", "\xff\xfe\x2c", "\xff\xfb", "\xff\xfd", "\xff",
	"\xff\xf3", "\xff\xf6", "\xff\xf4", "\r", "\n", "text",
	"\xff\xfa\x18\x01", "\xff\xfa\x27\x01", "\xff\xfa\x5b", "\xff\xfa\x45",
	"\xff\xfa\x56", "\xff\xfa\x1f", "\xff\xfa", "\xff\xfb\x18",
	"\x2c\x05", "\x2c\x0a\xff\xff", "\x2c\x0b\x10", "\x2c\x08", "\x2c\x09",
	"\x2c\x0c\x03", "\x2c\x01\xff\xff\xff\xff\xff\xff\xff\xff",
};
#define	NPIECES	(sizeof(pieces) / sizeof(pieces[0]))

static void
keep(const uint8_t *bytes, size_t n)
{
	const char *const broken = h_stream(bytes, n);

	if (broken != NULL)
		t_fail(__FILE__, __LINE__, "%s", broken);
}

/* One suboption; the length with which it is whole. */
static size_t
suboption(uint8_t *buf, const uint8_t *body, size_t n)
{
	size_t i, k = 0;

	memcpy(buf, "\xff\xfb\x2c\xff\xfa\x2c", 6);
	k = 6;
	for (i = 0; i < n; i++) {
		buf[k++] = body[i];
		if (body[i] == 255)
			buf[k++] = 255;
	}
	buf[k++] = 255;
	buf[k++] = 240;
	return k;
}

static void
t_cut(void)
{
	uint8_t body[6] = { 0 }, buf[32];
	size_t whole, cut;
	int command;

	for (command = 0; command < 14; command++) {
		body[0] = (uint8_t)command;
		memset(body + 1, command & 1 ? 0 : 255, 5);
		whole = suboption(buf, body, sizeof(body));
		for (cut = 0; cut <= whole; cut++)
			keep(buf, cut);
	}
	h_stream_end();
}

static void
t_ranges(void)
{
	uint8_t body[5], buf[32];
	int command, value;

	for (command = 0; command < 14; command++) {
		for (value = 0; value < 256; value += command == 5 ? 1 : 15) {
			body[0] = (uint8_t)command;
			memset(body + 1, value, 4);
			keep(buf, suboption(buf, body, 5));
			keep(buf, suboption(buf, body, 2));
			keep(buf, suboption(buf, body, 1));
		}
	}
	h_stream_end();
}

static void
t_endless(void)
{
	static uint8_t buf[1 << 20];
	static const uint8_t options[] = { 44, 24, 39, 36, 69, 70, 86, 91, 93,
	    31 };
	size_t i;

	for (i = 0; i < sizeof(options); i++) {
		memset(buf, 'x', sizeof(buf));
		memcpy(buf, "\xff\xfb\x2c\xff\xfa", 5);
		buf[5] = options[i];
		keep(buf, i == 0 ? sizeof(buf) : 40000);
		memcpy(buf + 40000, "\xff\xf0", 2);
		keep(buf, 40002);
		memset(buf + 6, 255, 40000);
		keep(buf, 40000);
	}
	h_stream_end();
}

static void
t_chance(void)
{
	static uint8_t buf[LONGEST + 64];
	size_t n, len;
	int i;

	for (i = 0; i < STREAMS; i++) {
		for (n = 0; n < t_random() % LONGEST; n += len) {
			const char *const p = pieces[t_random() % NPIECES];

			len = strlen(p);
			memcpy(buf + n, p, len);
			if (t_random() % 3 == 0)
				buf[n + len++] = (uint8_t)t_random();
		}
		keep(buf, n);
	}
	h_stream_end();
}

const struct t_case t_cases[] = {
	{ "a request that is cut anywhere", t_cut },
	{ "every value of every request", t_ranges },
	{ "suboptions without an end", t_endless },
	{ "streams of chance", t_chance },
	{ NULL, NULL }
};
