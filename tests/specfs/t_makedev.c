/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_makedev: spec_makedev.c, the nodes that rows say; MAKEDEV(8): a name is one
 * device's.
 *
 * Rows may be a module's, and wrong: then they have no node, and nothing else
 * suffers.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/systm.h>

#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

#define	L_EINVAL	22
static int
mdopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return 0;
}

#define	SWITCH	{ .d_open = mdopen, .d_close = mdopen, .d_read = noread, \
		  .d_write = nowrite, .d_ioctl = noioctl, .d_poll = nopoll, \
		  .d_flag = D_OTHER | D_MPSAFE }

static const struct cdevsw one_cdevsw = SWITCH, two_cdevsw = SWITCH;

const struct devnode devnodes[] = {
	{ "one", "one", &one_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 },
};

static void
setup(void)
{
	devmajor_t maj = NODEVMAJOR;

	h_specfs_up();
	config_set_attach_hooks(NULL, NULL);
	T_EQ(devsw_attach("one", NULL, NULL, &one_cdevsw, &maj), 0);
	T_EQ(devnode_make("one", 0), 0);
	T_CHECK(h_node_find("one0") != NULL);
}

static void
teardown(void)
{
	static const char *const names[] = { "one0", "beside0", NULL };

	h_specfs_down(names);
}

/* Nobody has attached the switch that the row says. */
static void
no_switch(void)
{
	static const struct devnode rows[] = {
		{ "two", "two", &two_cdevsw, 0, HYP_NODE_OTHER },
		{ NULL, NULL, NULL, 0, 0 },
	};

	setup();
	devnode_attach(rows);
	T_EQ(devnode_make("two", 0), L_EINVAL);
	T_EQ(h_node_count(), 1);
	devnode_detach(rows);
	devsw_detach(NULL, &one_cdevsw);
	teardown();
}

/* The name is another driver's: it stays that one's, and the rest is made. */
static void
name_taken(void)
{
	static const struct devnode rows[] = {
		{ "two", "one", &two_cdevsw, 0, HYP_NODE_OTHER },
		{ "two", "beside", &two_cdevsw, 1, HYP_NODE_OTHER },
		{ NULL, NULL, NULL, 0, 0 },
	};
	struct hyp_node *one;
	devmajor_t maj = NODEVMAJOR;

	setup();
	one = h_node_find("one0");
	T_EQ(devsw_attach("two", NULL, NULL, &two_cdevsw, &maj), 0);
	devnode_attach(rows);
	T_EQ(devnode_make("two", 0), 0);
	T_EQ(h_node_count(), 2);
	T_CHECK(h_node_find("one0") == one);
	T_CHECK(h_node_find("beside0") != NULL);
	devnode_detach(rows);
	devsw_detach(NULL, &two_cdevsw);
	devsw_detach(NULL, &one_cdevsw);
	teardown();
}

/* A module that comes back with another major does not get its old nodes. */
static void
other_major(void)
{
	devmajor_t maj = NODEVMAJOR;

	setup();
	devsw_detach(NULL, &one_cdevsw);
	T_EQ(devsw_attach("two", NULL, NULL, &two_cdevsw, &maj), 0);
	maj++;
	T_EQ(devsw_attach("one", NULL, NULL, &one_cdevsw, &maj), 0);
	T_EQ(devnode_make("one", 0), L_EINVAL);
	T_EQ(h_node_count(), 1);
	devsw_detach(NULL, &two_cdevsw);
	devsw_detach(NULL, &one_cdevsw);
	teardown();
}

const struct t_case t_cases[] = {
	{ "a row whose switch is not attached has no node", no_switch },
	{ "a row with another's name has no node, and takes none", name_taken },
	{ "a driver that comes back with another major has no node",
	    other_major },
	{ NULL, NULL },
};
