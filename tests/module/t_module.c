/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_module.c - module(9): drivers of tests/modules are loaded and unloaded
 * with opens in progress, files open and devices attached.
 *
 * The rule: an unload waits, or answers EBUSY, and no code runs that is not
 * mapped any more; AddressSanitizer and the MMU watch over the latter.  From
 * tech-kern on opendetach (2022): only d_open is protected against
 * devsw_detach, so everything else must have ended before.  Autoload on ENXIO
 * is spec_open's.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/module.h>
#include <sys/systm.h>

#include <hyp/hyp.h>
#include <hyp/hyp_node.h>
#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "module/h_module.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

#define	L_EIO		5
#define	L_ENXIO		6

const struct devnode devnodes[] = { { NULL, NULL, NULL, 0, 0 } };

static char why[256];

static void
setup(void)
{

	h_specfs_up();
}

static void
teardown(void)
{
	static const char *const names[] = { "clone0", "mt0", "mt1", "borrow0",
	    NULL };

	h_specfs_down(names);
}

static int
load(const char *name)
{

	return module_load(h_module_path(name), why, sizeof(why));
}

static void
cwrite(struct h_client *c)
{

	T_EQ(h_write(c, 3), 0);
}

static void
comes_and_goes(void)
{
	struct h_client c = { 0 };
	struct hyp_node *hn;
	char name[MAXMODNAME];

	setup();
	T_EQ(load("clone.so"), 0);
	T_CHECK(h_module_mapped("/clone.so"));
	T_CHECK(hyp_module_from(h_module_path("clone.so")));
	T_CHECK(!hyp_module_from("clone.so"));
	T_EQ(hyp_module_next("", name, sizeof(name)), 1);
	T_CHECK(strcmp(name, "clone") == 0);
	T_EQ(hyp_module_next("clone", name, sizeof(name)), 0);
	c.c_node = hn = h_node_find("clone0");
	T_CHECK(hn != NULL);
	h_open(&c);
	T_EQ(c.c_error, 0);
	h_close(&c);
	T_EQ(module_unload("clone"), 0);
	T_CHECK(!h_module_mapped("/clone.so"));
	T_CHECK(!hyp_module_from(h_module_path("clone.so")));
	h_open(&c);
	T_EQ(c.c_error, L_ENXIO);	/* the node stays */
	T_EQ(module_unload("clone"), ENOENT);

	/* Back again: the same node is good. */
	T_EQ(load("clone.so"), 0);
	T_CHECK(h_node_find("clone0") == hn);
	T_EQ(h_node_count(), 1);
	h_open(&c);
	T_EQ(c.c_error, 0);
	cwrite(&c);
	h_read(&c);
	T_EQ(c.c_done, 3);
	h_close(&c);
	T_EQ(module_unload("clone"), 0);
	teardown();
}

static void
refused(void)
{
	char both[64];

	setup();
	T_EQ(load("bad1.so"), EDOM);
	T_EQ(load("bad2.so"), EPROGMISMATCH);
	snprintf(both, sizeof(both), "it is for version %u of the interface, "
	    "this is %u", (MODULE_VERSION & ~MODULE_LOCKDEBUG) + 1,
	    MODULE_VERSION & ~MODULE_LOCKDEBUG);
	T_EQ(strcmp(why, both), 0);
	T_EQ(load("bad3.so"), ENOENT);
	T_CHECK(strchr(why, ',') != NULL);	/* says what it requires */
	T_EQ(load("bad4.so"), ENOEXEC);
	T_EQ(load("bad8.so"), EINVAL);
	T_EQ(load("bad9.so"), EINVAL);
	T_EQ(load("bad5.so"), EPROGMISMATCH);
	T_CHECK(strchr(why, 'L') != NULL);	/* LOCKDEBUG */
	T_EQ(load("there_is_none.so"), ENOEXEC);
	T_CHECK(why[0] != '\0');
	T_EQ(module_load(h_module_nonsense(), why, sizeof(why)), ENOEXEC);
	T_CHECK(!h_module_mapped("/bad"));
	T_EQ(load("clone.so"), 0);
	T_EQ(load("clone.so"), EEXIST);
	T_EQ(load("bad3.so"), ENOENT);	/* has counted clone and let go */
	T_EQ(module_unload("clone"), 0);
	teardown();
}

