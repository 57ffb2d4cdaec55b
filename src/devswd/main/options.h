/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - what devswd is told.
 */
#ifndef MAIN_OPTIONS_H
#define MAIN_OPTIONS_H

#include <sys/types.h>

#include "front/front.h"
#include "main/claim.h"

/* Exit statuses, as devswd(8) documents them. */
#define	EXIT_OK		0
#define	EXIT_FAILED	1	/* the system refused something */
#define	EXIT_BADUSAGE	2	/* what it was told is wrong */

enum option_action {
	ACTION_RUN,
	ACTION_LIST,
	ACTION_RELEASE,
	ACTION_CHECK,
	ACTION_CLAIMED,
	ACTION_VERSION,
	ACTION_HELP,
};

#define	OPTIONS_MODULES	16

struct options {
	enum option_action o_action;
	int		 o_foreground;
	int		 o_keep;	/* have a parent that keeps nodes */
	int		 o_verbose;
	struct front_perm o_tty;
	struct front_perm o_hid;
	struct front_perm o_usb;	/* ugen(4)'s; root only */
	struct front_perm o_lp;		/* printers; the system says who */
	unsigned	 o_major;
	unsigned	 o_max_threads;	/* 0: the default */
	unsigned	 o_deadline;	/* s; 0: the default */
	const char	*o_modules[OPTIONS_MODULES]; /* files to load */
	unsigned	 o_nmodules;
	const char	*o_module_dir;	/* for autoload, or NULL */
	const char	*o_semantics;	/* or NULL */
	const char	*o_defaults;	/* of ttys: "linux" or "bsd" */
	const char	*o_trace;	/* file, or NULL */
	const char	*o_place;	/* ACTION_CLAIMED: of a device */
	int		 o_units;	/* are remembered, */
	const char	*o_units_file;	/* here */
	int		 o_configured;	/* there is a configuration */
	struct claim_head o_claims;
	char		**o_kept;	/* texts of the others */
	size_t		 o_nkept;
};

/*
 * errors = options_parse(argc, argv, options)
 *
 *	The configuration, and the command line.  How many things are wrong;
 *	each has been told on standard error, one line each.  Names of files
 *	in options are absolute.  options_free is due in any case.
 *
 * options_free(options)
 */
int	options_parse(int, char **, struct options *);
void	options_free(struct options *);

/*
 * options_help()
 *
 *	Print a summary to standard output.
 */
void	options_help(void);

#endif /* MAIN_OPTIONS_H */
