/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auto.c - which adapter has which number of the section [auto].
 *
 * Model
 *	Who comes for the first time gets the lowest number that is free, and
 *	keeps it: a file says so, a line each,
 *
 *	    4100 usb-FTDI_FT232R_USB_UART_A50285BI-if00
 *
 *	with the number of the first listen line and the name of find.c.  It is
 *	read at the start and at a reload, and written when somebody has come,
 *	as a new file that takes the place of the old one: so it may be edited
 *	by people, and is whole after a crash.
 *
 *	The file is not believed.  A line that makes no sense, or contradicts an
 *	earlier one, is told and not heeded; a file that is none, or too long,
 *	is as an empty one.  The file that has mistakes is kept beside, with
 *	".bad" at its end, when another takes its place.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/find.h"

#define	FILE_MAX	(AUTO_MAX * (FIND_NAME + 8))
#define	TELL_MAX	4	/* mistakes; of more only how many */

/* ---- the file ------------------------------------------------------- */

static unsigned
first(const struct port_conf *like)
{

	return like->pc_listen[0].ad_port;
}

static bool
is_taken(const struct autos *au, unsigned number)
{
	size_t i;

	for (i = 0; i < au->au_n && au->au_have[i].number != number; i++)
		continue;
	return i < au->au_n;
}

/* The number of this adapter, or 0. */
unsigned
auto_number(const struct autos *au, const char *id)
{
	size_t i;

	for (i = 0; i < au->au_n; i++) {
		if (find_same(au->au_have[i].id, id))
			return au->au_have[i].number;
	}
	return 0;
}

static bool
add(struct autos *au, unsigned number, const char *id)
{

	if (au->au_n == AUTO_MAX ||
	    (au->au_have[au->au_n].id = strdup(id)) == NULL)
		return false;
	au->au_have[au->au_n++].number = number;
	return true;
}

/* "NUMBER NAME": NULL, or what is wrong with it. */
static const char *
read_line(struct autos *au, const struct port_conf *like, const char *line)
{
	char id[FIND_NAME], more[2];
	unsigned number;
	size_t i;

	if (!isdigit((unsigned char)line[0]) || strlen(line) > FIND_NAME + 7 ||
	    sscanf(line, "%5u %255s %1s", &number, id, more) != 2)
		return "is no number with a name";
	for (i = 0; id[i] > ' ' && id[i] <= '~' && id[i] != '/'; i++)
		continue;
	if (id[i] != '\0' || id[0] == '.')
		return "has a name that no adapter has";
	if (number < first(like) || number >= first(like) + like->pc_range)
		return "has a number outside the range";
	if (is_taken(au, number))
		return "has a number that an earlier line has";
	if (auto_number(au, id) != 0)
		return "has a name that an earlier line has";
	return add(au, number, id) ? NULL : "is one too many";
}

/* The file as a text; NULL: it is not there, or told. */
static char *
read_file(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fd == -1) {
		if (errno != ENOENT)
			say("auto: %s: %s", path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > FILE_MAX)
		say("auto: %s: is no file of numbers and names", path);
	else if ((text = malloc((size_t)st.st_size + 1)) != NULL) {
		n = read(fd, text, (size_t)st.st_size);
		text[n > 0 ? n : 0] = '\0';
		/* A NUL ends what can be read of it. */
	}
	close(fd);
	return text;
}

static bool
is_comment(const char *line)
{

	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '#';
}

/* Who has which number, by the file; what was known before is forgotten. */
void
auto_read(struct autos *au, const struct port_conf *like)
{
	char *const text = read_file(like->pc_state), *rest = text, *line;
	char bad[sizeof(like->pc_state) + 8];
	unsigned number = 0, mistakes = 0;
	const char *why;

	auto_free(au);
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		why = is_comment(line) ? NULL : read_line(au, like, line);
		if (why != NULL && mistakes++ < TELL_MAX)
			say("auto: %s:%u: %s; it is not heeded",
			    like->pc_state, number, why);
	}
	free(text);
	if (mistakes == 0)
		return;
	snprintf(bad, sizeof(bad), "%s.bad", like->pc_state);
	(void)unlink(bad);
	if (link(like->pc_state, bad) == -1)
		say("auto: %s: %u lines are not heeded, and not kept: %s: %s",
		    like->pc_state, mistakes, bad, strerror(errno));
	else
		say("auto: %s: %u lines are not heeded; %s has them",
		    like->pc_state, mistakes, bad);
}

