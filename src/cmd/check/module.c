/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module.c - modules for devsw-check; contracts in hyp/hyp.h.
 *
 * Unlike devswd's (src/devswd/host/hyp_module.c) it loads whatever it is given:
 * the process has no rights but those of the person who wrote it.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "host/host.h"
#include "hyp/hyp.h"

static void
tell_crash(void *handle, int there)
{
	struct link_map *map;

	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0)
		host_crash_module(map->l_name, there);
}

/* Where it is, or was: for who finds an address of it, or a use, later. */
static int
tell_range(struct dl_phdr_info *info, size_t size, void *arg)
{
	unsigned long end = 0;

	(void)size;
	if (strcmp(info->dlpi_name, check_module) != 0)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *const ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && ph->p_vaddr + ph->p_memsz > end)
			end = ph->p_vaddr + ph->p_memsz;
	}
	printf("%s: 0x%lx 0x%lx\n", (const char *)arg,
	    (unsigned long)info->dlpi_addr,
	    (unsigned long)info->dlpi_addr + end);
	fflush(stdout);
	return 1;
}

int
hyp_module_open(const char *path, void **handle, char *why, size_t len)
{

	if ((*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		snprintf(why, len, "%s", dlerror());
		return -1;
	}
	tell_crash(*handle, 1);
	(void)dl_iterate_phdr(tell_range, (void *)(uintptr_t)"loaded");
	return 0;
}

const void *
hyp_module_symbol(void *handle, const char *name)
{

	return dlsym(handle, name);
}

void
hyp_module_close(void *handle)
{

	tell_crash(handle, 0);
	watch_unloaded();
	(void)dl_iterate_phdr(tell_range, (void *)(uintptr_t)"unloaded");
	if (dlclose(handle) != 0)
		hyp_panic(dlerror());
}
