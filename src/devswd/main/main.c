/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - devswd: start and stop order, and the main thread.
 *
 * Model
 *	Start, from the bottom up; what fails ends the start, but for single
 *	nodes:
 *
 *		command line, log, lock
 *		trace			if there is to be one
 *		keep_open		the journal: why the last one died, and
 *					what the threads that follow are in
 *		hyp_boot		the kernel side
 *		front_start		CUSE
 *		keep_adopt		nodes of one that was killed: they wait
 *		host_udev_open		events from now on
 *		modules			of the command line
 *		hyp_node_pin		nodes of claims with a unit, and of
 *					units that are remembered
 *		control_start		devswctl(8)
 *		nodedb_open		what udevd is told of nodes
 *		ready
 *		host_udev_rescan	what is plugged in already
 *
 *	Events are listened for before the bus is looked through, so that
 *	nothing falls between, and before there is a node, as udev says once
 *	only when it is done with one.  Ready comes before the coldplug, since an
 *	adapter that needs seconds must not hold up the start, and since
 *	a client can wait for a node but not for a daemon.
 *
 *	Then the main thread sleeps in one epoll for signals (signalfd), plug
 *	events, nodes whose hardware has come or gone, and requests to the
 *	control port; and, if a service manager wants to hear from it, for the
 *	timer of watchdog.c.
 *
 *	Stop, from the top down: no more events; hyp_halt detaches every
 *	device, which releases the blocked clients with their BSD results;
 *	control_stop waits for the answers to revokes; front_stop takes the
 *	nodes away, and from who keeps them; host_usb_drain waits until the
 *	kernel's drivers have the interfaces back; the trace ends.
 *
 * Locks
 *	None.  All signals are blocked in all threads but those of a crash.
 */
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "front/front.h"
#include "host/host.h"
#include "host/udev.h"
#include "host/usb.h"
#include "host/usbsys.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_trace.h"
#include "libdevsw/control.h"
#include "main/change.h"
#include "main/control.h"
#include "main/daemon.h"
#include "main/keep.h"
#include "main/keeper.h"
#include "main/list.h"
#include "main/modnow.h"
#include "main/nodedb.h"
#include "main/nodes.h"
#include "main/now.h"
#include "main/options.h"
#include "main/perms.h"
#include "main/plug.h"
#include "main/reload.h"
#include "main/upgrade.h"
#include "main/units.h"
#include "main/watch.h"
#include "main/watchdog.h"

#ifndef DEVSW_VERSION
#error "the build gives the version"
#endif

#define	DRAIN_TIME	UINT64_C(3000000000)
#define	CONTROL_TIME	1000	/* ms */
#define	UNITS_TIME	1000	/* ms */
#define	KEEPER_PAUSE	100	/* ms */
#define	KEEPER_TRIES	10
#define	STRING_MS	300	/* that a device may hold up everything */
#define	TAP_IDLE_MS	15000	/* three requests of who follows a node */

/* The signals that the main thread waits for. */
static void
main_sigset(sigset_t *set)
{

	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGUSR2);
}

/*
 * Every node and every adapter has descriptors: take what is allowed.  And it has
 * a stack and buffers, touched a little: a huge page for one would be 2 MiB.
 */
