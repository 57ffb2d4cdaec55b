/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_port.c - plug and unplug: the host's up-calls become attach and
 * detach.
 *
 * Model
 *	A usb_port is a place, named by its path; a usb_plug is what the host
 *	has said of one plugging there.  Of a port two pointers matter:
 *
 *	p_want	what is plugged in now, as far as anybody has said
 *	p_have	what we have attached, or tried to
 *
 *	The up-calls set p_want and return.  While the two differ the port has
 *	a thread, which makes them equal, one step at a time and always from
 *	the present values:
 *
 *	p_have	p_want		step
 *	------	------		----
 *	NULL	A		p_have = A; attach it, if that works
 *	A	NULL, B		detach it; p_have = NULL
 *
 *	So nothing depends on the order, number or completeness of events: a
 *	lost "left" is made up for by the next "arrived", a repeated event
 *	changes nothing, and an unplug in the middle of an attach is the
 *	second line as soon as the attach returns.  The thread ends when the
 *	two are equal.  Events of one port are serial.
 *
 *	Drivers attach in the order in which the devices arrived, because
 *	that order decides who gets the lower unit; but a port waits for those
 *	before it no longer than USB_TURN_MS, so a device that does not answer
 *	delays nobody for long.  p_turn is the number of an arrival that is
 *	not dealt with yet.
 *
 *	A plug that could not be attached stays in p_have, without p_dev or
 *	with drivers that do nothing (uhub_is_idle): it has failed.  It is
 *	tried once, and once more each time that the host says again that it
 *	is there (SIGHUP), or a module has been loaded: then p_want becomes a
 *	new plug that is its equal, and the rest is the second line of the
 *	table and the first.  While the port has a thread it has not failed
 *	yet, so two tries never overlap.  One that had vanished when it was
 *	opened counts as left.
 *
 *	An unplug tells usbdi at once (usbd_device_gone), so a driver that
 *	waits for its device in attach or detach does not wait long.
 *
 *	Ports stay until usb_bus_shutdown: their number is bounded by the
 *	sockets of the machine.
 *
 * A driver that does not let go
 *	A detach lasts as long as the driver does: its softc is freed after
 *	it, so nobody may go on in its place (vdevgone).  But the place in the
 *	machine goes on.  When a device that has left is not detached after
 *	zombie_ms(), its port becomes a zombie: it leaves the list, the next
 *	event makes a new port of that path, and what is plugged in there
 *	meanwhile is attached at once, with another unit.
 *
 *	port's thread			callout p_late
 *	usb_port_down
 *					bus_lock: p_leaving is set
 *					bus_zombies, p_zombie = true
 *					a new port takes p_want over
 *	comes back; bus_lock
 *	p_zombie: frees the port
 *
 *	If the thread comes to bus_lock first it clears p_leaving, and the
 *	callout does nothing.
 *
 *	Too many zombies, and nothing is attached any more.  What is refused
 *	for that (p_crowded) is tried when enough of them have ended.  They
 *	end anywhere, under the locks of drivers and of the host side, where
 *	nobody could be called; so the port looks, once a second, as long as
 *	it is refused.  The look begins with the end of the port's thread:
 *
 *	port's thread			callout p_again
 *	usb_port_up: p_crowded
 *					(were it pending by now: p_thread, so
 *					not failed, and nobody would look
 *					again)
 *	bus_lock: p_thread = false,
 *	p_again in a second
 *					failed and p_crowded: tries again, or
 *					comes back in a second
 *
 *	With semantics in which a device lives on as long as its files are
 *	open (spec_semantics.c), the same happens after USB_LINGER_MS, and is
 *	nothing to complain about: p_lingers.  The configuration says so for
 *	each plug, and may say something else later, which its open files do not
 *	follow; so a plug that ever had such semantics may linger (p_mayling).
 *
 * Locks
 *	bus_lock guards the list of ports, and all fields of ports and plugs
 *	that change; nothing sleeps under it but bus_cv.  Lock order: drivers'
 *	locks -> bus_lock -> ud_lock, alldevs_lock.  (usbdi calls
 *	usb_port_gone without ud_lock.)
 *
 * Known gaps
 *	A device of which one interface works is not tried again for those
 *	that do not, as that would take the one away from its users.
 */
