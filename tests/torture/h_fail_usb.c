/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fail_usb.c - the hypercalls of hyp_usb.h that may fail; see h_fail.h.
 * The errors are those of their contracts.
 */
#include <errno.h>
#include <stddef.h>

#include "hyp/hyp_usb.h"
#include "torture/h_fail.h"

#define	N(a)	(sizeof(a) / sizeof((a)[0]))

static const int open_errors[] = { EMFILE, ENODEV, EACCES, ENOMEM, EAGAIN };
static const int read_errors[] = { EIO, ENODEV };
static const int request_errors[] = { EIO, ENODEV, EBUSY };
static const int claim_errors[] = { EBUSY, ENODEV, EACCES };
static const int submit_errors[] = { EIO, ENODEV, ENOMEM };

int	__wrap_hyp_usb_open(uint32_t, uint32_t, void *, struct hyp_usb **);
int	__real_hyp_usb_open(uint32_t, uint32_t, void *, struct hyp_usb **);
int	__wrap_hyp_usb_descriptors(struct hyp_usb *, void *, size_t, size_t *);
int	__real_hyp_usb_descriptors(struct hyp_usb *, void *, size_t, size_t *);
int	__wrap_hyp_usb_get_config(struct hyp_usb *, uint8_t *);
int	__real_hyp_usb_get_config(struct hyp_usb *, uint8_t *);
int	__wrap_hyp_usb_set_config(struct hyp_usb *, uint8_t);
int	__real_hyp_usb_set_config(struct hyp_usb *, uint8_t);
int	__wrap_hyp_usb_set_alt(struct hyp_usb *, uint8_t, uint8_t);
int	__real_hyp_usb_set_alt(struct hyp_usb *, uint8_t, uint8_t);
int	__wrap_hyp_usb_clear_halt(struct hyp_usb *, uint8_t);
int	__real_hyp_usb_clear_halt(struct hyp_usb *, uint8_t);
int	__wrap_hyp_usb_claim(struct hyp_usb *, uint8_t);
int	__real_hyp_usb_claim(struct hyp_usb *, uint8_t);
int	__wrap_hyp_usbx_alloc(struct hyp_usb *, int, uint8_t, size_t,
	    hyp_usb_done_t *, void *, struct hyp_usbx **, void **);
int	__real_hyp_usbx_alloc(struct hyp_usb *, int, uint8_t, size_t,
	    hyp_usb_done_t *, void *, struct hyp_usbx **, void **);
int	__wrap_hyp_usbx_submit(struct hyp_usbx *, const void *, uint32_t, int);
int	__real_hyp_usbx_submit(struct hyp_usbx *, const void *, uint32_t, int);

/* One of the errors, or 0: the call goes on. */
static int
one_of(int which, const int *errors)
{

	return which < 0 ? 0 : errors[which];
}
#define	fails(call, errors, n)						\
	one_of(FAIL_HERE((call), FAIL_CALLS, (unsigned)(n)), (errors))

int
__wrap_hyp_usb_open(uint32_t bus, uint32_t addr, void *cookie,
    struct hyp_usb **devp)
{
	const int error = fails("hyp_usb_open", open_errors, N(open_errors));

	return error != 0 ? error :
	    __real_hyp_usb_open(bus, addr, cookie, devp);
}

int
__wrap_hyp_usb_descriptors(struct hyp_usb *dev, void *buf, size_t size,
    size_t *lenp)
{
	const int error = fails("hyp_usb_descriptors", read_errors,
	    N(read_errors));

	return error != 0 ? error :
	    __real_hyp_usb_descriptors(dev, buf, size, lenp);
}

int
__wrap_hyp_usb_get_config(struct hyp_usb *dev, uint8_t *value)
{
	const int error = fails("hyp_usb_get_config", read_errors,
	    N(read_errors));

	return error != 0 ? error : __real_hyp_usb_get_config(dev, value);
}

int
__wrap_hyp_usb_set_config(struct hyp_usb *dev, uint8_t value)
{
	const int error = fails("hyp_usb_set_config", request_errors,
	    N(request_errors));

	return error != 0 ? error : __real_hyp_usb_set_config(dev, value);
}

int
__wrap_hyp_usb_set_alt(struct hyp_usb *dev, uint8_t iface, uint8_t alt)
{
	const int error = fails("hyp_usb_set_alt", request_errors,
	    N(request_errors));

	return error != 0 ? error : __real_hyp_usb_set_alt(dev, iface, alt);
}

int
__wrap_hyp_usb_clear_halt(struct hyp_usb *dev, uint8_t ep)
{
	const int error = fails("hyp_usb_clear_halt", request_errors,
	    N(request_errors));

	return error != 0 ? error : __real_hyp_usb_clear_halt(dev, ep);
}

int
__wrap_hyp_usb_claim(struct hyp_usb *dev, uint8_t iface)
{
	const int error = fails("hyp_usb_claim", claim_errors,
	    N(claim_errors));

	return error != 0 ? error : __real_hyp_usb_claim(dev, iface);
}

int
__wrap_hyp_usbx_alloc(struct hyp_usb *dev, int type, uint8_t ep, size_t size,
    hyp_usb_done_t *done, void *cookie, struct hyp_usbx **xp, void **bufp)
{

	if (FAIL_HERE("hyp_usbx_alloc", FAIL_CALLS, 1) >= 0)
		return ENOMEM;
	return __real_hyp_usbx_alloc(dev, type, ep, size, done, cookie, xp,
	    bufp);
}

int
__wrap_hyp_usbx_submit(struct hyp_usbx *x, const void *setup, uint32_t len,
    int zlp)
{
	const int error = fails("hyp_usbx_submit", submit_errors,
	    N(submit_errors));

	return error != 0 ? error : __real_hyp_usbx_submit(x, setup, len, zlp);
}
