/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_random.c - hyp_random_add: bytes for Linux's pool.
 *
 * Model
 *	Who has CAP_SYS_ADMIN may say how much of it nobody can guess
 *	(RNDADDENTROPY on /dev/random).  Everybody may write to /dev/urandom,
 *	which mixes it in and believes nothing.  The first call finds out
 *	which it is, and says so once in the log; from then on it is that.
 *	The service does not have the right: it takes one that can do
 *	everything to make a claim that a plug can lie about.
 *
 *	One that cannot do either has said so once, and drops what comes.
 *
 * Locks
 *	random_lock: all of it.  The kernel does not wait in these calls.
 */
#include <sys/ioctl.h>
#include <linux/random.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"

#define	CHUNK	512

static pthread_mutex_t random_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *random_path = "/dev/random";
static const char *urandom_path = "/dev/urandom";
static enum { UNKNOWN, CREDIT, NO_CREDIT, NOTHING } way;
static int fd = -1;

/*
 * host_random_files(random, urandom)
 *
 *	Other files in their place, and all is forgotten; for tests.
 */
void
host_random_files(const char *random, const char *urandom)
{

	pthread_mutex_lock(&random_lock);
	if (fd != -1)
		close(fd);
	fd = -1;
	way = UNKNOWN;
	random_path = random;
	urandom_path = urandom;
	pthread_mutex_unlock(&random_lock);
}

/* 0, or -1 with errno: up to CHUNK bytes, with their bits. */
static int
credit(const char *data, size_t len, uint32_t bits)
{
	/* Room for the two numbers of a rand_pool_info, and its bytes. */
	uint32_t add[2 + CHUNK / sizeof(uint32_t)] = { bits, (uint32_t)len };
	int error;

	static_assert(sizeof(struct rand_pool_info) == 8, "two ints");
	memcpy(add + 2, data, len);
	error = ioctl(fd, RNDADDENTROPY, add);
	explicit_bzero(add, sizeof(add));
	return error;
}

/* Which way it is, with nothing that counts. */
static void
find_way(void)
{
	int error;

	fd = open(random_path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd != -1 && credit("", 1, 0) == 0) {
		way = CREDIT;
		hyp_log(HYP_LOG_INFO, "random: what entropy sources send goes "
		    "to the kernel's pool, and counts as they say");
		return;
	}
	if (fd != -1)
		close(fd);
	fd = open(urandom_path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	error = errno;
	if (fd != -1) {
		way = NO_CREDIT;
		hyp_log(HYP_LOG_INFO, "random: what entropy sources send goes "
		    "to the kernel's pool, without credit: that would take "
		    "CAP_SYS_ADMIN");
		return;
	}
	way = NOTHING;
	host_logf(HYP_LOG_WARNING, "random: what entropy sources send is "
	    "dropped: %s: %s", urandom_path, strerror(error));
}

/* The contract is in hyp.h. */
void
hyp_random_add(const void *data, size_t len, uint32_t bits)
{
	const char *p = data;
	size_t n;
	ssize_t done;

	pthread_mutex_lock(&random_lock);
	if (way == UNKNOWN)
		find_way();
	for (; len > 0 && way != NOTHING; p += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		if (way == CREDIT) {
			const uint32_t b = bits < n * 8 ? bits :
			    (uint32_t)n * 8;

			(void)credit(p, n, b);
			bits -= b;
			continue;
		}
		done = write(fd, p, n);
		if (done != (ssize_t)n)
			break;		/* it was worth nothing anyway */
	}
	pthread_mutex_unlock(&random_lock);
}