#include <sys/param.h>
#include <sys/callout.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/kthread.h>
#include <sys/queue.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "bus/bus.h"
#include "usbdi/usbdi_impl.h"

struct usb_plug {
	struct hyp_usb_info pl_info;	/* with strings of its own; of all of
					   it only hi_line changes; bus_lock */
	u_int		 pl_refs;	/* p_want, p_have; bus_lock */
};

struct usb_port {
	char		*p_path;
	struct usb_plug	*p_want;
	struct usb_plug	*p_have;
	struct usbd_device *p_dev;	/* attached or being so */
	u_int		 p_turn;	/* of an arrival; 0: dealt with */
	bool		 p_thread;
	bool		 p_fresh;	/* a driver has come while p_thread */
	bool		 p_crowded;	/* p_have: refused for the zombies */
	bool		 p_leaving;	/* p_have has been unwanted since ... */
	bool		 p_mayling;	/* its files may keep p_have */
	bool		 p_zombie;	/* in bus_zombies */
	bool		 p_lingers;	/* and that is all right */
	callout_t	 p_late;	/* ... and should be gone by now */
	callout_t	 p_again;	/* no thread to be had, or p_crowded */
	LIST_ENTRY(usb_port) p_list;
};

static kmutex_t bus_lock;
static kcondvar_t bus_cv;	/* a port's thread has ended, or a turn */
static LIST_HEAD(, usb_port) bus_ports;
static LIST_HEAD(, usb_port) bus_zombies;
static u_int bus_turns;		/* arrivals so far */
static bool bus_up;		/* between init and shutdown */
static bool (*bus_lingers)(u_int); /* const: do devices of these semantics
				   live on in open files? */

static void usb_port_again(void *);
static void usb_port_gone(void *);
static void usb_port_late(void *);

/* ---- plugs ---------------------------------------------------------- */

static const char *
usb_plug_str(const char *s)
{

	return kmem_asprintf("%s", s);
}

/* A plug with one reference. */
static struct usb_plug *
usb_plug_create(const struct hyp_usb_info *hi)
{
	struct usb_plug *pl = kmem_zalloc(sizeof(*pl), KM_SLEEP);

	pl->pl_info = *hi;
	pl->pl_info.hi_path = usb_plug_str(hi->hi_path);
	pl->pl_info.hi_serial = usb_plug_str(hi->hi_serial);
	pl->pl_info.hi_vendorstr = usb_plug_str(hi->hi_vendorstr);
	pl->pl_info.hi_productstr = usb_plug_str(hi->hi_productstr);
	pl->pl_refs = 1;
	return pl;
}

/* *plp = pl, with the references that go with it; bus_lock held. */
static void
usb_plug_set(struct usb_plug **plp, struct usb_plug *pl)
{
	struct usb_plug *old = *plp;

	KASSERT(mutex_owned(&bus_lock));
	if (pl != NULL)
		pl->pl_refs++;
	*plp = pl;
	if (old == NULL || --old->pl_refs > 0)
		return;
	kmem_strfree(__UNCONST(old->pl_info.hi_path));
	kmem_strfree(__UNCONST(old->pl_info.hi_serial));
	kmem_strfree(__UNCONST(old->pl_info.hi_vendorstr));
	kmem_strfree(__UNCONST(old->pl_info.hi_productstr));
	kmem_free(old, sizeof(*old));
}

/* Is it the plugging that the host speaks of? */
static bool
usb_plug_is(const struct usb_plug *pl, const struct hyp_usb_info *hi)
{

	return pl != NULL && pl->pl_info.hi_bus == hi->hi_bus &&
	    pl->pl_info.hi_addr == hi->hi_addr;
}

/* Can files keep it, by what the configuration says of it now? */
static bool
usb_plug_lingers(const struct usb_plug *pl)
{

	return bus_lingers != NULL &&
	    (*bus_lingers)(pl->pl_info.hi_line.hl_semantics);
}

/* ---- attach and detach, on the port's thread ------------------------ */