/*
 * Rule: the modules that mi_required names lend their symbols (NetBSD's
 * module(9)); and uio_offset counts what an open file has read (uio(9)), so
 * a driver that reads to an end by it gets there.
 */
static void
borrows(void)
{
	struct h_client c = { 0 }, d = { 0 };

	setup();
	/* The linker, if it has no path to it, or module_load. */
	T_CHECK(load("borrow.so") != 0);
	T_CHECK(why[0] != '\0');
	T_EQ(load("lend.so"), 0);
	T_EQ(load("borrow.so"), 0);
	T_EQ(module_unload("lend"), EBUSY);
	c.c_node = d.c_node = h_node_find("borrow0");
	h_open(&c);
	h_open(&d);
	for (u_int i = 0; i < 2; i++) {
		h_read(&c);
		T_EQ(c.c_done, 2);
	}
	h_read(&c);
	T_EQ(c.c_error, 0);
	T_EQ(c.c_done, 0);		/* the end */
	h_read(&d);
	T_EQ(d.c_done, 2);		/* of each file */
	h_close(&c);
	h_close(&d);
	T_EQ(module_unload("borrow"), 0);
	T_CHECK(!h_module_mapped("/borrow.so"));
	T_EQ(module_unload("lend"), 0);
	T_CHECK(!h_module_mapped("/lend.so"));
	teardown();
}

static void
busy_open(void)
{
	struct h_client c = { 0 };
	struct t_thread *t;

	setup();
	T_EQ(load("clone.so"), 0);
	c.c_node = h_node_find("clone0");
	h_open(&c);
	T_EQ(c.c_error, 0);
	t = t_spawn(h_read, &c);
	T_UNTIL(h_in_driver, c.c_node);
	T_EQ(module_unload("clone"), EBUSY);
	cwrite(&c);			/* nothing has changed */
	t_join(t);
	T_EQ(c.c_done, 3);
	h_close(&c);
	T_EQ(module_unload("clone"), 0);
	teardown();
}

/* A variable of mt.so, which is loaded. */
static void *
mt_variable(const char *name)
{
	void *handle, *p;

	/* The same object once more. */
	T_EQ(hyp_module_open(h_module_path("mt.so"), &handle, why,
	    sizeof(why)), 0);
	p = __UNCONST(hyp_module_symbol(handle, name));
	T_CHECK(p != NULL);
	hyp_module_close(handle);
	return p;
}

/*
 * Rule: the attach and detach functions of an unmarked driver have the kernel
 * lock (NetBSD's autoconf(9)), which others get while they sleep: vdevgone
 * waits here for a read.
 */
static void
unmarked(void)
{
	struct h_client c = { 0 };
	struct t_thread *t;
	device_t dv;

	setup();
	T_EQ(load("mt.so"), 0);
	dv = config_rootfound("mt", NULL);
	T_CHECK(dv != NULL && !KERNEL_LOCKED_P());
	c.c_node = h_node_find("mt0");
	h_open(&c);
	T_EQ(c.c_error, 0);
	t = t_spawn(h_read, &c);
	T_UNTIL(h_in_driver, c.c_node);
	T_EQ(config_detach(dv, DETACH_FORCE), 0);
	t_join(t);
	h_close(&c);
	T_EQ(*(u_int *)mt_variable("mt_unlocked"), 0);
	/* What has a node, below an unmarked parent: the host is not kept. */
	KERNEL_LOCK(1, curlwp);
	T_EQ(devnode_make("mt", 1), 0);
	T_CHECK(KERNEL_LOCKED_P() && h_node_find("mt1") != NULL);
	KERNEL_UNLOCK_ONE(curlwp);
	T_EQ(module_unload("mt"), 0);
	teardown();
}

