/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devswctl.c - revoke nodes, load modules, and ask daemons how they are;
 * devswctl(8).
 */
#include <sys/stat.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <devsw/revoke.h>
#include "libdevsw/control.h"

#define	EXIT_OK		0
#define	EXIT_FAILED	1
#define	EXIT_BADUSAGE	2

static int
usage(FILE *to, int status)
{

	fprintf(to, "usage: devswctl revoke NODE ...\n"
	    "       devswctl status\n"
	    "       devswctl [--major N] modload FILE\n"
	    "       devswctl [--major N] modunload NAME\n"
	    "       devswctl --version | --help\n");
	return status;
}

static const char *
why(int error)
{

	switch (error) {
	case ENOSYS:
		return "no devswd serves it";
	case EINVAL:
		return "not a character device";
	case ENODEV:
		return "not a node of this devswd";
	case EPERM:
		return "only its owner and root may revoke it";
	default:
		return strerror(error);
	}
}

static int
do_revoke(int count, char **nodes)
{
	int status = EXIT_OK;

	for (int i = 0; i < count; i++) {
		if (revoke(nodes[i]) == 0)
			continue;
		fprintf(stderr, "devswctl: %s: %s\n", nodes[i], why(errno));
		status = EXIT_FAILED;
	}
	return status;
}

/* errno: the text of one daemon, to standard output. */
static int
print_status(const char *path)
{
	struct control_request cr = { .cr_what = CONTROL_STATUS };
	struct control_answer ca;
	struct control co;
	size_t len;
	int error;

	error = control_connect(&co, path);
	if (error != 0)
		return error;
	error = control_ask(&co, &cr);
	do {
		if (error == 0)
			error = control_answer(&co, &ca, &len);
		if (error == 0)
			(void)fwrite(ca.ca_text, 1, len, stdout);
	} while (error == 0 && (ca.ca_flags & CONTROL_MORE) != 0);
	control_close(&co);
	return error;
}

/* A file without a daemon is what a killed one has left. */
static int
do_status(void)
{
	int error, found = 0, status = EXIT_OK;
	glob_t gl;

	if (glob(CONTROL_GLOB, 0, NULL, &gl) == 0) {
		for (size_t i = 0; i < gl.gl_pathc; i++) {
			error = print_status(gl.gl_pathv[i]);
			if (error == ECONNREFUSED)
				continue;
			found = 1;
			if (error == 0)
				continue;
			fprintf(stderr, "devswctl: %s: %s\n", gl.gl_pathv[i],
			    strerror(error));
			status = EXIT_FAILED;
		}
		globfree(&gl);
	}
	if (!found) {
		fprintf(stderr, "devswctl: no devswd runs\n");
		return EXIT_FAILED;
	}
	if (fflush(stdout) != 0) {
		fprintf(stderr, "devswctl: standard output: %s\n",
		    strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}

/* ---- modules -------------------------------------------------------- */

/* The only daemon that runs, or that of this major; 0 and a message. */
static int
one_daemon(const char *major, struct control *co)
{
	struct control other;
	char path[64];
	int found = 0;
	glob_t gl;

	if (major != NULL) {
		snprintf(path, sizeof(path), CONTROL_FILE,
		    (unsigned)strtoul(major, NULL, 10));
		found = control_connect(co, path) == 0;
	} else if (glob(CONTROL_GLOB, 0, NULL, &gl) == 0) {
		for (size_t i = 0; i < gl.gl_pathc; i++) {
			if (control_connect(&other, gl.gl_pathv[i]) != 0)
				continue;
			if (found) {
				fprintf(stderr, "devswctl: several devswd "
				    "run; name one with --major\n");
				exit(EXIT_FAILED);
			}
			*co = other;
			found = 1;
		}
		globfree(&gl);
	}
	if (!found)
		fprintf(stderr, "devswctl: no such devswd runs\n");
	return found;
}

static const char *
why_not_module(uint32_t what, int error)
{

	switch (error) {
	case EPERM:
		return "only root may";
	case EBUSY:
		return "it is in use";
	case ENOENT:
		return what == CONTROL_MODUNLOAD ? "no such module is loaded" :
		    strerror(error);
	default:
		return strerror(error);
	}
}

/* errno */
static int
text_of(const char *text, struct control_request *cr)
{

	if (strlen(text) >= sizeof(cr->cr_text))
		return ENAMETOOLONG;
	strcpy(cr->cr_text, text);
	return 0;
}

/* errno: the file as the daemon, whose directory is another, finds it. */
static int
file_of(const char *path, struct control_request *cr)
{
	char *whole = realpath(path, NULL);
	struct stat st;
	int error;

	if (whole == NULL)
		return errno;
	error = stat(whole, &st) == -1 ? errno : text_of(whole, cr);
	free(whole);
	if (error == 0) {
		cr->cr_dev = st.st_dev;
		cr->cr_ino = st.st_ino;
	}
	return error;
}

/* modload FILE, or modunload NAME. */
static int
do_module(const char *major, uint32_t what, const char *arg)
{
	struct control_request cr = { .cr_what = what };
	struct control_answer ca;
	struct control co;
	size_t len = 0;
	int error;

	error = what == CONTROL_MODLOAD ? file_of(arg, &cr) :
	    text_of(arg, &cr);
	if (error != 0) {
		fprintf(stderr, "devswctl: %s: %s\n", arg, strerror(error));
		return EXIT_FAILED;
	}
	if (!one_daemon(major, &co))
		return EXIT_FAILED;
	error = control_ask(&co, &cr);
	if (error == 0)
		error = control_answer(&co, &ca, &len);
	control_close(&co);
	if (error == 0)
		return EXIT_OK;
	if (len > 0)
		fprintf(stderr, "devswctl: %s: %.*s\n", arg, (int)len,
		    ca.ca_text);
	else
		fprintf(stderr, "devswctl: %s: %s\n", arg,
		    why_not_module(what, error));
	return EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	const char *major = NULL, *verb;

	if (argc > 2 && strcmp(argv[1], "--major") == 0) {
		major = argv[2];
		argc -= 2;
		argv += 2;
		if (major[0] == '\0' ||
		    strspn(major, "0123456789") != strlen(major))
			return usage(stderr, EXIT_BADUSAGE);
	}
	verb = argc > 1 ? argv[1] : "";
	if (strcmp(verb, "modload") == 0 && argc == 3)
		return do_module(major, CONTROL_MODLOAD, argv[2]);
	if (strcmp(verb, "modunload") == 0 && argc == 3)
		return do_module(major, CONTROL_MODUNLOAD, argv[2]);
	if (major != NULL)
		return usage(stderr, EXIT_BADUSAGE);

	if (strcmp(verb, "revoke") == 0 && argc > 2)
		return do_revoke(argc - 2, argv + 2);
	if (strcmp(verb, "status") == 0 && argc == 2)
		return do_status();
	if (strcmp(verb, "--version") == 0 && argc == 2) {
		printf("devswctl " DEVSW_VERSION "\n");
		return EXIT_OK;
	}
	if (strcmp(verb, "--help") == 0 && argc == 2)
		return usage(stdout, EXIT_OK);
	return usage(stderr, EXIT_BADUSAGE);
}