static void
usb_port_refused(const struct usb_plug *pl, const struct usbd_why *why)
{
	const struct hyp_usb_info *hi = &pl->pl_info;

	log(LOG_ERR, "port %s: device %04x:%04x is not attached: %s\n",
	    hi->hi_path, hi->hi_vendor, hi->hi_product, why->w_text);
}

/* Too much memory and too many threads are lost already. */
static bool
usb_port_too_many_zombies(struct usbd_why *why)
{
	const unsigned drivers = zombie_count(), n = hyp_usb_zombies();

	if (n > USB_MAX_ZOMBIES)
		snprintf(why->w_text, sizeof(why->w_text), "%u transfers of "
		    "earlier devices have not come back from the hardware; "
		    "reset the host controller or restart the daemon", n);
	else if (drivers > USB_MAX_STUCK)
		snprintf(why->w_text, sizeof(why->w_text), "drivers have not "
		    "come back from %u closes and detaches; restart the "
		    "daemon", drivers);
	else
		return false;
	return true;
}

/*
 * bus_lock held: has an earlier arrival than port's not been dealt with?  Not
 * one that has left again: its port's thread may have found nothing to do.
 */
static bool
usb_port_behind(const struct usb_port *port)
{
	const struct usb_port *other;

	LIST_FOREACH(other, &bus_ports, p_list) {
		if (other->p_want != NULL && other->p_turn != 0 &&
		    other->p_turn < port->p_turn)
			return true;
	}
	return false;
}

/*
 * usb_port_await_turn(port)
 *
 *	Sleep until those that arrived before are attached, the port's device
 *	is unplugged, or USB_TURN_MS are over.
 */
static void
usb_port_await_turn(struct usb_port *port)
{
	const unsigned start = getticks();
	unsigned waited;

	mutex_enter(&bus_lock);
	while (port->p_want == port->p_have && usb_port_behind(port)) {
		waited = getticks() - start;
		if (waited >= USB_TURN_MS)
			break;
		(void)cv_timedwait(&bus_cv, &bus_lock,
		    mstohz(USB_TURN_MS - waited));
	}
	mutex_exit(&bus_lock);
}

/* Attach drivers to a configured device, and tell them of its units. */
static int
usb_port_attach(struct usbd_device *dev, const struct hyp_usb_pins *hp,
    struct usbd_why *why)
{
	struct cfpin pin[HYP_USB_PINS];
	const struct cfpins pins = { pin, hp->hp_n };
	u_int i;

	KASSERTMSG(hp->hp_n <= HYP_USB_PINS, "%u pins", hp->hp_n);
	for (i = 0; i < hp->hp_n; i++) {
		strlcpy(pin[i].cp_driver, hp->hp_pin[i].up_driver,
		    sizeof(pin[i].cp_driver));
		pin[i].cp_unit = hp->hp_pin[i].up_unit;
		pin[i].cp_iface = hp->hp_pin[i].up_iface;
		pin[i].cp_part = hp->hp_pin[i].up_part;
	}
	return uhub_attach_drivers(dev, &pins, why);
}

/*
 * error = usb_port_setup(port, dev, why)
 *
 *	From an open device to attached drivers.  From here on an unplug
 *	finds p_dev, and so does hyp_usb_line; one that came before is found
 *	by us:
 *
 *	port's thread			up-call
 *	usbd_device_open
 *					p_want = NULL, p_dev is NULL
 *	p_dev = dev
 *	p_want != p_have: ENODEV
 */
static int
usb_port_setup(struct usb_port *port, struct usbd_device *dev,
    struct usbd_why *why)
{
	bool unplugged;
	int error;

	mutex_enter(&bus_lock);
	port->p_dev = dev;
	usbd_set_line(dev, &port->p_have->pl_info.hi_line);
	unplugged = port->p_want != port->p_have;
	mutex_exit(&bus_lock);
	if (unplugged)
		return ENODEV;
	error = usbd_device_configure(dev, why);
	if (error != 0)
		return error;
	hyp_usb_attaching(&port->p_have->pl_info, HYP_USB_AT_WAIT);
	usb_port_await_turn(port);
	hyp_usb_attaching(&port->p_have->pl_info, HYP_USB_AT_WORK);
	return usb_port_attach(dev, &port->p_have->pl_info.hi_pins, why);
}

