/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - devsw-pty's command line.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "pty/pty.h"

static const struct option longs[] = {
	{ "again", no_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ "link", required_argument, NULL, 'l' },
	{ "version", no_argument, NULL, 'V' },
	{ "wait", no_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

static int
usage(FILE *to, int status)
{

	fprintf(to,
	    "usage: devsw-pty [-aw] [-l PATH] NODE [-- COMMAND [ARG ...]]\n"
	    "       devsw-pty --version | --help\n");
	return status;
}

/* One option; -1: go on, else the status to end with. */
static int
one(struct options *o, int c)
{

	switch (c) {
	case 'a':
		o->o_again = o->o_wait = true;
		return -1;
	case 'l':
		o->o_link = optarg;
		return -1;
	case 'w':
		o->o_wait = true;
		return -1;
	case 'h':
		return usage(stdout, EXIT_OK);
	case 'V':
		printf("devsw-pty %s\n", DEVSW_VERSION);
		return EXIT_OK;
	default:		/* getopt has told it */
		return usage(stderr, EXIT_BADUSAGE);
	}
}

/*
 * options_parse(o, argc, argv)
 *
 *	-1: all is well; else the status to end with, all being said.
 *	"--" ends the node's own words: what stands after NODE without it is
 *	a mistake, since a second node would be run as a program.
 */
int
options_parse(struct options *o, int argc, char **argv)
{
	int c, status = -1;

	memset(o, 0, sizeof(*o));
	while (status == -1 &&
	    (c = getopt_long(argc, argv, "+ahl:Vw", longs, NULL)) != -1)
		status = one(o, c);
	if (status != -1)
		return status;
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
		o->o_node = argv[optind++];
	if (o->o_node == NULL || o->o_node[0] == '\0')
		return usage(stderr, EXIT_BADUSAGE);
	if (optind == argc)
		return -1;
	if (strcmp(argv[optind], "--") != 0 || optind + 1 == argc)
		return usage(stderr, EXIT_BADUSAGE);
	o->o_command = &argv[optind + 1];
	return -1;
}
