/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_cftable.c - autoconf(9): the tables of drivers, and matching.
 *
 * Tables come and go (config_init_component, config_fini_component), and are
 * walked without a lock, since match functions may sleep.  config_searchers
 * counts who walks, config_changing is set by who wants to take a table
 * out: it waits for the searchers, and new ones wait for it.  A search is
 * over when what it has found is a device, which keeps its tables by being
 * there (EBUSY).
 *
 * Locks: see subr_autoconf.c.
 */
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwpnote.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <hyp/hyp_trace.h>

#include "autoconf/autoconf_impl.h"

struct cftable {
	struct cfdata		*ct_cfdata;
	LIST_ENTRY(cftable)	 ct_list;
};

static LIST_HEAD(, cftable) allcftables;	/* (a) */
static u_int config_searchers;			/* (a) */
static bool config_changing;			/* (a) */
static bool config_late;			/* (a) a searcher may not end */

/*
 * config_tables_init()
 */
void
config_tables_init(void)
{

	LIST_INIT(&allcfdrivers);
	LIST_INIT(&allcftables);
	config_searchers = 0;
	config_changing = config_late = false;
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
 * ca = config_cfattach_lookup(driver, name)
 *
 *	NULL: there is none.  alldevs_lock held.
 */
cfattach_t
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

/* alldevs_lock held: take the first n of the drivers out again. */
static void
cfdrivers_remove(struct cfdriver *const *cds, u_int n)
{

	for (u_int i = 0; i < n && cds[i] != NULL; i++)
		LIST_REMOVE(cds[i], cd_list);
}

/* alldevs_lock held: which driver of these attachments is not there? */
static const char *
cfattachinit_missing(const struct cfattachinit *cfai)
{

	while (cfai->cfai_name != NULL &&
	    config_cfdriver_lookup(cfai->cfai_name) != NULL)
		cfai++;
	return cfai->cfai_name;
}

/*
 * error = config_init_component(cfdrivers, cfattachinit, cfdata)
 *
 *	Add the tables of one component (a driver, a module, all of
 *	src/drivers).  They must stay.  EEXIST: a driver of that name is
 *	there; ENOENT, logged: an attachment's driver is neither in them nor
 *	there.  Then nothing is added.
 */
int
config_init_component(struct cfdriver *const *cds,
    const struct cfattachinit *cfai, struct cfdata *cfdata)
{
	struct cftable *ct = kmem_zalloc(sizeof(*ct), KM_SLEEP);
	const char *missing;

	mutex_enter(&alldevs_lock);
	for (u_int i = 0; cds[i] != NULL; i++) {
		if (config_cfdriver_lookup(cds[i]->cd_name) != NULL) {
			cfdrivers_remove(cds, i);
			mutex_exit(&alldevs_lock);
			kmem_free(ct, sizeof(*ct));
			return EEXIST;
		}
		LIST_INIT(&cds[i]->cd_attach);
		LIST_INSERT_HEAD(&allcfdrivers, cds[i], cd_list);
	}
	if ((missing = cfattachinit_missing(cfai)) != NULL) {
		cfdrivers_remove(cds, UINT32_MAX);
		mutex_exit(&alldevs_lock);
		kmem_free(ct, sizeof(*ct));
		log(LOG_ERR, "an attachment is of a driver %s, which is not "
		    "there\n", missing);
		return ENOENT;
	}
	for (; cfai->cfai_name != NULL; cfai++) {
		cfdriver_t cd = config_cfdriver_lookup(cfai->cfai_name);

		for (u_int i = 0; cfai->cfai_list[i] != NULL; i++)
			LIST_INSERT_HEAD(&cd->cd_attach, cfai->cfai_list[i],
			    ca_list);
	}
	ct->ct_cfdata = cfdata;
	LIST_INSERT_HEAD(&allcftables, ct, ct_list);
	mutex_exit(&alldevs_lock);
	return 0;
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

/*
 * alldevs_lock held: does a device use any of these tables, or has another
 * component an attachment of these drivers?
 */
static bool
config_component_busy(struct cfdriver *const *cds,
    const struct cfattachinit *cfai, const struct cfdata *cfdata)
{
	cfdriver_t cd;
	cfattach_t ca;
	device_t dev;

	for (u_int i = 0; cds[i] != NULL; i++) {
		LIST_FOREACH(ca, &cds[i]->cd_attach, ca_list) {
			if (!cfattachinit_has(cfai, ca))
				return true;
		}
	}
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
		KASSERT(LIST_EMPTY(&cds[i]->cd_attach));
		LIST_REMOVE(cds[i], cd_list);
		config_units_free(cds[i]);
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
 *	Sleeps while somebody matches.  EBUSY: there is a device of them, or
 *	another component has an attachment of a driver in them; or a match
 *	does not come back (subr_cfcall.c).
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
	while (config_searchers > 0 && !config_late)
		cv_wait(&config_cv, &alldevs_lock);
	if (config_searchers > 0 || config_component_busy(cds, cfai, cfdata))
		error = EBUSY;
	else
		config_component_remove(cds, cfai, cfdata);
	config_changing = false;
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
	return error;
}

/*
 * hyp_calls_late(late)
 *
 *	The up-call; contract in hyp.h.  A driver's match or attach does not
 *	come back, or all have: who waits for searchers to end does so no
 *	longer, or again.
 */
void
hyp_calls_late(int late)
{

	mutex_enter(&alldevs_lock);
	config_late = late != 0;
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
	LOCKDEBUG_NONE(__func__);
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
 * locked = config_lock(ca)
 * config_unlock(locked, what)
 *
 *	Around a call of one of ca's functions, what; no lock is held, or the
 *	kernel lock, and the function has left none.
 */
bool
config_lock(const struct cfattach *ca)
{

	ASSERT_SLEEPABLE();
	if (ca->ca_flags & DVF_ATTACH_MPSAFE)
		return false;
	kernel_lock(1);
	return true;
}

void
config_unlock(bool locked, const char *what __unused)
{

	LOCKDEBUG_RETURN(what);
	if (locked)
		kernel_unlock(1);
}

/*
 * score = config_match(parent, cf, aux)
 *
 *	What the driver of cf says of aux; 0: not mine, or its component is
 *	not there (any more), which may happen to a row of another one.
 */
int
config_match(device_t parent, cfdata_t cf, void *aux)
{
	struct lwp_note ln;
	cfattach_t ca;
	bool locked;
	u_int row;
	int score;

	mutex_enter(&alldevs_lock);
	ca = config_cfattach_lookup(cf->cf_name, cf->cf_atname);
	mutex_exit(&alldevs_lock);
	if (ca == NULL)
		return 0;
	locked = config_lock(ca);
	row = config_call_begin(cf->cf_name, "match", locked);
	lwp_note_enter(&ln, HYP_NOTE_MATCH, cf->cf_name);
	score = ca->ca_match(parent, cf, aux);
	lwp_note_exit(&ln);
	config_call_end(row);
	config_unlock(locked, "match");
	return score;
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

static bool
config_is_there(const struct cfdata *cf)
{
	bool there;

	mutex_enter(&alldevs_lock);
	there = config_cfattach_lookup(cf->cf_name, cf->cf_atname) != NULL;
	mutex_exit(&alldevs_lock);
	return there;
}

/*
 * cf = config_rootsearch_acquire(name)
 *
 *	The same for the root driver of that name.
 */
cfdata_t
config_rootsearch_acquire(const char *name)
{
	struct cftable *ct;
	cfdata_t cf;

	config_search_enter();
	for (ct = config_tables(); ct != NULL; ct = LIST_NEXT(ct, ct_list)) {
		for (cf = ct->ct_cfdata; cf->cf_name != NULL; cf++) {
			if (cf->cf_pspec == NULL &&
			    strcmp(cf->cf_name, name) == 0 &&
			    config_is_there(cf))
				return cf;
		}
	}
	config_search_exit();
	return NULL;
}
