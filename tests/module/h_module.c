/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_module.c - see h_module.h.
 */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module/h_module.h"

const char *
h_module_path(const char *name)
{
	static char path[512];
	const char *dir = getenv("DEVSW_MODULES");

	assert(dir != NULL);
	snprintf(path, sizeof(path), "%s%s%s", dir, name[0] == '\0' ? "" : "/",
	    name);
	return path;
}

int
h_module_mapped(const char *path)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[1024];
	int found = 0;

	assert(maps != NULL);
	while (fgets(line, sizeof(line), maps) != NULL)
		found |= strstr(line, path) != NULL;
	fclose(maps);
	return found;
}

const char *
h_module_nonsense(void)
{

	return "/proc/self/cmdline";
}
