/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_log.c - see h_log.h.
 */
#undef NDEBUG
#include <sys/mman.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/h_log.h"
#include "host/host.h"

static int before = -1, file = -1;
static char text[65536];

static void
read_file(void)
{
	const ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
}

void
h_log_begin(void)
{

	if (file != -1)
		h_log_end();
	fflush(stderr);
	before = dup(STDERR_FILENO);
	file = memfd_create("log", MFD_CLOEXEC);
	assert(before != -1 && file != -1);
	assert(dup2(file, STDERR_FILENO) == STDERR_FILENO);
	host_log_to(HOST_LOG_STDERR);	/* which may have a pipe's own */
}

void
h_log_end(void)
{

	assert(dup2(before, STDERR_FILENO) == STDERR_FILENO);
	host_log_to(HOST_LOG_STDERR);
	read_file();
	fputs(text, stderr);
	close(before);
	close(file);
	before = file = -1;
}

int
h_log_has(const void *what)
{

	read_file();
	return strstr(text, what) != NULL;
}
