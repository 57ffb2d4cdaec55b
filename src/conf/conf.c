/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.c - read a configuration; conf.h.
 *
 * Model
 *	libinih takes lines apart; this file gives it the lines, and so knows
 *	which one it is at.
 *
 *	A configuration says what a daemon of root's does, so a file that
 *	others can write to is refused.  What is no file, or too long to be a
 *	configuration, is not read: nothing here waits or grows with what
 *	somebody has put there.
 *
 * Known gap: of several lines that begin with '[' and have no ']', libinih
 * tells the first.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"

#define	SIZE_MAX_CONFIG	(1024 * 1024)

void
conf_wrong(struct conf *c, unsigned line, const char *format, ...)
{
	char number[16] = "", text[1024], whole[2048];
	va_list ap;

	if (line != 0)
		snprintf(number, sizeof(number), "%u:", line);
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	snprintf(whole, sizeof(whole), "%s:%s %s", c->cn_path, number, text);
	c->cn_form->cf_mistake(whole);
	c->cn_errors++;
}

/* ---- lines ---------------------------------------------------------- */

/* A line "[...]": what follows belongs to it. */
static void
section(struct conf *c, const char *line)
{
	char name[64];

	if (sscanf(line, "[%63[^]\n]]", name) != 1)
		name[0] = '\0';
	c->cn_form->cf_section(c, c->cn_arg, name);
}

/* libinih's reader: fgets, and which line it is. */
static char *
next_line(char *buf, int size, void *arg)
{
	struct conf *c = arg;
	const char *p;
	size_t len;
	int ch;

	if (fgets(buf, size, c->cn_stream) == NULL)
		return NULL;
	c->cn_line++;
	len = strlen(buf);
	if (len > 0 && buf[len - 1] != '\n' && !feof(c->cn_stream)) {
		conf_wrong(c, c->cn_line, "the line is too long");
		while ((ch = getc(c->cn_stream)) != EOF && ch != '\n')
			continue;
		buf[0] = '\0';
	}
	p = buf + (c->cn_line == 1 && strncmp(buf, "\xef\xbb\xbf", 3) == 0 ?
	    3 : 0);
	while (isspace((unsigned char)*p))
		p++;
	if (*p == '[')
		section(c, p);
	return buf;
}

/* libinih's handler. */
static int
key_value(void *arg, const char *in, const char *key, const char *value)
{
	struct conf *c = arg;

	if (value == NULL)
		conf_wrong(c, c->cn_line, "%s: wants KEY = VALUE", key);
	else
		c->cn_form->cf_value(c, c->cn_arg, in, key, value);
	return 1;
}

/* ---- files ---------------------------------------------------------- */

const char *
conf_check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is no file";
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others than root can write to it";
	return NULL;
}

/* The same of what is in it. */
static const char *
check_text(FILE *f)
{
	long n;
	int ch;

	for (n = 0; (ch = getc(f)) != EOF; n++) {
		if (ch == '\0')
			return "is no text";
		if (n == SIZE_MAX_CONFIG)
			return "is longer than 1 MiB";
	}
	if (ferror(f))
		return strerror(errno);
	rewind(f);
	return NULL;
}

static void
read_lines(struct conf *c)
{
	int line;

	line = ini_parse_stream(next_line, c, key_value, c);
	c->cn_form->cf_section(c, c->cn_arg, NULL);
	if (line != 0)
		conf_wrong(c, line > 0 ? (unsigned)line : 0, "wants [SECTION] "
		    "or KEY = VALUE");
}

static void
read_file(struct conf *c, const char *path, int may_miss)
{
	const char *why = NULL;
	int fd;

	c->cn_path = path;
	c->cn_line = 0;
	c->cn_stream = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && errno == ENOENT && may_miss)
		return;
	c->cn_found = 1;
	if (fd == -1)
		why = strerror(errno);
	else
		why = conf_check_file(fd);
	if (why == NULL && (c->cn_stream = fdopen(fd, "r")) == NULL)
		why = strerror(errno);
	if (why == NULL)
		why = check_text(c->cn_stream);
	if (why != NULL)
		conf_wrong(c, 0, "%s", why);
	else
		read_lines(c);
	if (c->cn_stream != NULL)
		fclose(c->cn_stream);
	else if (fd != -1)
		close(fd);
}

static int
is_conf(const struct dirent *d)
{
	const size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 &&
	    strcmp(d->d_name + len - 5, ".conf") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{

	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
read_directory(struct conf *c, const char *path)
{
	struct dirent **list;
	char *dir, *file;
	int i, n;

	if (asprintf(&dir, "%s.d", path) == -1)
		dir = NULL;
	c->cn_path = dir != NULL ? dir : path;
	n = dir != NULL ? scandir(dir, &list, is_conf, by_name) : -1;
	if (n == -1 && (dir == NULL || errno != ENOENT))
		conf_wrong(c, 0, "%s", strerror(errno));
	for (i = 0; i < n; i++) {
		if (asprintf(&file, "%s/%s", dir, list[i]->d_name) == -1)
			conf_wrong(c, 0, "%s", strerror(ENOMEM));
		else {
			read_file(c, file, 0);
			free(file);
			c->cn_path = dir;
		}
		free(list[i]);
	}
	if (n != -1)
		free(list);
	free(dir);
}

int
conf_read(const char *path, int may_miss, const struct conf_form *form,
    void *arg, int *found)
{
	struct conf c = { .cn_form = form, .cn_arg = arg };

	ini_allow_multiline = false;
	ini_allow_no_value = true;
	read_file(&c, path, may_miss);
	read_directory(&c, path);
	*found = c.cn_found;
	return c.cn_errors;
}
