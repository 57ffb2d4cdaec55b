/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - devsw-gateway: its arguments.
 *
 * gateway.h has the model.  The program stays in the foreground and logs to
 * standard error; it needs no rights but those to its ports' nodes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "gateway/export.h"

struct options {
	const char	*o_config;	/* NULL: the usual one */
	bool		 o_check;
	const char	*o_export;	/* NULL: not wanted */
	const char	*o_host;
};

enum { OPT_CONFIG = 256, OPT_CHECK, OPT_EXPORT, OPT_HOST, OPT_VERSION,
    OPT_HELP };

static const struct option options_long[] = {
	{ "config",	  required_argument, NULL, OPT_CONFIG },
	{ "check-config", no_argument,	     NULL, OPT_CHECK },
	{ "export",	  required_argument, NULL, OPT_EXPORT },
	{ "host",	  required_argument, NULL, OPT_HOST },
	{ "verbose",	  no_argument,	     NULL, 'v' },
	{ "version",	  no_argument,	     NULL, OPT_VERSION },
	{ "help",	  no_argument,	     NULL, OPT_HELP },
	{ NULL,		  0,		     NULL, 0 },
};

static void
help(void)
{

	printf("usage: devsw-gateway [-v] [--config FILE]\n"
	    "       devsw-gateway --check-config [--config FILE]\n"
	    "       devsw-gateway --export FORMAT [--host NAME] "
	    "[--config FILE]\n"
	    "       devsw-gateway --version | --help\n"
	    "\n"
	    "  --config FILE      read this, and FILE.d/*.conf, and not\n"
	    "                     " GATEWAY_FILE "\n"
	    "  --check-config     say what is wrong in it, and do no more\n"
	    "  --export FORMAT    print the ports for labgrid, labgrid-env or\n"
	    "                     conserver, and do no more\n"
	    "  --host NAME        this machine is called so there\n"
	    "  -v, --verbose      log more: clients\n"
	    "\n"
	    "See devsw-gateway(8).\n");
}

/* -1: go on; else the exit status. */
static int
parse(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "v", options_long, NULL)) != -1) {
		switch (c) {
		case 'v':
			say_more = true;
			break;
		case OPT_CONFIG:
			o->o_config = optarg;
			break;
		case OPT_CHECK:
			o->o_check = true;
			break;
		case OPT_EXPORT:
			o->o_export = optarg;
			break;
		case OPT_HOST:
			o->o_host = optarg;
			break;
		case OPT_VERSION:
			printf("devsw-gateway %s\n", DEVSW_VERSION);
			return EXIT_OK;
		case OPT_HELP:
			help();
			return EXIT_OK;
		default:
			return EXIT_BADUSAGE;
		}
	}
	if (optind == argc)
		return -1;
	say("%s: not an option", argv[optind]);
	return EXIT_BADUSAGE;
}

int
main(int argc, char **argv)
{
	struct options o = { .o_config = NULL };
	struct port_conf_head configs;
	int status;

	conf_stdio();
	status = parse(argc, argv, &o);
	if (status == EXIT_OK && (fflush(stdout) != 0 || ferror(stdout))) {
		say("standard output: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	if (status != -1)
		return status;
	if (config_read_ports(o.o_config, &configs) > 0)
		status = EXIT_BADUSAGE;
	else if (o.o_check)
		status = EXIT_OK;
	else if (o.o_export != NULL)
		status = export_ports(o.o_export, o.o_host, &configs);
	else if (STAILQ_EMPTY(&configs)) {
		say("no port is configured; see gateway.conf(5)");
		status = EXIT_BADUSAGE;
	} else
		status = serve(o.o_config, &configs);
	config_free(&configs);
	return status;
}
