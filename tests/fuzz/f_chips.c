/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_chips.c - what chips say, in the functions that have nothing to do but to
 * understand it, and their other way round: uslsa(4)'s escapes, cut anywhere;
 * status bytes; rates and formats.  (The packets on their way through the
 * drivers are f_device.c's.)
 *
 * Promises: escapes are understood alike whole and in pieces, nothing is
 * written behind the bytes, and there are no more of them after than before; a
 * rate is what was asked for, within 3 per cent, or refused.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/usb/ucomvar.h>

#include "drivers/uchcomreg.h"
#include "drivers/uplcomreg.h"
#include "drivers/uslsareg.h"
#include "fuzz/h_fuzz.h"

#define	MOST	4096

struct said {
	u_char	bytes[MOST];
	u_char	lsr[MOST + 1];
	uint32_t n;
	u_char	msr;
};

/* As a driver does: buffers of some size after each other. */
static void
take(const uint8_t *src, uint32_t n, uint32_t most, struct said *s)
{
	struct uslsa_escapes ue;
	u_char *buf, *lsr;
	uint32_t some, got;

	memset(&ue, 0, sizeof(ue));
	s->n = 0;
	s->msr = 0;
	for (; n > 0; n -= some, src += some) {
		some = n < most ? n : most;
		buf = kmem_alloc(some, KM_SLEEP);
		lsr = kmem_zalloc(some + 1, KM_SLEEP);
		memcpy(buf, src, some);
		got = uslsa_unescape(&ue, buf, some, lsr);
		FUZZ_PROMISE(got <= some);
		memcpy(s->bytes + s->n, buf, got);
		memcpy(s->lsr + s->n, lsr, got);
		s->n += got;
		if (ue.ue_lines)
			s->msr = ue.ue_msr;
		ue.ue_lines = ue.ue_errors = false;
		kmem_free(buf, some);
		kmem_free(lsr, some + 1);
	}
}

static void
escapes(struct fuzz *f)
{
	static struct said whole, pieces;
	const uint32_t most = 1 + fuzz_u8(f) % 64;
	const uint32_t n = f->f_left < MOST ? (uint32_t)f->f_left : MOST;

	take(f->f_at, n, MOST, &whole);
	take(f->f_at, n, most, &pieces);
	FUZZ_PROMISE(whole.n == pieces.n && whole.msr == pieces.msr);
	FUZZ_PROMISE(memcmp(whole.bytes, pieces.bytes, whole.n) == 0);
}

static bool
near(uint32_t actual, uint32_t baud)
{
	const uint64_t diff = actual > baud ? actual - baud : baud - actual;

	return diff * 100 <= (uint64_t)baud * 3;
}

static void
rates(struct fuzz *f)
{
	const uint32_t baud = fuzz_u32(f);
	const u_int part = fuzz_u8(f), port = fuzz_u8(f), cflag = fuzz_u32(f);
	const struct uslsa_port *const up = uslsa_port(part, port);
	uint32_t code, actual;
	enum uplcom_type type;

	if (uchcom_divisor(part & 1, baud, &code, &actual) == 0)
		FUZZ_PROMISE(near(actual, baud));
	(void)uchcom_format(part, cflag, &code);
	(void)uplcom_type(fuzz_u16(f), fuzz_u16(f), port & 1, port & 2, &type);
	if (uplcom_rate(type, baud, &code, &actual) == 0)
		FUZZ_PROMISE(near(actual, baud));
	FUZZ_PROMISE(uplcom_name(type) != NULL);
	if (up == NULL)
		return;
	if (uslsa_rate(up, baud, &code, &actual) == 0)
		FUZZ_PROMISE(near(actual, baud));
	(void)uslsa_format(up, cflag, &code);
}

static void
bytes(struct fuzz *f)
{
	const uint8_t b = fuzz_u8(f);

	FUZZ_PROMISE((uplcom_lsr(b) & ~ULSR_ERRORS) == 0);
	FUZZ_PROMISE((uchcom_lsr(b) & ~ULSR_ERRORS) == 0);
	(void)uplcom_msr(b);
	(void)uchcom_msr(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = fuzz_begin(data, n);

	switch (fuzz_u8(&f) % 3) {
	case 0:
		escapes(&f);
		break;
	case 1:
		rates(&f);
		break;
	case 2:
		bytes(&f);
		break;
	}
	return 0;
}

void
fuzz_seeds(void)
{
	static const uint8_t escaped[] = { 0, 2, 'a', 0xec, 0, 'b', 0xec, 1,
	    0x14, 'c', 0xec, 2, 0x10, 0xec, 3, 0x30, 0xec, 9, 'd', 0xec };
	static const uint8_t rate[] = { 1, 0x00, 0xc2, 0x01, 0x00, 0x02, 0,
	    0x00, 0x03, 0, 0, 0x00, 0x02, 0x00, 0x03 };
	static const uint8_t status[] = { 2, 0x87 };

	fuzz_seed("escapes", escaped, sizeof(escaped));
	fuzz_seed("rates", rate, sizeof(rate));
	fuzz_seed("status", status, sizeof(status));
}
