/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_options.c - the command line of devswd.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/options.h"
#include "h_test.h"

#define	MAXARGS	24

/* Parse a line of words that are separated by blanks. */
static int
parse(const char *line, struct options *o)
{
	static char copy[512];
	char *argv[MAXARGS + 1], *word;
	int argc = 0;

	snprintf(copy, sizeof(copy), "devswd --config none %s", line);
	for (word = strtok(copy, " "); word != NULL && argc < MAXARGS;
	    word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(argc, argv, o);
}

static const char *const bads[] = {
	"", "-f", "--claim", "--claim x", "--claim 1:2 stray",
	"--claim 1:2 --claim 1:2", "--claim 1:2 --mode 8",
	"--claim 1:2 --mode 0", "--claim 1:2 --mode 1000",
	"--claim 1:2 --mode u+r", "--claim 1:2 --mode",
	"--claim 1:2 --owner no-such-user-here", "--claim 1:2 --owner -1",
	"--claim 1:2 --owner 4294967295", "--claim 1:2 --group no-such-group",
	"--claim 1:2 --group 99999999999999999999", "--claim 1:2 --major 0",
	"--claim 1:2 --major 512", "--claim 1:2 --major 1x",
	"--claim 1:2 --hid-mode 8", "--claim 1:2 --hid-mode 0",
	"--claim 1:2 --hid-owner no-such-user-here",
	"--claim 1:2 --hid-group no-such-group",
	"--claim 1:2 --max-threads 1", "--claim 1:2 --deadline 0",
	"--claim 1:2 --deadline x",
	"--claim 1:2 --max-threads 1e3",
	"--claim 1:2 --max-threads 100000", "--claim 1:2 -x",
	"--claim 1:2 --no-such-option", "--list --release --claim 1:2",
	"--list --version", "--release", "--module", "--module-dir /d",
	"--release --module a.so",
	"--claim 1:2 --trace", "--claim 1:2 --defaults",
	"--claim 1:2 --defaults netbsd",
};

static void
test_bad(void)
{
	struct options o;
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		if (parse(bads[i], &o) == 0)
			t_fail(__FILE__, __LINE__, "\"%s\" is taken", bads[i]);
		options_free(&o);
	}
}

static void
test_every_mistake(void)
{
	struct options o;

	T_EQ(parse("--claim x --claim y --major 0 stray --mode 9", &o), 5);
	options_free(&o);
}

static void
test_good(void)
{
	struct options o;

	T_EQ(parse("--claim 1:2", &o), 0);
	T_EQ(o.o_action, ACTION_RUN);
	T_EQ(o.o_foreground, 0);
	T_EQ(o.o_tty.mode, 0660);
	T_EQ(o.o_tty.uid, 0);
	T_EQ(o.o_hid.uid, 0);
	T_EQ(o.o_hid.gid, 0);
	T_EQ(o.o_hid.mode, 0600);
	T_EQ(o.o_major, 120);
	T_EQ(o.o_max_threads, 0);
	T_CHECK(o.o_trace == NULL);
	T_CHECK(strcmp(o.o_defaults, "linux") == 0);
	options_free(&o);

	T_EQ(parse("-fv --claim 1:2 --claim 1:3 --owner 7 --group 8 "
	    "--mode 0600 --major=511", &o), 0);
	T_CHECK(o.o_foreground && o.o_verbose);
	T_EQ(o.o_tty.uid, 7);
	T_EQ(o.o_tty.gid, 8);
	T_EQ(o.o_tty.mode, 0600);
	T_EQ(o.o_major, 511);
	T_EQ(TAILQ_FIRST(&o.o_claims)->c_product, 2);
	options_free(&o);

	T_EQ(parse("--claim 1:2 --max-threads 2 --owner root --group root "
	    "--trace a/b.json --defaults bsd", &o), 0);
	T_CHECK(o.o_trace != NULL);
	T_CHECK(strcmp(o.o_defaults, "bsd") == 0);
	T_EQ(o.o_max_threads, 2);
	T_EQ(o.o_tty.uid, 0);
	T_EQ(o.o_tty.gid, 0);
	options_free(&o);

	/* HIDs and ttys do not share these. */
	T_EQ(parse("--claim 1:2 --hid-owner 7 --hid-group 8 --hid-mode 640 "
	    "--owner 9", &o), 0);
	T_EQ(o.o_hid.uid, 7);
	T_EQ(o.o_hid.gid, 8);
	T_EQ(o.o_hid.mode, 0640);
	T_EQ(o.o_tty.uid, 9);
	T_EQ(o.o_tty.mode, 0660);
	options_free(&o);

	/* A module may be all that is wanted. */
	T_EQ(parse("--module a.so --module b.so --module-dir /d", &o), 0);
	T_EQ(o.o_nmodules, 2);
	T_CHECK(strcmp(o.o_module_dir, "/d") == 0);
	options_free(&o);
}

/* path is name, as found from the directory cwd. */
static void
found_from(const char *path, const char *cwd, const char *name)
{
	const size_t len = strlen(cwd);

	T_CHECK(strncmp(path, cwd, len) == 0 && path[len] == '/' &&
	    strcmp(path + len + 1, name) == 0);
}

/* The daemon is in another directory by the time that it opens them. */
static void
test_paths(void)
{
	char cwd[4096];
	struct options o;

	T_CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	T_EQ(parse("--module ./a.so --module b.so --module ../c/d.so "
	    "--module /e.so --module-dir mods --trace t.json", &o), 0);
	found_from(o.o_modules[0], cwd, "./a.so");
	found_from(o.o_modules[1], cwd, "b.so");
	found_from(o.o_modules[2], cwd, "../c/d.so");
	T_CHECK(strcmp(o.o_modules[3], "/e.so") == 0);
	found_from(o.o_module_dir, cwd, "mods");
	found_from(o.o_trace, cwd, "t.json");
	options_free(&o);
	T_EQ(parse("--claim 1:2 --module= --module-dir= --trace=", &o), 3);
	options_free(&o);
}

static void
test_actions(void)
{
	struct options o;

	T_EQ(parse("--list", &o), 0);
	T_EQ(o.o_action, ACTION_LIST);
	T_EQ(parse("--list --list -v", &o), 0);
	T_EQ(parse("--version", &o), 0);
	T_EQ(o.o_action, ACTION_VERSION);
	T_EQ(parse("--help", &o), 0);
	T_EQ(o.o_action, ACTION_HELP);
	T_EQ(parse("--release --claim 1:2", &o), 0);
	T_EQ(o.o_action, ACTION_RELEASE);
	options_free(&o);
}

const struct t_case t_cases[] = {
	{ "bad command lines are refused", test_bad },
	{ "every mistake is told", test_every_mistake },
	{ "good command lines are understood", test_good },
	{ "files are named from where the command is given", test_paths },
	{ "one action at a time", test_actions },
	{ NULL, NULL },
};
