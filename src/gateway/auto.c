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
 *	It is written on the disk's thread (disk.c), as it has to be on the disk
 *	before it takes its place, and no session waits for that.  Each is
 *	a text of its own, in order; what is read meanwhile is the newest of
 *	them, auto_newest, and not the file.
 *
 *	The file is not believed.  A line that makes no sense, or contradicts an
 *	earlier one, is told and not heeded; a file that is none, or too long,
 *	is as an empty one.  The file that has mistakes is kept beside, with
 *	".bad" at its end, when another takes its place.  Of one that cannot be
 *	read nothing is known: what was known before counts on, and none takes
 *	its place.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/find.h"

#define	FILE_MAX	(AUTO_MAX * (FIND_NAME + 8))
#define	TELL_MAX	4	/* mistakes; of more only how many */
#define	FILE_PATH	(sizeof(((struct port_conf *)0)->pc_state))

/* The file, until it is written. */
struct saving {
	struct job	 sv_job;	/* the first: a job is its saving */
	char		 sv_path[FILE_PATH];
	char		*sv_text;
	bool		 sv_bad;	/* what is there is to be kept */
	int		 sv_error;	/* an errno */
	int		 sv_baderror;
};

static const struct saving *auto_newest;	/* NULL: all are written */

/* ---- the file ------------------------------------------------------- */

static unsigned
first(const struct port_conf *like)
{

	return like->pc_listen[0].ad_port;
}

static bool
is_within(const struct port_conf *like, unsigned number)
{

	return number >= first(like) && number < first(like) + like->pc_range;
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
	if (!is_within(like, number))
		return "has a number outside the range";
	if (is_taken(au, number))
		return "has a number that an earlier line has";
	if (auto_number(au, id) != 0)
		return "has a name that an earlier line has";
	return add(au, number, id) ? NULL : "is one too many";
}

/*
 * error = read_file(path, text)
 *
 *	The file as a text; NULL: it is not there, or none of ours (au_bad).  An
 *	errno: it cannot be read.
 */
static int
read_file(const char *path, char **text, bool *bad)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct stat st;
	ssize_t n = 0;

	*text = NULL;
	if (fd == -1 && errno != ELOOP)
		return errno == ENOENT ? 0 : errno;
	*bad = fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > FILE_MAX;
	if (*bad)
		say("auto: %s: is no file of numbers and names", path);
	else if ((*text = malloc((size_t)st.st_size + 1)) == NULL)
		n = -1;
	else if ((n = read(fd, *text, (size_t)st.st_size)) != -1)
		/* A NUL ends what can be read of it. */
		(*text)[n] = '\0';
	if (fd != -1)
		close(fd);
	return n == -1 ? errno : 0;
}

static bool
is_comment(const char *line)
{

	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '#';
}

/* Who has which number, by this text. */
static void
read_text(struct autos *au, const struct port_conf *like, char *text)
{
	unsigned number = 0, mistakes = 0;
	char *rest = text, *line;
	const char *why;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		why = is_comment(line) ? NULL : read_line(au, like, line);
		if (why != NULL && mistakes++ < TELL_MAX)
			say("auto: %s:%u: %s; it is not heeded",
			    like->pc_state, number, why);
	}
	if (mistakes == 0)
		return;
	au->au_bad = true;
	say("auto: %s: %u lines are not heeded", like->pc_state, mistakes);
}

/* What was known before, as far as it is of this range. */
static void
keep_known(struct autos *au, const struct port_conf *like)
{
	const size_t n = au->au_n;
	size_t i;

	for (i = au->au_n = 0; i < n; i++) {
		if (is_within(like, au->au_have[i].number))
			au->au_have[au->au_n++] = au->au_have[i];
		else
			free(au->au_have[i].id);
	}
}

/*
 * auto_read(au, like)
 *
 *	Who has which number, by the file; what was known before is forgotten,
 *	unless it cannot be read.
 */
