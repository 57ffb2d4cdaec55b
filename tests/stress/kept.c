/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kept.c - devswd's keeper, which does not give up.
 *
 *	kept -f DEVSWD [ARG]...
 *
 * As "DEVSWD -f ARG...", with --keep among the arguments: main/keeper.c, in a
 * program of its own, which starts the next daemon at once however often the
 * last ones have died.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "main/daemon.h"
#include "main/keeper.h"

#define	AGAIN	"DEVSW_KEPT"

static void
ready(void)
{

	daemon_notify("READY=1");
}

int
main(int argc, char **argv)
{
	struct keeper_config kc = {
		.kc_dir = "/run/devsw", .kc_cwd = "/", .kc_argv = argv + 1,
		.kc_ready = ready, .kc_pause_ms = 0, .kc_tries = 1u << 30,
	};
	char *program;

	/* The keeper starts this program again, with what is to be started. */
	if (getenv(AGAIN) != NULL) {
		unsetenv(AGAIN);
		execv(argv[0], argv);
		fprintf(stderr, "kept: %s: %s\n", argv[0], strerror(errno));
		return 1;
	}
	if (argc < 3 || strcmp(argv[1], "-f") != 0) {
		fprintf(stderr, "usage: kept -f DEVSWD [ARG] ...\n");
		return 2;
	}
	program = argv[2];
	argv[2] = argv[1];
	argv[1] = program;
	setenv(AGAIN, "1", 1);
	hyp_posix_set_loglevel(HYP_LOG_INFO);
	return keeper_run(&kc);
}