static void
usb_port_close(struct usb_port *port)
{
	struct usbd_device *dev;

	mutex_enter(&bus_lock);
	dev = port->p_dev;
	port->p_dev = NULL;
	mutex_exit(&bus_lock);
	usbd_device_close(dev);
}

/*
 * usb_port_up(port)
 *
 *	Attach p_have.  Only this thread changes p_have, p_dev and p_crowded,
 *	so it may read them without the lock; of p_crowded nobody else asks
 *	before the thread has ended.
 */
static void
usb_port_up(struct usb_port *port)
{
	struct usb_plug *pl = port->p_have;
	struct usbd_device *dev;
	struct usbd_why why;
	int error;

	port->p_crowded = usb_port_too_many_zombies(&why);
	if (port->p_crowded) {
		usb_port_refused(pl, &why);
		return;
	}
	hyp_usb_attaching(&pl->pl_info, HYP_USB_AT_WORK);
	error = usbd_device_open(&pl->pl_info, usb_port_gone, port, &dev,
	    &why);
	if (error == 0) {
		error = usb_port_setup(port, dev, &why);
		if (error != 0)
			usb_port_close(port);
	}
	hyp_usb_attaching(&pl->pl_info, HYP_USB_AT_END);
	if (error == 0)
		return;

	mutex_enter(&bus_lock);
	if (error == ENODEV && port->p_want == pl)
		usb_plug_set(&port->p_want, NULL);
	/* What was unplugged meanwhile needs no excuse. */
	if (port->p_want != pl) {
		mutex_exit(&bus_lock);
		return;
	}
	mutex_exit(&bus_lock);
	usb_port_refused(pl, &why);
}

/* Detach p_have. */
static void
usb_port_down(struct usb_port *port)
{
	bool up;

	if (port->p_dev == NULL)
		return;
	mutex_enter(&bus_lock);
	up = bus_up;
	mutex_exit(&bus_lock);
	uhub_detach_drivers(port->p_dev, up ? 0 : DETACH_SHUTDOWN);
	usb_port_close(port);
}

/* bus_lock held, and left for a while: nothing refers to the port. */
static void
usb_port_free(struct usb_port *port)
{

	KASSERTMSG(port->p_want == NULL && port->p_have == NULL &&
	    port->p_dev == NULL, "port %s is in use", port->p_path);
	LIST_REMOVE(port, p_list);
	(void)callout_halt(&port->p_again, &bus_lock);
	(void)callout_halt(&port->p_late, &bus_lock);
	callout_destroy(&port->p_again);
	callout_destroy(&port->p_late);
	kmem_strfree(port->p_path);
	kmem_free(port, sizeof(*port));
}

static bool	usb_port_failed(const struct usb_port *);
static void	usb_port_arrived(struct usb_port *,
		    const struct hyp_usb_info *);

/* The port's thread. */
static void
usb_port_thread(void *arg)
{
	struct usb_port *port = arg;

	mutex_enter(&bus_lock);
	while (port->p_want != port->p_have) {
		if (port->p_have == NULL) {
			usb_plug_set(&port->p_have, port->p_want);
			port->p_mayling = usb_plug_lingers(port->p_have);
			mutex_exit(&bus_lock);
			usb_port_up(port);
			mutex_enter(&bus_lock);
		} else {
			mutex_exit(&bus_lock);
			usb_port_down(port);
			mutex_enter(&bus_lock);
			usb_plug_set(&port->p_have, NULL);
			port->p_leaving = false;
			(void)callout_stop(&port->p_late);
		}
		if (port->p_want == port->p_have) {
			port->p_turn = 0;
			cv_broadcast(&bus_cv);
		}
	}
	port->p_thread = false;
	if (port->p_fresh && !port->p_zombie && !port->p_crowded &&
	    usb_port_failed(port))
		usb_port_arrived(port, &port->p_have->pl_info);
	port->p_fresh = false;
	if (port->p_crowded && port->p_have != NULL)
		callout_schedule(&port->p_again, hz);
	cv_broadcast(&bus_cv);
	if (port->p_zombie) {
		if (!port->p_lingers)
			zombie_exit("port %s: the device that had left is "
			    "detached\n", port->p_path);
		usb_port_free(port);
	}
	mutex_exit(&bus_lock);
}