static void
busy_device(void)
{
	struct h_client c = { 0 };
	struct t_thread *t;
	device_t dv;

	setup();
	T_EQ(load("mt.so"), 0);
	dv = config_rootfound("mt", NULL);
	T_CHECK(dv != NULL);
	T_EQ(module_unload("mt"), EBUSY);
	c.c_node = h_node_find("mt0");
	h_open(&c);
	T_EQ(c.c_error, 0);
	t = t_spawn(h_read, &c);
	T_UNTIL(h_in_driver, c.c_node);
	T_EQ(module_unload("mt"), EBUSY);
	T_EQ(config_detach(dv, DETACH_FORCE), 0);
	t_join(t);
	T_EQ(c.c_error, L_EIO);
	T_EQ(module_unload("mt"), 0);	/* a stale file does not keep it */
	h_read(&c);
	T_EQ(c.c_error, L_EIO);
	h_close(&c);
	T_CHECK(!h_module_mapped("/mt.so"));
	teardown();
}

static void
unloader(void *arg)
{

	*(int *)arg = module_unload("mt");
}

static void
detacher(void *arg)
{

	T_EQ(config_detach(arg, DETACH_FORCE), 0);
}

/* An open sleeps in d_open while device and driver go away. */
static void
open_in_progress(void)
{
	struct t_thread *to, *td, *tu;
	struct h_client c = { 0 };
	int error = -1;
	bool *hold;
	device_t dv;

	setup();
	T_EQ(load("mt.so"), 0);
	hold = mt_variable("mt_hold_open");
	dv = config_rootfound("mt", NULL);
	c.c_node = h_node_find("mt0");
	atomic_store_relaxed(hold, true);
	to = t_spawn(h_open, &c);
	T_UNTIL(h_is_open, c.c_node);
	T_EQ(module_unload("mt"), EBUSY);
	T_EQ(c.c_ended, 0);
	td = t_spawn(detacher, dv);
	t_join(td);
	tu = t_spawn(unloader, &error);
	t_join(to);
	t_join(tu);
	T_EQ(c.c_error, L_ENXIO);
	T_EQ(error, 0);
	teardown();
}

static void
autoload(void)
{
	struct h_client c = { 0 };

	setup();
	T_EQ(load("clone.so"), 0);
	c.c_node = h_node_find("clone0");
	T_EQ(module_unload("clone"), 0);
	h_open(&c);
	T_EQ(c.c_error, L_ENXIO);
	hyp_set_module_dir(h_module_path(""));
	h_open(&c);
	T_EQ(c.c_error, 0);
	T_EQ(module_unload("clone"), EBUSY);
	h_close(&c);
	T_EQ(module_unload("clone"), 0);
	hyp_set_module_dir("/nowhere");
	h_open(&c);
	T_EQ(c.c_error, L_ENXIO);
	teardown();
}

/* Open, revoke, read: a dead terminal reads 0. */
static void
reads_as_dead_tty(struct h_client *c)
{

	h_open(c);
	T_EQ(c->c_error, 0);
	T_EQ(h_revoke(c->c_node), 0);
	h_read(c);
	T_EQ(c->c_error, 0);
	T_EQ(c->c_done, 0);
	h_close(c);
}

static void
autoload_tty(void)
{
	static const char *const names[] = { "tt0", NULL };
	struct h_client c = { 0 };

	setup();
	T_EQ(load("tt.so"), 0);
	c.c_node = h_node_find("tt0");
	reads_as_dead_tty(&c);
	T_EQ(module_unload("tt"), 0);
	hyp_set_module_dir(h_module_path(""));
	reads_as_dead_tty(&c);
	T_EQ(module_unload("tt"), 0);
	h_specfs_down(names);
}

/* An open that may not sleep, of a unit that is not there: no reason to. */
static void
absent_unit(void)
{
	struct h_hostfile host = { 0 };
	struct hyp_node *hn;
	struct hyp_file *f;
	struct hyp_lwp *l;
	device_t dv;

	setup();
	T_EQ(load("mt.so"), 0);
	dv = config_rootfound("mt", NULL);
	T_CHECK(dv != NULL);
	hn = h_node_find("mt0");
	T_EQ(config_detach(dv, DETACH_FORCE), 0);
	l = h_enter(1000);
	hyp_lwp_nosleep(l);
	T_EQ(hyp_node_open(hn, HYP_F_READ, &host, &f), L_ENXIO);
	h_exit(l);
	l = h_enter(1000);
	hyp_lwp_interrupt(l);
	T_EQ(hyp_node_open(hn, HYP_F_READ, &host, &f), L_ENXIO);
	h_exit(l);
	T_EQ(module_unload("mt"), 0);
	teardown();
}

