/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi_impl.h - between the files of src/kernel/usbdi, and for src/kernel/bus,
 * which opens and closes devices.
 */
#ifndef _USBDI_USBDI_IMPL_H_
#define	_USBDI_USBDI_IMPL_H_

#include <sys/types.h>

#include <dev/usb/usbdivar.h>

struct hyp_usb_info;
struct hyp_usb_line;

/* How long the host has to give a cancelled transfer back, ms. */
#define	USBD_GRACE		2000
/* Failures in a row before a pipe pauses, and its first and last pause. */
#define	USBD_MAXERRS		3
#define	USBD_PAUSE_MIN		10
#define	USBD_PAUSE_MAX		1000

/* ---- for src/kernel/bus: usb_subr.c --------------------------------- */

/* Why a device is refused: one sentence for the log. */
struct usbd_why {
	char	 w_text[160];
};
int	usbd_device_open(const struct hyp_usb_info *, void (*)(void *),
	    void *, struct usbd_device **, struct usbd_why *);
int	usbd_device_parse(const struct hyp_usb_info *, const void *, size_t,
	    struct usbd_device **, struct usbd_why *);
int	usbd_device_configure(struct usbd_device *, struct usbd_why *);
void	usbd_device_close(struct usbd_device *);
void	usbd_device_gone(struct usbd_device *);
void	usbd_set_line(struct usbd_device *, const struct hyp_usb_line *);
usbd_status usbd_claim(struct usbd_interface *);

/* ---- usbdi_xfer.c --------------------------------------------------- */

void	usbd_unlock(struct usbd_device *);
void	usbd_assert_sleepable(struct usbd_device *);
bool	usbd_pipe_idle(const struct usbd_pipe *);
void	usbd_pipe_cancel(struct usbd_pipe *, usbd_status);
void	usbd_pipe_wakeup(void *);
usbd_status usbd_xfer_accept(struct usbd_xfer *);
void	usbd_xfer_cancel(struct usbd_xfer *, usbd_status);
void	usbd_xfer_host_done(void *, int, uint32_t);
void	usbd_xfer_timer(void *);

/* ---- usbdi.c -------------------------------------------------------- */

struct usbd_pipe *usbd_pipe_create(struct usbd_device *,
	    struct usbd_interface *, struct usbd_endpoint *, bool);
bool	usbd_iface_open(const struct usbd_interface *);

/* ---- usb_task.c ----------------------------------------------------- */

void	usb_task_init(struct usbd_device *);
void	usb_task_fini(struct usbd_device *);

/* ---- usb_subr.c ----------------------------------------------------- */

usbd_status usbd_status_of(int);
usbd_status usbd_host_result(struct usbd_device *, int);

#endif /* _USBDI_USBDI_IMPL_H_ */
