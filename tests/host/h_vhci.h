/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_vhci.h - a USB device that the test itself plays, plugged into Linux's
 * vhci_hcd, with control over every answer.
 *
 * The device is 1209:0d5x with one vendor interface: bulk IN 0x81, bulk OUT
 * 0x02.  Control requests are answered at once, OUT data is swallowed, and
 * IN transfers wait until h_vhci_send.
 */
#ifndef TESTS_HOST_H_VHCI_H
#define TESTS_HOST_H_VHCI_H

#include <stddef.h>
#include <stdint.h>

#define	H_VHCI_VENDOR	0x1209
#define	H_VHCI_PRODUCT	0x0d50		/* plus the port */

struct h_vhci;

/*
 * hv = h_vhci_plug(port)
 *
 *	Plug a device in at one of vhci_hcd's ports, 0 to 7.  NULL: there is
 *	no vhci_hcd.
 */
struct h_vhci *h_vhci_plug(unsigned);

/*
 * h_vhci_unplug(hv)
 *
 *	Pull it out, and free hv.
 */
void	h_vhci_unplug(struct h_vhci *);

/*
 * h_vhci_deaf(hv, deaf)
 *
 *	While deaf the device does not answer UNLINK, so that whoever cancels
 *	a transfer hangs in the kernel.  Ends with an answer to what was
 *	asked meanwhile.
 */
void	h_vhci_deaf(struct h_vhci *, int);

/*
 * h_vhci_hold(hv, held)
 *
 *	While held the device serves no command and reads at most one more,
 *	so that vhci_hcd's sender soon waits for it.  Answers can be sent.
 */
void	h_vhci_hold(struct h_vhci *, int);

/*
 * sent = h_vhci_send(hv, data, len)
 *
 *	Answer the oldest IN transfer that waits.  0: none waits.
 */
int	h_vhci_send(struct h_vhci *, const void *, size_t);

/*
 * n = h_vhci_waiting(hv)
 * n = h_vhci_unlinks(hv)
 * n = h_vhci_received(hv)
 * n = h_vhci_overtaken(hv)
 *
 *	IN transfers that wait; UNLINKs that have not been answered; bytes
 *	that came OUT; UNLINKs that came before their SUBMIT.
 */
unsigned h_vhci_waiting(struct h_vhci *);
unsigned h_vhci_unlinks(struct h_vhci *);
size_t	h_vhci_received(struct h_vhci *);
unsigned h_vhci_overtaken(struct h_vhci *);

#endif /* TESTS_HOST_H_VHCI_H */