static bool
print(const struct autos *au, FILE *file)
{
	size_t i;

	fprintf(file, "# The ports of devsw-gateway's section [auto]: numbers, "
	    "and the adapters that\n# keep them.  Who is taken out loses his "
	    "number; a reload has it read.\n");
	for (i = 0; i < au->au_n; i++)
		fprintf(file, "%u %s\n", au->au_have[i].number,
		    au->au_have[i].id);
	return fflush(file) == 0 && fsync(fileno(file)) == 0;
}

/* The file says now who has which number, or that was told. */
void
auto_write(struct autos *au, const struct port_conf *like)
{
	char new[sizeof(like->pc_state) + 8];
	FILE *file = NULL;
	bool done;
	int fd;

	snprintf(new, sizeof(new), "%s.new", like->pc_state);
	(void)unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd != -1 && (file = fdopen(fd, "w")) == NULL)
		close(fd);
	done = file != NULL && print(au, file);
	if (file != NULL)
		done = fclose(file) == 0 && done;
	if (!done || rename(new, like->pc_state) == -1) {
		say("auto: %s: %s; who has which number is forgotten at the "
		    "end", like->pc_state, strerror(errno));
		(void)unlink(new);
	}
}

void
auto_free(struct autos *au)
{

	while (au->au_n > 0)
		free(au->au_have[--au->au_n].id);
	au->au_told = false;
}

/* ---- ports ---------------------------------------------------------- */

/* A number for one that has none; 0: there is none left. */
unsigned
auto_give(struct autos *au, const struct port_conf *like, const char *id)
{
	unsigned i;

	for (i = 0; i < like->pc_range; i++) {
		if (!is_taken(au, first(like) + i))
			return add(au, first(like) + i, id) ?
			    first(like) + i : 0;
	}
	return 0;
}

static bool
is_used(const struct port_conf_head *ports, const char *name)
{
	const struct port_conf *pc;

	STAILQ_FOREACH(pc, ports, pc_entry) {
		if (strcmp(pc->pc_name, name) == 0)
			return true;
	}
	return false;
}

/*
 * The port's name: of usb-FTDI_FT232R_USB_UART_A50285BI-if00 A50285BI, which is
 * what stands on the adapter; with the interface, if it is not the first, and
 * with the number, if somebody else has that name.
 */
static void
choose_name(char name[static 32], const char *id, unsigned number,
    const struct port_conf_head *ports)
{
	const char *rest, *from, *p;
	const size_t n = find_base(id, &rest);
	size_t i, k = 0;

	for (from = p = id; p < id + n; p++) {
		if (*p == '_' && p + 1 < id + n)
			from = p + 1;
	}
	for (i = 0; from + i < id + n && k < 16; i++) {
		if (isalnum((unsigned char)from[i]) || (k > 0 &&
		    strchr("._-", from[i]) != NULL))
			name[k++] = from[i];
	}
	name[k] = '\0';
	if (k == 0)
		strcpy(name, "adapter");
	if (rest[0] != '\0' && strncmp(rest, "00", 2) != 0) {
		k = strlen(name);
		snprintf(name + k, 32 - k, "-if%.2s", rest);
	}
	if (is_used(ports, name)) {
		k = strlen(name);
		snprintf(name + k, 32 - k, "-%u", number);
	}
}

/* A log's path, with the name in the place of its '%'. */
static void
choose_log(struct port_conf *pc, const char *pattern)
{
	const char *const at = strchr(pattern, '%');

	if (at != NULL && snprintf(pc->pc_log, sizeof(pc->pc_log), "%.*s%s%s",
	    (int)(at - pattern), pattern, pc->pc_name, at + 1) >=
	    (int)sizeof(pc->pc_log))
		pc->pc_log[0] = '\0';
}

/*
 * pc = auto_port(like, id, number, ports)
 *
 *	The configuration of this adapter's port, as [auto] is, beside those;
 *	its node is still to be found.  NULL: no memory.
 */
struct port_conf *
auto_port(const struct port_conf *like, const char *id, unsigned number,
    const struct port_conf_head *ports)
{
	struct port_conf *const pc = malloc(sizeof(*pc));
	unsigned i;

	if (pc == NULL)
		return NULL;
	*pc = *like;
	pc->pc_range = 0;
	pc->pc_node[0] = '\0';
	snprintf(pc->pc_id, sizeof(pc->pc_id), "%s", id);
	choose_name(pc->pc_name, id, number, ports);
	choose_log(pc, like->pc_log);
	for (i = 0; i < pc->pc_nlisten; i++)
		address_move(&pc->pc_listen[i], number - first(like));
	tls_share(pc->pc_tls);
	return pc;
}
