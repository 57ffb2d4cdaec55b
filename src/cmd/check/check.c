/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - devsw-check: one driver's module under the whole kernel side, with
 * LOCKDEBUG and AddressSanitizer, on software devices; no node is made.
 *
 *	devsw-check [-v] [-n NAME]... [-t SECONDS]
 *	    [-d [vusb:]CHIP[,VID:PID]]... MODULE
 *
 * For devsw-driver(1), which compiles the module to suit: -DLOCKDEBUG,
 * -fsanitize=address, -finstrument-functions.  It needs no rights and no
 * /dev/cuse.
 *
 * Model
 *	First what a driver lives through, in order, so that most faults come at
 *	the same place each time: use; a revoke under a call that waits; an
 *	unplug under one; the module goes and comes.  Then all of it at once
 *	(storm.c).  watch.c looks at each call; the first fault ends the process
 *	(status 1), with a line "fault: ...".  What LOCKDEBUG, a KASSERT or the
 *	sanitizer find ends it too, in their own words, which devsw-driver puts
 *	into those of the contract.  A driver without fault: "ok: ...".
 *
 * With -n, one driver of these names at least has to take a device.
 *
 * This thread is an lwp; clients have their own (lwp.c).  devices.c plugs and
 * unplugs, nodes.c knows the nodes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	TAKE_MS		5000	/* a driver has a device by then, or takes none */
#define	QUIET_MS	100	/* no new node so long: these are all */
#define	ENTER_MS	3000	/* what a call has to come into the driver */
#define	BLOCK_MS	60	/* then it waits, if it is going to */
#define	IDLE_MS		250	/* what an unloaded module has to be used in */
#define	DEFAULT_S	3
#define	MAX_S		3600

static unsigned seconds = DEFAULT_S;
static const char *drivers[CHECK_MAX];
static unsigned ndrivers;

/* The sanitizer's own name; what is leaked at the end is not looked at. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{

	return "detect_leaks=0:exitcode=1";
}

static _Noreturn void
die(const char *what, const char *why)
{

	fprintf(stderr, "devsw-check: %s: %s\n", what, why);
	exit(126);
}

/* ---- arguments -------------------------------------------------------- */

static void
add_device(const char *text)
{
	struct vusb *v;
	const char *why;
	char name[8];

	if (check_ndevices == CHECK_MAX)
		die(text, "too many devices");
	snprintf(name, sizeof(name), "d%u", check_ndevices);
	if ((v = vusb_from_text(name, text, &why)) == NULL) {
		fprintf(stderr, "devsw-check: ");
		vusb_list_chips(stderr);
		die(text, why);
	}
	check_devices[check_ndevices++] = v;
}

static _Noreturn void
usage(void)
{

	fprintf(stderr, "usage: devsw-check [-v] [-n NAME] ... [-t SECONDS] "
	    "[-d CHIP[,VID:PID]] ... MODULE\n");
	exit(2);
}

