/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usages.c - numbers and names of usages, from a file.
 *
 * Model
 *	The file's format is that of data/usb_hid_usages, which says it.  It
 *	becomes one table that is sorted by number: pages, usages, and for
 *	some pages a name with a number in it, for all other usages.  What is
 *	not in the table is called by its number, 0x000c:0x00e9, which is
 *	also understood for all others; so no table at all is as good.
 *
 *	A user's file is read as carefully as a device's descriptor: its
 *	names go to a terminal and into JSON, and no part of it is a format
 *	for printf.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "uhidctl/uhidctl.h"

#define	NAME_MAX	64	/* of a page or a usage */

enum { PAGE, USAGE, OTHERS };

struct usage {
	uint64_t	 u_key;		/* page, which, number */
	char		*u_name;	/* of others: up to the number ... */
	char		*u_tail;	/* ... and behind it */
	int		 u_width;	/* digits at least */
	bool		 u_hex;
};

struct usages {
	struct usage	*us_table;
	size_t		 us_n;
	size_t		 us_room;
};

static uint64_t
key(uint32_t page, int which, uint32_t number)
{

	return (uint64_t)page << 32 | (uint64_t)which << 16 | number;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t l = ((const struct usage *)a)->u_key;
	const uint64_t r = ((const struct usage *)b)->u_key;

	return l < r ? -1 : l > r;
}

static const struct usage *
lookup(const struct usages *us, uint32_t page, int which, uint32_t number)
{
	const struct usage wanted = { .u_key = key(page, which, number) };

	if (us == NULL || us->us_n == 0)
		return NULL;
	return bsearch(&wanted, us->us_table, us->us_n, sizeof(wanted),
	    compare);
}

/* ---- the file ------------------------------------------------------- */

/* A number of at most 16 bits that is all of the text; -1: it is none. */
static int32_t
number(const char *text, size_t len)
{
	char copy[16], *end;
	unsigned long n;

	if (len == 0 || len >= sizeof(copy) || !isdigit((unsigned char)*text))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	n = strtoul(copy, &end, len > 2 && text[1] == 'x' ? 16 : 10);
	return *end == '\0' && n <= 0xffff ? (int32_t)n : -1;
}

static bool
good_name(const char *name)
{

	for (const char *p = name; *p != '\0'; p++) {
		if (!isascii((unsigned char)*p) ||
		    !isgraph((unsigned char)*p) ||
		    strchr(":.=,#%\"\\", *p) != NULL)
			return false;
	}
	return strlen(name) < NAME_MAX;
}

/* "Button_%d", "Char_U%04x": in front of the number, its form, behind it. */
static bool
split_format(struct usage *u)
{
	char *p = strchr(u->u_name, '%');

	if (p == NULL)
		return false;
	*p++ = '\0';
	if (p[0] == '0' && p[1] >= '1' && p[1] <= '9') {
		u->u_width = p[1] - '0';
		p += 2;
	}
	if (*p != 'd' && *p != 'x')
		return false;
	u->u_hex = *p == 'x';
	u->u_tail = p + 1;
	return good_name(u->u_tail);
}

static int
add(struct usages *us, struct usage u)
{

	if (us->us_n == us->us_room) {
		const size_t room = us->us_room == 0 ? 256 : 2 * us->us_room;
		void *table = reallocarray(us->us_table, room, sizeof(u));

		if (table == NULL)
			return -ENOMEM;
		us->us_table = table;
		us->us_room = room;
	}
	us->us_table[us->us_n++] = u;
	return 0;
}

/* One line; page is the latest.  -errno, or EINVAL: it is not right. */
static int
line(struct usages *us, char *text, int32_t *page)
{
	const bool isusage = isspace((unsigned char)text[0]);
	struct usage u = { .u_key = 0 };
	char *first, *name, *state;
	int32_t n;
	int error;

	if (text[0] == '#' || (first = strtok_r(text, " \t\n", &state)) == NULL)
		return 0;
	name = strtok_r(NULL, " \t\n", &state);
	if (name == NULL || strtok_r(NULL, " \t\n", &state) != NULL)
		return EINVAL;
	n = number(first, strlen(first));
	if (isusage && *page == -1)
		return EINVAL;
	u.u_name = strdup(name);
	if (u.u_name == NULL)
		return -ENOMEM;
	if (isusage && strcmp(first, "*") == 0) {
		u.u_key = key((uint32_t)*page, OTHERS, 0);
		error = split_format(&u) ? 0 : EINVAL;
	} else if (n == -1)
		error = EINVAL;
	else if (isusage) {
		u.u_key = key((uint32_t)*page, USAGE, (uint32_t)n);
		error = 0;
	} else {
		u.u_key = key((uint32_t)n, PAGE, 0);
		*page = n;
		error = 0;
	}
	if (error == 0 && !good_name(u.u_name))
		error = EINVAL;
	if (error == 0)
		error = add(us, u);
	if (error != 0)
		free(u.u_name);
	return error;
}

static int
load(struct usages *us, FILE *file, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	unsigned at = 0;
	int32_t page = -1;
	int error = 0;

	while (error == 0 && getline(&text, &size, file) != -1) {
		at++;
		error = line(us, text, &page);
	}
	free(text);
	if (error == EINVAL)
		return complain("%s: line %u is neither a usage page nor a "
		    "usage", path, at);
	if (error != 0 || ferror(file))
		return complain("%s: %s", path,
		    strerror(error != 0 ? -error : errno));
	if (us->us_n > 0)
		qsort(us->us_table, us->us_n, sizeof(*us->us_table), compare);
	return EXIT_OK;
}

