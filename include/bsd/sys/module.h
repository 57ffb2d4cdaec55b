/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/module.h - module(9): drivers that are loaded while the daemon runs.
 *
 * A module is a shared object of K code with one MODULE() in it:
 *
 *	MODULE(MODULE_CLASS_DRIVER, foo, NULL);
 *
 *	static int
 *	foo_modcmd(modcmd_t cmd, void *arg)
 *
 * MODULE_CMD_INIT	enter the tables (config_init_component, devsw_attach,
 *			devnode_attach), or fail and leave nothing behind
 * MODULE_CMD_FINI	take them out again, or answer EBUSY with everything
 *			as it was.  After 0 no thread may be in the module's
 *			code or come there: config_fini_component and
 *			devsw_detach see to that for the switch and the
 *			attachments, callouts and threads are its own affair.
 * anything else	ENOTTY
 *
 * Both may sleep.  One module is loaded or unloaded at a time.
 *
 * A module that uses what another one defines names it as required, and is
 * linked with it (cc -shared ... -l:other.so, without -rpath), which has its
 * file's name as DT_SONAME (-Wl,-soname,other.so): by that the dynamic linker
 * finds it among what is loaded.  What is not named stays hidden,
 * so two modules may use one name for different things.
 */
#ifndef _SYS_MODULE_H_
#define _SYS_MODULE_H_

#include <sys/types.h>

#define	MODULE_LOCKDEBUG 0x10000U /* options LOCKDEBUG: other structs */
#ifdef LOCKDEBUG
#define	MODULE_VERSION	(3 | MODULE_LOCKDEBUG)
#else
#define	MODULE_VERSION	3	/* of what include/bsd promises */
#endif
#define	MAXMODNAME	32

typedef enum modclass {
	MODULE_CLASS_ANY,
	MODULE_CLASS_MISC,
	MODULE_CLASS_DRIVER
} modclass_t;

typedef enum modcmd {
	MODULE_CMD_INIT,
	MODULE_CMD_FINI,
	MODULE_CMD_STAT,
	MODULE_CMD_AUTOUNLOAD
} modcmd_t;

typedef struct modinfo {
	u_int		 mi_version;
	modclass_t	 mi_class;
	int		(*mi_modcmd)(modcmd_t, void *);
	const char	*mi_name;
	const char	*mi_required;	/* "a,b": modules, loaded before */
} modinfo_t;

/*
 * What is looked up in a shared object.  Each has one, also those that see
 * each other, so AddressSanitizer must not take them for one; of what has a
 * section of its own it keeps away.
 */
#define	MODULE_SYMBOL	"devsw_modinfo"
#define	MODULE_SECTION	__attribute__((__section__(".devsw_modinfo")))

#define	MODULE(class, name, required)					\
	static int name##_modcmd(modcmd_t, void *);			\
	extern const modinfo_t devsw_modinfo;				\
	const modinfo_t devsw_modinfo MODULE_SECTION = {		\
		.mi_version = MODULE_VERSION,				\
		.mi_class = (class),					\
		.mi_modcmd = name##_modcmd,				\
		.mi_name = #name,					\
		.mi_required = (required),				\
	}

void	module_init(void);
void	module_set_hook(void (*)(void));
int	module_load(const char *, char *, size_t);
int	module_unload(const char *);
int	module_autoload(const char *, modclass_t);

#endif /* _SYS_MODULE_H_ */
