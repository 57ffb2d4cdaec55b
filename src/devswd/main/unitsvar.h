/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unitsvar.h - the lines of the file of units: unitsfile.c keeps them, units.c
 * knows which device has which.  Main's thread only.
 */
#ifndef MAIN_UNITSVAR_H
#define MAIN_UNITSVAR_H

#include <sys/queue.h>

#include "main/claim.h"

#define	UNITS_MAX	1024		/* lines that say something */
/* With so many those away give way to new ones: a unit of a serial line has two
   nodes, and front/journal.h has room for 1024. */
#define	UNITS_ENOUGH	480

/* Which of the devices of one driver at an adapter; -1 where any. */
struct spot {
	int		 s_iface;
	int		 s_part;
};

struct units_line {
	TAILQ_ENTRY(units_line) l_entry;
	char		*l_text;	/* as it stands in the file */
	char		 l_driver[16];	/* "": it is none of ours */
	int		 l_unit;
	struct claim	 l_device;
	struct spot	 l_spot;
	char		 l_holder[64];	/* place of the device that has it now,
					   "" if none */
	struct spot	 l_at;		/* which of that, as far as is known */
	uint64_t	 l_left;	/* as the how manieth one; 0: not since
					   the file was read */
};
TAILQ_HEAD(units_lines, units_line);

extern struct units_lines units_lines;	/* in their order */
extern unsigned units_nlines;		/* those that say something */
extern char *units_path;		/* NULL: nothing is remembered */

/*
 * yes = units_claimed(driver, unit)
 *
 *	Does a claim give this unit to its device?
 *
 * line = units_line_of(driver, unit)
 *
 *	NULL: none has it.
 *
 * why = units_line_add(text, &line)
 *
 *	text, which was allocated, is a line at the end now.  NULL, or why it
 *	has no driver: what is wrong with it.
 *
 * units_line_keep(line)
 *
 *	Its unit is nobody else's from now on.
 *
 * units_line_drop(line)
 *
 *	One that has no driver.
 *
 * units_line_forget(line)
 *
 *	One that has: its unit is whoever's.
 *
 * units_save()
 *
 *	All lines into the file, soon.  Logged if that fails.
 *
 * units_write(path, text)		(unitssave.c)
 *
 *	text, which was allocated, is the file from now on, and soon there.
 *	Does not wait.
 *
 * text = units_unwritten(path)
 *
 *	What will be there and is not yet, to be freed; NULL: it is as it was
 *	last written.
 */
int	units_claimed(const char *, int);
struct units_line *units_line_of(const char *, int);
const char *units_line_add(char *, struct units_line **);
void	units_line_keep(const struct units_line *);
void	units_line_drop(struct units_line *);
void	units_line_forget(struct units_line *);
void	units_save(void);
void	units_write(const char *, char *);
char	*units_unwritten(const char *);

#endif /* MAIN_UNITSVAR_H */