/* ---- what the up-calls do; bus_lock held ---------------------------- */

/*
 * p_want has changed: let the thread see it, and usbdi.
 *
 * A device that is detached because the daemon ends is still there, as is one
 * that is detached to be tried again.
 */
static void
usb_port_wake(struct usb_port *port)
{

	KASSERT(mutex_owned(&bus_lock));
	if (port->p_want == port->p_have)
		return;
	cv_broadcast(&bus_cv);		/* whoever awaits a turn for nothing */
	if (port->p_dev != NULL && bus_up &&
	    !usb_plug_is(port->p_want, &port->p_have->pl_info))
		usbd_device_gone(port->p_dev);
	if (port->p_have != NULL && !port->p_leaving) {
		port->p_leaving = true;
		callout_schedule(&port->p_late, mstohz(port->p_mayling ?
		    USB_LINGER_MS : zombie_ms()));
	}
	if (port->p_thread)
		return;
	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL, usb_port_thread,
	    port, NULL, "usb %s", port->p_path) == 0) {
		port->p_thread = true;
		return;
	}
	log(LOG_WARNING, "port %s: no thread for an event, trying again\n",
	    port->p_path);
	callout_schedule(&port->p_again, hz);
}

/* Has what is plugged in not become anything, and does nobody try? */
static bool
usb_port_failed(const struct usb_port *port)
{

	KASSERT(mutex_owned(&bus_lock));
	return port->p_have != NULL && port->p_have == port->p_want &&
	    !port->p_thread &&
	    (port->p_dev == NULL || uhub_is_idle(port->p_dev));
}

/* A plugging that is to be attached, again if it has failed. */
static void
usb_port_arrived(struct usb_port *port, const struct hyp_usb_info *hi)
{
	struct usb_plug *pl = usb_plug_create(hi);

	port->p_turn = ++bus_turns;
	usb_plug_set(&port->p_want, pl);
	usb_plug_set(&pl, NULL);	/* the one of its creation */
	usb_port_wake(port);
}

/* The callout: see p_again. */
static void
usb_port_again(void *arg)
{
	struct usb_port *port = arg;
	struct usbd_why why;

	mutex_enter(&bus_lock);
	if (!usb_port_failed(port) || !port->p_crowded)
		usb_port_wake(port);
	else if (usb_port_too_many_zombies(&why))
		callout_schedule(&port->p_again, hz);
	else
		usb_port_arrived(port, &port->p_have->pl_info);
	mutex_exit(&bus_lock);
}

static struct usb_port *
usb_port_lookup(const char *path)
{
	struct usb_port *port;

	LIST_FOREACH(port, &bus_ports, p_list) {
		if (strcmp(port->p_path, path) == 0)
			break;
	}
	return port;
}

static struct usb_port *
usb_port_create(const char *path)
{
	struct usb_port *port = kmem_zalloc(sizeof(*port), KM_SLEEP);

	port->p_path = kmem_asprintf("%s", path);
	callout_init(&port->p_again, CALLOUT_MPSAFE);
	callout_setfunc(&port->p_again, usb_port_again, port);
	callout_init(&port->p_late, CALLOUT_MPSAFE);
	callout_setfunc(&port->p_late, usb_port_late, port);
	LIST_INSERT_HEAD(&bus_ports, port, p_list);
	return port;
}

/*
 * The callout: p_have should be gone.  Its port stays behind with it, and a
 * new one does what is to be done here.
 *
 * It may have expired for an earlier device, and have waited for bus_lock
 * since:
 *
 *	softclock			port's thread, up-call
 *	deadline of A expires
 *	waits for bus_lock		A is detached: p_leaving = false
 *					B is attached
 *					B has left: p_leaving = true,
 *					p_late is pending
 *	takes bus_lock: B's time has
 *	only begun
 *
 * A callout that is pending again was not meant.
 */
