/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_ioctl.c - Linux's ioctls become BSD's, whatever the command, and whatever
 * is behind the argument; in memory of exactly the size that the command has.
 * The driver below answers by the input.
 */
#include <sys/param.h>
#include <sys/ioccom.h>
#include <sys/ioctl.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include "compat/compat.h"
#include "compat/h_linux.h"
#include "dev/hid/hidraw.h"
#include "fuzz/h_fuzz.h"
#include "fuzz/h_world.h"

/* BSD ioctls of one of Linux's: a break of an hour asks each second. */
#define	CALLS_MAX	4000

static struct fuzz answers;
static u_int calls;

static int
driver(void *cookie, u_long cmd, void *data)
{
	const size_t size = IOCPARM_LEN(cmd);
	struct hidraw_ioctl *hi;
	volatile u_char sum = 0;
	size_t i;
	int error;

	FUZZ_PROMISE(cookie == &answers);
	FUZZ_PROMISE(++calls < CALLS_MAX);
	if (cmd == HIDRAW_IOCTL) {
		hi = data;
		for (i = 0; i < hi->hi_insize; i++)
			sum = (u_char)(sum + ((const u_char *)hi->hi_in)[i]);
		(void)fuzz_bytes(&answers, hi->hi_out, hi->hi_outsize);
		if ((fuzz_u8(&answers) & 1) != 0)
			hi->hi_outlen = fuzz_u16(&answers) %
			    (hi->hi_outsize + 1);
		hi->hi_result = fuzz_u16(&answers);
	} else {
		for (i = 0; (cmd & IOC_IN) != 0 && i < size; i++)
			sum = (u_char)(sum + ((u_char *)data)[i]);
		if ((cmd & IOC_OUT) != 0)
			(void)fuzz_bytes(&answers, data, size);
		/* This much a tty promises. */
		if (cmd == TIOCGPORT) {
			((struct tty_port *)data)->tp_close_delay &= 0xffff;
			((struct tty_port *)data)->tp_closing_wait &= 0xffff;
		}
	}
	error = fuzz_u8(&answers);
	return error < 100 ? error : error < 110 ? EPASSTHROUGH : 0;
}

static void
one(void *arg)
{
	struct fuzz *const f = arg;
	const uint32_t cmd = fuzz_u32(f);
	const uint64_t value = fuzz_u64(f);
	size_t insz, outsz, done;
	u_char *in, *out;
	int error, result = 0;

	if (compat_ioctl_size(cmd, &insz, &outsz) != 0)
		return;
	FUZZ_PROMISE(insz < 65536 && outsz < 65536);
	FUZZ_PROMISE(compat_ioctl_outoff(cmd) <= 65536);
	in = kmem_zalloc(insz + 1, KM_SLEEP);
	out = kmem_zalloc(outsz + 1, KM_SLEEP);
	(void)fuzz_bytes(f, in, insz);
	in[insz] = out[outsz] = 0xa5;
	done = outsz;
	answers = *f;
	calls = 0;
	error = compat_ioctl(cmd, value, in, insz, out, &done, &result,
	    driver, &answers);
	FUZZ_PROMISE(error != 0 || done <= outsz);
	FUZZ_PROMISE(in[insz] == 0xa5 && out[outsz] == 0xa5);
	error = compat_errno(error);
	FUZZ_PROMISE(error >= 0 && error <= 133);
	kmem_free(in, insz + 1);
	kmem_free(out, outsz + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static bool up;
	struct fuzz f = fuzz_begin(bytes, n);

	if (!up)
		kern_init();		/* breaks are pauses */
	up = true;
	if (n >= 12)
		world_run(one, &f);
	return 0;
}

void
fuzz_seeds(void)
{
	uint8_t buf[128];
	uint32_t cmd;

	for (size_t i = 0; h_sizes[i].hs_name != NULL; i++) {
		memset(buf, 0, sizeof(buf));
		cmd = h_sizes[i].hs_cmd;
		memcpy(buf, &cmd, sizeof(cmd));
		buf[4] = 1;
		fuzz_seed(h_sizes[i].hs_name, buf, 12 + h_sizes[i].hs_in + 40);
	}
}