static void
main_resources(void)
{
	struct rlimit rl;

	(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

/* Can CUSE be used at all?  Say what to do if not. */
static int
main_check_cuse(void)
{
	int fd;

	fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (fd != -1) {
		close(fd);
		return 0;
	}
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		host_logf(HYP_LOG_ERR, "no /dev/cuse: load the kernel's "
		    "module with \"modprobe cuse\"");
		break;
	case EACCES:
	case EPERM:
		host_logf(HYP_LOG_ERR, "/dev/cuse: not permitted; run devswd "
		    "as root, or by its service");
		break;
	default:
		host_logf(HYP_LOG_ERR, "/dev/cuse: %s", strerror(errno));
	}
	return 1;
}

/* A node that was taken over, as soon as it has hardware, and its owner. */
static void
main_serve(const struct node_state *ns, const struct node_state *was)
{

	(void)was;
	if (ns->ns_attached)
		front_node_serve(ns->ns_info.fi_minor);
}

/* Who wants to know which hardware a node has. */
static nodes_func_t *const main_nodes_funcs[] = {
	units_node,
	perms_node,
	watch_nodes,
	nodedb_node,
	main_serve,
	NULL
};

static int
main_front(const struct options *o)
{
	struct front_config fc;
	int error;

	memset(&fc, 0, sizeof(fc));
	fc.tty = o->o_tty;
	fc.hid = o->o_hid;
	fc.lp = o->o_lp;
	fc.usb = o->o_usb;
	fc.major = o->o_major;
	fc.max_threads = o->o_max_threads;
	fc.deadline_ms = o->o_deadline * 1000;
	fc.strict = perms_strict(o);
	fc.changed = nodes_changed;
	fc.event = watch_event;
	fc.tty_nonblock_close = strcmp(o->o_defaults, "bsd") == 0;
	keep_front(&fc);
	error = front_start(&fc);
	if (error != 0)
		host_logf(HYP_LOG_ERR, "cannot start the front end: %s",
		    strerror(-error));
	return error;
}

/* Drivers of the command line, before anything looks for one. */
static int
main_modules(const struct options *o)
{
	char why[512];
	int error = 0;

	if (o->o_module_dir != NULL)
		hyp_set_module_dir(o->o_module_dir);
	for (unsigned i = 0; i < o->o_nmodules && error == 0; i++) {
		error = reload_module(o->o_modules[i], why, sizeof(why));
		if (error != 0)
			host_logf(HYP_LOG_ERR, "module %s: %s",
			    o->o_modules[i], why);
	}
	if (error == 0)
		modnow_again();
	return error;
}

/*
 * error = main_pins(o)
 *
 *	Make the nodes of claims with a unit, those that are not there.  A
 *	node that cannot be made (a file has its name) is that node's trouble
 *	and no other's: the front end has logged it, and SIGHUP
 *	(hyp_nodes_again), or a device of that unit, tries again.  A driver
 *	that nobody knows is a mistake of the command line.
 */
static int
main_pins(const struct options *o)
{
	const struct claim *c;

	TAILQ_FOREACH(c, &o->o_claims, c_entry) {
		if (c->c_unit == -1 || perms_pin(o, c) != EINVAL)
			continue;
		host_logf(HYP_LOG_ERR, "claim %s: there is no driver %s",
		    c->c_text, c->c_driver);
		return EINVAL;
	}
	return 0;
}

/* Claims that nothing fits now are no error: the device may come. */
static void
main_tell_missing(const struct options *o)
{
	const struct claim *c;

	TAILQ_FOREACH(c, &o->o_claims, c_entry) {
		if (!c->c_seen)
			host_logf(HYP_LOG_NOTICE, "claim %s: not plugged in "
			    "now; devswd --list shows what is", c->c_text);
	}
}

/*
 * The file is found from where the command was given, but emptied only by
 * who has the lock: another daemon may be writing to it.
 */
static int
main_trace_open(const char *path)
{
	int error;

	if (path == NULL || (error = host_trace_open(path)) == 0)
		return 0;
	host_logf(HYP_LOG_ERR, "--trace %s: %s", path, strerror(error));
	return 1;
}

static int
main_trace_start(void)
{
	int error;

	if ((error = host_trace_start()) == 0)
		hyp_trace_start();
	else
		host_logf(HYP_LOG_ERR, "cannot start the trace: %s",
		    strerror(error));
	return error;
}

/* Somebody follows a node (devswctl(8), trace), or nobody does any more. */
static bool main_traces;	/* to a file, in any case */

static void
main_tap(bool on)
{

	if (on)
		hyp_trace_start();
	else if (!main_traces)
		hyp_trace_stop();
}

/* The lock is ours, and its last owner has left what a stop takes away. */
static bool
main_was_killed(const struct options *o)
{
	char path[64];

	snprintf(path, sizeof(path), CONTROL_FILE, o->o_major);
	return access(path, F_OK) == 0;
}

/*
 * error = main_start(o)
 *
 *	On an error the process is about to exit, so what is up stays up.
 */
static int
main_start(struct options *o, int *udevfd, int *nodesfd, int *keptfd)
{
	int error;

	if (main_check_cuse() != 0 ||
	    daemon_lock(CONTROL_DIR, o->o_major) != 0)
		return 1;
	host_usb_attaching(keep_attaching);
	if (o->o_trace != NULL && main_trace_start() != 0)
		return 1;
	main_traces = o->o_trace != NULL;
	host_tap_init(main_tap, TAP_IDLE_MS);
	if (o->o_deadline != 0)
		hyp_set_deadline(o->o_deadline * 1000);
	if (o->o_keep)
		keep_open();
	error = hyp_boot(HYP_VERSION);
	if (error != 0) {
		host_logf(HYP_LOG_ERR, "the kernel side does not start: %s",
		    strerror(error));
		return 1;
	}
	if ((*nodesfd = nodes_open(main_nodes_funcs)) == -1 ||
	    main_front(o) != 0)
		return 1;
	/* One that has ended for this one has taken its transfers back. */
	if (!front_hand_is() && main_was_killed(o))
		host_usb_heir();
	*keptfd = keep_adopt();
	usbsys_patience(STRING_MS);
	*udevfd = host_udev_open(&plug_ops, &o->o_claims);
	if (*udevfd == -1 || main_modules(o) != 0 || main_pins(o) != 0)
		return 1;
	change_again();
	units_load(o->o_units ? o->o_units_file : NULL, &o->o_claims);
	perms_apply(o);
	return 0;
}

/* -1: there is none, and the log says why. */
static int
main_control(const struct options *o)
{
	char path[64];

	snprintf(path, sizeof(path), CONTROL_FILE, o->o_major);
	return control_start(path, o->o_major);
}

static void
main_epoll_add(int ep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	ev.data.fd = fd;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		host_fatal("main: epoll_ctl");
}

static unsigned
main_nclaims(const struct options *o)
{
	const struct claim *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &o->o_claims, c_entry)
		n++;
	return n;
}

