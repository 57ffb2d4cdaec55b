/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_frontd.c - a daemon of the front end and the double of K, for tests and
 * measurements with a real kernel.
 *
 *	h_frontd NAME[:KIND] ...
 *
 * makes the nodes (KIND: echo, zero, queue, deaf; echo if it is not said),
 * prints "ready", runs until standard input ends, and exits with the number
 * of threads that were left behind.
 */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "h_k.h"

static struct hyp_node *
node_of(const char *kind)
{

	if (kind == NULL || strcmp(kind, "echo") == 0)
		return hk_node_of(HK_ECHO, HK_NORMAL);
	if (strcmp(kind, "zero") == 0)
		return hk_node_of(HK_ZERO, HK_NORMAL);
	if (strcmp(kind, "deaf") == 0)
		return hk_node_of(HK_QUEUE, HK_DEAF);
	assert(strcmp(kind, "queue") == 0);
	return hk_node();
}

int
main(int argc, char **argv)
{
	struct front_config fc;
	char *kind, c;
	void *host;

	memset(&fc, 0, sizeof(fc));
	if (front_start(&fc) != 0)
		return 100;
	for (int i = 1; i < argc; i++) {
		kind = strchr(argv[i], ':');
		if (kind != NULL)
			*kind++ = '\0';
		if (hyp_node_create(node_of(kind), argv[i], HYP_NODE_OTHER,
		    (unsigned)i, &host) != 0)
			return 101;
	}
	printf("ready\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		continue;
	return (int)front_stop();
}
