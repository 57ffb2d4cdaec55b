/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateway.c - gateway export, gateway reset: what devsw-gateway has to do.
 *
 * The gateway knows its configuration best: to export, this becomes its program,
 * with the words that it wants.  It may not be installed.  To reset, the one that
 * runs is told by its socket, a line there and a line back, each bounded.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devswctl/devswctl.h"

#define	PROGRAM	"devsw-gateway"
#define	SOCKET	"/run/devsw-gateway/control"
#define	WAIT_S	10

static int
usage(void)
{

	complain("usage: devswctl gateway export --labgrid | --labgrid-env | "
	    "--conserver [--host NAME] [--config FILE]\n"
	    "       devswctl gateway reset PORT [--socket FILE]");
	return EXIT_BADUSAGE;
}

/* -1 with errno. */
static int
reach(const char *path)
{
	static const struct timeval limit = { WAIT_S, 0 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int error, fd;

	if (strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* The answer without its newline; false: there is none. */
static bool
ask(int fd, const char *line, char *answer, size_t size)
{
	size_t n = 0;
	ssize_t more;

	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return false;
	while (n + 1 < size && (more = read(fd, answer + n, size - 1 - n)) > 0)
		n += (size_t)more;
	answer[n] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	return n > 0;
}

static int
reset(char **words)
{
	const char *path = SOCKET;
	char line[96], answer[160], told[sizeof(line) + sizeof(answer)];
	int fd, status = EXIT_FAILED;

	if (words[0] == NULL || strchr(words[0], '\n') != NULL ||
	    snprintf(line, sizeof(line), "reset %s\n", words[0]) >=
	    (int)sizeof(line))
		return usage();
	if (words[1] != NULL && strcmp(words[1], "--socket") == 0 &&
	    words[2] != NULL && words[3] == NULL)
		path = words[2];
	else if (words[1] != NULL)
		return usage();
	fd = reach(path);
	if (fd == -1)
		return complain("%s: %s", path, errno == ENOENT ||
		    errno == ECONNREFUSED ? PROGRAM " does not run" :
		    strerror(errno));
	if (!ask(fd, line, answer, sizeof(answer)))
		(void)complain("%s: no answer", path);
	else if (strcmp(answer, "ok") == 0)
		status = EXIT_OK;
	else {
		/* Of a program that talks with the network. */
		snprintf(told, sizeof(told), "%s: %s", words[0], answer);
		(void)complain_lines(told);
	}
	close(fd);
	return status;
}

/*
 * status = do_gateway(words)
 *
 *	words behind "gateway", up to a NULL.  An export returns only if there
 *	is something wrong.
 */
int
do_gateway(char **words)
{
	const char *argv[10] = { PROGRAM, "--export", NULL };
	size_t n = 3, i;

	if (words[0] != NULL && strcmp(words[0], "reset") == 0)
		return reset(words + 1);
	if (words[0] == NULL || strcmp(words[0], "export") != 0)
		return usage();
	for (i = 1; words[i] != NULL; i++) {
		if (strcmp(words[i], "--labgrid") == 0 ||
		    strcmp(words[i], "--labgrid-env") == 0 ||
		    strcmp(words[i], "--conserver") == 0) {
			if (argv[2] != NULL)
				return usage();
			argv[2] = words[i] + 2;
		} else if ((strcmp(words[i], "--host") == 0 ||
		    strcmp(words[i], "--config") == 0) &&
		    words[i + 1] != NULL && n < 7) {
			argv[n++] = words[i++];
			argv[n++] = words[i];
		} else
			return usage();
	}
	if (argv[2] == NULL)
		return usage();
	(void)execv(SBINDIR "/" PROGRAM, (char **)(void *)argv);
	(void)execvp(PROGRAM, (char **)(void *)argv);
	return complain(PROGRAM ": %s", errno == ENOENT ? "is not installed" :
	    strerror(errno));
}
