/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_bus.c - plug devices that a seed has thought out, one after the other.
 *
 *	storm_bus [-p PORTS] SEED FIRST COUNT
 *	storm_bus -n SEED FIRST COUNT
 *
 * The devices FIRST to FIRST + COUNT - 1 of SEED (plan.c), in so many ports of
 * vhci_hcd's hubs at once (4); a number always has the same port.  Each says
 * what it is when it is plugged in, and what has become of it when it is out.
 * The last line is JSON: what all have done.
 *
 *	-n	say only what they are
 *
 * SIGTERM ends it early, with every plug pulled as usual: where a connection is
 * just broken vhci_hcd loses transfers, for which the kernel waits for ever.
 *
 * Exit status: 0, 1 if one could not be plugged in, 2 usage.  Root's.
 *
 * A thread for each port; tell_lock keeps lines whole, and protects sum.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/serve.h"
#include "storm/storm.h"

static uint64_t seed;
static unsigned first, count, nports = 4;
static pthread_mutex_t tell_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	unsigned	 devices, failed, configured, used, talked, broken;
	unsigned long	 transfers, odd;
} sum;

static void
tell_end(const struct plan *p, const struct tally *t)
{

	pthread_mutex_lock(&tell_lock);
	printf("out %u: %u transfers, %u odd, %sconfigured, %u requests, "
	    "%u in, %u out\n", p->p_number, t->t_transfers, t->t_odd,
	    t->t_configured ? "" : "not ", t->t_requests, t->t_in, t->t_out);
	fflush(stdout);
	sum.devices++;
	sum.broken += p->p_nbroken > 0;
	sum.configured += t->t_configured;
	sum.used += t->t_requests > 0;
	sum.talked += t->t_in + t->t_out > 0;
	sum.transfers += t->t_transfers;
	sum.odd += t->t_odd;
	pthread_mutex_unlock(&tell_lock);
}

static void
one(unsigned port, unsigned number)
{
	struct usbip *u;
	struct plan p;
	struct tally t;
	int error;

	plan_make(&p, seed, number);
	pthread_mutex_lock(&tell_lock);
	plan_print(&p);
	fflush(stdout);
	pthread_mutex_unlock(&tell_lock);
	hostile_put(port, &p);
	error = usbip_start(0, port, p.p_high ? 3 : 2,
	    port % VHCI_HUBS * VHCI_PORTS + port / VHCI_HUBS, &u);
	if (error != 0) {
		complain("device %u: port %u: %s", number, port,
		    strerror(error));
		pthread_mutex_lock(&tell_lock);
		sum.failed++;
		pthread_mutex_unlock(&tell_lock);
		return;
	}
	hostile_wait(port, &t);
	usbip_stop(u);
	tell_end(&p, &t);
}

static void *
port_thread(void *arg)
{
	const unsigned port = (unsigned)(uintptr_t)arg;

	for (unsigned n = first; n < first + count && !hostile_ends(); n++) {
		if (n % nports == port)
			one(port, n);
	}
	return NULL;
}

static void
list(void)
{
	struct plan p;

	for (unsigned n = first; n < first + count; n++) {
		plan_make(&p, seed, n);
		plan_print(&p);
	}
}

static void
on_term(int sig)
{

	(void)sig;
	hostile_end();
}

static _Noreturn void
usage(void)
{

	fprintf(stderr, "usage: storm_bus [-n] [-p PORTS] SEED FIRST COUNT\n");
	exit(2);
}

int
main(int argc, char **argv)
{
	const struct sigaction sa = { .sa_handler = on_term,
	    .sa_flags = SA_RESTART };
	pthread_t threads[PORTS];
	int c, only = 0;

	while ((c = getopt(argc, argv, "np:")) != -1) {
		if (c == 'n')
			only = 1;
		else if (c == 'p')
			nports = (unsigned)atoi(optarg);
		else
			usage();
	}
	if (argc - optind != 3 || nports < 1 || nports > PORTS)
		usage();
	seed = strtoull(argv[optind], NULL, 0);
	first = (unsigned)atoi(argv[optind + 1]);
	count = (unsigned)atoi(argv[optind + 2]);
	if (only) {
		list();
		return 0;
	}
	sigaction(SIGTERM, &sa, NULL);
	for (unsigned i = 0; i < nports; i++) {
		if (pthread_create(&threads[i], NULL, port_thread,
		    (void *)(uintptr_t)i) != 0) {
			complain("no thread");
			return 1;
		}
	}
	for (unsigned i = 0; i < nports; i++)
		pthread_join(threads[i], NULL);
	printf("{\"devices\": %u, \"failed\": %u, \"broken\": %u, "
	    "\"configured\": %u, \"used\": %u, \"talked\": %u, "
	    "\"transfers\": %lu, \"odd\": %lu}\n", sum.devices, sum.failed,
	    sum.broken, sum.configured, sum.used, sum.talked, sum.transfers,
	    sum.odd);
	return sum.failed != 0;
}
