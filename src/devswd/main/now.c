/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * now.c - claims for now; now.h.
 *
 * Model
 *	A claim that devswctl(8) has made is one of the list (c_now), which a
 *	reload carries over.  The daemon that comes after one that has not
 *	stopped has it from the journal (keep.h), and a start does not know it.
 *	What devswctl itself writes down is for udev alone, which asks "devswd
 *	--claimed" whether the daemon's user may open a device;
 *	libdevsw/control.h says why the daemon has no part in that.
 *
 * Locks
 *	None: main's thread only.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "main/now.h"

#define	LINES_MAX	1024	/* of the file */

/* The file has a claim per line, and so has the log. */
static int
is_one_line(const char *text)
{

	for (; *text != '\0'; text++) {
		if (iscntrl((unsigned char)*text))
			return 0;
	}
	return 1;
}

const char *
now_add(struct claim_head *head, const char *text, struct claim **cp)
{
	const char *why;

	if (!is_one_line(text))
		return "it has a control character";
	why = claim_add(head, text);
	if (why != NULL)
		return why;
	*cp = TAILQ_LAST(head, claim_head);
	(*cp)->c_now = 1;
	strcpy((*cp)->c_at, NOW_AT);
	return NULL;
}

struct claim *
now_drop(struct claim_head *head, const char *word)
{
	struct claim *c;

	TAILQ_FOREACH(c, head, c_entry) {
		if (c->c_name[0] != '\0' && strcmp(c->c_name, word) == 0)
			break;
	}
	if (c == NULL) {
		TAILQ_FOREACH(c, head, c_entry) {
			if (strcmp(c->c_text, word) == 0)
				break;
		}
	}
	if (c != NULL)
		TAILQ_REMOVE(head, c, c_entry);
	return c;
}

static int
has_text(const struct claim_head *head, const char *text)
{
	const struct claim *c;

	TAILQ_FOREACH(c, head, c_entry) {
		if (strcmp(c->c_text, text) == 0)
			return 1;
	}
	return 0;
}

void
now_go_on(struct claim_head *head, const char *text, FILE *to)
{
	struct claim *c;
	const char *why;

	/* The command line's own, taken back and made again. */
	if (has_text(head, text))
		return;
	why = now_add(head, text, &c);
	if (why != NULL)
		fprintf(to, "claim %s of devswctl: does not count any more: "
		    "%s\n", text, why);
}

void
now_keep(const struct claim_head *old, struct claim_head *new, FILE *to)
{
	const struct claim *c;

	TAILQ_FOREACH(c, old, c_entry) {
		if (c->c_now)
			now_go_on(new, c->c_text, to);
	}
}

void
now_read(struct claim_head *head, const char *path)
{
	char *line = NULL;
	struct claim *c;
	size_t size = 0;
	ssize_t len;
	FILE *f;
	int fd, n;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY);
	if (fd == -1)
		return;
	if (conf_check_file(fd) != NULL || (f = fdopen(fd, "r")) == NULL) {
		close(fd);
		return;
	}
	for (n = 0; n < LINES_MAX && (len = getline(&line, &size, f)) > 0; n++) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		(void)now_add(head, line, &c);
	}
	free(line);
	fclose(f);
}
