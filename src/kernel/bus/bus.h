/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus.h - between the files of src/kernel/bus.
 */
#ifndef _BUS_BUS_H_
#define	_BUS_BUS_H_

#include <sys/types.h>
#include <sys/device.h>

struct usbd_device;
struct usbd_why;

/* Zombie transfers, and closes and detaches that do not end, from which on no
   device is attached any more. */
#define	USB_MAX_ZOMBIES		8
#define	USB_MAX_STUCK		4
/* How long a device waits for those that arrived before it, ms. */
#define	USB_TURN_MS		500
/* How long one that has left keeps its port, if it may live on (linux). */
#define	USB_LINGER_MS		200
/* How long usb_bus_shutdown waits for all detaches, s. */
#define	USB_SHUTDOWN_TIMEOUT	20

/* ---- usb_port.c: for init_main.c ------------------------------------ */

void	usb_bus_init(bool (*)(u_int));
void	usb_bus_again(void);
void	usb_bus_shutdown(void);

/* ---- uhub.c --------------------------------------------------------- */

device_t uhub_hub(void);
int	uhub_attach_drivers(struct usbd_device *, const struct cfpins *,
	    struct usbd_why *);
void	uhub_detach_drivers(struct usbd_device *, int);
bool	uhub_is_idle(const struct usbd_device *);
bool	uhub_driver_name(struct usbd_device *, u_int, char *, size_t);
const char *uhub_find_driver(struct usbd_device *, const char **);

#endif /* _BUS_BUS_H_ */
