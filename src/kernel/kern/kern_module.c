/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_module.c - module(9): code that comes and goes while the daemon runs.
 *
 * Model
 *	modules is the list of what is loaded.  Loading opens the shared
 *	object (hyp_module_open), checks its modinfo, and calls its
 *	MODULE_CMD_INIT; unloading calls MODULE_CMD_FINI and closes it, after
 *	which its code is no longer mapped.  That no thread is in it then is
 *	what the module's FINI promises, with the help of those who hold
 *	pointers into it:
 *
 *		devsw_detach		waits for opens, revokes, drains
 *		config_fini_component	EBUSY while it has a device; waits for
 *					searches in its tables
 *		devnode_detach		nodes have copies of their rows
 *
 *	Autoload: an open of a node whose driver is not there loads
 *	DIR/NAME.so, if a directory is given (hyp_set_module_dir) and the
 *	driver has been here before, so that the node has its number.
 *
 * Locks
 *	module_lock guards everything.  module_busy is set by the one thread
 *	that loads or unloads, which sleeps in the host and in the module
 *	without the lock; others wait for it on module_cv, interruptibly.
 *	Lock order: module_lock is a leaf.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/module.h>
#include <sys/queue.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#include "kern/kern_impl.h"

#define	MODULE_PATHLEN	512

struct module {
	TAILQ_ENTRY(module) mod_list;
	const modinfo_t	*mod_info;
	void		*mod_handle;	/* hyp_module_open's */
	u_int		 mod_refcnt;	/* modules that require it */
	char		 mod_path[];	/* module_load's */
};

static kmutex_t module_lock;
static kcondvar_t module_cv;
static bool module_busy;
static TAILQ_HEAD(, module) modules;
static char module_dir[MODULE_PATHLEN];	/* "": no autoload */
static void (*module_hook)(void);	/* constant; or NULL */

/*
 * module_init()
 *
 *	Nothing is loaded.  Once.
 */
void
module_init(void)
{

	mutex_init(&module_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&module_cv, "module");
	TAILQ_INIT(&modules);
	module_busy = false;
	module_dir[0] = '\0';
	module_hook = NULL;
}

/*
 * module_set_hook(func)
 *
 *	func is called when a module has been loaded, by its loader, and no
 *	other one comes or goes until it returns; it may sleep.  At start.
 */
void
module_set_hook(void (*func)(void))
{

	module_hook = func;
}

/* Become the one who loads or unloads.  EINTR, ERESTART: see cv_wait_sig. */
static int
module_enter(void)
{
	int error = 0;

	mutex_enter(&module_lock);
	while (module_busy && error == 0)
		error = cv_wait_sig(&module_cv, &module_lock);
	if (error == 0)
		module_busy = true;
	mutex_exit(&module_lock);
	return error;
}

static void
module_exit(void)
{

	mutex_enter(&module_lock);
	module_busy = false;
	cv_broadcast(&module_cv);
	mutex_exit(&module_lock);
}

/* module_lock held. */
static struct module *
module_lookup(const char *name, size_t len)
{
	struct module *mod;

	TAILQ_FOREACH(mod, &modules, mod_list) {
		const char *const n = mod->mod_info->mi_name;

		if (strlen(n) == len && strncmp(n, name, len) == 0)
			break;
	}
	return mod;
}

/*
 * Count the modules that this one requires, by n; ENOENT, and nothing is
 * counted, if one of them is not there.
 */
static int
module_require(const modinfo_t *mi, int n)
{
	const char *p, *end;
	struct module *mod;
	int error = 0;

	mutex_enter(&module_lock);
	for (int round = 0; round < 2 && error == 0; round++) {
		for (p = mi->mi_required; p != NULL && *p != '\0';
		    p = *end == ',' ? end + 1 : end) {
			for (end = p; *end != '\0' && *end != ','; end++)
				continue;
			mod = module_lookup(p, (size_t)(end - p));
			if (mod == NULL)
				error = ENOENT;
			else if (round == 1)
				mod->mod_refcnt += (u_int)n;
		}
	}
	mutex_exit(&module_lock);
	return error;
}

