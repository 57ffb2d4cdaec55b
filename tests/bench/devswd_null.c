/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devswd_null.c - devswd with the null driver of h_null.c and no USB.
 *
 *	devswd-null [COUNT]
 *
 * Makes COUNT (1) nodes, /dev/benchnull0 and so on, prints "ready", and runs
 * until SIGTERM or SIGINT.  Start and stop are those of src/main/main.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/h_null.h"
#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"

#define	NULL_MAJOR	122	/* null_cuse has 121 */

static void
die(const char *what, int error)
{

	fprintf(stderr, "devswd-null: %s: %s\n", what, strerror(error));
	exit(1);
}

static void
start(unsigned count)
{
	struct front_config fc;
	int error;

	if ((error = hyp_boot(HYP_VERSION)) != 0)
		die("hyp_boot", error);
	memset(&fc, 0, sizeof(fc));
	fc.major = NULL_MAJOR;
	if ((error = front_start(&fc)) != 0)
		die("front_start", -error);
	for (unsigned unit = 0; unit < count; unit++) {
		if ((error = hyp_node_pin(NULL_DRIVER, unit)) != 0)
			die("hyp_node_pin", error);
	}
}

int
main(int argc, char **argv)
{
	const unsigned count = argc > 1 ?
	    (unsigned)strtoul(argv[1], NULL, 0) : 1;
	sigset_t set;
	int sig;

	if (argc > 2 || count == 0 || count > NULL_UNITS) {
		fprintf(stderr, "usage: devswd-null [COUNT]\n");
		return 2;
	}
	hyp_posix_set_loglevel(HYP_LOG_WARNING);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	start(count);
	printf("ready\n");
	fflush(stdout);
	while (sigwait(&set, &sig) != 0)
		continue;
	hyp_halt();
	return front_stop() != 0;
}
