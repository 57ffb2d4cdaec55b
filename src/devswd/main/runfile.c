/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runfile.c - what clients of the control port read in /run/devsw: its number,
 * and the group's key.
 *
 * Model
 *	Netlink tells a sender's user and group, but not his supplementary
 *	groups (SO_PEERGROUPS is AF_UNIX's, which control.h does not use), and
 *	those that /proc has are those of whoever has his process ID when they
 *	are read.  So the kernel is asked in another way: a file that only the
 *	group can read has a number that nobody guesses, anew with each start,
 *	and who knows it was let in by his groups when he read it.
 *
 *	A file is made beside its place, given its owner and mode, and then put
 *	there as a whole; what a dead daemon has left is replaced.
 *
 * Locks
 *	None: written before the first client.
 *
 * Known gap: who has read the key and is a member no more keeps it until the
 * daemon's end; as he would keep a descriptor.
 */
#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/controlvar.h"

static char run_port[RUNFILE_PATH];
static char run_key[RUNFILE_PATH + 4];
static uint64_t run_number;		/* the key; 0: there is none */

/* errno; gid -1: our own. */
static int
put_file(const char *path, const char *text, mode_t mode, gid_t gid)
{
	char new[RUNFILE_PATH + 8];
	const size_t len = strlen(text);
	int error, fd;

	snprintf(new, sizeof(new), "%s.new", path);
	(void)unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd == -1)
		return errno;
	errno = 0;
	error = write(fd, text, len) != (ssize_t)len ||
	    (gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid) == -1) ||
	    fchmod(fd, mode) == -1 || rename(new, path) == -1;
	if (error)
		error = errno != 0 ? errno : ENOSPC;
	close(fd);
	if (error != 0)
		(void)unlink(new);
	return error;
}

/* Without it members are found by the other two ways alone. */
static void
make_key(gid_t gid)
{
	char text[32];

	run_number = 0;
	(void)unlink(run_key);
	if (gid == (gid_t)-1 || getrandom(&run_number, sizeof(run_number),
	    GRND_NONBLOCK) != (ssize_t)sizeof(run_number))
		run_number = 0;
	snprintf(text, sizeof(text), "%016" PRIx64 "\n", run_number);
	if (run_number != 0 && put_file(run_key, text, 0640, gid) != 0)
		run_number = 0;
}

/*
 * error = runfile_start(path, port, gid)
 * runfile_stop()
 *
 *	Tell everybody the port's number in the file path, and the members of a
 *	group (-1: there is none) the key, in path.key.  errno: of the first.
 *	They are gone.
 *
 * yes = runfile_is_key(number)
 */
int
runfile_start(const char *path, uint32_t port, gid_t gid)
{
	char text[16];
	int error;

	snprintf(run_port, sizeof(run_port), "%s", path);
	snprintf(run_key, sizeof(run_key), "%s.key", path);
	/* The key first: who finds the port looks for it. */
	make_key(gid);
	snprintf(text, sizeof(text), "%u\n", (unsigned)port);
	error = put_file(path, text, 0644, (gid_t)-1);
	if (error != 0)
		runfile_stop();
	return error;
}

void
runfile_stop(void)
{

	(void)unlink(run_port);
	(void)unlink(run_key);
	run_number = 0;
}

bool
runfile_is_key(uint64_t number)
{

	return number != 0 && number == run_number;
}
