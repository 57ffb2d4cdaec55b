/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_autoconf.c - autoconf(9): matching, attaching, detaching.
 *
 * States of a device: attaching (dv_attaching), attached (dv_active),
 * detaching (dv_detaching), from there back to attached if the driver
 * refuses, or committed (dv_detached), then freed.  At a time at most one
 * thread attaches or detaches a device; others wait on config_cv.
 *
 * Attach and detach functions run without a lock and may sleep.  A detach
 * waits for
 *	- config_pending_decr of what was pending,
 *	- another detach of the same device,
 *	- every device reference, after the driver's detach has returned.
 * So holders of references must be woken by the driver's detach.
 *
 * Tables come and go (config_init_component, config_fini_component), and are
 * walked without a lock, since match functions may sleep.  config_searchers
 * counts who walks, config_changing is set by who wants to take a table
 * out: it waits for the searchers, and new ones wait for it.  A search is
 * over when what it has found is a device, which keeps its tables by being
 * there (EBUSY).
 *
 * Locks: alldevs_lock, config_cv (subr_device.c).  alldevs_lock is a leaf.
 */
#include <sys/atomic.h>
#include <sys/devtrace.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include "autoconf/autoconf_impl.h"

struct cftable {
	struct cfdata		*ct_cfdata;
	LIST_ENTRY(cftable)	 ct_list;
};

static LIST_HEAD(, cfdriver) allcfdrivers;	/* (a) */
static LIST_HEAD(, cftable) allcftables;	/* (a) */
static u_int config_searchers;			/* (a) */
static bool config_changing;			/* (a) */
static void (*attach_hook)(device_t);

/*
 * config_init()
 *
 *	Empty tables.  Once, before any other function here.
 */
void
config_init(void)
{

	mutex_init(&alldevs_lock, MUTEX_DEFAULT, IPL_VM);
	cv_init(&config_cv, "config");
	LIST_INIT(&allcfdrivers);
	LIST_INIT(&allcftables);
	config_searchers = 0;
	config_changing = false;
	attach_hook = NULL;
}

/* Tables stay as they are between these. */
static void
config_search_enter(void)
{

	mutex_enter(&alldevs_lock);
	while (config_changing)
		cv_wait(&config_cv, &alldevs_lock);
	config_searchers++;
	mutex_exit(&alldevs_lock);
}

static void
config_search_exit(void)
{

	mutex_enter(&alldevs_lock);
	KASSERT(config_searchers > 0);
	if (--config_searchers == 0)
		cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
}

/*
 * config_set_attach_hook(func)
 *
 *	func(dev) after every attach, without a lock.  Before any attach.
 */
void
config_set_attach_hook(void (*func)(device_t))
{

	attach_hook = func;
}

/* alldevs_lock held. */
static cfdriver_t
config_cfdriver_lookup(const char *name)
{
	cfdriver_t cd;

	LIST_FOREACH(cd, &allcfdrivers, cd_list) {
		if (strcmp(cd->cd_name, name) == 0)
			return cd;
	}
	return NULL;
}

/* alldevs_lock held. */
static cfattach_t
config_cfattach_lookup(const char *driver, const char *name)
{
	cfdriver_t cd = config_cfdriver_lookup(driver);
	cfattach_t ca;

	if (cd == NULL)
		return NULL;
	LIST_FOREACH(ca, &cd->cd_attach, ca_list) {
		if (strcmp(ca->ca_name, name) == 0)
			return ca;
	}
	return NULL;
}

/*
 * error = config_init_component(cfdrivers, cfattachinit, cfdata)
 *
 *	Add the tables of one component (a driver, a module, all of
 *	src/drivers).  They must stay.  EEXIST: a driver of that name is there.
 */