/*
 * Another process of this program, or of the one that is in its place now, goes
 * on with what is open.
 */
static _Noreturn void
main_hand_over(void)
{

	host_logf(HYP_LOG_NOTICE, "ending for the next devswd");
	watchdog_stop();
	/*
	 *	front_hand_end			a control client's thread
	 *	file: is not revoked
	 *					revokes it, answers: done
	 *
	 * and the next one would have it open.
	 */
	if (control_leave(CONTROL_TIME) != 0)
		control_silence();
	/* The next one reads it. */
	(void)units_wait(UNITS_TIME);
	keep_hand_over();
	host_trace_stop();
	_exit(EXIT_HANDED);
}

/*
 * stop = main_next(si)
 *
 *	End for the next one, when it has been found to start (upgrade.c, whose
 *	word is a signal of our own).  Whoever has sent SIGUSR1 is ending this
 *	one anyhow, so if it does not come to that it is a stop.
 */
static int
main_next(const struct signalfd_siginfo *si)
{

	if (!keep_keeps())
		host_logf(HYP_LOG_ERR, "nobody keeps what is open for the next "
		    "devswd: --keep");
	else if (si->ssi_pid != (uint32_t)getpid()) {
		if (upgrade_begin((int)si->ssi_signo) == 0)
			return 0;
	} else if (si->ssi_int == 0)
		main_hand_over();
	return si->ssi_signo == SIGUSR1;
}

/* stop = main_signal(fd) */
static int
main_signal(int fd)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return 0;
	if (si.ssi_signo == SIGHUP) {
		change_reload();
		return 0;
	}
	if ((si.ssi_signo == SIGUSR1 || si.ssi_signo == SIGUSR2) &&
	    !main_next(&si))
		return 0;
	host_logf(HYP_LOG_INFO, "stopping");
	return 1;
}

static void
main_loop(struct options *o, int sigfd, int udevfd, int nodesfd, int ctlfd,
    int dogfd, int keptfd)
{
	struct epoll_event ev[6];
	int ep, i, n, stop = 0;

	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep == -1)
		host_fatal("main: epoll_create1");
	main_epoll_add(ep, sigfd);
	main_epoll_add(ep, udevfd);
	main_epoll_add(ep, nodesfd);
	main_epoll_add(ep, ctlfd);
	if (dogfd != -1)
		main_epoll_add(ep, dogfd);
	if (keptfd != -1)
		main_epoll_add(ep, keptfd);
	while (!stop) {
		host_note_idle();
		n = epoll_wait(ep, ev, 6, -1);
		if (n == -1 && errno != EINTR)
			host_fatal("main: epoll_wait");
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == sigfd)
				stop |= main_signal(sigfd);
			else if (ev[i].data.fd == ctlfd)
				control_dispatch();
			else if (ev[i].data.fd == nodesfd)
				nodes_dispatch();
			else if (ev[i].data.fd == dogfd)
				(void)watchdog_dispatch(main_nclaims(o));
			else if (ev[i].data.fd == keptfd)
				keep_serve();
			else {
				host_udev_dispatch();
				nodedb_udev();
			}
		}
	}
	close(ep);
}

/* A second signal ends the process at once. */
static void
main_stop(void)
{
	sigset_t set;
	unsigned left;

	main_sigset(&set);
	(void)sigdelset(&set, SIGHUP);
	(void)sigdelset(&set, SIGUSR1);
	(void)sigdelset(&set, SIGUSR2);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	daemon_notify("STOPPING=1");
	watchdog_stop();
	host_udev_close();
	hyp_halt();
	nodedb_close();
	(void)control_stop(CONTROL_TIME);
	keep_stop();
	left = front_stop();
	if (left != 0)
		host_logf(HYP_LOG_WARNING, "%u calls did not end", left);
	else
		nodes_close();
	keep_close();
	left = host_usb_drain(hyp_clock() + DRAIN_TIME);
	if (left != 0)
		host_logf(HYP_LOG_WARNING, "%u devices did not answer to the "
		    "end; unplug them, or use devswd --release", left);
	(void)units_wait(UNITS_TIME);
	host_trace_stop();
}

