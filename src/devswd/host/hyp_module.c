/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_module.c - shared objects of K code; contracts in hyp/hyp.h.
 *
 * A module finds the kernel side in the program itself, which exports its
 * symbols (export_dynamic in meson.build), and shows nothing to others.  No
 * state, no locks but dlopen's own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

#include "hyp/hyp.h"

int
hyp_module_open(const char *path, void **handle, char *why, size_t len)
{

	/* What is not there is found now, not in the middle of a call. */
	*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (*handle != NULL)
		return 0;
	snprintf(why, len, "%s", dlerror());
	return ENOEXEC;
}

const void *
hyp_module_symbol(void *handle, const char *name)
{

	return dlsym(handle, name);
}

void
hyp_module_close(void *handle)
{

	if (dlclose(handle) != 0)
		hyp_panic(dlerror());
}