/*
 * status = usages_load(&us, path, optional)
 *
 *	us is NULL if the file is not there and may be missing.  A bad one is
 *	always told.
 */
int
usages_load(struct usages **usp, const char *path, bool optional)
{
	FILE *file;
	int status;

	*usp = NULL;
	file = fopen(path, "re");
	if (file == NULL) {
		if (optional && errno == ENOENT)
			return EXIT_OK;
		return complain("%s: %s", path, strerror(errno));
	}
	*usp = calloc(1, sizeof(**usp));
	status = *usp == NULL ? complain("%s", strerror(ENOMEM)) :
	    load(*usp, file, path);
	fclose(file);
	if (status != EXIT_OK) {
		usages_free(*usp);
		*usp = NULL;
	}
	return status;
}

void
usages_free(struct usages *us)
{

	if (us == NULL)
		return;
	for (size_t i = 0; i < us->us_n; i++)
		free(us->us_table[i].u_name);
	free(us->us_table);
	free(us);
}

/* ---- from numbers to names ------------------------------------------ */

/*
 * usages_page(us, page, buf, size)
 * usages_name(us, usage, buf, size)
 *
 *	"Consumer"; "Consumer:Volume_Increment".  us may be NULL.
 */
void
usages_page(const struct usages *us, uint32_t page, char *buf, size_t size)
{
	const struct usage *u = lookup(us, page, PAGE, 0);

	if (u != NULL)
		snprintf(buf, size, "%s", u->u_name);
	else
		snprintf(buf, size, "0x%04x", page);
}

void
usages_name(const struct usages *us, uint32_t usage, char *buf, size_t size)
{
	const uint32_t page = usage >> 16, n = usage & 0xffff;
	char name[NAME_MAX];
	const struct usage *u;

	usages_page(us, page, name, sizeof(name));
	if ((u = lookup(us, page, USAGE, n)) != NULL)
		snprintf(buf, size, "%s:%s", name, u->u_name);
	else if ((u = lookup(us, page, OTHERS, 0)) == NULL)
		snprintf(buf, size, "%s:0x%04x", name, n);
	else if (u->u_hex)
		snprintf(buf, size, "%s:%s%0*x%s", name, u->u_name,
		    u->u_width, n, u->u_tail);
	else
		snprintf(buf, size, "%s:%s%0*u%s", name, u->u_name,
		    u->u_width, n, u->u_tail);
}

/* ---- and back ------------------------------------------------------- */

static bool
is(const char *name, const char *text, size_t len)
{

	return strlen(name) == len && memcmp(name, text, len) == 0;
}

static int32_t
find_page(const struct usages *us, const char *text, size_t len)
{

	for (size_t i = 0; us != NULL && i < us->us_n; i++) {
		const struct usage *u = &us->us_table[i];

		if ((u->u_key >> 16 & 0xffff) == PAGE &&
		    is(u->u_name, text, len))
			return (int32_t)(u->u_key >> 32);
	}
	return number(text, len);
}

/* Is it the name of one of the others of a page?  Then it is written just
   as usages_name does. */
static int32_t
find_other(const struct usages *us, uint32_t page, const char *text,
    size_t len)
{
	const struct usage *u = lookup(us, page, OTHERS, 0);
	char name[USAGES_NAME], *end;
	unsigned long n;
	size_t skip;

	if (u == NULL || (skip = strlen(u->u_name)) >= len ||
	    memcmp(u->u_name, text, skip) != 0 ||
	    !isxdigit((unsigned char)text[skip]))
		return -1;
	n = strtoul(text + skip, &end, u->u_hex ? 16 : 10);
	if (n > 0xffff)
		return -1;
	usages_name(us, page << 16 | (uint32_t)n, name, sizeof(name));
	return is(strchr(name, ':') + 1, text, len) ? (int32_t)n : -1;
}

static int32_t
find_usage(const struct usages *us, uint32_t page, const char *text,
    size_t len)
{
	int32_t n;

	for (size_t i = 0; us != NULL && i < us->us_n; i++) {
		const struct usage *u = &us->us_table[i];

		if (u->u_key >> 16 == key(page, USAGE, 0) >> 16 &&
		    is(u->u_name, text, len))
			return (int32_t)(u->u_key & 0xffff);
	}
	n = find_other(us, page, text, len);
	return n != -1 ? n : number(text, len);
}

/*
 * found = usages_find(us, text, len, &usage)
 *
 *	"Page:Usage", each a name or a number.  text goes on behind len, and
 *	ends in a NUL somewhere.
 */
bool
usages_find(const struct usages *us, const char *text, size_t len,
    uint32_t *usage)
{
	const char *colon = memchr(text, ':', len);
	int32_t page, n;
	size_t first;

	if (colon == NULL)
		return false;
	first = (size_t)(colon - text);
	page = find_page(us, text, first);
	if (page == -1)
		return false;
	n = find_usage(us, (uint32_t)page, colon + 1, len - first - 1);
	if (n == -1)
		return false;
	*usage = (uint32_t)page << 16 | (uint32_t)n;
	return true;
}