int
config_init_component(struct cfdriver *const *cds,
    const struct cfattachinit *cfai, struct cfdata *cfdata)
{
	struct cftable *ct = kmem_zalloc(sizeof(*ct), KM_SLEEP);

	mutex_enter(&alldevs_lock);
	for (u_int i = 0; cds[i] != NULL; i++) {
		if (config_cfdriver_lookup(cds[i]->cd_name) != NULL) {
			while (i-- > 0)
				LIST_REMOVE(cds[i], cd_list);
			mutex_exit(&alldevs_lock);
			kmem_free(ct, sizeof(*ct));
			return EEXIST;
		}
		LIST_INIT(&cds[i]->cd_attach);
		LIST_INSERT_HEAD(&allcfdrivers, cds[i], cd_list);
	}
	for (; cfai->cfai_name != NULL; cfai++) {
		cfdriver_t cd = config_cfdriver_lookup(cfai->cfai_name);

		KASSERTMSG(cd != NULL, "no driver %s", cfai->cfai_name);
		for (u_int i = 0; cfai->cfai_list[i] != NULL; i++)
			LIST_INSERT_HEAD(&cd->cd_attach, cfai->cfai_list[i],
			    ca_list);
	}
	ct->ct_cfdata = cfdata;
	LIST_INSERT_HEAD(&allcftables, ct, ct_list);
	mutex_exit(&alldevs_lock);
	return 0;
}

/* A driver's table of units, as cd_devs points into it. */
struct cfunits {
	struct cfunits	*cu_old;	/* what it has replaced */
	int		 cu_n;
	device_t	 cu_devs[];
};
#define	UNITS_SIZE(n)							\
	(sizeof(struct cfunits) + (size_t)(n) * sizeof(device_t))
#define	UNITS_OF(cd)							\
	((struct cfunits *)(void *)((char *)(cd)->cd_devs -		\
	    offsetof(struct cfunits, cu_devs)))

/* alldevs_lock held: nobody looks anything up any more. */
static void
unit_tables_free(cfdriver_t cd)
{
	struct cfunits *cu, *old;

	for (cu = cd->cd_ndevs > 0 ? UNITS_OF(cd) : NULL; cu != NULL;
	    cu = old) {
		old = cu->cu_old;
		kmem_free(cu, UNITS_SIZE(cu->cu_n));
	}
}

/* Is ca one of cfai's? */
static bool
cfattachinit_has(const struct cfattachinit *cfai, const struct cfattach *ca)
{

	for (; cfai->cfai_name != NULL; cfai++) {
		for (u_int i = 0; cfai->cfai_list[i] != NULL; i++) {
			if (cfai->cfai_list[i] == ca)
				return true;
		}
	}
	return false;
}

static bool
cfdata_has(const struct cfdata *cfdata, const struct cfdata *cf)
{

	for (; cfdata->cf_name != NULL; cfdata++) {
		if (cfdata == cf)
			return true;
	}
	return false;
}

static bool
cfdrivers_have(struct cfdriver *const *cds, const struct cfdriver *cd)
{

	for (; *cds != NULL; cds++) {
		if (*cds == cd)
			return true;
	}
	return false;
}

/* alldevs_lock held: does a device use any of these tables? */
static bool
config_component_busy(struct cfdriver *const *cds,
    const struct cfattachinit *cfai, const struct cfdata *cfdata)
{
	cfdriver_t cd;
	device_t dev;

	LIST_FOREACH(cd, &allcfdrivers, cd_list) {
		for (int u = 0; u < cd->cd_ndevs; u++) {
			if ((dev = cd->cd_devs[u]) == NULL)
				continue;
			if (cfdrivers_have(cds, cd) ||
			    cfattachinit_has(cfai, dev->dv_cfattach) ||
			    cfdata_has(cfdata, dev->dv_cfdata))
				return true;
		}
	}
	return false;
}