static u_int running;		/* atomic */

static void
stormer(void *arg)
{
	struct h_client c = { .c_node = arg };
	u_int *const opened = &c.c_ended;

	while (atomic_load_relaxed(&running) > 0) {
		h_open(&c);
		if (c.c_error == 0) {
			(void)h_write(&c, 3);	/* it may be revoked */
			h_read(&c);
			h_close(&c);
		}
	}
	T_CHECK(*opened > 0);
}

/* Opens autoload what is unloaded again and again. */
static void
storm_clone(void)
{
	u_int unloads = 0, busy = 0;
	struct t_thread *t[3];
	struct hyp_node *hn;

	setup();
	T_EQ(load("clone.so"), 0);
	hn = h_node_find("clone0");
	hyp_set_module_dir(h_module_path(""));
	running = 1;
	for (u_int i = 0; i < 3; i++)
		t[i] = t_spawn(stormer, hn);
	/* On a busy machine somebody may have it open for long. */
	for (u_int i = 0; i < 300 || unloads == 0; i++) {
		switch (module_unload("clone")) {
		case 0:
			unloads++;
			break;
		case EBUSY:
			busy++;
			break;
		default:
			break;		/* nobody has loaded it yet */
		}
		t_msleep(t_random() % 2);
	}
	atomic_store_relaxed(&running, 0);
	for (u_int i = 0; i < 3; i++)
		t_join(t[i]);
	t_note("%u unloads, %u times busy", unloads, busy);
	T_CHECK(unloads > 0);
	(void)module_unload("clone");
	teardown();
}

static u_int nbusy;		/* atomic */

static void
mt_unloader(void *arg __unused)
{

	while (atomic_load_relaxed(&running) > 0) {
		switch (module_unload("mt")) {
		case 0:
			T_EQ(load("mt.so"), 0);
			break;
		case EBUSY:
			atomic_inc_uint(&nbusy);
			break;
		default:
			T_CHECK(!"unload");
		}
	}
}

/* The devices come and go, the driver too, and clients use them. */
static void
storm_devices(void)
{
	struct t_thread *tu, *tc[2];
	struct hyp_node *hn;
	u_int found = 0;
	device_t dv;

	setup();
	T_EQ(load("mt.so"), 0);
	dv = config_rootfound("mt", NULL);
	T_CHECK(dv != NULL);
	hn = h_node_find("mt0");
	running = 1;
	nbusy = 0;
	tu = t_spawn(mt_unloader, NULL);
	for (u_int i = 0; i < 2; i++)
		tc[i] = t_spawn(stormer, hn);
	for (u_int i = 0; i < 300; i++) {
		if (dv != NULL)
			T_EQ(config_detach(dv, DETACH_FORCE), 0);
		dv = config_rootfound("mt", NULL);
		found += dv != NULL;
		t_msleep(t_random() % 2);
	}
	if (dv != NULL)
		T_EQ(config_detach(dv, DETACH_FORCE), 0);
	atomic_store_relaxed(&running, 0);
	t_join(tu);
	for (u_int i = 0; i < 2; i++)
		t_join(tc[i]);
	t_note("%u of 300 attaches found a driver, %u unloads were EBUSY",
	    found, nbusy);
	T_EQ(module_unload("mt"), 0);
	teardown();
}

const struct t_case t_cases[] = {
	{ "a driver comes and goes, its node stays", comes_and_goes },
	{ "what is no module is refused, and says why", refused },
	{ "what a module requires lends its symbols; uio_offset counts",
	    borrows },
	{ "an unload is EBUSY while a file is open", busy_open },
	{ "an unload is EBUSY while a device is attached", busy_device },
	{ "an unload waits for an open in progress", open_in_progress },
	{ "an unmarked driver attaches and detaches under the kernel lock",
	    unmarked },
	{ "an open loads the driver of its node", autoload },
	{ "a terminal whose open has loaded its driver is dead as any other",
	    autoload_tty },
	{ "an absent unit is ENXIO, also to who may not sleep", absent_unit },
	{ "unload against opens that autoload", storm_clone },
	{ "unload against attach, detach and opens", storm_devices },
	{ NULL, NULL },
};