static void
usb_port_late(void *arg)
{
	struct usb_port *port = arg, *heir;

	mutex_enter(&bus_lock);
	if (!port->p_leaving || callout_pending(&port->p_late)) {
		mutex_exit(&bus_lock);
		return;
	}
	KASSERT(!port->p_zombie);
	port->p_zombie = true;
	LIST_REMOVE(port, p_list);
	LIST_INSERT_HEAD(&bus_zombies, port, p_list);
	port->p_lingers = port->p_mayling;
	if (port->p_lingers)
		log(LOG_INFO, "port %s: the device has left, and lives on as "
		    "long as it is open\n", port->p_path);
	else
		zombie_enter("port %s: the device has left, but its driver "
		    "has not let go of it for %u ms; the port goes on "
		    "without them\n", port->p_path, zombie_ms());
	if (port->p_want != NULL) {
		heir = usb_port_create(port->p_path);
		heir->p_turn = port->p_turn;
		usb_plug_set(&heir->p_want, port->p_want);
		usb_plug_set(&port->p_want, NULL);
		usb_port_wake(heir);
	}
	port->p_turn = 0;
	cv_broadcast(&bus_cv);
	mutex_exit(&bus_lock);
}

/* ---- up-calls; contracts in hyp_usb.h ------------------------------- */

void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{
	struct usb_port *port;

	mutex_enter(&bus_lock);
	if (bus_up) {
		if ((port = usb_port_lookup(hi->hi_path)) == NULL)
			port = usb_port_create(hi->hi_path);
		if (!usb_plug_is(port->p_want, hi) || usb_port_failed(port))
			usb_port_arrived(port, hi);
	}
	mutex_exit(&bus_lock);
	LOCKDEBUG_NONE(__func__);
}

void
hyp_usb_left(const char *path)
{
	struct usb_port *port;

	mutex_enter(&bus_lock);
	if (bus_up && (port = usb_port_lookup(path)) != NULL) {
		usb_plug_set(&port->p_want, NULL);
		usb_port_wake(port);
	}
	mutex_exit(&bus_lock);
	LOCKDEBUG_NONE(__func__);
}

/* The plug has it for a device that is being opened; see usb_port_setup. */
void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{
	struct usb_port *port;

	mutex_enter(&bus_lock);
	port = bus_up ? usb_port_lookup(path) : NULL;
	if (port != NULL && port->p_want != NULL) {
		port->p_want->pl_info.hi_line = *hl;
		if (port->p_want == port->p_have &&
		    usb_plug_lingers(port->p_want))
			port->p_mayling = true;
		if (port->p_dev != NULL && port->p_want == port->p_have)
			usbd_set_line(port->p_dev, hl);
	}
	mutex_exit(&bus_lock);
	LOCKDEBUG_NONE(__func__);
}

/*
 * It is p_have that is gone.  If p_want is another plugging already, that
 * one is not concerned.  The host says so, or usbdi, with locks of drivers.
 */
static void
usb_port_gone(void *arg)
{
	struct usb_port *port = arg;

	mutex_enter(&bus_lock);
	if (bus_up && port->p_want == port->p_have) {
		usb_plug_set(&port->p_want, NULL);
		usb_port_wake(port);
	}
	mutex_exit(&bus_lock);
}

void
hyp_usb_gone(void *cookie)
{

	usb_port_gone(cookie);
	LOCKDEBUG_NONE(__func__);
}

/* A device that is made from its descriptors alone, and ends again. */
const char *
hyp_usb_probe(const struct hyp_usb_info *hi, const void *raw, size_t len,
    const char **chip)
{
	const char *name = NULL;
	struct usbd_device *dev;
	struct usbd_why why;

	*chip = NULL;
	if (uhub_hub() == NULL ||
	    usbd_device_parse(hi, raw, len, &dev, &why) != 0)
		return NULL;
	if (usbd_device_configure(dev, &why) == 0)
		name = uhub_find_driver(dev, chip);
	usbd_device_close(dev);
	LOCKDEBUG_NONE(__func__);
	return name;
}