/* alldevs_lock held, and nothing uses them. */
static void
config_component_remove(struct cfdriver *const *cds,
    const struct cfattachinit *cfai, const struct cfdata *cfdata)
{
	struct cftable *ct, *next;

	for (; cfai->cfai_name != NULL; cfai++) {
		for (u_int i = 0; cfai->cfai_list[i] != NULL; i++)
			LIST_REMOVE(cfai->cfai_list[i], ca_list);
	}
	for (u_int i = 0; cds[i] != NULL; i++) {
		cfdriver_t cd = cds[i];

		KASSERTMSG(LIST_EMPTY(&cd->cd_attach), "%s has attachments "
		    "of another component", cd->cd_name);
		LIST_REMOVE(cd, cd_list);
		unit_tables_free(cd);
		if (cd->cd_nreserved > 0)
			kmem_free(cd->cd_reserved,
			    (size_t)cd->cd_nreserved / NBBY);
		cd->cd_devs = NULL;
		cd->cd_reserved = NULL;
		cd->cd_ndevs = cd->cd_nreserved = 0;
	}
	LIST_FOREACH_SAFE(ct, &allcftables, ct_list, next) {
		if (ct->ct_cfdata == cfdata) {
			LIST_REMOVE(ct, ct_list);
			kmem_free(ct, sizeof(*ct));
		}
	}
}

/*
 * error = config_fini_component(cfdrivers, cfattachinit, cfdata)
 *
 *	Take the tables out again; when this returns nobody looks at them.
 *	Sleeps while somebody matches.  EBUSY: there is a device of them.
 */
int
config_fini_component(struct cfdriver *const *cds,
    const struct cfattachinit *cfai, struct cfdata *cfdata)
{
	int error = 0;

	mutex_enter(&alldevs_lock);
	while (config_changing)
		cv_wait(&config_cv, &alldevs_lock);
	config_changing = true;
	while (config_searchers > 0)
		cv_wait(&config_cv, &alldevs_lock);
	if (config_component_busy(cds, cfai, cfdata))
		error = EBUSY;
	else
		config_component_remove(cds, cfai, cfdata);
	config_changing = false;
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
	return error;
}

/* Does this driver carry the interface attribute? */
static bool
cfdriver_has_attr(const struct cfdriver *cd, const char *iattr)
{
	const char *const *attr = cd->cd_attrs;

	while (attr != NULL && *attr != NULL && strcmp(*attr, iattr) != 0)
		attr++;
	return attr != NULL && *attr != NULL;
}

/* Could a device of cf hang off parent's attribute iattr, or any of them? */
static bool
cfparent_match(device_t parent, const struct cfparent *cfp, const char *iattr)
{

	if (parent == NULL || cfp == NULL)
		return parent == NULL && cfp == NULL;
	if (iattr != NULL && strcmp(cfp->cfp_iattr, iattr) != 0)
		return false;
	if (!cfdriver_has_attr(parent->dv_cfdriver, cfp->cfp_iattr))
		return false;
	if (cfp->cfp_parent != NULL &&
	    strcmp(cfp->cfp_parent, parent->dv_cfdriver->cd_name) != 0)
		return false;
	return cfp->cfp_unit == -1 || cfp->cfp_unit == parent->dv_unit;
}

/*
 * score = config_match(parent, cf, aux)
 *
 *	What the driver of cf says of aux; 0: not mine.
 */
int
config_match(device_t parent, cfdata_t cf, void *aux)
{
	cfattach_t ca;

	mutex_enter(&alldevs_lock);
	ca = config_cfattach_lookup(cf->cf_name, cf->cf_atname);
	mutex_exit(&alldevs_lock);
	KASSERTMSG(ca != NULL, "no attachment %s of %s", cf->cf_atname,
	    cf->cf_name);
	return ca->ca_match(parent, cf, aux);
}

/*
 * score = config_stdsubmatch(parent, cf, locs, aux)
 *
 *	A submatch that wants every locator of cf that is not a wildcard (-1)
 *	to equal the one found.  Locators end with INT32_MIN.
 */
int
config_stdsubmatch(device_t parent, cfdata_t cf, const int *locs, void *aux)
{

	if (locs != NULL && cf->cf_loc != NULL) {
		for (u_int i = 0; cf->cf_loc[i] != INT32_MIN; i++) {
			if (cf->cf_loc[i] != -1 && cf->cf_loc[i] != locs[i])
				return 0;
		}
	}
	return config_match(parent, cf, aux);
}

/*
 * The first table, for a searcher.  Tables are only added while one is there,
 * at the head.
 */
