/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhidctl.h - between the files of uhidctl(1).
 *
 *	utf8		text that somebody else has written
 *	options		the command line
 *	usages		numbers and names of usages
 *	model		a report descriptor as a list that has paths
 *	node		where reports come from and go to
 *	values		reports, and the values of items in them
 *	items		a name on the command line becomes an item; get, set
 *	show, json	what is printed, for people and for programs
 *	dump		a descriptor, item by item
 *	complain	one line on standard error
 *	uhidctl		in which order
 *
 * Each asks those above it, or complain; and uhidctl all of them.
 *
 * One thread.  A function that fails returns EXIT_FAILED or EXIT_BADUSAGE
 * and has told why, once, through complain(), unless its comment says
 * otherwise.
 */
#ifndef UHIDCTL_UHIDCTL_H
#define UHIDCTL_UHIDCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "hid/hid_parse.h"

#define	EXIT_OK		0
#define	EXIT_FAILED	1
#define	EXIT_BADUSAGE	2

/* ---- complain.c ---- */

int	complain(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));

/* ---- utf8.c ---- */

#define	UTF8_BAD	UINT32_MAX

size_t	utf8_next(const char *, uint32_t *);
bool	utf8_is_control(uint32_t);

/* ---- options.c ---- */

struct options {
	bool		 o_all;
	bool		 o_json;
	bool		 o_loop;
	bool		 o_only;	/* values without names */
	bool		 o_raw;		/* the descriptor as text */
	bool		 o_write;
	unsigned long	 o_count;	/* reports; 0: no end */
	int		 o_kind;	/* enum hidp_kind, or -1 */
	const char	*o_table;	/* NULL: the default one */
	const char	*o_file;	/* a descriptor instead of a node */
	const char	*o_node;
	char		**o_names;
	int		 o_nnames;
};

/* options_parse's "nothing more to do". */
#define	OPTIONS_DONE	(-1)

int	options_parse(struct options *, int, char **);

/* ---- usages.c ---- */

#define	USAGES_NAME	200	/* bytes of "Page:Usage" at most, with NUL */

struct usages;

int	usages_load(struct usages **, const char *, bool);
void	usages_free(struct usages *);
void	usages_page(const struct usages *, uint32_t, char *, size_t);
void	usages_name(const struct usages *, uint32_t, char *, size_t);
bool	usages_find(const struct usages *, const char *, size_t, uint32_t *);

/* ---- model.c ---- */

#define	MODEL_PATH	(HIDP_MAXCOLL + 1)

struct entry {
	struct hidp_item e_item;	/* a collection, or a field */
	int32_t		 e_parent;	/* its collection, or -1 */
	uint32_t	 e_walk;	/* a field: of hidp_next's, the N-th */
	uint32_t	 e_nth;		/* of the same path, kind and ID */
	bool		 e_many;	/* there are several of those */
};

struct model {
	const uint8_t	*m_desc;	/* the caller's */
	size_t		 m_len;
	struct entry	*m_entries;
	size_t		 m_nentry;
	struct hidp_error m_error;
	struct hidp	 m_at;		/* has given field m_atfield - 1 */
	uint32_t	 m_atfield;
};

int	model_create(struct model *, const void *, size_t);
void	model_destroy(struct model *);
bool	model_is_item(const struct entry *);
size_t	model_path(const struct model *, const struct entry *, uint32_t *);
size_t	model_report_size(const struct model *, enum hidp_kind, int);
bool	model_array_usage(struct model *, const struct entry *, int64_t,
	    uint32_t *);
bool	model_array_has(struct model *, const struct entry *, uint32_t);

/* ---- node.c ---- */

#define	NODE_TEXT	512

struct node {
	const char	*n_path;
	int		 n_fd;
	int		 n_id;		/* report ID; -1: a file's, all */
	char		 n_name[NODE_TEXT];
	uint16_t	 n_vendor;
	uint16_t	 n_product;
	size_t		 n_desclen;
	uint8_t		 n_desc[HIDP_MAXLEN + 1];

	/* A report without its ID; 0 or an errno, which they do not tell. */
	int		 (*n_get)(struct node *, enum hidp_kind, uint8_t *,
			    size_t);
	int		 (*n_set)(struct node *, enum hidp_kind,
			    const uint8_t *, size_t);
	/* Waits for input; at most so many bytes, 0: the device is gone. */
	ssize_t		 (*n_read)(struct node *, uint8_t *, size_t);
};

int	node_open(struct node *, const char *, bool);
int	node_file(struct node *, const char *);
void	node_close(struct node *);
const char *node_why(int);

/* ---- the rest ---- */

/* A report and whether its bits are known. */
struct report {
	uint8_t		*r_data;
	size_t		 r_len;
	bool		 r_asked;
	bool		 r_known;
	int		 r_error;	/* why not */
};

/* What all of it is about. */
struct job {
	struct options	 j_options;
	struct usages	*j_usages;
	struct node	 j_node;
	struct model	 j_model;
	struct report	 j_reports[HIDP_NKIND];
};

/* "#0" and a path, the last parts of one: what a name means. */
struct name {
	const char	*n_text;
	uint32_t	 n_path[MODEL_PATH];	/* from the end */
	size_t		 n_len;
	bool		 n_picks;
	uint32_t	 n_nth;
};

/* values.c */
int	reports_create(struct job *);
void	reports_destroy(struct job *);
void	report_get(struct job *, enum hidp_kind);
void	reports_get(struct job *);
bool	item_wanted(const struct job *, const struct entry *);
int64_t	item_number(struct job *, const struct name *,
	    const struct entry *, bool *);

/* items.c */
int	name_parse(const struct usages *, const char *, size_t,
	    struct name *);
bool	name_matches(struct job *, const struct name *,
	    const struct entry *);
int	items_get(struct job *, FILE *);
int	items_set(struct job *);
int	items_watch(struct job *, FILE *);

/* show.c */
const char *kind_name(enum hidp_kind);
const char *collection_name(uint32_t);
void	show_printable(FILE *, const char *);
void	show_path(struct job *, FILE *, const struct entry *,
	    const uint32_t *);
void	show_value(struct job *, FILE *, const struct entry *);
void	show_item(struct job *, FILE *, const struct name *,
	    const struct entry *);
void	show_list(struct job *, FILE *);

/* json.c */
void	json_list(struct job *, FILE *);
void	json_item(struct job *, FILE *, const struct name *,
	    const struct entry *, bool);

/* dump.c */
void	dump(FILE *, const struct usages *, const uint8_t *, size_t);

#endif /* UHIDCTL_UHIDCTL_H */
