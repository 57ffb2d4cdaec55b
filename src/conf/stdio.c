/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stdio.c - standard input, output and error are there.
 */
#include <fcntl.h>
#include <unistd.h>

#include "conf/conf.h"

void
conf_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}
