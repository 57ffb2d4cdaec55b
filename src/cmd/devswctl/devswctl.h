/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devswctl.h - what the files of devswctl share.
 *
 *	devswctl.c	the command line
 *	complain.c	what is wrong
 *	daemons.c	the daemons that run, and asking them
 *	table.c		columns for people
 *	list.c		list, usb, nodes, claims
 *	show.c		show, who
 *	events.c	events
 *	trace.c		trace
 *	status.c	status, modules, version
 *	module.c	revoke, modload, modunload, reload
 *	claim.c		claim, release, detach, attach
 *	ports.c		adapters at ports, as they attach and detach
 *	gateway.c	gateway export
 *	right.c		the right of the daemon's user to a device
 *
 * An answer is a daemon's, which is trusted; what is in it is a device's or a
 * user's, and is printed through table_put or as JSON in plain ASCII.
 */
#ifndef DEVSWCTL_DEVSWCTL_H
#define DEVSWCTL_DEVSWCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "libdevsw/control.h"

#define	EXIT_OK		0
#define	EXIT_FAILED	1
#define	EXIT_BADUSAGE	2

#define	COLUMNS		80

struct args {
	bool		 a_json;
	bool		 a_all;
	bool		 a_text;
	const char	*a_major;	/* digits; NULL: not given */
	const char	*a_pid;		/* same */
	int		 a_count;	/* of what comes after the verb */
	char		**a_words;
};

/* complain.c: one line on standard error; EXIT_FAILED. */
int	complain(const char *, ...) __attribute__((format(printf, 1, 2)));

int	complain_lines(const char *);
const char *change_error(int);

/* ---- daemons.c ------------------------------------------------------ */

/*
 * error = daemon_ask(path, &request, &json, &text)
 *
 *	Ask the daemon whose port is in the file path.  The answer is JSON, or,
 *	if json is NULL, a text that is freed by the caller; NULL: there was
 *	none.  errno: the daemon's, which may come with a text; ECONNREFUSED or
 *	ENOENT, there is no daemon; EPROTO: it is not understood.
 */
int	daemon_ask(const char *, struct control_request *, json_t **, char **);

/*
 * status = daemons_each(args, what, func, arg)
 *
 *	func(json, arg) with the answer of each daemon, or of that of --major,
 *	to a request "what".  Exit status; complains.
 */
int	daemons_each(const struct args *, uint32_t,
	    int (*)(json_t *, void *), void *);

/*
 * The only one, or that of --major or --pid: the path of its port; false:
 * complained.
 */
#define	PATH_SIZE	64
bool	daemon_only(const struct args *, char path[PATH_SIZE]);

/*
 * error = node_find(name, &request, path)
 *
 *	Whose node it is: "ttyU0" in /dev, or a path.  errno of stat(2); EINVAL
 *	no character device.
 */
int	node_find(const char *, struct control_request *,
	    char path[PATH_SIZE]);
const char *node_error(int);

/* A daemon's port has gone while others are listed. */
bool	daemon_is_gone(int);

/* ---- members of answers, "" and false if they are not there --------- */

const char *member(const json_t *, const char *);
bool	is_true(const json_t *, const char *);
long long number(const json_t *, const char *);
void	when(const json_t *, const char *, char *, size_t);
const char *user_name(uid_t, char *, size_t);

/* Why the daemon before this one died; NULL: nothing. */
void	print_died(const json_t *);

/* Print as JSON; EXIT_OK. */
int	print_json(const json_t *, size_t);
/* Is standard output written?  The status, or EXIT_FAILED. */
int	flushed(int);

/* ---- table.c -------------------------------------------------------- */

enum colour {
	PLAIN,
	BOLD,
	DIM,
	RED,
	YELLOW,
};

struct table;

/*
 * t = table_new(n, "HEAD", ...)
 * table_yield(t, cols)
 * table_put(t, colour, text)
 * table_print(t)
 * table_free(t)
 *
 *	n columns.  Texts fill it row by row; any bytes may be in them.  Printed
 *	in at most COLUMNS columns, what is too wide is cut, ends in "..", and
 *	the widest column gives way first; of those, with table_yield, so many
 *	at the end before all others.  Either of the last two frees it.
 */
struct table *table_new(int, ...);
void	table_yield(struct table *, int);
void	table_put(struct table *, enum colour, const char *);
void	table_print(struct table *);
void	table_free(struct table *);
int	table_rows(const struct table *);

/* Fit for a terminal, of at most so many columns. */
void	print_clean(const char *, int);
/* What a daemon says, line by line. */
void	print_lines(const char *);
/* "\033[1m" or "" */
const char *colour_on(enum colour);
const char *colour_off(enum colour);

/* ---- ports.c -------------------------------------------------------- */

enum ports {
	ATTACHED,
	DETACHED,
	RELEASED,	/* or another claim's */
};

/*
 * ports = ports_of_claim(path, claim)
 *
 *	An array of the ports where adapters are that the claim of this name, or
 *	text, takes; the daemon is that of path.
 *
 * adapters = ports_settle(path, ports, wanted)
 *
 *	Wait, at most some seconds, until drivers sit on what is at the ports
 *	(ATTACHED), or none does and it is given back.  The adapters, as "list"
 *	has them.
 *
 * status = ports_tell(adapters, wanted, nodes)
 *
 *	Complain of those for which that has not come about, and add the nodes
 *	of the others to an array.
 */
json_t	*ports_of_claim(const char *, const char *);
json_t	*ports_settle(const char *, const json_t *, enum ports);
int	ports_tell(const json_t *, enum ports, json_t *);

/* ---- right.c -------------------------------------------------------- */

/*
 * error = right_give(path, claim)
 * right_take(path, claim)
 *
 *	Let the user of the daemon of path, if it is not root, open the devices
 *	of a claim, a text that a daemon has found right, from now on or no
 *	more.  Root only.  errno: of CONTROL_CLAIMS, which is as it was;
 *	what else fails is told only.  Waits for udevd, not for ever.
 */
int	right_give(const char *, const char *);
void	right_take(const char *, const char *);

/* ---- verbs: exit status --------------------------------------------- */

int	do_list(const struct args *);
int	do_usb(const struct args *);
int	do_nodes(const struct args *);
int	do_claims(const struct args *);
int	do_show(const struct args *);
int	do_who(const struct args *);
int	do_events(const struct args *);
int	do_trace(const struct args *);
int	do_status(const struct args *);
int	do_modules(const struct args *);
int	do_version(const struct args *);
int	do_revoke(const struct args *);
int	do_modload(const struct args *);
int	do_modunload(const struct args *);
int	do_reload(const struct args *);
int	do_upgrade(const struct args *);
int	do_claim(const struct args *);
int	do_release(const struct args *);
int	do_detach(const struct args *);
int	do_attach(const struct args *);
int	do_gateway(char **);

#endif /* DEVSWCTL_DEVSWCTL_H */
