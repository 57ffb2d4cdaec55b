/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_dies.c - what takes the process along, in a process of its own; h_dies.h.
 */
#include <sys/wait.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "kit/h_dies.h"

int
h_dies(const char *word, char *text, size_t size)
{
	char copy[4096], *rest = copy, *line;
	size_t n = 0;
	int fd[2], status;
	ssize_t got;
	pid_t pid;

	T_EQ(pipe(fd), 0);
	fflush(NULL);
	if ((pid = fork()) == 0) {
		dup2(fd[1], 1);
		dup2(fd[1], 2);
		close(fd[0]);
		execl("/proc/self/exe", "t", "--die", word, (char *)NULL);
		_exit(5);
	}
	close(fd[1]);
	while ((got = read(fd[0], text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd[0]);
	T_EQ(waitpid(pid, &status, 0), pid);
	snprintf(copy, sizeof(copy), "%s", text);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		t_note("%s", line);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}
