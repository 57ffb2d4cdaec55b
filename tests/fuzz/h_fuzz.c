/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fuzz.c - see h_fuzz.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/h_fuzz.h"

void (*fuzz_sink)(const char *, const void *, size_t);

void
fuzz_seed(const char *name, const void *bytes, size_t n)
{

	fuzz_sink(name, bytes, n);
}

void
fuzz_broken(const char *file, int line, const char *what)
{

	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

size_t
fuzz_bytes(struct fuzz *f, void *buf, size_t n)
{
	const size_t have = n < f->f_left ? n : f->f_left;

	if (have > 0)
		memcpy(buf, f->f_at, have);
	if (n > have)
		memset((char *)buf + have, 0, n - have);
	f->f_at += have;
	f->f_left -= have;
	return have;
}

uint8_t
fuzz_u8(struct fuzz *f)
{
	uint8_t v;

	fuzz_bytes(f, &v, sizeof(v));
	return v;
}

uint16_t
fuzz_u16(struct fuzz *f)
{
	uint16_t v;

	fuzz_bytes(f, &v, sizeof(v));
	return v;
}

uint32_t
fuzz_u32(struct fuzz *f)
{
	uint32_t v;

	fuzz_bytes(f, &v, sizeof(v));
	return v;
}

uint64_t
fuzz_u64(struct fuzz *f)
{
	uint64_t v;

	fuzz_bytes(f, &v, sizeof(v));
	return v;
}

struct fuzz
fuzz_part(struct fuzz *f, size_t n)
{
	const struct fuzz part = { f->f_at, n < f->f_left ? n : f->f_left };

	f->f_at += part.f_left;
	f->f_left -= part.f_left;
	return part;
}