void
auto_read(struct autos *au, const struct port_conf *like)
{
	const bool newer = auto_newest != NULL &&
	    strcmp(auto_newest->sv_path, like->pc_state) == 0;
	char *text = NULL;
	bool bad = false;
	int error = 0;

	if (!newer)
		error = read_file(like->pc_state, &text, &bad);
	else if ((text = strdup(auto_newest->sv_text)) == NULL)
		error = ENOMEM;
	au->au_unread = error != 0;
	if (error != 0) {
		say("auto: %s: %s; it stays as it is, and who comes has his "
		    "number until the end", like->pc_state, strerror(error));
		keep_known(au, like);
	} else {
		auto_free(au);
		au->au_bad = bad;
		read_text(au, like, text);
	}
	free(text);
}

static char *
print(const struct autos *au)
{
	char *text = NULL;
	size_t i, size;
	FILE *file;

	file = open_memstream(&text, &size);
	if (file == NULL)
		return NULL;
	fprintf(file, "# The ports of devsw-gateway's section [auto]: numbers, "
	    "and the adapters that\n# keep them.  Who is taken out loses his "
	    "number; a reload has it read.\n");
	for (i = 0; i < au->au_n; i++)
		fprintf(file, "%u %s\n", au->au_have[i].number,
		    au->au_have[i].id);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- on the disk's thread ------------------------------------------- */

/* errno: the text as a new file of that name. */
static int
write_new(const char *new, const char *text)
{
	FILE *file = NULL;
	int error = 0, fd;

	(void)unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1)
		return errno;
	if ((file = fdopen(fd, "w")) == NULL) {
		error = errno;
		close(fd);
		return error;
	}
	if (fputs(text, file) == EOF || fflush(file) != 0 || fsync(fd) == -1)
		error = errno;
	if (fclose(file) != 0 && error == 0)
		error = errno;
	return error;
}

static void
do_save(struct job *jb)
{
	struct saving *const sv = (struct saving *)(void *)jb;
	char bad[FILE_PATH + 8], new[FILE_PATH + 8];

	snprintf(bad, sizeof(bad), "%s.bad", sv->sv_path);
	snprintf(new, sizeof(new), "%s.new", sv->sv_path);
	sv->sv_error = write_new(new, sv->sv_text);
	if (sv->sv_error == 0 && sv->sv_bad) {
		(void)unlink(bad);
		if (link(sv->sv_path, bad) == -1)
			sv->sv_baderror = errno;
	}
	if (sv->sv_error == 0 && rename(new, sv->sv_path) == -1)
		sv->sv_error = errno;
	if (sv->sv_error != 0)
		(void)unlink(new);
}

/* ---- in the loop ---------------------------------------------------- */

static void
done_save(struct job *jb)
{
	struct saving *const sv = (struct saving *)(void *)jb;

	if (sv->sv_error != 0)
		say("auto: %s: %s; who has which number is forgotten at the "
		    "end", sv->sv_path, strerror(sv->sv_error));
	else if (sv->sv_bad && sv->sv_baderror != 0)
		say("auto: %s: it had mistakes, and is not kept: %s.bad: %s",
		    sv->sv_path, sv->sv_path, strerror(sv->sv_baderror));
	else if (sv->sv_bad)
		say("auto: %s: it had mistakes; %s.bad is as it was",
		    sv->sv_path, sv->sv_path);
	if (auto_newest == sv)
		auto_newest = NULL;
	free(sv->sv_text);
	free(sv);
}

/* The file says so soon who has which number, or that was told. */
void
auto_write(struct autos *au, const struct port_conf *like)
{
	struct saving *sv;

	if (au->au_unread)
		return;
	sv = calloc(1, sizeof(*sv));
	if (sv == NULL || (sv->sv_text = print(au)) == NULL) {
		free(sv);
		say("auto: %s: out of memory; who has which number is "
		    "forgotten at the end", like->pc_state);
		return;
	}
	strcpy(sv->sv_path, like->pc_state);
	sv->sv_bad = au->au_bad;
	au->au_bad = false;
	sv->sv_error = EAGAIN;		/* if there is no thread */
	sv->sv_job.jb_do = do_save;
	sv->sv_job.jb_done = done_save;
	auto_newest = sv;
	disk_run(&sv->sv_job);
}

void
auto_free(struct autos *au)
{

	while (au->au_n > 0)
		free(au->au_have[--au->au_n].id);
	au->au_told = au->au_bad = false;
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
