/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.h - read a configuration: a file, and those of its directory.
 *
 * The grammar is that of devswd.conf(5), for all programs that have such a
 * file; what sections and keys there are is theirs.  One thread.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdio.h>

struct conf;

/* What a program makes of it; arg is its own. */
struct conf_form {
	/* A line "[name]"; name is "" if that is none.  NULL: a file ends. */
	void		(*cf_section)(struct conf *, void *, const char *);
	/* KEY = VALUE in a section, which is "" before the first. */
	void		(*cf_value)(struct conf *, void *, const char *,
			    const char *, const char *);
	/* What is wrong: a line, without its end. */
	void		(*cf_mistake)(const char *);
};

struct conf {
	const struct conf_form *cn_form;
	void		*cn_arg;
	int		 cn_errors;	/* told until now */
	int		 cn_found;	/* there is a file */

	/* The file that is read. */
	const char	*cn_path;
	FILE		*cn_stream;
	unsigned	 cn_line;
};

/*
 * errors = conf_read(path, may_miss, form, arg, &found)
 *
 *	Read the file, which may be missing then, and then those of path.d that
 *	end in ".conf", in the order of their names.  found: there was any.
 *	How many things are wrong; each has been told, with file and line, one
 *	line each.  Reads files, and waits for nothing else.
 *
 * conf_wrong(conf, line, format, ...)
 *
 *	Tell of a mistake, and count it.  line 0: of the file as a whole.
 *
 * why = conf_check_file(fd)
 *
 *	Is this a file that nobody but root, or the program's user, can write
 *	to?  NULL, or what is wrong with it, as the end of a sentence.
 *
 * conf_stdio()
 *
 *	A program that was started without one of them gets /dev/null as its
 *	standard input, output or error: what it opens next would be taken for
 *	that, and get its log.  Before anything is opened.
 */
int	conf_read(const char *, int, const struct conf_form *, void *, int *);
void	conf_wrong(struct conf *, unsigned, const char *, ...)
	    __attribute__((__format__(__printf__, 3, 4)));
const char *conf_check_file(int);
void	conf_stdio(void);

#endif /* CONF_CONF_H */