int
hyp_usb_driver(const struct hyp_usb_info *hi, unsigned i,
    char name[HYP_USB_DRIVERNAME])
{
	struct usb_port *port;
	bool more;

	mutex_enter(&bus_lock);
	port = bus_up ? usb_port_lookup(hi->hi_path) : NULL;
	more = port != NULL && port->p_dev != NULL &&
	    usb_plug_is(port->p_have, hi) &&
	    uhub_driver_name(port->p_dev, i, name, HYP_USB_DRIVERNAME);
	mutex_exit(&bus_lock);
	return more;
}

/* ---- start and stop ------------------------------------------------- */

/*
 * usb_bus_init(lingers)
 *
 *	Attach usb0 and uhub0, and listen to the host from now on.  Once,
 *	after config_init_component; sleeps.  lingers(hl_semantics): spec_
 *	lingers, or NULL for never; it is called with bus_lock.
 */
void
usb_bus_init(bool (*lingers)(u_int))
{

	bus_lingers = lingers;
	mutex_init(&bus_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&bus_cv, "usbbus");
	LIST_INIT(&bus_ports);
	LIST_INIT(&bus_zombies);
	if (config_rootfound("usb", NULL) == NULL || uhub_hub() == NULL)
		panic("usb_bus_init: there is no usb in the tables");
	mutex_enter(&bus_lock);
	bus_up = true;
	mutex_exit(&bus_lock);
}

/*
 * usb_bus_again()
 *
 *	There is a new driver: try again what is plugged in and has none.  Does
 *	not wait for it.  A port that is being attached may have asked drivers
 *	before:
 *
 *	port's thread			loader
 *	config_search: none
 *					the tables; p_thread, so not failed:
 *					p_fresh
 *	p_thread = false: failed, and
 *	p_fresh: tries again
 */
void
usb_bus_again(void)
{
	struct usb_port *port;

	mutex_enter(&bus_lock);
	if (bus_up) {
		LIST_FOREACH(port, &bus_ports, p_list) {
			if (port->p_thread)
				port->p_fresh = true;
			else if (usb_port_failed(port) && !port->p_crowded)
				usb_port_arrived(port, &port->p_have->pl_info);
		}
	}
	mutex_exit(&bus_lock);
}

/* bus_lock held: a port with something to do or to keep. */
static bool
usb_bus_busy(void)
{
	struct usb_port *port;

	LIST_FOREACH(port, &bus_ports, p_list) {
		if (port->p_thread || port->p_have != NULL)
			return true;
	}
	LIST_FOREACH(port, &bus_zombies, p_list) {
		if (port->p_lingers)
			return true;
	}
	return false;
}

static void
usb_bus_free_ports(void)
{
	struct usb_port *port;

	mutex_enter(&bus_lock);
	while ((port = LIST_FIRST(&bus_ports)) != NULL)
		usb_port_free(port);
	mutex_exit(&bus_lock);
}

/*
 * usb_bus_shutdown()
 *
 *	Detach everything and wait for it, at most USB_SHUTDOWN_TIMEOUT
 *	seconds; the host is not listened to any more.  Once; sleeps.  If a
 *	driver does not come to an end, its port stays as it is.
 */
void
usb_bus_shutdown(void)
{
	const unsigned t0 = getticks();
	struct usb_port *port;
	int left;
	bool busy;

	mutex_enter(&bus_lock);
	bus_up = false;
	LIST_FOREACH(port, &bus_ports, p_list) {
		usb_plug_set(&port->p_want, NULL);
		usb_port_wake(port);
	}
	while ((busy = usb_bus_busy())) {
		left = hz * USB_SHUTDOWN_TIMEOUT - (int)(getticks() - t0);
		if (left <= 0)
			break;
		(void)cv_timedwait(&bus_cv, &bus_lock, left);
	}
	busy = busy || !LIST_EMPTY(&bus_zombies);
	mutex_exit(&bus_lock);
	if (busy) {
		log(LOG_ERR, "a USB device is still in use after %u ms, "
		    "leaving it\n", getticks() - t0);
		return;
	}
	usb_bus_free_ports();
	(void)config_detach(device_parent(uhub_hub()),
	    DETACH_FORCE | DETACH_QUIET);
	cv_destroy(&bus_cv);
}
