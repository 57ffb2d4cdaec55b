/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - uhidctl's command line.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "uhidctl/uhidctl.h"

static const struct option longs[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "count", required_argument, NULL, 'c' },
	{ "descriptor", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "kind", required_argument, NULL, 'k' },
	{ "loop", no_argument, NULL, 'l' },
	{ "report", no_argument, NULL, 'r' },
	{ "table", required_argument, NULL, 't' },
	{ "values", no_argument, NULL, 'n' },
	{ "version", no_argument, NULL, 'V' },
	{ "write", no_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

static int
usage(FILE *to, int status)
{

	fprintf(to,
	    "usage: uhidctl [-aj] [-k KIND] [-t TABLE] NODE\n"
	    "       uhidctl [-jn] [-k KIND] [-t TABLE] NODE ITEM ...\n"
	    "       uhidctl -w [-k KIND] [-t TABLE] NODE ITEM=VALUE ...\n"
	    "       uhidctl -l [-ajn] [-c COUNT] [-t TABLE] NODE "
	    "[ITEM ...]\n"
	    "       uhidctl -r [-t TABLE] NODE\n"
	    "       uhidctl -d FILE [-ajr] [-k KIND] [-t TABLE]\n"
	    "       uhidctl --version | --help\n");
	return status;
}

static int
bad(const char *why)
{

	(void)complain("%s", why);
	return EXIT_BADUSAGE;
}

/* A whole number from 1 on; 0: it is none. */
static unsigned long
count(const char *text)
{
	char *end;
	unsigned long n;

	if (text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' ? n : 0;
}

static int
kind(const char *text)
{

	for (int k = 0; k < HIDP_NKIND; k++) {
		if (strcmp(text, kind_name((enum hidp_kind)k)) == 0)
			return k;
	}
	return -1;
}

/* What does not go together. */
static int
contradiction(const struct options *o)
{
	const bool names = o->o_nnames > 0;

	if (o->o_raw && (o->o_write || o->o_loop || o->o_json || names))
		return bad("-r takes no items, and none of -c, -j, -l, -w");
	if (o->o_write && (o->o_loop || o->o_json || o->o_only))
		return bad("-w takes none of -c, -j, -l, -n");
	if (o->o_write && !names)
		return bad("-w wants an item");
	if (o->o_only && !names)
		return bad("-n wants an item");
	if (o->o_file != NULL && (o->o_write || o->o_loop || names))
		return bad("a descriptor has no values: -d takes no items, "
		    "and none of -c, -l, -w");
	if (o->o_loop && o->o_kind != -1 && o->o_kind != HIDP_INPUT)
		return bad("only input is waited for");
	for (int i = 0; i < o->o_nnames; i++) {
		const bool value = strchr(o->o_names[i], '=') != NULL;

		if (value && !o->o_write)
			return bad("-w is needed to write");
		if (!value && o->o_write)
			return bad("-w wants ITEM=VALUE");
	}
	return EXIT_OK;
}

static int
one(struct options *o, int c)
{

	switch (c) {
	case 'a':
		o->o_all = true;
		break;
	case 'c':
		o->o_loop = true;
		o->o_count = count(optarg);
		if (o->o_count == 0)
			return bad("-c wants a number from 1 on");
		break;
	case 'd':
		o->o_file = optarg;
		break;
	case 'j':
		o->o_json = true;
		break;
	case 'k':
		o->o_kind = kind(optarg);
		if (o->o_kind == -1)
			return bad("-k wants input, output or feature");
		break;
	case 'l':
		o->o_loop = true;
		break;
	case 'n':
		o->o_only = true;
		break;
	case 'r':
		o->o_raw = true;
		break;
	case 't':
		o->o_table = optarg;
		break;
	case 'w':
		o->o_write = true;
		break;
	default:		/* getopt has told it */
		return EXIT_BADUSAGE;
	}
	return EXIT_OK;
}

/*
 * status = options_parse(o, argc, argv)
 *
 *	OPTIONS_DONE: --help or --version has been printed.
 */
int
options_parse(struct options *o, int argc, char **argv)
{
	int c, status;

	*o = (struct options){ .o_kind = -1 };
	optind = 0;
	while ((c = getopt_long(argc, argv, "+ac:d:hjk:lnrt:w", longs,
	    NULL)) != -1) {
		if (c == 'h') {
			usage(stdout, EXIT_OK);
			return OPTIONS_DONE;
		}
		if (c == 'V') {
			printf("uhidctl " DEVSW_VERSION "\n");
			return OPTIONS_DONE;
		}
		status = one(o, c);
		if (status != EXIT_OK)
			return status;
	}
	argc -= optind;
	argv += optind;
	if (o->o_file == NULL) {
		if (argc == 0)
			return usage(stderr, EXIT_BADUSAGE);
		o->o_node = argv[0];
		argc--;
		argv++;
	}
	o->o_names = argv;
	o->o_nnames = argc;
	return contradiction(o);
}
