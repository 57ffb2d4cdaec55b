/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.c - text from outside, made fit for a terminal.
 *
 * A device's strings, another process's name: whoever wrote them may have
 * wanted the terminal that shows them, or the reader of a log, to take them
 * for something else.  What may pass is printable ASCII and whole UTF-8
 * characters but for the controls among them: C1 (U+0080 to U+009F), which a
 * terminal obeys like an escape sequence; those that separate lines; and
 * those that turn the direction of writing.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"

/* Length of the UTF-8 character at p, whose code is in *code; 0: none. */
static unsigned
text_decode(const unsigned char *p, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 :
	    p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	unsigned i;

	if (len <= 1) {
		*code = p[0];
		return len;
	}
	*code = p[0] & (0x7fU >> len);
	/* The NUL at the end is none of these. */
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	return *code < least[len] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff) ? 0 : len;
}

static int
text_harmless(uint32_t code)
{

	return code >= ' ' && !(code >= 0x7f && code <= 0x9f) &&
	    code != 0x61c && code != 0x200e && code != 0x200f &&
	    !(code >= 0x2028 && code <= 0x202e) &&
	    !(code >= 0x2066 && code <= 0x2069);
}

void
host_text_clean(char *text)
{
	unsigned char *from = (unsigned char *)text;
	unsigned char *to = from;
	uint32_t code;
	unsigned len;

	while (*from != '\0') {
		len = text_decode(from, &code);
		if (len == 0 || !text_harmless(code)) {
			*to++ = '?';
			from += len != 0 ? len : 1;
			continue;
		}
		while (len-- > 0)
			*to++ = *from++;
	}
	*to = '\0';
}

/* One character, or a byte that is part of none, as JSON has it in quotes. */
static void
text_escape(uint32_t code, char *to, size_t size)
{

	if (code == '"' || code == '\\')
		snprintf(to, size, "\\%c", (char)code);
	else if (code >= ' ' && code < 0x7f)
		snprintf(to, size, "%c", (char)code);
	else if (code < 0x10000)
		snprintf(to, size, "\\u%04x", (unsigned)code);
	else
		snprintf(to, size, "\\u%04x\\u%04x",
		    (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
		    (unsigned)(0xdc00 + (code & 0x3ff)));
}

size_t
host_text_json(const char *text, char *buf, size_t size)
{
	const unsigned char *from = (const unsigned char *)text;
	char one[16];
	size_t n = 0, len;
	uint32_t code;
	unsigned used;

	while (*from != '\0') {
		used = text_decode(from, &code);
		text_escape(used != 0 ? code : 0xfffd, one, sizeof(one));
		len = strlen(one);
		if (n + len >= size)
			break;
		memcpy(buf + n, one, len);
		n += len;
		from += used != 0 ? used : 1;
	}
	buf[n] = '\0';
	return n;
}
