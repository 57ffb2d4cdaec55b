/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h - the configuration of devswd, devswd.conf(5).
 */
#ifndef MAIN_CONFIG_H
#define MAIN_CONFIG_H

#define	CONFIG_FILE	"/etc/devsw/devswd.conf"

struct options;

/*
 * errors = set(options, name, value, at)
 *
 *	A setting, which has the name of an option; at ("FILE:LINE: ") begins
 *	what is told of a mistake.
 */
typedef int config_set_t(struct options *, const char *, const char *,
	    const char *);

/*
 * errors = config_read(path, options, set, &found)
 *
 *	Read the file, then those of path.d that end in ".conf", in the order
 *	of their names; what a later one sets counts.  NULL: CONFIG_FILE, which
 *	may be missing; found says if there is any file.  How many things are
 *	wrong; each has been told on standard error, with file and line, one
 *	line each, and what is right has been taken.  Main's thread; reads
 *	files, and waits for nothing else.
 */
int	config_read(const char *, struct options *, config_set_t *, int *);

#endif /* MAIN_CONFIG_H */
