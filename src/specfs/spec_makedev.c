/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_makedev.c - MAKEDEV(8): which nodes there are.
 *
 * Nodes are static, as in BSD: the nodes of a unit are made at its first
 * attach, or at start if the configuration pins the unit, and stay while
 * the daemon runs.  Without hardware an open answers ENXIO.
 *
 * The front end has one major number for all nodes, so a node's Linux minor
 * says the driver too: bit 19 the second node of a unit (dtyU), bits 16 to
 * 18 the devsw major, the rest the unit.
 *
 * Locks: nodes_lock guards the list and hn_made.  It is not held while the
 * front end makes a node; hn_made keeps a second maker away.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/mutex.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "compat/compat.h"
#include "specfs/specfs_impl.h"

#define	LINUX_MINOR_MAJORS	8	/* 3 bits of devsw major */
#define	LINUX_MINOR_UNITS	0x10000

static kmutex_t nodes_lock;
static LIST_HEAD(, hyp_node) nodes;	/* nodes_lock */

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
}

/* nodes_lock held. */
static struct hyp_node *
node_get(const struct devnode *row, int unit)
{
	struct hyp_node *hn;
	devmajor_t maj;

	LIST_FOREACH(hn, &nodes, hn_list) {
		if (hn->hn_row == row && hn->hn_unit == unit)
			return hn;
	}
	maj = cdevsw_lookup_major(row->dn_cdevsw);
	KASSERTMSG(maj >= 0 && maj < LINUX_MINOR_MAJORS, "%s: major %d",
	    row->dn_driver, maj);
	KASSERTMSG(unit >= 0 && unit < LINUX_MINOR_UNITS, "%s: unit %d",
	    row->dn_driver, unit);
	hn = kmem_zalloc(sizeof(*hn), KM_SLEEP);
	hn->hn_row = row;
	hn->hn_unit = unit;
	hn->hn_dev = makedev(maj, (u_int)unit | row->dn_minor);
	snprintf(hn->hn_name, sizeof(hn->hn_name), "%s%d", row->dn_prefix,
	    unit);
	LIST_INSERT_HEAD(&nodes, hn, hn_list);
	return hn;
}

static uint32_t
node_linux_minor(const struct hyp_node *hn)
{

	return (uint32_t)hn->hn_unit |
	    (uint32_t)major(hn->hn_dev) << 16 | hn->hn_row->dn_minor;
}

/* Make one node, if it is not there.  Linux errno. */
static int
node_make(const struct devnode *row, int unit)
{
	struct hyp_node *hn;
	void *host = NULL;
	int error;

	mutex_enter(&nodes_lock);
	hn = node_get(row, unit);
	if (hn->hn_made) {
		mutex_exit(&nodes_lock);
		return 0;
	}
	hn->hn_made = true;
	mutex_exit(&nodes_lock);

	error = hyp_node_create(hn, hn->hn_name, row->dn_class,
	    node_linux_minor(hn), &host);
	if (error == 0) {
		atomic_store_release(&hn->hn_host, host);
		return 0;
	}
	mutex_enter(&nodes_lock);
	hn->hn_made = false;	/* the next attach tries again */
	mutex_exit(&nodes_lock);
	return error;
}

/* All nodes of a driver's unit; the first error. */
static int
nodes_make(const char *driver, int unit)
{
	const struct devnode *row;
	int error = 0, e;

	for (row = devnodes; row->dn_driver != NULL; row++) {
		if (strcmp(row->dn_driver, driver) != 0)
			continue;
		if ((e = node_make(row, unit)) != 0 && error == 0)
			error = e;
	}
	return error;
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

	(void)nodes_make(device_cfdriver(dev)->cd_name, device_unit(dev));
}

/* The up-call; contract in hyp_node.h. */
int
hyp_node_pin(const char *driver, uint32_t unit)
{
	int error;

	error = config_unit_reserve(driver, (int)unit);
	if (error)
		return compat_errno(error);
	return nodes_make(driver, (int)unit);
}
