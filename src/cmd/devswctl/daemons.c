/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemons.c - the daemons that run, and asking them.
 *
 * Each daemon has a file with the number of its port, by the major number of
 * its nodes.  A file without a daemon is what a killed one has left.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devswctl/devswctl.h"

/* The texts of all packets of an answer; the caller frees it. */
static int
answer_text(struct control *co, char **text)
{
	struct control_answer ca;
	size_t len, all = 0;
	FILE *out;
	int error;

	*text = NULL;
	out = open_memstream(text, &all);
	if (out == NULL)
		return errno;
	do {
		error = control_answer(co, &ca, &len);
		if (len > 0)
			(void)fwrite(ca.ca_text, 1, len, out);
	} while ((error == 0 || len > 0) &&
	    (ca.ca_flags & CONTROL_MORE) != 0);
	if (fclose(out) != 0 && error == 0)
		error = ENOMEM;
	return error;
}

int
daemon_ask(const char *path, struct control_request *cr, json_t **json,
    char **textp)
{
	struct control co;
	char *text = NULL;
	int error;

	error = control_connect(&co, path);
	if (error != 0)
		return error;
	error = control_ask(&co, cr);
	if (error == 0)
		error = answer_text(&co, &text);
	control_close(&co);
	if (error == 0 && json != NULL) {
		*json = json_loads(text, 0, NULL);
		error = *json != NULL ? 0 : EPROTO;
	}
	if (textp != NULL)
		*textp = text;
	else
		free(text);
	return error;
}

bool
daemon_is_gone(int error)
{

	return error == ECONNREFUSED || error == ENOENT;
}

static const char *
why(int error)
{

	switch (error) {
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
		return "this devswd is of another version";
	case ECONNRESET:
		return "devswd has ended";
	case EBUSY:
		return "you have asked for too much at one time";
	case EPROTO:
		return "it does not answer as a devswd";
	default:
		return strerror(error);
	}
}

/* Those of --major, or all. */
static int
find(const struct args *a, glob_t *gl)
{
	char path[PATH_SIZE];

	if (a->a_major == NULL)
		return glob(CONTROL_GLOB, 0, NULL, gl);
	snprintf(path, sizeof(path), CONTROL_FILE,
	    (unsigned)strtoul(a->a_major, NULL, 10));
	return glob(path, 0, NULL, gl);
}

int
daemons_each(const struct args *a, uint32_t what,
    int (*func)(json_t *, void *), void *arg)
{
	int error, found = 0, status = EXIT_OK;
	json_t *json;
	glob_t gl;

	if (find(a, &gl) == 0) {
		for (size_t i = 0; i < gl.gl_pathc; i++) {
			struct control_request cr = { .cr_what = what };

			error = daemon_ask(gl.gl_pathv[i], &cr, &json, NULL);
			if (daemon_is_gone(error))
				continue;
			found = 1;
			if (error != 0) {
				status = complain("%s: %s", gl.gl_pathv[i],
				    why(error));
				continue;
			}
			if ((*func)(json, arg) != EXIT_OK)
				status = EXIT_FAILED;
			json_decref(json);
		}
		globfree(&gl);
	}
	return found ? status : complain("no devswd runs");
}

/* Does a daemon answer there, and is it that of --pid? */
static bool
is_meant(const struct args *a, const char *path)
{
	struct control_request cr = { .cr_what = CONTROL_STATUS };
	struct control co;
	json_t *json;
	bool is;

	if (a->a_pid == NULL) {
		if (control_connect(&co, path) != 0)
			return false;
		control_close(&co);
		return true;
	}
	if (daemon_ask(path, &cr, &json, NULL) != 0)
		return false;
	is = number(json, "pid") == strtoll(a->a_pid, NULL, 10);
	json_decref(json);
	return is;
}

bool
daemon_only(const struct args *a, char path[PATH_SIZE])
{
	int found = 0;
	glob_t gl;

	if (find(a, &gl) == 0) {
		for (size_t i = 0; i < gl.gl_pathc; i++) {
			if (!is_meant(a, gl.gl_pathv[i]))
				continue;
			snprintf(path, PATH_SIZE, "%s", gl.gl_pathv[i]);
			found++;
		}
		globfree(&gl);
	}
	if (found > 1)
		complain("several devswd run; name one with --major");
	else if (found == 0)
		complain("no such devswd runs");
	return found == 1;
}

int
node_find(const char *name, struct control_request *cr, char path[PATH_SIZE])
{
	char dev[300];
	struct stat st;

	if (strchr(name, '/') == NULL && strlen(name) < 256) {
		snprintf(dev, sizeof(dev), "/dev/%s", name);
		name = dev;
	}
	if (stat(name, &st) == -1)
		return errno;
	if (!S_ISCHR(st.st_mode))
		return EINVAL;
	cr->cr_major = major(st.st_rdev);
	cr->cr_minor = minor(st.st_rdev);
	snprintf(path, PATH_SIZE, CONTROL_FILE, cr->cr_major);
	return 0;
}

const char *
node_error(int error)
{

	switch (error) {
	case ENOSYS:
	case ECONNREFUSED:
		return "no devswd serves it";
	case EINVAL:
		return "not a character device";
	case ENODEV:
		return "not a node of this devswd";
	default:
		return why(error);
	}
}

/* ---- answers -------------------------------------------------------- */

const char *
member(const json_t *json, const char *name)
{
	const char *const text = json_string_value(json_object_get(json,
	    name));

	return text != NULL ? text : "";
}

bool
is_true(const json_t *json, const char *name)
{

	return json_is_true(json_object_get(json, name));
}

long long
number(const json_t *json, const char *name)
{

	return json_integer_value(json_object_get(json, name));
}

/* A time, in the local zone: today without the day. */
void
when(const json_t *json, const char *name, char *buf, size_t size)
{
	const json_t *const value = json_object_get(json, name);
	const time_t at = (time_t)json_number_value(value), now = time(NULL);
	struct tm tm, today;

	buf[0] = '\0';
	if (!json_is_number(value) || localtime_r(&at, &tm) == NULL ||
	    localtime_r(&now, &today) == NULL)
		return;
	(void)strftime(buf, size, tm.tm_year == today.tm_year &&
	    tm.tm_yday == today.tm_yday ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &tm);
}

const char *
user_name(uid_t uid, char *buf, size_t size)
{
	const struct passwd *const pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(buf, size, "%s", pw->pw_name);
	else
		snprintf(buf, size, "%u", (unsigned)uid);
	return buf;
}

int
print_json(const json_t *json, size_t flags)
{

	(void)json_dumpf(json, stdout, flags | JSON_ENSURE_ASCII |
	    JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(13));
	putchar('\n');
	return EXIT_OK;
}

int
flushed(int status)
{

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return complain("standard output: %s", strerror(errno));
}
