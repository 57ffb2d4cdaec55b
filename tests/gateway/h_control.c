/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_control.c - devswd's control port, as it is, with nothing behind it.
 *
 *	h_control FILE MAJOR
 *
 * Each node of that major number is there, as pts/MINOR, and is the owner's of
 * /dev/pts/MINOR.  Lines of standard input are events: "MINOR MEMBERS", with -1
 * for those that are everybody's, or "MINOR MEMBERS * TIMES"; "sync" is answered.
 * A revoke is said ("revoke MINOR") and has no other effect.  It ends at the end
 * of its input.
 */
#undef NDEBUG
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_trace.h"
#include "hyp/hyp_usb.h"
#include "main/control.h"
#include "main/events.h"

/* ---- what would be behind it ---------------------------------------- */

bool
front_node_find(uint32_t minor, struct front_nodeinfo *fi)
{

	memset(fi, 0, sizeof(*fi));
	fi->fi_node = (struct hyp_node *)(uintptr_t)(minor + 1);
	fi->fi_minor = minor;
	snprintf(fi->fi_name, sizeof(fi->fi_name), "pts/%u", minor);
	return true;
}

bool
front_node_next(uint32_t minor, struct front_nodeinfo *fi)
{

	(void)minor;
	(void)fi;
	return false;
}

int
front_node_owner(const struct front_nodeinfo *fi, uid_t *uid)
{
	char path[96];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/%s", fi->fi_name);
	if (stat(path, &st) == -1)
		return errno;
	*uid = st.st_uid;
	return 0;
}

int
hyp_node_revoke(struct hyp_node *hn)
{

	printf("revoke %u\n", (unsigned)(uintptr_t)hn - 1);
	fflush(stdout);
	return 0;
}

struct hyp_lwp *
hyp_lwp_enter(const struct hyp_cred *cred)
{

	(void)cred;
	return NULL;
}

void
hyp_lwp_exit(struct hyp_lwp *l)
{

	(void)l;
}

/* A list names those that are others. */
const char *
hyp_semantics(void)
{

	return "netbsd";
}

/* The rest is of requests that nobody makes here. */
const struct front_died *
front_died(void)
{

	return NULL;
}

void
front_getstats(struct front_stats *fs)
{

	(void)fs;
	abort();
}

void
hyp_node_getstat(struct hyp_node *hn, struct hyp_node_stat *hs)
{

	(void)hn;
	(void)hs;
	abort();
}

const char *
hyp_usb_probe(const struct hyp_usb_info *hi, const void *desc, size_t len,
    const char **chip)
{

	(void)hi;
	(void)desc;
	(void)len;
	*chip = NULL;
	return NULL;
}

int
hyp_usb_driver(const struct hyp_usb_info *hi, unsigned i,
    char name[HYP_USB_DRIVERNAME])
{

	(void)hi;
	(void)i;
	(void)name;
	return 0;
}

bool
front_file_next(uint32_t minor, uint64_t *below, struct front_fileinfo *fo)
{

	(void)minor;
	(void)below;
	(void)fo;
	abort();
}

unsigned
front_openers(uint32_t minor, struct front_fileinfo *fo, unsigned max)
{

	(void)minor;
	(void)fo;
	(void)max;
	abort();
}

bool
front_file_command(struct front_fileinfo *fo)
{

	(void)fo;
	abort();
}

bool
front_node_line(uint32_t minor, struct front_line *line)
{

	(void)minor;
	(void)line;
	abort();
}

uint64_t
hyp_memory(uint32_t *pieces)
{

	(void)pieces;
	abort();
}

unsigned
hyp_zombies(void)
{

	abort();
}

unsigned
hyp_usb_zombies(void)
{

	abort();
}

int
hyp_module_load(const char *file, char *why, size_t len)
{

	(void)file;
	(void)why;
	(void)len;
	abort();
}

int
hyp_module_unload(const char *name)
{

	(void)name;
	abort();
}

int
hyp_module_next(const char *name, char *next, size_t len)
{

	(void)name;
	(void)next;
	(void)len;
	abort();
}

/* ---- the program ---------------------------------------------------- */

static void
post(char *line)
{
	char *members, *times;
	const long minor = strtol(line, &members, 10);
	long n = 1;

	times = strstr(members, " * ");
	if (times != NULL) {
		*times = '\0';
		n = strtol(times + 3, NULL, 10);
	}
	while (n-- > 0)
		events_post(minor, "%s", members + 1);
}

int
main(int argc, char **argv)
{
	struct pollfd pfd[2] = { { .events = POLLIN }, { .events = POLLIN } };
	static char line[4096];

	assert(argc == 3);
	setvbuf(stdin, NULL, _IONBF, 0);
	pfd[1].fd = control_start(argv[1], (unsigned)atoi(argv[2]));
	assert(pfd[1].fd != -1);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		if (poll(pfd, 2, -1) == -1)
			continue;
		if (pfd[1].revents != 0)
			control_dispatch();
		if (pfd[0].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			break;
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "sync") == 0) {
			printf("sync\n");
			fflush(stdout);
		} else
			post(line);
	}
	return control_stop(1000) != 0;
}
