/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/module_hook.h - MODULE_HOOK(9): what a module may add.
 *
 * A hook is a function that a compatibility module gives, or none.  There is no
 * such module here, so nothing sets one, and a call takes its default.
 */
#ifndef _SYS_MODULE_HOOK_H_
#define _SYS_MODULE_HOOK_H_

#include <sys/atomic.h>

#define	MODULE_HOOK(hook, type, args)					\
	extern struct hook##_t { type (*f) args; } hook

/* r = the hook's function with args, in parentheses, or dflt. */
#define	MODULE_HOOK_CALL(hook, args, dflt, r) do {			\
	__typeof__((hook).f) hook_f = atomic_load_acquire(&(hook).f);	\
	if (hook_f != NULL)						\
		(r) = (*hook_f) args;					\
	else								\
		(r) = (dflt);						\
} while (0)

#endif /* _SYS_MODULE_HOOK_H_ */
