/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateway.c - gateway export: the ports of devsw-gateway, for other programs.
 *
 * The gateway knows its configuration best: this becomes its program, with the
 * words that it wants.  It may not be installed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devswctl/devswctl.h"

#define	PROGRAM	"devsw-gateway"

static int
usage(void)
{

	complain("usage: devswctl gateway export --labgrid | --labgrid-env | "
	    "--conserver [--host NAME] [--config FILE]");
	return EXIT_BADUSAGE;
}

/*
 * status = do_gateway(words)
 *
 *	words behind "gateway", up to a NULL.  Returns only if there is
 *	something wrong.
 */
int
do_gateway(char **words)
{
	const char *argv[10] = { PROGRAM, "--export", NULL };
	size_t n = 3, i;

	if (words[0] == NULL || strcmp(words[0], "export") != 0)
		return usage();
	for (i = 1; words[i] != NULL; i++) {
		if (strcmp(words[i], "--labgrid") == 0 ||
		    strcmp(words[i], "--labgrid-env") == 0 ||
		    strcmp(words[i], "--conserver") == 0) {
			if (argv[2] != NULL)
				return usage();
			argv[2] = words[i] + 2;
		} else if ((strcmp(words[i], "--host") == 0 ||
		    strcmp(words[i], "--config") == 0) &&
		    words[i + 1] != NULL && n < 7) {
			argv[n++] = words[i++];
			argv[n++] = words[i];
		} else
			return usage();
	}
	if (argv[2] == NULL)
		return usage();
	(void)execv(SBINDIR "/" PROGRAM, (char **)(void *)argv);
	(void)execvp(PROGRAM, (char **)(void *)argv);
	return complain(PROGRAM ": %s", errno == ENOENT ? "is not installed" :
	    strerror(errno));
}
