/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_state.c - what a driver wants to know again of its device when the
 * daemon has been killed: the contracts are in usbdi.h.
 *
 * In front of it stands which plugging of which device it is of, and how long
 * it is, so that neither another device in this place nor another version of
 * the driver takes it for its own.  No locks.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_state.h>

struct usb_state {
	uint16_t	us_vendor;
	uint16_t	us_product;
	uint16_t	us_len;
	uint8_t		us_bus;
	uint8_t		us_addr;
	uint8_t		us_data[USBD_STATE_MAX];
};
CTASSERT(sizeof(struct usb_state) <= HYP_STATE_MAX);

static void
usb_state_head(const struct usbd_device *dev, size_t len, struct usb_state *us)
{

	memset(us, 0, sizeof(*us));
	us->us_vendor = UGETW(dev->ud_ddesc.idVendor);
	us->us_product = UGETW(dev->ud_ddesc.idProduct);
	us->us_len = (uint16_t)len;
	us->us_bus = (uint8_t)dev->ud_bus->ub_busnum;
	us->us_addr = dev->ud_addr;
}

void
usbd_state_put(struct usbd_device *dev, const char *name, const void *data,
    size_t len)
{
	struct usb_state us;

	KASSERTMSG(len <= USBD_STATE_MAX, "%zu bytes", len);
	usb_state_head(dev, len, &us);
	if (len != 0)
		memcpy(us.us_data, data, len);
	hyp_state_put(name, &us, len != 0 ? sizeof(us) : 0);
}

int
usbd_park_put(const char *name, const void *data, size_t len)
{

	return hyp_hand_put(name, data, len) == 0 ? 0 : ENOMEM;
}

size_t
usbd_park_get(const char *name, void *data, size_t max)
{

	return hyp_hand_get(name, data, max);
}

uint64_t
usbd_plugging(const struct usbd_device *dev)
{

	return (uint64_t)UGETW(dev->ud_ddesc.idVendor) << 32 |
	    (uint64_t)UGETW(dev->ud_ddesc.idProduct) << 16 |
	    (uint64_t)(uint8_t)dev->ud_bus->ub_busnum << 8 | dev->ud_addr;
}

void
usbd_mute(struct usbd_device *dev, bool on)
{

	atomic_store_relaxed(&dev->ud_mute, on);
}

bool
usbd_state_get(struct usbd_device *dev, const char *name, void *data,
    size_t len)
{
	struct usb_state us, head;

	KASSERTMSG(len <= USBD_STATE_MAX, "%zu bytes", len);
	if (hyp_state_get(name, &us, sizeof(us)) != sizeof(us))
		return false;
	usb_state_head(dev, len, &head);
	if (memcmp(&us, &head, offsetof(struct usb_state, us_data)) != 0)
		return false;
	memcpy(data, us.us_data, len);
	return true;
}
