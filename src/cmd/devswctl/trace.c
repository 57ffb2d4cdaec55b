/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - follow what goes on between a node and its driver.
 *
 * Each answer of the daemon is lines of JSON, which are passed on, or made
 * columns of; then it is asked for what came since (control.h).  It ends when
 * its reader has gone, which is looked for while it waits too, when the daemon
 * has, or with a signal.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devswctl/devswctl.h"

#define	ANSWER_MS	7000

/* "bytes 5 EIO": the command, the number that goes with it, the error. */
static void
print_detail(const json_t *event)
{
	static const char *const keys[] = { "bytes", "calls", "events",
	    "revents", "count" };
	const char *const error = member(event, "error");

	if (member(event, "command")[0] != '\0')
		printf(" %s", member(event, "command"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (json_object_get(event, keys[i]) != NULL)
			printf(" %s %lld", keys[i], number(event, keys[i]));
	}
	if (error[0] != '\0' && strcmp(error, "0") != 0)
		printf(" %s%s%s", colour_on(RED), error, colour_off(RED));
}

static void
print_columns(const json_t *event)
{
	const char *const name = member(event, "event");
	const long long t = number(event, "t");

	if (strcmp(name, "begin") == 0) {
		printf("%s%15s %7s %-5s %s%s\n", colour_on(BOLD), "TIME",
		    "THREAD", "", "CALL", colour_off(BOLD));
		return;
	}
	if (strcmp(name, "lost") == 0)
		printf("%15s %7s %-5s %s%s", "", "", "", colour_on(YELLOW),
		    name);
	else
		printf("%8lld.%06lld %7lld %-5.5s %.16s", t / 1000000000,
		    t / 1000 % 1000000, number(event, "thread"),
		    member(event, "phase"), name);
	print_detail(event);
	printf("%s\n", strcmp(name, "lost") == 0 ? colour_off(YELLOW) : "");
}

/* The lines of an answer; the last one is a "ping". */
static int
tell_lines(const struct args *a, char *text, uint64_t *after)
{
	char *rest = text, *line;
	json_t *event;

	while ((line = strsep(&rest, "\n")) != NULL) {
		event = json_loads(line, 0, NULL);
		if (event == NULL)
			continue;
		if (strcmp(member(event, "event"), "ping") == 0)
			*after = (uint64_t)number(event, "seq");
		else if (a->a_text)
			print_columns(event);
		else
			printf("%s\n", line);
		json_decref(event);
	}
	return flushed(EXIT_OK);
}

static int
why_not(const char *node, int error)
{

	switch (error) {
	case EPERM:
		return complain("%s: only its owner, root and the group devsw "
		    "see what goes on in it", node);
	case EBUSY:
		return complain("%s: too much is followed already", node);
	default:
		return complain("%s: %s", node, node_error(error));
	}
}

/*
 * Wait for an answer.  false: nobody reads what it would say.  The daemon
 * answers after some seconds in any case; if it has not by then, control_answer
 * asks whether there is one.
 */
static bool
await(int fd)
{
	struct pollfd pfd[] = { { .fd = fd, .events = POLLIN },
	    { .fd = STDOUT_FILENO } };

	(void)poll(pfd, 2, ANSWER_MS);
	return (pfd[1].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

int
do_trace(const struct args *a)
{
	struct control_request cr = { .cr_what = CONTROL_TRACE,
	    .cr_after = UINT64_MAX };
	const char *const node = a->a_words[0];
	char path[PATH_SIZE], text[CONTROL_TEXT + 1];
	struct control_answer ca;
	int error, status = EXIT_OK;
	struct control co;
	size_t len;

	(void)signal(SIGPIPE, SIG_IGN);
	error = node_find(node, &cr, path);
	if (error == 0)
		error = control_connect(&co, path);
	if (error != 0)
		return why_not(node, error);
	while (status == EXIT_OK && (error = control_ask(&co, &cr)) == 0) {
		if (!await(co.co_fd))
			break;
		error = control_answer(&co, &ca, &len);
		if (error != 0)
			break;
		memcpy(text, ca.ca_text, len);
		text[len] = '\0';
		status = tell_lines(a, text, &cr.cr_after);
	}
	control_close(&co);
	return error != 0 ? why_not(node, error) : status;
}