static struct cftable *
config_tables(void)
{
	struct cftable *ct;

	mutex_enter(&alldevs_lock);
	ct = LIST_FIRST(&allcftables);
	mutex_exit(&alldevs_lock);
	return ct;
}

/* The best match for aux below parent, or NULL.  By a searcher. */
static cfdata_t
config_best(device_t parent, void *aux, const struct cfargs *args)
{
	struct cftable *ct;
	cfdata_t cf, best = NULL;
	int score, bestscore = 0;

	for (ct = config_tables(); ct != NULL; ct = LIST_NEXT(ct, ct_list)) {
		for (cf = ct->ct_cfdata; cf->cf_name != NULL; cf++) {
			if (!cfparent_match(parent, cf->cf_pspec,
			    args == NULL ? NULL : args->iattr))
				continue;
			score = args != NULL && args->submatch != NULL ?
			    args->submatch(parent, cf, args->locators, aux) :
			    config_match(parent, cf, aux);
			if (score > bestscore) {
				best = cf;
				bestscore = score;
			}
		}
	}
	return best;
}

/*
 * cf = config_search(parent, aux, cfargs)
 *
 *	The best match for aux below parent, or NULL.  It may go with its
 *	component at any time.
 */
cfdata_t
config_search(device_t parent, void *aux, const struct cfargs *args)
{
	cfdata_t cf;

	config_search_enter();
	cf = config_best(parent, aux, args);
	config_search_exit();
	return cf;
}

/*
 * cf = config_search_acquire(parent, aux, cfargs)
 * config_search_release()
 * dev = config_attach_acquired(parent, cf, aux, print, cfargs)
 *
 *	For who has something to do between config_search and config_attach:
 *	no component goes until one of the other two; not needed for NULL.
 */
cfdata_t
config_search_acquire(device_t parent, void *aux, const struct cfargs *args)
{
	cfdata_t cf;

	config_search_enter();
	if ((cf = config_best(parent, aux, args)) == NULL)
		config_search_exit();
	return cf;
}

void
config_search_release(void)
{

	config_search_exit();
}

/* ---- units --------------------------------------------------------- */

static bool
unit_reserved(cfdriver_t cd, int unit)
{

	return unit < cd->cd_nreserved &&
	    (cd->cd_reserved[unit / 32] >> (unit % 32) & 1) != 0;
}

/*
 * alldevs_lock held: the wish of the nearest ancestor that has one, if it is
 * about cd.
 */
static int
unit_pinned(cfdriver_t cd, device_t parent)
{

	while (parent != NULL && parent->dv_pin < 0)
		parent = parent->dv_parent;
	if (parent == NULL ||
	    (parent->dv_pincd != NULL && parent->dv_pincd != cd))
		return -1;
	return parent->dv_pin;
}

/*
 * alldevs_lock held: make room for unit.  device_lookup takes no lock and may
 * be reading the old table, so that stays; each is twice as big as the one
 * before, at least.
 */
static void
unit_table_grow(cfdriver_t cd, int unit)
{
	const int n = MAX(roundup(unit + 1, 8), 2 * cd->cd_ndevs);
	struct cfunits *cu;

	if (unit < cd->cd_ndevs)
		return;
	cu = kmem_zalloc(UNITS_SIZE(n), KM_SLEEP);
	cu->cu_n = n;
	if (cd->cd_ndevs > 0) {
		memcpy(cu->cu_devs, cd->cd_devs,
		    (size_t)cd->cd_ndevs * sizeof(cu->cu_devs[0]));
		cu->cu_old = UNITS_OF(cd);
	}
	atomic_store_release(&cd->cd_devs, cu->cu_devs);
	atomic_store_release(&cd->cd_ndevs, n);
}

/*
 * alldevs_lock held: the pinned unit if it is free, otherwise the lowest
 * free one that is not kept for somebody.
 */
static int
unit_alloc(cfdriver_t cd, device_t parent)
{
	int unit = unit_pinned(cd, parent);

	if (unit < 0 || !unit_reserved(cd, unit) ||
	    (unit < cd->cd_ndevs && cd->cd_devs[unit] != NULL)) {
		for (unit = 0; unit_reserved(cd, unit) ||
		    (unit < cd->cd_ndevs && cd->cd_devs[unit] != NULL);
		    unit++)
			continue;
	}
	unit_table_grow(cd, unit);
	return unit;
}