/* A word: "" would be the beginning of hyp_module_next's list again, and it is
   one in what others print of it. */
static bool
module_good_name(const char *name)
{
	const char *p = name;

	while (*p > ' ' && *p < 0x7f)
		p++;
	return p > name && *p == '\0';
}

/* Is it one of ours, and not there yet? */
static int
module_check(const modinfo_t *mi, char *why, size_t len)
{
	struct module *mod;

	if (mi == NULL) {
		snprintf(why, len, "it is no module: no " MODULE_SYMBOL);
		return ENOEXEC;
	}
	if ((mi->mi_version ^ MODULE_VERSION) & MODULE_LOCKDEBUG) {
		snprintf(why, len, "one of it and devswd is compiled with "
		    "LOCKDEBUG, the other is not");
		return EPROGMISMATCH;
	}
	if (mi->mi_version != MODULE_VERSION) {
		snprintf(why, len, "it is for version %u of the interface, "
		    "this is %u", mi->mi_version & ~MODULE_LOCKDEBUG,
		    MODULE_VERSION & ~MODULE_LOCKDEBUG);
		return EPROGMISMATCH;
	}
	if (!module_good_name(mi->mi_name)) {
		snprintf(why, len, "its name is no word");
		return EINVAL;
	}
	if (strlen(mi->mi_name) >= MAXMODNAME) {
		snprintf(why, len, "its name is too long");
		return ENAMETOOLONG;
	}
	mutex_enter(&module_lock);
	mod = module_lookup(mi->mi_name, strlen(mi->mi_name));
	mutex_exit(&module_lock);
	if (mod != NULL) {
		snprintf(why, len, "module %s is loaded already",
		    mi->mi_name);
		return EEXIST;
	}
	if (module_require(mi, 1) != 0) {
		snprintf(why, len, "module %s requires %s", mi->mi_name,
		    mi->mi_required);
		return ENOENT;
	}
	return 0;
}

/* module_busy is ours. */
static int
module_load_busy(const char *path, char *why, size_t len)
{
	const modinfo_t *mi;
	struct module *mod;
	void *handle;
	int error;

	why[0] = '\0';
	LOCKDEBUG_NONE("hyp_module_open");
	if (hyp_module_open(path, &handle, why, len) != 0)
		return ENOEXEC;
	mi = hyp_module_symbol(handle, MODULE_SYMBOL);
	if ((error = module_check(mi, why, len)) != 0)
		goto close;
	if ((error = mi->mi_modcmd(MODULE_CMD_INIT, NULL)) != 0) {
		snprintf(why, len, "module %s does not start: error %d",
		    mi->mi_name, error);
		goto release;
	}
	mod = kmem_zalloc(sizeof(*mod) + strlen(path) + 1, KM_SLEEP);
	strlcpy(mod->mod_path, path, strlen(path) + 1);
	mod->mod_info = mi;
	mod->mod_handle = handle;
	mutex_enter(&module_lock);
	TAILQ_INSERT_TAIL(&modules, mod, mod_list);
	mutex_exit(&module_lock);
	log(LOG_NOTICE, "module %s loaded\n", mi->mi_name);
	return 0;

release:
	(void)module_require(mi, -1);
close:
	LOCKDEBUG_NONE("hyp_module_close");
	hyp_module_close(handle);
	return error;
}

/*
 * error = module_load(path, why, len)
 *
 *	Load a shared object and start it.  Sleeps.  On an error why says
 *	what is wrong with it, if more is known than the number.  ENOEXEC: it
 *	cannot be loaded; EPROGMISMATCH; EINVAL: its name; EEXIST; ENOENT: it
 *	requires another one; EINTR, ERESTART; the module's.
 */
