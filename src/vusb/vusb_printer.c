/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_printer.c - a software printer: one bidirectional interface with the
 * endpoints 0x01 and 0x82.
 *
 * What is printed goes to the far end, and waits in the host when that is full
 * (vusb_far_limit), as it does when there is no paper.  The status is good
 * always; vs_resets counts soft resets.
 *
 * All functions: v_lock held.
 */
#include <string.h>

#include "vusb/vusbvar.h"

#define	PRINTER_EP_OUT	0x01
#define	PRINTER_EP_IN	0x82
#define	PRINTER_STATUS	0x18	/* selected, no error */

static const char printer_id[] =
    "MFG:devsw;CMD:TEXT;MDL:Software Printer;CLS:PRINTER;";

static size_t
printer_descriptors(struct vusb *v, uint8_t *d, size_t size)
{
	size_t len;

	if (size < 18 + 9 + 9 + 14)
		return 0;
	len = vusb_put_device(v, d, 0);
	memcpy(d + len, (uint8_t[]){ 9, 2, 32, 0, 1, 1, 0, 0xc0, 1,
	    9, 4, 0, 0, 2, 7, 1, 2, 0 }, 18);
	len += 18;
	len += vusb_put_endpoint(d + len, PRINTER_EP_OUT, 2,
	    (uint16_t)v->v_maxpkt, 0);
	len += vusb_put_endpoint(d + len, PRINTER_EP_IN, 2,
	    (uint16_t)v->v_maxpkt, 0);
	return len;
}

static void
printer_reset(struct vusb *v)
{

	vusb_uart_reset(&v->v_port[0]);
}

static int
printer_control(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	const unsigned idlen = sizeof(printer_id) + 1;	/* no NUL, a length */
	unsigned n;

	if (vr->vr_type == 0x21 && vr->vr_request == 2 && vr->vr_index == 0) {
		v->v_port[0].vp_status.vs_resets++;
		return 0;
	}
	if (vr->vr_type != 0xa1)
		return VUSB_STALL;
	if (vr->vr_request == 1 && vr->vr_index == 0 && vr->vr_length >= 1) {
		buf[0] = PRINTER_STATUS;
		return 1;
	}
	if (vr->vr_request != 0 || vr->vr_index != 0 || vr->vr_length < 2)
		return VUSB_STALL;
	n = vr->vr_length < idlen ? vr->vr_length : idlen;
	buf[0] = (uint8_t)(idlen >> 8);
	buf[1] = (uint8_t)idlen;
	memcpy(buf + 2, printer_id, n - 2);
	return (int)n;
}

static bool
printer_in(struct vusb *v, uint8_t ep, uint8_t *buf, uint32_t len,
    uint32_t *actlen)
{
	uint8_t packet[512], flags;
	size_t n;

	(void)ep;
	if (len >= v->v_maxpkt) {
		*actlen = (uint32_t)vusb_uart_rx(&v->v_port[0], buf, len,
		    &flags);
		return *actlen > 0;
	}
	/* It sends a packet, and what of it finds no room is lost. */
	n = vusb_uart_rx(&v->v_port[0], packet, v->v_maxpkt, &flags);
	*actlen = n < len ? (uint32_t)n : len;
	memcpy(buf, packet, *actlen);
	return n > 0;
}

static uint32_t
printer_out(struct vusb *v, uint8_t ep, const uint8_t *buf, uint32_t len)
{

	(void)ep;
	return (uint32_t)vusb_uart_tx(&v->v_port[0], buf, len);
}

const struct vusb_ops vusb_printer_ops = {
	.vo_descriptors = printer_descriptors,
	.vo_control = printer_control,
	.vo_in = printer_in,
	.vo_out = printer_out,
	.vo_reset = printer_reset,
};