/*
 * error = config_unit_reserve(driver, unit)
 *
 *	Keep the unit for devices that are pinned to it.  EINVAL: no such
 *	driver or absurd number; EEXIST: kept already.
 */
int
config_unit_reserve(const char *driver, int unit)
{
	cfdriver_t cd;
	int n, error = 0;

	if (unit < 0 || unit >= CONFIG_UNITS)
		return EINVAL;
	mutex_enter(&alldevs_lock);
	if ((cd = config_cfdriver_lookup(driver)) == NULL)
		error = EINVAL;
	else if (unit_reserved(cd, unit))
		error = EEXIST;
	else {
		if (unit >= cd->cd_nreserved) {
			uint32_t *map;

			n = roundup(unit + 1, 32);
			map = kmem_zalloc((size_t)n / NBBY, KM_SLEEP);
			if (cd->cd_nreserved > 0) {
				memcpy(map, cd->cd_reserved,
				    (size_t)cd->cd_nreserved / NBBY);
				kmem_free(cd->cd_reserved,
				    (size_t)cd->cd_nreserved / NBBY);
			}
			cd->cd_reserved = map;
			cd->cd_nreserved = n;
		}
		cd->cd_reserved[unit / 32] |= (uint32_t)1 << (unit % 32);
	}
	mutex_exit(&alldevs_lock);
	return error;
}

/*
 * config_unit_pin(dev, pin)
 *
 *	Those devices below dev that are this driver's want this unit, if it
 *	is reserved in the driver.  Before they attach.  Nothing happens if
 *	there is no such driver.
 */
void
config_unit_pin(device_t dev, const struct cfpin *pin)
{
	cfdriver_t cd = NULL;

	mutex_enter(&alldevs_lock);
	if (pin->cp_driver == NULL ||
	    (cd = config_cfdriver_lookup(pin->cp_driver)) != NULL) {
		dev->dv_pin = pin->cp_unit;
		dev->dv_pincd = cd;
	}
	mutex_exit(&alldevs_lock);
}

/* ---- attach -------------------------------------------------------- */

static device_t
device_create(device_t parent, cfdata_t cf)
{
	device_t dev = kmem_zalloc(sizeof(*dev), KM_SLEEP);
	cfdriver_t cd;

	LIST_INIT(&dev->dv_children);
	localcount_init(&dev->dv_localcount);
	dev->dv_cfdata = cf;
	dev->dv_parent = parent;
	dev->dv_pin = -1;
	dev->dv_active = true;
	dev->dv_attaching = curlwp;

	mutex_enter(&alldevs_lock);
	dev->dv_cfdriver = cd = config_cfdriver_lookup(cf->cf_name);
	dev->dv_cfattach = config_cfattach_lookup(cf->cf_name, cf->cf_atname);
	KASSERTMSG(dev->dv_cfattach != NULL, "no attachment %s of %s",
	    cf->cf_atname, cf->cf_name);
	dev->dv_unit = unit_alloc(cd, parent);
	snprintf(dev->dv_xname, sizeof(dev->dv_xname), "%s%d", cd->cd_name,
	    dev->dv_unit);
	dev->dv_devsize = dev->dv_cfattach->ca_devsize;
	if (dev->dv_devsize > 0)
		dev->dv_private = kmem_zalloc(dev->dv_devsize, KM_SLEEP);
	atomic_store_release(&cd->cd_devs[dev->dv_unit], dev);
	if (parent != NULL)
		LIST_INSERT_HEAD(&parent->dv_children, dev, dv_sibling);
	mutex_exit(&alldevs_lock);
	return dev;
}

static void
device_free(device_t dev)
{

	KASSERT(LIST_EMPTY(&dev->dv_children));
	localcount_fini(&dev->dv_localcount);
	/* Its tables may be gone by now. */
	if (dev->dv_private != NULL)
		kmem_free(dev->dv_private, dev->dv_devsize);
	kmem_free(dev, sizeof(*dev));
}

