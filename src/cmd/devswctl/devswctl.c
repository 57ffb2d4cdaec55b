/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devswctl.c - the command line of devswctl(8).
 *
 * Options may stand before or behind the verb.  What is wrong in it is one
 * line.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "devswctl/devswctl.h"

#define	TAKES_ALL	0x1
#define	TAKES_MAJOR	0x2
#define	TAKES_TEXT	0x4
#define	TAKES_PID	0x8

static const struct verb {
	const char	*v_name;
	int		(*v_func)(const struct args *);
	int		 v_least;	/* words */
	int		 v_most;
	int		 v_takes;
	const char	*v_usage;
} verbs[] = {
	{ "list", do_list, 0, 0, TAKES_ALL | TAKES_MAJOR, "[--all]" },
	{ "usb", do_usb, 0, 0, TAKES_MAJOR, "" },
	{ "show", do_show, 1, 1000, 0, "NODE ..." },
	{ "who", do_who, 0, 1000, TAKES_MAJOR, "[NODE ...]" },
	{ "events", do_events, 0, 0, TAKES_MAJOR, "" },
	{ "trace", do_trace, 1, 1, TAKES_TEXT, "NODE [--text]" },
	{ "revoke", do_revoke, 1, 1000, 0, "NODE ..." },
	{ "status", do_status, 0, 0, TAKES_MAJOR, "" },
	{ "claim", do_claim, 1, 1000, TAKES_MAJOR, "CLAIM ..." },
	{ "release", do_release, 1, 1000, TAKES_MAJOR, "CLAIM ..." },
	{ "detach", do_detach, 1, 1000, TAKES_MAJOR, "NODE|PORT ..." },
	{ "attach", do_attach, 1, 1000, TAKES_MAJOR, "NODE|PORT ..." },
	{ "reload", do_reload, 0, 0, TAKES_MAJOR | TAKES_PID, "" },
	{ "upgrade", do_upgrade, 0, 0, TAKES_MAJOR | TAKES_PID, "" },
	{ "modload", do_modload, 1, 1, TAKES_MAJOR, "FILE" },
	{ "modunload", do_modunload, 1, 1, TAKES_MAJOR, "NAME" },
	{ "nodes", do_nodes, 0, 0, TAKES_MAJOR, "" },
	{ "claims", do_claims, 0, 0, TAKES_MAJOR, "" },
	{ "modules", do_modules, 0, 0, TAKES_MAJOR, "" },
	{ "version", do_version, 0, 0, TAKES_MAJOR, "" },
};
#define	NVERBS	(sizeof(verbs) / sizeof(verbs[0]))

static int
help(void)
{

	for (size_t i = 0; i < NVERBS; i++)
		printf("%s devswctl [--json]%s %s%s%s\n",
		    i == 0 ? "usage:" : "      ",
		    verbs[i].v_takes & TAKES_MAJOR ? " [--major N]" : "",
		    verbs[i].v_name, verbs[i].v_usage[0] != '\0' ? " " : "",
		    verbs[i].v_usage);
	printf("       devswctl gateway export --labgrid | --labgrid-env | "
	    "--conserver\n"
	    "           [--host NAME] [--config FILE]\n"
	    "       devswctl gateway reset PORT [--socket FILE]\n");
	printf("       devswctl --version | --help\n");
	return flushed(EXIT_OK);
}

static int
bad(const char *what, const char *word)
{

	complain("%s%s%s; devswctl --help explains", what,
	    word != NULL ? " " : "", word != NULL ? word : "");
	return EXIT_BADUSAGE;
}

static bool
is_number(const char *text, size_t most)
{

	return text != NULL && text[0] != '\0' && strlen(text) <= most &&
	    strspn(text, "0123456789") == strlen(text);
}

/*
 * status = take_option(word, next, &args)
 *
 *	-1: it is none.  *next: the word behind it, which it has taken if it is
 *	NULL afterwards.
 */
static int
take_option(const char *word, const char **next, struct args *a)
{

	if (strcmp(word, "--json") == 0 || strcmp(word, "-j") == 0) {
		a->a_json = true;
	} else if (strcmp(word, "--all") == 0 || strcmp(word, "-a") == 0) {
		a->a_all = true;
	} else if (strcmp(word, "--text") == 0) {
		a->a_text = true;
	} else if (strcmp(word, "--major") == 0) {
		a->a_major = *next;
		*next = NULL;
		if (!is_number(a->a_major, 3))
			return bad("--major wants a number", NULL);
	} else if (strcmp(word, "--pid") == 0) {
		a->a_pid = *next;
		*next = NULL;
		if (!is_number(a->a_pid, 9))
			return bad("--pid wants a number", NULL);
	} else {
		return -1;
	}
	return EXIT_OK;
}

static int
run(const struct verb *v, const struct args *a)
{

	if (a->a_all && !(v->v_takes & TAKES_ALL))
		return bad("--all is not for", v->v_name);
	if (a->a_text && !(v->v_takes & TAKES_TEXT))
		return bad("--text is not for", v->v_name);
	if (a->a_text && a->a_json)
		return bad("--text and --json exclude each other", NULL);
	if (a->a_major != NULL && !(v->v_takes & TAKES_MAJOR))
		return bad("--major is not for", v->v_name);
	if (a->a_pid != NULL && !(v->v_takes & TAKES_PID))
		return bad("--pid is not for", v->v_name);
	if (a->a_count < v->v_least || a->a_count > v->v_most) {
		complain("usage: devswctl %s %s", v->v_name, v->v_usage);
		return EXIT_BADUSAGE;
	}
	return (*v->v_func)(a);
}

int
main(int argc, char **argv)
{
	struct args a = { .a_words = argv };
	const char *next, *verb = NULL;
	int status;

	conf_stdio();
	(void)setlocale(LC_ALL, "");
	if (argc > 1 && strcmp(argv[1], "gateway") == 0)
		return do_gateway(argv + 2);
	for (int i = 1; i < argc; i++) {
		next = argv[i + 1];
		status = take_option(argv[i], &next, &a);
		if (status > 0)
			return status;
		if (status == 0)
			i += next == NULL && argv[i + 1] != NULL;
		else if (strcmp(argv[i], "--help") == 0)
			return help();
		else if (strcmp(argv[i], "--version") == 0 && argc == 2) {
			printf("devswctl " DEVSW_VERSION "\n");
			return flushed(EXIT_OK);
		}
		else if (argv[i][0] == '-')
			return bad("there is no option", argv[i]);
		else if (verb == NULL)
			verb = argv[i];
		else
			argv[a.a_count++] = argv[i];	/* behind i */
	}
	if (verb == NULL)
		return bad("which command?", NULL);
	for (size_t i = 0; i < NVERBS; i++) {
		if (strcmp(verbs[i].v_name, verb) == 0)
			return run(&verbs[i], &a);
	}
	return bad("there is no command", verb);
}
