/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - what devswd is told: its configuration, and the command line.
 *
 * Model
 *	Everything is looked at before anything is done, and every mistake
 *	gets its line, so that one run shows them all.
 *
 *	Both are one list.  The configuration (config.c) comes first, and its
 *	settings come here through options_set; so what the command line says
 *	of the same thing counts, and its claims are further ones.
 *
 *	Files are named from where the command is given, and the daemon goes
 *	to the root directory before it opens them: all that are not absolute
 *	are made so here.  (A module's name without any slash would be looked
 *	for in the libraries' directories otherwise.)
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/config.h"
#include "main/mistake.h"
#include "main/options.h"
#include "main/units.h"

#define	DEFAULT_GROUP	"dialout"
#define	DEFAULT_LPGROUP	"lp"
#define	DEFAULT_MODE	0660
#define	DEFAULT_HIDMODE	0600
#define	DEFAULT_MAJOR	120
#define	MAJOR_MAX	511		/* Linux's CHRDEV_MAJOR_MAX */
#define	THREADS_MAX	65536
#define	DEADLINE_MAX	3600

enum {
	OPT_CLAIM = 256,
	OPT_CONFIG,
	OPT_CHECK_CONFIG,
	OPT_CLAIMED,
	OPT_LIST,
	OPT_RELEASE,
	OPT_OWNER,
	OPT_GROUP,
	OPT_MODE,
	OPT_HID_OWNER,
	OPT_HID_GROUP,
	OPT_HID_MODE,
	OPT_MAJOR,
	OPT_MAX_THREADS,
	OPT_DEADLINE,
	OPT_MODULE,
	OPT_MODULE_DIR,
	OPT_SEMANTICS,
	OPT_DEFAULTS,
	OPT_TRACE,
	OPT_KEEP,
	OPT_UNITS,
	OPT_UNITS_FILE,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option options_long[] = {
	{ "foreground",	 no_argument,	    NULL, 'f' },
	{ "keep",	 no_argument,	    NULL, OPT_KEEP },
	{ "verbose",	 no_argument,	    NULL, 'v' },
	{ "claim",	 required_argument, NULL, OPT_CLAIM },
	{ "config",	 required_argument, NULL, OPT_CONFIG },
	{ "check-config", no_argument,	    NULL, OPT_CHECK_CONFIG },
	{ "claimed",	 required_argument, NULL, OPT_CLAIMED },
	{ "list",	 no_argument,	    NULL, OPT_LIST },
	{ "release",	 no_argument,	    NULL, OPT_RELEASE },
	{ "owner",	 required_argument, NULL, OPT_OWNER },
	{ "group",	 required_argument, NULL, OPT_GROUP },
	{ "mode",	 required_argument, NULL, OPT_MODE },
	{ "hid-owner",	 required_argument, NULL, OPT_HID_OWNER },
	{ "hid-group",	 required_argument, NULL, OPT_HID_GROUP },
	{ "hid-mode",	 required_argument, NULL, OPT_HID_MODE },
	{ "major",	 required_argument, NULL, OPT_MAJOR },
	{ "max-threads", required_argument, NULL, OPT_MAX_THREADS },
	{ "deadline",	 required_argument, NULL, OPT_DEADLINE },
	{ "module",	 required_argument, NULL, OPT_MODULE },
	{ "module-dir",	 required_argument, NULL, OPT_MODULE_DIR },
	{ "semantics",	 required_argument, NULL, OPT_SEMANTICS },
	{ "defaults",	 required_argument, NULL, OPT_DEFAULTS },
	{ "trace",	 required_argument, NULL, OPT_TRACE },
	{ "units",	 required_argument, NULL, OPT_UNITS },
	{ "units-file",	 required_argument, NULL, OPT_UNITS_FILE },
	{ "version",	 no_argument,	    NULL, OPT_VERSION },
	{ "help",	 no_argument,	    NULL, OPT_HELP },
	{ NULL,		 0,		    NULL, 0 },
};

void
options_help(void)
{

	printf("usage: devswd [-fv] [--keep] --claim VID:PID[,serial=S][,port=P]"
	    "[,unit=N]\n"
	    "              [,driver=D][,force][,speed=BAUD][,format=8N1]\n"
	    "              [,flow=none|rtscts|xonxoff]\n"
	    "              [,dtr=on|off|keep][,rts=on|off|keep][,latency=MS]\n"
	    "              [,hupcl=on|off][,clocal=on|off][,semantics=NAME] ...\n"
	    "              [--owner USER] [--group GROUP] [--mode MODE]\n"
	    "              [--hid-owner USER] [--hid-group GROUP] "
	    "[--hid-mode MODE]\n"
	    "              [--major N] [--max-threads N] [--deadline SECONDS]\n"
	    "              [--module FILE] ... [--module-dir DIR]"
	    " [--semantics NAME]\n"
	    "              [--defaults linux|bsd] [--trace FILE] "
	    "[--config FILE|none]\n"
	    "              [--units lowest|remembered] [--units-file FILE]\n"
	    "       devswd --check-config [--config FILE]\n"
	    "       devswd --claimed PLACE\n"
	    "       devswd --list [-v]\n"
	    "       devswd --release --claim ...\n"
	    "       devswd --version | --help\n"
	    "\n"
	    "  -f, --foreground   stay, and log to standard error\n"
	    "  --keep             a parent process keeps the nodes when devswd "
	    "is killed,\n"
	    "                     and starts it again\n"
	    "  -v, --verbose      log more; with --list, show all devices\n"
	    "  --claim SPEC       take these devices from the kernel; may be "
	    "repeated\n"
	    "  --config FILE      read this, and FILE.d/*.conf, and not\n"
	    "                     " CONFIG_FILE "; none: no such file\n"
	    "  --check-config     say what is wrong in it, and do no more\n"
	    "  --claimed PLACE    for udev: is the device there one to take?\n"
	    "  --list             show devices that a driver fits, and their "
	    "claims\n"
	    "  --release          let the kernel have claimed devices back "
	    "after a kill\n"
	    "  --owner, --group, --mode\n"
	    "                     of the nodes of serial adapters (root, "
	    DEFAULT_GROUP ", %o)\n"
	    "  --hid-owner, --hid-group, --hid-mode\n"
	    "                     of those of HIDs (root, root, 0%o)\n"
	    "  --major N          major number of the device nodes (%d)\n"
	    "  --max-threads N    how many calls may wait at one time\n"
	    "  --deadline SECONDS how long to wait for a driver that does not "
	    "come back\n"
	    "  --module FILE      load a driver; may be repeated\n"
	    "  --module-dir DIR   where the drivers of nodes are that have "
	    "left\n"
	    "  --semantics NAME   close and unplug as another system does: "
	    "netbsd,\n"
	    "                     netbsd-legacy, freebsd, "
	    "freebsd-trackclose, linux\n"
	    "  --defaults NAME    the first mode of serial nodes: linux (the "
	    "default), bsd\n"
	    "  --trace FILE       write there what the drivers are called for, "
	    "as JSON\n"
	    "  --units NAME       of devices whose claim has none: lowest (the "
	    "default),\n"
	    "                     or remembered, which they keep\n"
	    "  --units-file FILE  where those are (" UNITS_FILE ")\n"
	    "\n"
	    "See devswd(8).\n", DEFAULT_MODE, DEFAULT_HIDMODE,
	    DEFAULT_MAJOR);
}

/* Where the option stands that is looked at, and what its name begins with. */
static const char COMMAND_LINE[] = "--";
static const char *parse_at = COMMAND_LINE;

/* A number option; 0, or 1 with a message. */
static int
parse_range(const char *name, const char *text, long min, long max,
    unsigned *result)
{
	long val;

	val = perm_number(text, 10, max);
	if (val < min) {
		mistake("%s%s %s: wants a number from %ld to %ld", parse_at,
		    name, text, min, max);
		return 1;
	}
	*result = (unsigned)val;
	return 0;
}

/* One of owner, group, mode of a class; option is its name, with "hid-". */
static int
parse_perm(const char *option, const char *key, const char *text,
    struct front_perm *fp)
{
	struct perm p = { .p_perm = *fp };
	const char *why = perm_set(&p, key, text);

	if (why == NULL) {
		*fp = p.p_perm;
		return 0;
	}
	mistake("%s%s %s: %s", parse_at, option, text, why);
	return 1;
}

/* text, which was allocated, for as long as the options; or NULL. */
static const char *
keep(struct options *o, char *text)
{
	char **more;

	more = text != NULL ? reallocarray(o->o_kept, o->o_nkept + 1,
	    sizeof(*o->o_kept)) : NULL;
	if (more == NULL) {
		free(text);
		return NULL;
	}
	o->o_kept = more;
	return o->o_kept[o->o_nkept++] = text;
}

void
options_free(struct options *o)
{

	claim_free(&o->o_claims);
	while (o->o_nkept > 0)
		free(o->o_kept[--o->o_nkept]);
	free(o->o_kept);
	o->o_kept = NULL;
}

/*
 * Where the command was given: the daemon is in another directory when it
 * reads its command line again.  NULL: unknown.
 */
static const char *
start_directory(void)
{
	static char *cwd;

	if (cwd == NULL)
		cwd = getcwd(NULL, 0);
	return cwd;
}

/* *result: path, absolute.  0, or 1 with a message. */
static int
parse_path(struct options *o, const char *option, const char *path,
    const char **result)
{
	const char *const cwd = start_directory();
	char *whole = NULL;
	int error;

	if (path[0] == '\0') {
		mistake("%s%s: wants a file's name", parse_at,
		    option);
		return 1;
	}
	errno = 0;
	if (path[0] == '/') {
		whole = strdup(path);
	} else if (parse_at == COMMAND_LINE && cwd != NULL &&
	    asprintf(&whole, "%s/%s", cwd, path) == -1) {
		whole = NULL;
	}
	error = errno;
	if (whole != NULL || error == ENOMEM) {
		if ((*result = keep(o, whole)) != NULL)
			return 0;
		mistake("%s%s %s: out of memory", parse_at, option, path);
		return 1;
	}
	mistake("%s%s %s: not found from here; give a name "
	    "that begins with a slash", parse_at, option, path);
	return 1;
}

static int
parse_action(struct options *o, enum option_action action)
{

	if (o->o_action != ACTION_RUN && o->o_action != action) {
		mistake("--list, --release, --check-config, "
		    "--claimed, --version and --help exclude each other");
		return 1;
	}
	o->o_action = action;
	return 0;
}

static int
parse_claim(struct options *o, const char *text)
{
	const char *why;

	why = claim_add(&o->o_claims, text);
	if (why == NULL)
		return 0;
	mistake("--claim %s: %s", text, why);
	return 1;
}

static int
parse_module(struct options *o, const char *path)
{

	if (o->o_nmodules == OPTIONS_MODULES) {
		mistake("%smodule %s: more than %d", parse_at,
		    path, OPTIONS_MODULES);
		return 1;
	}
	return parse_path(o, "module", path, &o->o_modules[o->o_nmodules++]);
}

static int
parse_defaults(struct options *o, const char *name)
{

	if (strcmp(name, "linux") != 0 && strcmp(name, "bsd") != 0) {
		mistake("%sdefaults %s: wants linux or bsd",
		    parse_at, name);
		return 1;
	}
	o->o_defaults = keep(o, strdup(name));
	return o->o_defaults == NULL;
}

static int
parse_units(struct options *o, const char *name)
{

	if (strcmp(name, "lowest") != 0 && strcmp(name, "remembered") != 0) {
		mistake("%sunits %s: wants lowest or remembered", parse_at,
		    name);
		return 1;
	}
	o->o_units = name[0] == 'r';
	return 0;
}

static int
parse_one(struct options *o, int opt, const char *arg)
{

	switch (opt) {
	case 'f':
		o->o_foreground = 1;
		return 0;
	case 'v':
		o->o_verbose = 1;
		return 0;
	case OPT_KEEP:
		o->o_keep = 1;
		return 0;
	case OPT_CLAIM:
		return parse_claim(o, arg);
	case OPT_CONFIG:
		return 0;		/* parse_config has seen it */
	case OPT_CHECK_CONFIG:
		return parse_action(o, ACTION_CHECK);
	case OPT_CLAIMED:
		o->o_place = arg;
		return parse_action(o, ACTION_CLAIMED);
	case OPT_LIST:
		return parse_action(o, ACTION_LIST);
	case OPT_RELEASE:
		return parse_action(o, ACTION_RELEASE);
	case OPT_VERSION:
		return parse_action(o, ACTION_VERSION);
	case OPT_HELP:
		return parse_action(o, ACTION_HELP);
	case OPT_OWNER:
		return parse_perm("owner", "owner", arg, &o->o_tty);
	case OPT_GROUP:
		return parse_perm("group", "group", arg, &o->o_tty);
	case OPT_MODE:
		return parse_perm("mode", "mode", arg, &o->o_tty);
	case OPT_HID_OWNER:
		return parse_perm("hid-owner", "owner", arg, &o->o_hid);
	case OPT_HID_GROUP:
		return parse_perm("hid-group", "group", arg, &o->o_hid);
	case OPT_HID_MODE:
		return parse_perm("hid-mode", "mode", arg, &o->o_hid);
	case OPT_MAJOR:
		return parse_range("major", arg, 1, MAJOR_MAX,
		    &o->o_major);
	case OPT_MAX_THREADS:
		return parse_range("max-threads", arg, 2, THREADS_MAX,
		    &o->o_max_threads);
	case OPT_DEADLINE:
		return parse_range("deadline", arg, 1, DEADLINE_MAX,
		    &o->o_deadline);
	case OPT_MODULE:
		return parse_module(o, arg);
	case OPT_SEMANTICS:
		o->o_semantics = keep(o, strdup(arg));
		return o->o_semantics == NULL;
	case OPT_DEFAULTS:
		return parse_defaults(o, arg);
	case OPT_TRACE:
		return parse_path(o, "trace", arg, &o->o_trace);
	case OPT_UNITS:
		return parse_units(o, arg);
	case OPT_UNITS_FILE:
		return parse_path(o, "units-file", arg, &o->o_units_file);
	case OPT_MODULE_DIR:
		return parse_path(o, "module-dir", arg, &o->o_module_dir);
	default:
		return 1;		/* getopt_long has told */
	}
}

/* The default group, if this system has it. */
static gid_t
default_group(const char *name)
{
	struct group *gr;

	gr = getgrnam(name);
	return gr != NULL ? gr->gr_gid : 0;
}

/* Not settings of the daemon: what to do, and what config.c has sections for. */
static int
is_setting(const struct option *lo)
{

	return lo->has_arg == required_argument && lo->val != OPT_CLAIM &&
	    lo->val != OPT_CLAIMED && lo->val != OPT_CONFIG;
}

static void
no_such_setting(const char *name, const char *at)
{
	const struct option *lo;
	char all[512] = "";
	size_t n = 0;

	for (lo = options_long; lo->name != NULL; lo++) {
		if (is_setting(lo) && n < sizeof(all))
			n += (size_t)snprintf(all + n, sizeof(all) - n, " %s",
			    lo->name);
	}
	mistake("%s%s: there is no such setting; there are%s", at, name, all);
}

/* config.h's config_set_t: the file's option, as on the command line. */
static int
options_set(struct options *o, const char *name, const char *value,
    const char *at)
{
	const struct option *lo;
	int errors;

	for (lo = options_long; lo->name != NULL; lo++) {
		if (is_setting(lo) && strcmp(lo->name, name) == 0)
			break;
	}
	if (lo->name == NULL) {
		no_such_setting(name, at);
		return 1;
	}
	parse_at = at;
	errors = parse_one(o, lo->val, value);
	parse_at = COMMAND_LINE;
	return errors;
}

/* What the command line says of the configuration, and so what that says. */
static int
parse_config(int argc, char **argv, struct options *o)
{
	const char *path = NULL, *whole = NULL;
	int opt, wanted = 1;

	opterr = 0;
	optind = 0;		/* from the start, also another time */
	while ((opt = getopt_long(argc, argv, "fv", options_long, NULL)) !=
	    -1) {
		if (opt == OPT_CONFIG)
			path = optarg;
		/* These ask for nothing that it says. */
		wanted &= opt != OPT_LIST && opt != OPT_VERSION &&
		    opt != OPT_HELP;
	}
	opterr = 1;
	optind = 0;
	if (!wanted || (path != NULL && strcmp(path, "none") == 0))
		return 0;
	if (path != NULL && parse_path(o, "config", path, &whole) != 0)
		return 1;
	return config_read(whole, o, options_set, &o->o_configured);
}

int
options_parse(int argc, char **argv, struct options *o)
{
	int errors = 0, opt;

	memset(o, 0, sizeof(*o));
	TAILQ_INIT(&o->o_claims);
	o->o_tty.gid = default_group(DEFAULT_GROUP);
	o->o_tty.mode = DEFAULT_MODE;
	o->o_hid.mode = DEFAULT_HIDMODE;
	o->o_lp.gid = default_group(DEFAULT_LPGROUP);
	o->o_lp.mode = DEFAULT_MODE;
	o->o_usb.mode = DEFAULT_HIDMODE;
	o->o_major = DEFAULT_MAJOR;
	o->o_defaults = "linux";
	o->o_units_file = UNITS_FILE;
	errors = parse_config(argc, argv, o);
	while ((opt = getopt_long(argc, argv, "fv", options_long, NULL)) != -1)
		errors += parse_one(o, opt, optarg);
	for (; optind < argc; optind++, errors++)
		mistake("%s: not an option", argv[optind]);
	if (errors == 0 && TAILQ_EMPTY(&o->o_claims) &&
	    ((o->o_action == ACTION_RUN && o->o_nmodules == 0 &&
	    !o->o_configured) || o->o_action == ACTION_RELEASE)) {
		mistake("name the devices to %s with --claim, "
		    "or in " CONFIG_FILE "; devswd --list shows what is "
		    "there",
		    o->o_action == ACTION_RUN ? "take" : "give back");
		errors++;
	}
	return errors;
}