/* Tell of the driver's attach or detach, which begins or has ended. */
static void
config_trace_enter(const char *event, const struct device *dev)
{
	const struct devtrace dt = { .dt_event = event,
	    .dt_dev = dev->dv_xname };

	devtrace_enter(&dt);
}

static void
config_trace_exit(const char *event, const struct device *dev, int error)
{
	const struct devtrace dt = { .dt_event = event,
	    .dt_dev = dev->dv_xname };

	devtrace_exit(&dt, error);
}

/* Let the driver of dev, just created, attach it. */
static device_t
device_attach(device_t dev, void *aux, cfprint_t print,
    const struct cfargs *args)
{
	device_t const parent = dev->dv_parent;

	if (args != NULL && args->pin != NULL)
		config_unit_pin(dev, args->pin);
	if (parent == NULL)
		aprint_normal("%s (root)", dev->dv_xname);
	else {
		aprint_normal("%s at %s", dev->dv_xname, parent->dv_xname);
		if (print != NULL)
			(void)print(aux, NULL);
	}
	if (DEVTRACE())
		config_trace_enter("attach", dev);
	dev->dv_cfattach->ca_attach(parent, dev, aux);
	if (DEVTRACE())
		config_trace_exit("attach", dev, 0);

	mutex_enter(&alldevs_lock);
	dev->dv_attaching = NULL;
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);

	if (attach_hook != NULL)
		attach_hook(dev);
	return dev;
}

/*
 * dev = config_attach(parent, cf, aux, print, cfargs)
 *
 *	Make a device of cf and let its driver attach it; cfargs may pin the
 *	units of its children (config_unit_pin).  Sleeps as the driver does.
 *	The driver has no way to fail: what it cannot use it keeps as a dead
 *	device until the detach.
 */
device_t
config_attach(device_t parent, cfdata_t cf, void *aux, cfprint_t print,
    const struct cfargs *args)
{

	return device_attach(device_create(parent, cf), aux, print, args);
}

device_t
config_attach_acquired(device_t parent, cfdata_t cf, void *aux,
    cfprint_t print, const struct cfargs *args)
{
	device_t dev = device_create(parent, cf);

	config_search_exit();
	return device_attach(dev, aux, print, args);
}

/*
 * dev = config_found(parent, aux, print, cfargs)
 *
 *	parent has found aux: search and attach.  NULL: nobody wants it, and
 *	print(aux, parent's name) has said so.
 */
device_t
config_found(device_t parent, void *aux, cfprint_t print,
    const struct cfargs *args)
{
	const cfdata_t cf = config_search_acquire(parent, aux, args);

	if (cf != NULL)
		return config_attach_acquired(parent, cf, aux, print, args);
	if (print != NULL) {
		if (print(aux, device_xname(parent)) == UNCONF)
			aprint_normal(" not configured\n");
		else
			aprint_normal("\n");
	}
	return NULL;
}

/*
 * dev = config_rootfound(name, aux)
 *
 *	Attach the root driver of that name.
 */
device_t
config_rootfound(const char *name, void *aux)
{
	struct cftable *ct;
	cfdata_t cf;

	config_search_enter();
	for (ct = config_tables(); ct != NULL; ct = LIST_NEXT(ct, ct_list)) {
		for (cf = ct->ct_cfdata; cf->cf_name != NULL; cf++) {
			if (cf->cf_pspec == NULL &&
			    strcmp(cf->cf_name, name) == 0)
				return config_attach_acquired(NULL, cf, aux,
				    NULL, CFARGS_NONE);
		}
	}
	config_search_exit();
	return NULL;
}

/*
 * config_pending_incr(dev)
 * config_pending_decr(dev)
 *
 *	A part of the attach goes on in another thread: no detach until it is
 *	over.
 */
void
config_pending_incr(device_t dev)
{

	mutex_enter(&alldevs_lock);
	dev->dv_pending++;
	mutex_exit(&alldevs_lock);
}

