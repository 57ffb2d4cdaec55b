/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox.c - devsw-sandbox: the kernel side and its drivers with software
 * devices in the place of USB, modules, and a command on their nodes.
 *
 *	devsw-sandbox [-v] [-m FILE]... [-d [vusb:]CHIP[,VID:PID]]... [--]
 *	    CMD [ARG]...
 *
 * For devsw-driver(1), which runs it as root where there is /dev/cuse.  It has
 * no hardware, takes no configuration and listens to nobody but its own
 * command: what src/vusb serves is in a directory that only root enters.
 *
 * Model
 *	Modules are loaded, then the devices plugged in: d0, d1, ..., each with
 *	its output wired to its input.  When all of them are open, or a driver
 *	has had its time, the command begins; when that ends everything is
 *	pulled out and brought down, and the exit status is the command's.  If
 *	drivers do not come back it ends all the same, and says so.
 *
 * One thread; src/devswd/front and the devices have their own.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "vusb/vusb.h"

#define	SANDBOX_DIR	"/run/devsw-sandbox"
#define	SANDBOX_MAX	16	/* modules; devices */
#define	SANDBOX_MAJOR	121	/* devswd has 120 */
#define	ATTACH_MS	5000	/* what a driver has for its attach */
#define	QUIET_MS	200	/* no new node so long: these are all */

extern char **environ;

static const char *modules[SANDBOX_MAX];
static struct vusb *devices[SANDBOX_MAX];
static unsigned nmodules, ndevices;

static _Noreturn void
usage(void)
{

	fprintf(stderr, "usage: devsw-sandbox [-v] [-m FILE] ... "
	    "[-d CHIP[,VID:PID]] ... [--] CMD [ARG] ...\n");
	exit(2);
}

static _Noreturn void
die(const char *what, const char *why)
{

	fprintf(stderr, "devsw-sandbox: %s: %s\n", what, why);
	exit(126);
}

/* ---- what is asked for ---------------------------------------------- */

/* [vusb:]CHIP[,VID:PID]; exits if it is wrong. */
static void
add_device(const char *text)
{
	const char *why;
	char name[8];

	if (ndevices == SANDBOX_MAX)
		die(text, "too many devices");
	snprintf(name, sizeof(name), "d%u", ndevices);
	if ((devices[ndevices] = vusb_from_text(name, text, &why)) == NULL) {
		fprintf(stderr, "devsw-sandbox: ");
		vusb_list_chips(stderr);
		die(text, why);
	}
	ndevices++;
}

static char **
parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+d:m:v")) != -1) {
		switch (c) {
		case 'd':
			add_device(optarg);
			break;
		case 'm':
			if (nmodules == SANDBOX_MAX)
				die(optarg, "too many modules");
			modules[nmodules++] = optarg;
			break;
		case 'v':
			hyp_posix_set_loglevel(HYP_LOG_INFO);
			break;
		default:
			usage();
		}
	}
	if (optind == argc)
		usage();
	return &argv[optind];
}

/* ---- up -------------------------------------------------------------- */

static void
start_front(void)
{
	struct front_config fc;
	int error;

	if (access("/dev/cuse", R_OK | W_OK) == -1)
		die("/dev/cuse", strerror(errno));
	memset(&fc, 0, sizeof(fc));
	fc.major = SANDBOX_MAJOR;
	if ((error = hyp_boot(HYP_VERSION)) != 0)
		die("hyp_boot", strerror(error));
	if ((error = front_start(&fc)) != 0)
		die("the front end", strerror(-error));
}

static void
load(const char *path)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	struct hyp_lwp *l;
	char why[512] = "";
	int error;

	l = hyp_lwp_enter(&root);
	error = hyp_module_load(path, why, sizeof(why));
	hyp_lwp_exit(l);
	if (error != 0)
		die(path, why[0] != '\0' ? why : strerror(error));
}

static unsigned
count_nodes(void)
{
	struct front_stats fs;

	front_getstats(&fs);
	return fs.nodes;
}

static bool
all_open(void)
{

	for (unsigned i = 0; i < ndevices; i++) {
		if (!vusb_in_use(devices[i]))
			return false;
	}
	return true;
}

static void
sleep_ms(unsigned ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
	    .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&ts, NULL);
}

/* Until drivers have made their nodes, or will not. */
static void
await_nodes(void)
{
	const unsigned step = 20;
	unsigned quiet = 0, nodes = count_nodes();

	for (unsigned ms = 0; ms < ATTACH_MS && quiet < QUIET_MS; ms += step) {
		sleep_ms(step);
		quiet += step;
		if (count_nodes() != nodes || !all_open())
			quiet = 0;
		nodes = count_nodes();
	}
	if (!all_open())
		fprintf(stderr, "devsw-sandbox: not every device has a "
		    "driver\n");
	if (nodes == 0)
		fprintf(stderr, "devsw-sandbox: there is no node\n");
}

/* ---- the command ---------------------------------------------------- */

/* What a terminal's keys send is the command's alone; those it gets are set. */
static void
leave_keys(sigset_t *command)
{
	static const int keys[] = { SIGINT, SIGQUIT };

	sigemptyset(command);
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (signal(keys[i], SIG_IGN) != SIG_IGN)
			sigaddset(command, keys[i]);
	}
}

static int
run(char **argv)
{
	sigset_t none, keys;
	posix_spawnattr_t attr;
	int error, status;
	pid_t pid;

	/* Were it ignored, as somebody may have left it, no child would tell. */
	(void)signal(SIGCHLD, SIG_DFL);
	leave_keys(&keys);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &keys);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(&pid, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	if (error != 0) {
		fprintf(stderr, "devsw-sandbox: %s: %s\n", argv[0],
		    strerror(error));
		return 127;
	}
	while (waitpid(pid, &status, 0) == -1)
		continue;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
	char **command;
	unsigned left;
	int status;

	hyp_posix_set_loglevel(HYP_LOG_WARNING);
	command = parse(argc, argv);
	host_crash_catch();
	start_front();
	for (unsigned i = 0; i < nmodules; i++)
		load(modules[i]);
	for (unsigned i = 0; i < ndevices; i++)
		vusb_plug(devices[i]);
	await_nodes();
	if ((mkdir(SANDBOX_DIR, 0700) == -1 && errno != EEXIST) ||
	    vusb_ctl_start(SANDBOX_DIR) != 0)
		die(SANDBOX_DIR, "no socket can be made");
	fflush(NULL);
	status = run(command);
	vusb_ctl_stop();
	for (unsigned i = 0; i < ndevices; i++) {
		if (vusb_plugged(devices[i]))
			vusb_unplug(devices[i], 0);
	}
	hyp_halt();
	if ((left = front_stop()) != 0)
		fprintf(stderr, "devsw-sandbox: %u calls have not come back "
		    "from drivers\n", left);
	fflush(NULL);
	/* What drivers hold yet is no reason to wait. */
	_exit(status == 0 && left != 0 ? 1 : status);
}
