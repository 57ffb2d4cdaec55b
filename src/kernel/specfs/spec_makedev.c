/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_makedev.c - MAKEDEV(8): which nodes there are.
 *
 * Nodes are static, as in BSD: the nodes of a unit are made at its first
 * attach, or at start if the configuration pins the unit, and stay while
 * the daemon runs.  Without hardware an open answers ENXIO.  One that could
 * not be made is tried again by the next attach of its unit, and at SIGHUP.
 *
 * The front end has one major number for all nodes, so a node's Linux minor
 * says the driver too: bit 19 the second node of a unit (dtyU), bits 13 to
 * 18 the devsw major, the rest the unit.
 *
 * Rows, which say what nodes a driver's units have, come with the drivers
 * (devnodes, of devswd.ioconf) and with modules, and a module's go with it; so
 * nodes have copies of what the rows say.  A driver without a row has one node
 * for each unit, of its own name, whose minor is the unit; without devices of
 * autoconf, that of unit 0, when its module has been loaded.
 *
 * Locks: nodes_lock guards the lists and hn_made.  It is not held while the
 * front end makes a node; hn_made keeps a second maker away.
 */
#include <sys/atomic.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwpnote.h>
#include <sys/mutex.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "compat/compat.h"
#include "specfs/specfs_impl.h"

#define	LINUX_MINOR_MAJORS	64	/* 6 bits of devsw major */
#define	LINUX_MINOR_UNIT	LWP_NOTE_UNITS	/* bits of unit */
#define	LINUX_MINOR_UNITS	(1 << LINUX_MINOR_UNIT)
CTASSERT(CONFIG_UNITS <= LINUX_MINOR_UNITS);
#define	UNIT_NODES	(3 + DEVNODE_NSUBS) /* that a unit can have */

struct devnode_table {
	const struct devnode	*dt_rows;
	LIST_ENTRY(devnode_table) dt_list;
};

static kmutex_t nodes_lock;
static LIST_HEAD(, hyp_node) nodes;	/* nodes_lock */
static LIST_HEAD(, devnode_table) tables; /* nodes_lock */

/*
 * spec_makedev_init()
 *
 *	No nodes yet.  Once.
 */
void
spec_makedev_init(void)
{

	mutex_init(&nodes_lock, MUTEX_DEFAULT, IPL_NONE);
	LIST_INIT(&nodes);
	LIST_INIT(&tables);
}

/*
 * nodes_lock held: the node of a row for a unit, and one of its parts; made if
 * need be.  NULL if it is not there and has not to be, or if the row, which may
 * be a module's, is one that no node can have: that is logged.
 */
static struct hyp_node *
node_get(const struct devnode *row, devmajor_t maj, int unit, u_int part,
    bool make)
{
	const bool subs = (row->dn_minor & DEVNODE_SUBS) != 0;
	const u_int number = subs ? (u_int)unit * DEVNODE_NSUBS + part :
	    (u_int)unit;
	const u_int mn = number | (row->dn_minor & ~DEVNODE_SUBS);
	char name[SPEC_NAMELEN];
	struct hyp_node *hn;
	dev_t dev;

	KASSERTMSG(unit >= 0 && number < LINUX_MINOR_UNITS, "%s: unit %d",
	    row->dn_driver, unit);
	if (maj < 0 || maj >= LINUX_MINOR_MAJORS) {
		log(LOG_ERR, "%s: no node %s%d: its devsw has the major %d\n",
		    row->dn_driver, row->dn_prefix, unit, maj);
		return NULL;
	}
	dev = makedev(maj, mn);
	if (subs)
		snprintf(name, sizeof(name), "%s%d.%02u", row->dn_prefix, unit,
		    part);
	else
		snprintf(name, sizeof(name), "%s%d", row->dn_prefix, unit);
	LIST_FOREACH(hn, &nodes, hn_list) {
		if (strcmp(hn->hn_name, name) != 0)
			continue;
		if (hn->hn_dev == dev)
			return hn;
		log(LOG_ERR, "%s: no node %s: there is one, of another driver "
		    "or module\n", row->dn_driver, name);
		return NULL;
	}
	if (!make)
		return NULL;
	hn = kmem_zalloc(sizeof(*hn), KM_SLEEP);
	hn->hn_dev = dev;
	hn->hn_class = row->dn_class;
	hn->hn_linuxminor = (uint32_t)mn | (uint32_t)maj << LINUX_MINOR_UNIT;
	strlcpy(hn->hn_name, name, sizeof(hn->hn_name));
	LIST_INSERT_HEAD(&nodes, hn, hn_list);
	return hn;
}