static void
parse(int argc, char **argv)
{
	char *end;
	int c;

	hyp_posix_set_loglevel(HYP_LOG_ERR);
	while ((c = getopt(argc, argv, "d:n:t:v")) != -1) {
		switch (c) {
		case 'd':
			add_device(optarg);
			break;
		case 'n':
			if (ndrivers < CHECK_MAX)
				drivers[ndrivers++] = optarg;
			break;
		case 't':
			seconds = (unsigned)strtoul(optarg, &end, 10);
			if (*end != '\0' || seconds > MAX_S)
				die(optarg, "no number of seconds");
			break;
		case 'v':
			hyp_posix_set_loglevel(HYP_LOG_INFO);
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc)
		usage();
	if ((check_module = realpath(argv[optind], NULL)) == NULL)
		die(argv[optind], strerror(errno));
}

/* ---- the module and its nodes ---------------------------------------- */

static void
load(void)
{
	char why[512];

	if (check_load(why, sizeof(why)) != 0)
		die(check_module, why);
	(void)hyp_module_next("", check_name, sizeof(check_name));
}

/* Until no node has come for a while. */
static void
await_nodes(void)
{
	unsigned n = check_nnodes();

	for (unsigned quiet = 0; quiet < QUIET_MS; quiet += 10) {
		check_sleep(10);
		if (check_nnodes() != n)
			quiet = 0;
		n = check_nnodes();
	}
}

/* ---- a call that waits ------------------------------------------------ */

struct waiter {
	pthread_t	 w_thread;
	struct hyp_file	*w_file;
	unsigned	 w_what;
	atomic_bool	 w_stop;
	atomic_bool	 w_ended;
};

/* With as many bytes as the driver takes: a report may be short. */
static void *
wait_in_call(void *arg)
{
	struct waiter *const w = arg;
	struct hyp_lwp *const l = check_enter();
	unsigned chance = 511;
	int error;

	while (!atomic_load(&w->w_stop)) {
		error = one_call(w->w_file, w->w_what, 0, chance);
		if ((error == EMSGSIZE || error == EINVAL) && chance > 0)
			chance /= 8;
		else if (error != 0)
			break;
	}
	hyp_lwp_exit(l);
	atomic_store(&w->w_ended, true);
	return NULL;
}

/* A thread in that call of the node's driver, as far as it goes there. */
static void
start(struct waiter *w, struct cnode *cn, struct hyp_file *f, unsigned what)
{
	struct hyp_node_stat hs;
	unsigned ms = 0;

	w->w_file = f;
	w->w_what = what;
	atomic_store(&w->w_stop, false);
	atomic_store(&w->w_ended, false);
	if (pthread_create(&w->w_thread, NULL, wait_in_call, w) != 0)
		die("thread", "none");
	do {
		check_sleep(1);
		hyp_node_getstat(cn->n_node, &hs);
	} while (hs.hs_calls == 0 && !atomic_load(&w->w_ended) &&
	    ms++ < ENTER_MS);
	check_sleep(BLOCK_MS);
}

static void
stop(struct waiter *w)
{

	atomic_store(&w->w_stop, true);
	pthread_join(w->w_thread, NULL);
}

/* Open it, or say why not; whose it is may be known only now. */
static struct hyp_file *
open_node(struct cnode *cn, const char *when)
{
	struct hyp_node_stat hs;
	struct hyp_file *f;
	int error;

	error = check_open(cn, HYP_F_READ | HYP_F_WRITE | HYP_F_NONBLOCK, &f);
	if (error != 0) {
		fprintf(stderr, "devsw-check: /dev/%s %s: %s\n", cn->n_name,
		    when, strerror(error));
		return NULL;
	}
	hyp_node_getstat(cn->n_node, &hs);
	/* A driver that does not say how to find its devices has nodes of their
	   names. */
	snprintf(cn->n_device, sizeof(cn->n_device), "%s",
	    hs.hs_device[0] != '\0' ? hs.hs_device :
	    watch_attached(cn->n_name) ? cn->n_name : "");
	return f;
}

/* ---- what a driver lives through -------------------------------------- */

static _Noreturn void
left_something(const struct cnode *cn, const char *what)
{

	fault(cn->n_closer, "d_close has left something (/dev/%s): it could be opened "
	    "before the %s, and cannot after it", cn->n_name, what);
}

static void
use(struct cnode *cn)
{
	struct hyp_file *f;

	for (int i = 0; i < 2; i++) {
		if ((f = open_node(cn, i == 0 ? "at first" : "again")) ==
		    NULL && i > 0)
			left_something(cn, "close");
		if (f == NULL)
			return;
		for (unsigned what = 0; what < 2 * CALL_KINDS; what++)
			(void)one_call(f, what % CALL_KINDS, HYP_F_NONBLOCK,
			    what);
		hyp_file_close(f, HYP_F_NONBLOCK);
	}
}

/* Under a call that waits; then it can be opened as before.  A write waits
   for a device that takes nothing. */
static void
revoke_under(struct cnode *cn, unsigned what)
{
	struct hyp_file *f;
	struct waiter w;

	if ((f = open_node(cn, "before a revoke")) == NULL)
		return;
	check_hold(what == CALL_WRITE);
	start(&w, cn, f, what);
	(void)hyp_node_revoke(cn->n_node);
	stop(&w);
	check_hold(false);
	hyp_file_close(f, 0);
	if ((f = open_node(cn, "after a revoke")) == NULL)
		left_something(cn, "revoke");
	hyp_file_close(f, HYP_F_NONBLOCK);
}

static void
unplug_under(struct cnode *cn, unsigned what)
{
	struct hyp_file *f, *again;
	struct waiter w;

	if ((f = open_node(cn, "before an unplug")) == NULL)
		return;
	check_hold(what == CALL_WRITE);
	start(&w, cn, f, what);
	check_unplug();
	stop(&w);
	check_hold(false);
	/* watch.c knows that there is no device. */
	if (check_open(cn, HYP_F_READ | HYP_F_WRITE | HYP_F_NONBLOCK,
	    &again) == 0)
		hyp_file_close(again, HYP_F_NONBLOCK);
	hyp_file_close(f, 0);
	check_plug();
	await_nodes();
}

/* The module has gone with this file open; it may be another driver's. */
static void
unloaded_open(const struct cnode *cn)
{
	struct hyp_node_stat hs;
	char why[512];

	hyp_node_getstat(cn->n_node, &hs);
	if (!hs.hs_attached)
		fault(NULL, "MODULE_CMD_FINI returned 0, and /dev/%s is open",
		    cn->n_name);
	if (check_load(why, sizeof(why)) != 0)
		fault(NULL, "the module cannot be loaded again: %s", why);
}

/* Not while something is open; then it goes, nothing of it runs, and it comes
   back. */
static void
unload(void)
{
	struct hyp_file *f = NULL;
	char why[512];
	int error;

	if (check_nnodes() > 0)
		f = open_node(&check_nodes[0], "before an unload");
	if (f != NULL) {
		if (hyp_module_unload(check_name) == 0)
			unloaded_open(&check_nodes[0]);
		hyp_file_close(f, HYP_F_NONBLOCK);
	}
	check_unplug();
	if ((error = hyp_module_unload(check_name)) != 0)
		fault(NULL, "MODULE_CMD_FINI refuses, though nothing is in use:"
		    " %s", strerror(error));
	check_sleep(IDLE_MS);
	if (check_load(why, sizeof(why)) != 0)
		fault(NULL, "the module cannot be loaded again: %s", why);
	check_plug();
	await_nodes();
}

static void
live(void)
{
	const unsigned n = check_nnodes();

	for (unsigned i = 0; i < n; i++)
		use(&check_nodes[i]);
	for (unsigned i = 0; i < n; i++) {
		revoke_under(&check_nodes[i], CALL_READ);
		revoke_under(&check_nodes[i], CALL_WRITE);
	}
	for (unsigned i = 0; i < n && check_ndevices > 0; i++) {
		unplug_under(&check_nodes[i], CALL_READ);
		unplug_under(&check_nodes[i], CALL_WRITE);
	}
	unload();
}

/* Has one of the module's drivers a device? */
static bool
taken(void)
{
	char name[CHECK_NAME];

	for (unsigned i = 0; i < ndrivers; i++) {
		snprintf(name, sizeof(name), "%s0", drivers[i]);
		if (watch_attached(name))
			return true;
	}
	return false;
}

/* A machine that is busy may be late with it. */
static bool
await_taken(void)
{
	const uint64_t until = check_now() + TAKE_MS;

	while (!taken()) {
		if (check_now() > until)
			return false;
		check_sleep(10);
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct storm_count sc;
	struct hyp_lwp *l;
	int error;

	parse(argc, argv);
	if ((error = hyp_boot(HYP_VERSION)) != 0)
		die("hyp_boot", strerror(error));
	watch_start();
	l = check_enter();
	load();
	check_plug();
	if (check_ndevices > 0 && ndrivers > 0 && !await_taken())
		die(check_name, "it takes no device of these: -d says which "
		    "there are, by chip and ids");
	await_nodes();
	if (check_nnodes() == 0)
		printf("note: there is no node: only loading is checked\n");
	live();
	storm(seconds * 1000, &sc);
	check_unplug();
	if ((error = hyp_module_unload(check_name)) != 0)
		fault(NULL, "MODULE_CMD_FINI refuses, though nothing is in use:"
		    " %s", strerror(error));
	hyp_lwp_exit(l);
	hyp_halt();
	printf("ok: %u opens, %u calls, %u revokes, %u plugs, %u unloads\n",
	    sc.c_opens, sc.c_calls, sc.c_revokes, sc.c_unplugs, sc.c_unloads);
	fflush(NULL);
	_exit(0);
}