int
module_load(const char *path, char *why, size_t len)
{
	int error;

	why[0] = '\0';
	if ((error = module_enter()) != 0)
		return error;
	error = module_load_busy(path, why, len);
	if (error == 0 && module_hook != NULL)
		(*module_hook)();
	module_exit();
	return error;
}

/*
 * error = module_unload(name)
 *
 *	Stop a module and take its code away.  Sleeps as its FINI does.
 *	ENOENT: there is none of that name; EBUSY: it is in use, or another
 *	module requires it; EINTR, ERESTART; the module's.
 */
int
module_unload(const char *name)
{
	struct module *mod;
	int error;

	if ((error = module_enter()) != 0)
		return error;
	mutex_enter(&module_lock);
	if ((mod = module_lookup(name, strlen(name))) == NULL)
		error = ENOENT;
	else if (mod->mod_refcnt > 0)
		error = EBUSY;
	mutex_exit(&module_lock);
	if (error == 0)
		error = mod->mod_info->mi_modcmd(MODULE_CMD_FINI, NULL);
	if (error == 0) {
		mutex_enter(&module_lock);
		TAILQ_REMOVE(&modules, mod, mod_list);
		mutex_exit(&module_lock);
		(void)module_require(mod->mod_info, -1);
		LOCKDEBUG_NONE("hyp_module_close");
		hyp_module_close(mod->mod_handle);
		kmem_free(mod, sizeof(*mod) + strlen(mod->mod_path) + 1);
		log(LOG_NOTICE, "module %s unloaded\n", name);
	}
	module_exit();
	return error;
}

/*
 * error = module_autoload(name, class)
 *
 *	Somebody needs the driver of that name.  0: it is loaded, perhaps by
 *	somebody else; ENOENT: there is nothing to load it from; and
 *	module_load's.  Sleeps.
 */
int
module_autoload(const char *name, modclass_t class __unused)
{
	static u_int failures;		/* atomic */
	char path[MODULE_PATHLEN + MAXMODNAME + 8], why[256];
	u_int n;
	int error;

	mutex_enter(&module_lock);
	error = module_dir[0] == '\0' || strchr(name, '/') != NULL ? ENOENT :
	    0;
	snprintf(path, sizeof(path), "%s/%s.so", module_dir, name);
	mutex_exit(&module_lock);
	if (error)
		return error;
	error = module_load(path, why, sizeof(why));
	if (error == EEXIST)
		return 0;
	if (error == 0)
		return 0;
	/* Every open asks: only lines that double their number. */
	n = atomic_inc_uint_nv(&failures);
	if ((n & (n - 1)) == 0)
		log(LOG_WARNING, "autoload of %s: %s (%u of these)\n", path,
		    why, n);
	return error;
}

/* The up-calls; contracts in hyp.h. */

void
hyp_set_module_dir(const char *dir)
{

	mutex_enter(&module_lock);
	strlcpy(module_dir, dir, sizeof(module_dir));
	mutex_exit(&module_lock);
	LOCKDEBUG_NONE(__func__);
}

int
hyp_module_next(const char *name, char *next, size_t len)
{
	struct module *mod;

	mutex_enter(&module_lock);
	mod = name[0] == '\0' ? TAILQ_FIRST(&modules) :
	    module_lookup(name, strlen(name));
	if (mod != NULL && name[0] != '\0')
		mod = TAILQ_NEXT(mod, mod_list);
	if (mod != NULL)
		strlcpy(next, mod->mod_info->mi_name, len);
	mutex_exit(&module_lock);
	LOCKDEBUG_NONE(__func__);
	return mod != NULL;
}

int
hyp_module_from(const char *path)
{
	struct module *mod;

	mutex_enter(&module_lock);
	TAILQ_FOREACH(mod, &modules, mod_list) {
		if (strcmp(mod->mod_path, path) == 0)
			break;
	}
	mutex_exit(&module_lock);
	LOCKDEBUG_NONE(__func__);
	return mod != NULL;
}