/* Make one node, if it is not there.  Linux errno. */
static int
node_make(struct hyp_node *hn)
{
	void *host = NULL;
	u_int locks;
	int error;

	mutex_enter(&nodes_lock);
	if (hn->hn_made) {
		mutex_exit(&nodes_lock);
		return 0;
	}
	hn->hn_made = true;
	mutex_exit(&nodes_lock);

	/* The attach of a parent may have it. */
	locks = kernel_unlock_all();
	LOCKDEBUG_NONE("hyp_node_create");
	error = hyp_node_create(hn, hn->hn_name, hn->hn_class,
	    hn->hn_linuxminor, &host);
	if (locks > 0)
		kernel_lock((int)locks);
	if (error == 0) {
		atomic_store_release(&hn->hn_host, host);
		return 0;
	}
	mutex_enter(&nodes_lock);
	hn->hn_made = false;	/* the next attach tries again */
	mutex_exit(&nodes_lock);
	return error;
}

/*
 * nodes_lock held: add the nodes of a table's rows to those found; of a row with
 * parts those in the mask, and all that are there.
 */
static u_int
nodes_get(const struct devnode *row, const char *driver, int unit, u_int parts,
    struct hyp_node **hn, u_int n)
{

	for (; row->dn_driver != NULL; row++) {
		const bool subs = (row->dn_minor & DEVNODE_SUBS) != 0;

		if (strcmp(row->dn_driver, driver) != 0 ||
		    (subs && unit >= LINUX_MINOR_UNITS / DEVNODE_NSUBS))
			continue;
		for (u_int i = 0; i < (subs ? DEVNODE_NSUBS : 1); i++) {
			if (n == UNIT_NODES) {
				log(LOG_ERR, "%s: a unit has %d nodes and no "
				    "more\n", driver, UNIT_NODES);
				return n;
			}
			hn[n] = node_get(row,
			    cdevsw_lookup_major(row->dn_cdevsw), unit, i,
			    !subs || (parts & 1U << i) != 0);
			if (hn[n] != NULL)
				n++;
		}
	}
	return n;
}

/* nodes_lock held: the node of a driver that has no rows, if it has one. */
static u_int
node_get_default(const char *driver, int unit, struct hyp_node **hn)
{
	struct devnode row = { .dn_driver = driver, .dn_prefix = driver };
	int type;
	dev_t dev;

	if (!cdevsw_unit_node(driver, unit, &dev, &type))
		return 0;
	row.dn_class = type == D_TTY ? HYP_NODE_TTY : HYP_NODE_OTHER;
	hn[0] = node_get(&row, major(dev), unit, 0, true);
	return hn[0] != NULL ? 1 : 0;
}

/* nodes_lock held: does a table say what nodes the driver has? */
static bool
driver_has_rows(const char *driver)
{
	struct devnode_table *dt;
	const struct devnode *row;

	for (row = devnodes; row->dn_driver != NULL; row++) {
		if (strcmp(row->dn_driver, driver) == 0)
			return true;
	}
	LIST_FOREACH(dt, &tables, dt_list) {
		for (row = dt->dt_rows; row->dn_driver != NULL; row++) {
			if (strcmp(row->dn_driver, driver) == 0)
				return true;
		}
	}
	return false;
}

/* The nodes of a driver's unit, at most UNIT_NODES; how many. */
static u_int
unit_nodes(const char *driver, int unit, u_int parts, struct hyp_node **hn)
{
	struct devnode_table *dt;
	u_int n;

	mutex_enter(&nodes_lock);
	n = nodes_get(devnodes, driver, unit, parts, hn, 0);
	LIST_FOREACH(dt, &tables, dt_list)
		n = nodes_get(dt->dt_rows, driver, unit, parts, hn, n);
	if (n == 0 && !driver_has_rows(driver))
		n = node_get_default(driver, unit, hn);
	mutex_exit(&nodes_lock);
	return n;
}

/*
 * error = devnode_make(driver, unit)
 *
 *	Make all nodes of a driver's unit, if they are not there; for drivers
 *	without devices of autoconf, whose attach makes them.  Sleeps for a
 *	short time.  Linux's errno, the first one, and what failed is logged;
 *	EINVAL: more units than there are minor numbers, or rows that say a
 *	devsw that is not attached, or the name of another's node.
 *
 * error = devnode_make_subs(driver, unit, parts)
 *
 *	The same, with these parts of it, a bit for each.
 */
int
devnode_make(const char *driver, int unit)
{

	return devnode_make_subs(driver, unit, 1);
}

int
devnode_make_subs(const char *driver, int unit, u_int parts)
{
	struct hyp_node *hn[UNIT_NODES];
	int error = 0, e;
	bool rows;
	u_int n;

	if (unit < 0 || unit >= LINUX_MINOR_UNITS) {
		log(LOG_ERR, "%s%d: there is no node with such a number\n",
		    driver, unit);
		return compat_errno(EINVAL);
	}
	n = unit_nodes(driver, unit, parts, hn);
	if (n == 0) {
		mutex_enter(&nodes_lock);
		rows = driver_has_rows(driver);
		mutex_exit(&nodes_lock);
		/* No room for its parts, or rows that no node can have. */
		return rows ? compat_errno(EINVAL) : 0;
	}
	for (u_int i = 0; i < n; i++) {
		if ((e = node_make(hn[i])) != 0 && error == 0)
			error = e;
	}
	return error;
}