/* The kernel side knows the names; a wrong one is the caller's mistake. */
static int
main_semantics(const char *name)
{

	if (name == NULL || hyp_set_semantics(name) == 0)
		return 0;
	fprintf(stderr, "devswd: --semantics %s: wants one of %s\n", name,
	    hyp_semantics_list());
	return 1;
}

/* A child of the keeper's is one that finds a socket to notify. */
static bool
main_is_kept(const struct options *o)
{

	return o->o_keep && getenv("NOTIFY_SOCKET") != NULL;
}

static int
main_keeper(const struct options *o, char **argv)
{
	char cwd[PATH_MAX];
	const struct keeper_config kc = {
		.kc_dir = CONTROL_DIR,
		.kc_cwd = getcwd(cwd, sizeof(cwd)) != NULL ? cwd : "/",
		.kc_argv = argv,
		.kc_ready = daemon_ready,
		.kc_pause_ms = KEEPER_PAUSE,
		.kc_tries = KEEPER_TRIES,
	};

	if (!o->o_foreground)
		daemon_fork();
	main_resources();
	return keeper_run(&kc);
}

static int
main_run(struct options *o, char **argv)
{
	int sigfd, udevfd, nodesfd, ctlfd, keptfd;
	sigset_t set;

	if (main_semantics(o->o_semantics) != 0)
		return EXIT_BADUSAGE;
	if (hyp_set_tty_defaults(o->o_defaults) != 0)
		return EXIT_BADUSAGE;	/* options.c knows the names */
	if (o->o_keep && !main_is_kept(o))
		return main_keeper(o, argv);
	if (main_trace_open(o->o_trace) != 0)
		return EXIT_FAILED;
	if (!o->o_foreground && !main_is_kept(o))
		daemon_fork();
	hyp_posix_set_loglevel(o->o_verbose ? HYP_LOG_DEBUG : HYP_LOG_INFO);
	host_crash_catch();
	main_resources();
	(void)signal(SIGPIPE, SIG_IGN);
	main_sigset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd == -1)
		host_logf(HYP_LOG_ERR, "signalfd: %s", strerror(errno));
	if (sigfd == -1 || main_start(o, &udevfd, &nodesfd, &keptfd) != 0 ||
	    (ctlfd = main_control(o)) == -1) {
		host_trace_stop();
		return EXIT_FAILED;
	}
	nodedb_open(&o->o_claims);
	daemon_ready();
	if (!o->o_foreground && main_is_kept(o))
		daemon_leave();
	host_udev_rescan();
	main_tell_missing(o);
	main_loop(o, sigfd, udevfd, nodesfd, ctlfd, watchdog_start(), keptfd);
	main_stop();
	return EXIT_OK;
}

/* The drivers' tables must be up to be asked; nothing is attached. */
static int
main_list(const struct options *o)
{

	hyp_posix_set_loglevel(HYP_LOG_WARNING);
	if (hyp_boot(HYP_VERSION) != 0)
		return EXIT_FAILED;
	return list_devices(o->o_verbose);
}

int
main(int argc, char **argv)
{
	struct options o;
	int status = EXIT_OK;

	conf_stdio();
	change_open(&o, argc, argv);
	upgrade_open(argc, argv);
	control_set_change(change);
	control_set_modules(modnow_load, modnow_unload);
	if (options_parse(argc, argv, &o) != 0) {
		fprintf(stderr, "devswd --help explains\n");
		return EXIT_BADUSAGE;
	}
	switch (o.o_action) {
	case ACTION_RUN:
		status = main_run(&o, argv);
		break;
	case ACTION_LIST:
		status = main_list(&o);
		break;
	case ACTION_RELEASE:
		status = list_release(&o.o_claims);
		break;
	case ACTION_CLAIMED:
		now_read(&o.o_claims, CONTROL_CLAIMS);
		status = list_claimed(&o.o_claims, o.o_place);
		break;
	case ACTION_CHECK:
		printf("devswd: the configuration is right\n");
		break;
	case ACTION_VERSION:
		printf("devswd " DEVSW_VERSION "\n");
		break;
	case ACTION_HELP:
		options_help();
		break;
	}
	options_free(&o);
	if (o.o_action != ACTION_RUN && status == EXIT_OK &&
	    (fflush(stdout) != 0 || ferror(stdout))) {
		fprintf(stderr, "devswd: standard output: %s\n",
		    strerror(errno));
		status = EXIT_FAILED;
	}
	return status;
}
