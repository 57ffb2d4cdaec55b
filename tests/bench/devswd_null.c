/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devswd_null.c - devswd with the null driver of h_null.c and no USB.
 *
 *	devswd-null [COUNT]
 *
 * Makes COUNT (1) nodes, /dev/benchnull0 and so on, and as many benchwait0, prints
 * "ready", and runs until SIGTERM or SIGINT.  SIGUSR1 revokes benchwait0,
 * SIGUSR2 unplugs it.  Start and stop are those of src/devswd/main/main.c.
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
	null_wait_init();
	memset(&fc, 0, sizeof(fc));
	fc.major = NULL_MAJOR;
	if ((error = front_start(&fc)) != 0)
		die("front_start", -error);
	for (unsigned unit = 0; unit < count; unit++) {
		if ((error = hyp_node_pin(NULL_DRIVER, unit)) != 0)
			die("hyp_node_pin", error);
	}
}

static void
revoke_wait(void)
{
	const struct hyp_cred root = { .hc_uid = 0 };
	struct front_nodeinfo fi;
	struct hyp_lwp *l;
	uint32_t next;

	for (next = 0; front_node_next(next, &fi); next = fi.fi_minor + 1) {
		if (strcmp(fi.fi_name, NULL_WAIT "0") != 0)
			continue;
		l = hyp_lwp_enter(&root);
		(void)hyp_node_revoke(fi.fi_node);
		hyp_lwp_exit(l);
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
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	start(count);
	printf("ready\n");
	fflush(stdout);
	while (sigwait(&set, &sig) != 0 || sig == SIGUSR1 || sig == SIGUSR2) {
		if (sig == SIGUSR1)
			revoke_wait();
		else if (sig == SIGUSR2)
			null_unplug(0);
	}
	hyp_halt();
	return front_stop() != 0;
}