/*
 * spec_makedev_modules()
 *
 *	A module has been loaded: make the nodes of drivers that have no devices
 *	of autoconf and do not say themselves which they have.  Sleeps.  What
 *	fails is logged.
 */
void
spec_makedev_modules(void)
{
	devmajor_t maj = NODEVMAJOR;
	char name[DEVSW_NAMELEN];
	bool rows;

	while (cdevsw_next(&maj, name)) {
		mutex_enter(&nodes_lock);
		rows = driver_has_rows(name);
		mutex_exit(&nodes_lock);
		if (!rows)
			(void)devnode_make(name, 0);
	}
}

/*
 * The up-call; contract in hyp_node.h.  Nodes are added at the head and none
 * is ever taken out, so the list may be left in the middle.
 */
void
hyp_nodes_again(void)
{
	struct hyp_node *hn;

	mutex_enter(&nodes_lock);
	hn = LIST_FIRST(&nodes);
	while (hn != NULL) {
		mutex_exit(&nodes_lock);
		(void)node_make(hn);
		mutex_enter(&nodes_lock);
		hn = LIST_NEXT(hn, hn_list);
	}
	mutex_exit(&nodes_lock);
	LOCKDEBUG_NONE(__func__);
}

/*
 * devnode_attach(rows)
 * devnode_detach(rows)
 *
 *	A module's rows, after devsw_attach and before devsw_detach.  Its
 *	nodes stay, and are good again when it comes back.
 */
void
devnode_attach(const struct devnode *rows)
{
	struct devnode_table *dt = kmem_zalloc(sizeof(*dt), KM_SLEEP);

	dt->dt_rows = rows;
	mutex_enter(&nodes_lock);
	LIST_INSERT_HEAD(&tables, dt, dt_list);
	mutex_exit(&nodes_lock);
}

void
devnode_detach(const struct devnode *rows)
{
	struct devnode_table *dt;

	mutex_enter(&nodes_lock);
	LIST_FOREACH(dt, &tables, dt_list) {
		if (dt->dt_rows == rows)
			break;
	}
	KASSERTMSG(dt != NULL, "these rows are not attached");
	LIST_REMOVE(dt, dt_list);
	mutex_exit(&nodes_lock);
	kmem_free(dt, sizeof(*dt));
}

/*
 * host = spec_node_lookup(dev, name)
 *
 *	The front end's node of a device, or NULL, and its name: "ttyU0", or
 *	the number of a device without a node.  name has SPEC_NAMELEN bytes.
 */
void *
spec_node_lookup(dev_t dev, char *name)
{
	struct hyp_node *hn;
	void *host = NULL;

	snprintf(name, SPEC_NAMELEN, "device %d,%d", major(dev), minor(dev));
	mutex_enter(&nodes_lock);
	LIST_FOREACH(hn, &nodes, hn_list) {
		if (hn->hn_dev == dev) {
			strlcpy(name, hn->hn_name, SPEC_NAMELEN);
			host = atomic_load_acquire(&hn->hn_host);
			break;
		}
	}
	mutex_exit(&nodes_lock);
	return host;
}

/*
 * spec_makedev_hook(dev)
 *
 *	autoconf's attach hook.  The front end has logged what failed.
 */
void
spec_makedev_hook(device_t dev)
{

	(void)devnode_make(device_cfdriver(dev)->cd_name, device_unit(dev));
}

/*
 * Let the front end ask hyp_node_getstat again, if there is a node.  Who
 * attaches or detaches may have the kernel lock.
 */
static void
node_changed(void *host)
{
	u_int locks;

	if (host == NULL)
		return;
	locks = kernel_unlock_all();
	LOCKDEBUG_NONE("hyp_node_changed");
	hyp_node_changed(host);
	if (locks > 0)
		kernel_lock((int)locks);
}

/*
 * spec_makedev_attached(driver, unit)
 *
 *	autoconf's other hook: its nodes have their hardware.
 */
void
spec_makedev_attached(const char *driver, int unit)
{
	struct hyp_node *hn[UNIT_NODES];
	const u_int n = unit_nodes(driver, unit, 0, hn);

	for (u_int i = 0; i < n; i++)
		node_changed(atomic_load_acquire(&hn[i]->hn_host));
}

/*
 * spec_makedev_gone(dev)
 *
 *	vdevgone's: a node, if there is one, has lost its hardware.
 */
void
spec_makedev_gone(dev_t dev)
{
	char name[SPEC_NAMELEN];

	node_changed(spec_node_lookup(dev, name));
}

/* The up-call; contract in hyp_node.h. */
int
hyp_node_pin(const char *driver, uint32_t unit)
{
	int error;

	error = config_unit_reserve(driver, (int)unit);
	if (error != 0 && error != EEXIST)
		return compat_errno(error);
	error = devnode_make(driver, (int)unit);
	LOCKDEBUG_NONE(__func__);
	return error;
}

void
hyp_node_unpin(const char *driver, uint32_t unit)
{

	config_unit_release(driver, (int)unit);
	LOCKDEBUG_NONE(__func__);
}