void
config_pending_decr(device_t dev)
{

	mutex_enter(&alldevs_lock);
	KASSERTMSG(dev->dv_pending > 0, "%s", dev->dv_xname);
	if (--dev->dv_pending == 0)
		cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
}

/* ---- detach -------------------------------------------------------- */

/* alldevs_lock held: become the only one who detaches dev. */
static void
config_detach_enter(device_t dev)
{

	while (dev->dv_pending > 0 || dev->dv_detaching != NULL ||
	    dev->dv_attaching != NULL)
		cv_wait(&config_cv, &alldevs_lock);
	KASSERTMSG(!dev->dv_detached, "%s detached twice", dev->dv_xname);
	dev->dv_detaching = curlwp;
}

/*
 * config_detach_commit(dev)
 *
 *	There is no way back: from now on device_lookup_acquire fails at
 *	once, sleepers in it included.  Only from dev's detach function or
 *	from vdevgone in it; again is harmless.
 */
void
config_detach_commit(device_t dev)
{

	mutex_enter(&alldevs_lock);
	KASSERTMSG(dev->dv_detaching == curlwp, "%s is detached by %p",
	    dev->dv_xname, (void *)dev->dv_detaching);
	dev->dv_detached = true;
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
}

/* The driver refused. */
static int
config_detach_backout(device_t dev, int flags, int error)
{

	if (flags & DETACH_FORCE)
		panic("%s: forced detach failed with %d", dev->dv_xname,
		    error);
	mutex_enter(&alldevs_lock);
	KASSERTMSG(!dev->dv_detached, "%s: error %d after the commit",
	    dev->dv_xname, error);
	dev->dv_detaching = NULL;
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
	return error;
}

/*
 * error = config_detach(dev, flags)
 *
 *	Detach dev and free it.  DETACH_FORCE: the hardware is gone, so the
 *	driver cannot refuse.  Sleeps until all references to dev are back.
 *	EOPNOTSUPP: the driver has no detach; EBUSY and others: the driver's,
 *	and dev stays as it was.
 */
int
config_detach(device_t dev, int flags)
{
	device_t const parent = dev->dv_parent;
	const cfattach_t ca = dev->dv_cfattach;
	int error;

	mutex_enter(&alldevs_lock);
	config_detach_enter(dev);
	mutex_exit(&alldevs_lock);

	if (DEVTRACE())
		config_trace_enter("detach", dev);
	error = ca->ca_detach == NULL ? EOPNOTSUPP : ca->ca_detach(dev, flags);
	if (error) {
		if (DEVTRACE())
			config_trace_exit("detach", dev, error);
		return config_detach_backout(dev, flags, error);
	}

	config_detach_commit(dev);
	mutex_enter(&alldevs_lock);
	dev->dv_active = false;
	localcount_drain(&dev->dv_localcount, &config_cv, &alldevs_lock);
	KASSERTMSG(LIST_EMPTY(&dev->dv_children), "%s has children",
	    dev->dv_xname);
	/* Before somebody else can have its name. */
	if (DEVTRACE())
		config_trace_exit("detach", dev, 0);
	atomic_store_release(&dev->dv_cfdriver->cd_devs[dev->dv_unit], NULL);
	if (parent != NULL)
		LIST_REMOVE(dev, dv_sibling);
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);

	if ((flags & DETACH_QUIET) == 0)
		aprint_normal("%s: detached\n", dev->dv_xname);
	if (parent != NULL && parent->dv_cfattach->ca_childdetached != NULL)
		parent->dv_cfattach->ca_childdetached(parent, dev);
	device_free(dev);
	return 0;
}

/*
 * error = config_detach_children(dev, flags)
 *
 *	Detach what hangs below dev, until one refuses.
 */
int
config_detach_children(device_t dev, int flags)
{
	device_t child;
	int error;

	for (;;) {
		mutex_enter(&alldevs_lock);
		child = LIST_FIRST(&dev->dv_children);
		mutex_exit(&alldevs_lock);
		if (child == NULL)
			return 0;
		if ((error = config_detach(child, flags)) != 0)
			return error;
	}
}
