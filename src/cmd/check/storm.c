/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm.c - everything at once: clients that open, read, write, poll, ioctl and
 * close, against revokes, unplugs, unloads of the module, and signals.
 *
 * Model
 *	A gang is one open file after another: its leader opens, makes calls,
 *	and closes when the members, who make calls on the same file, have left
 *	it, as the front end does.  The breaker revokes, pulls plugs and takes
 *	the module away.  The bell interrupts all of them now and then, as
 *	signals do, so that a call which nothing ends ends.
 *
 *	A thread is an lwp from its begin to its end, so that the bell may ring
 *	at any time between; the bell ends last but the lwps.
 *
 * Locks: g_lock of a gang; nothing is called under it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "hyp/hyp.h"

#define	GANGS		3
#define	MEMBERS		2
#define	CLIENTS		(GANGS * (1 + MEMBERS))
#define	BELL_MS		7
#define	LEAVE_MS	30000	/* what the last calls may take */

struct gang {
	pthread_mutex_t	 g_lock;
	struct hyp_file	*g_file;
	unsigned	 g_users;
};

struct client {
	pthread_t	 c_thread;
	struct gang	*c_gang;
	bool		 c_leads;
	unsigned	 c_seed;
	_Atomic(struct hyp_lwp *) c_lwp;
};

static struct gang gangs[GANGS];
static struct client clients[CLIENTS];
static struct storm_count count;	/* atomic adds */
static atomic_bool calm;		/* the storm is over */
static atomic_uint sailing;		/* clients that are in it yet */
static atomic_bool silent;		/* the bell is to end, then the lwps */

#define	COUNT(what)	__atomic_add_fetch(&count.what, 1, __ATOMIC_RELAXED)

/* Commands that drivers know, and one that none does. */
static const uint32_t commands[] = {
	0x541b,		/* FIONREAD */
	0x5411,		/* TIOCOUTQ */
	0x5415,		/* TIOCMGET */
	0x5401,		/* TCGETS */
	0x80047a7a,	/* _IOR('z', 122, int) */
};

static int
one_ioctl(struct hyp_file *f, unsigned chance)
{
	const uint32_t cmd = commands[chance % (sizeof(commands) /
	    sizeof(commands[0]))];
	uint8_t in[256] = { 0 }, out[256];
	size_t insize, outsize, outoff;
	int error, result;

	error = hyp_ioctl_size(cmd, &insize, &outsize, &outoff);
	if (error != 0 || insize > sizeof(in) || outsize > sizeof(out))
		return error;
	return hyp_file_ioctl(f, cmd, 0, in, insize, out, &outsize, &result);
}

int
one_call(struct hyp_file *f, unsigned what, int flags, unsigned chance)
{
	char buf[512];
	size_t done;

	memset(buf, 'u', sizeof(buf));
	switch (what) {
	case CALL_READ:
		return hyp_file_read(f, buf, 1 + chance % sizeof(buf), flags,
		    &done);
	case CALL_WRITE:
		return hyp_file_write(f, buf, 1 + chance % sizeof(buf), flags,
		    &done);
	case CALL_POLL:
		(void)hyp_file_poll(f, HYP_POLLIN | HYP_POLLOUT, 1);
		return 0;
	default:
		return one_ioctl(f, chance);
	}
}

/* ---- clients ---------------------------------------------------------- */

static void
some_call(struct client *c, struct hyp_file *f)
{
	const unsigned chance = (unsigned)rand_r(&c->c_seed);

	(void)one_call(f, chance % CALL_KINDS,
	    chance & 0x100 ? HYP_F_NONBLOCK : 0, chance >> 9);
	COUNT(c_calls);
}

static struct hyp_file *
join_file(struct gang *g)
{
	struct hyp_file *f;

	pthread_mutex_lock(&g->g_lock);
	if ((f = g->g_file) != NULL)
		g->g_users++;
	pthread_mutex_unlock(&g->g_lock);
	return f;
}

static void
leave_file(struct gang *g)
{

	pthread_mutex_lock(&g->g_lock);
	g->g_users--;
	pthread_mutex_unlock(&g->g_lock);
}

static void
follow(struct client *c)
{
	struct hyp_file *f;

	if ((f = join_file(c->c_gang)) == NULL) {
		check_sleep(1);
		return;
	}
	some_call(c, f);
	leave_file(c->c_gang);
}

/* Let nobody begin, and wait until all have left; the bell helps. */
static void
take_file(struct gang *g)
{
	unsigned users;

	do {
		pthread_mutex_lock(&g->g_lock);
		g->g_file = NULL;
		users = g->g_users;
		pthread_mutex_unlock(&g->g_lock);
		if (users > 0)
			check_sleep(1);
	} while (users > 0);
}

static void
lead(struct client *c)
{
	struct cnode *const cn =
	    &check_nodes[(unsigned)rand_r(&c->c_seed) % check_nnodes()];
	const unsigned chance = (unsigned)rand_r(&c->c_seed);
	struct hyp_file *f;

	if (check_open(cn, HYP_F_READ | HYP_F_WRITE |
	    (chance & 1 ? HYP_F_NONBLOCK : 0), &f) != 0) {
		check_sleep(1);
		return;
	}
	COUNT(c_opens);
	pthread_mutex_lock(&c->c_gang->g_lock);
	c->c_gang->g_file = f;
	pthread_mutex_unlock(&c->c_gang->g_lock);
	for (unsigned i = 0; i < (chance >> 8) % 6; i++)
		some_call(c, f);
	take_file(c->c_gang);
	hyp_file_close(f, chance & 2 ? HYP_F_NONBLOCK : 0);
}

static void *
client(void *arg)
{
	struct client *const c = arg;
	struct hyp_lwp *const l = check_enter();

	atomic_store(&c->c_lwp, l);
	while (!atomic_load(&calm)) {
		if (c->c_leads)
			lead(c);
		else
			follow(c);
	}
	atomic_fetch_sub(&sailing, 1);
	while (!atomic_load(&silent))
		check_sleep(1);
	hyp_lwp_exit(l);
	return NULL;
}

static void *
bell(void *arg)
{
	struct hyp_lwp *l;
	unsigned seed = 1;

	(void)arg;
	while (atomic_load(&sailing) > 0) {
		check_sleep(BELL_MS);
		for (unsigned i = 0; i < CLIENTS; i++) {
			l = atomic_load(&clients[i].c_lwp);
			if (l != NULL && (atomic_load(&calm) ||
			    rand_r(&seed) % 2 == 0))
				hyp_lwp_interrupt(l);
		}
	}
	return NULL;
}

/* ---- the breaker ------------------------------------------------------ */

static void
break_module(void)
{
	char why[256];

	check_unplug();
	if (hyp_module_unload(check_name) == 0) {
		COUNT(c_unloads);
		if (check_load(why, sizeof(why)) != 0)
			fault(NULL, "the module cannot be loaded again: %s",
			    why);
	}
	check_plug();
}

static void
break_something(unsigned *seed)
{
	const unsigned chance = (unsigned)rand_r(seed) >> 4;
	struct vusb *v;

	if (chance % 24 == 0) {
		break_module();
	} else if (chance % 3 == 0 && check_ndevices > 0) {
		v = check_devices[(chance >> 8) % check_ndevices];
		COUNT(c_unplugs);
		if (vusb_plugged(v))
			vusb_unplug(v, 0);
		else
			vusb_plug(v);
	} else {
		COUNT(c_revokes);
		(void)hyp_node_revoke(check_nodes[(chance >> 8) %
		    check_nnodes()].n_node);
	}
}

/* ---- all of it -------------------------------------------------------- */

static void
begin(pthread_t *ringer)
{

	atomic_store(&calm, false);
	atomic_store(&silent, false);
	atomic_store(&sailing, CLIENTS);
	for (unsigned i = 0; i < GANGS; i++)
		pthread_mutex_init(&gangs[i].g_lock, NULL);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *const c = &clients[i];

		c->c_gang = &gangs[i % GANGS];
		c->c_leads = i < GANGS;
		c->c_seed = i + 1;
		if (pthread_create(&c->c_thread, NULL, client, c) != 0)
			fault(NULL, "devsw-check: no thread");
	}
	if (pthread_create(ringer, NULL, bell, NULL) != 0)
		fault(NULL, "devsw-check: no thread");
}

/* No call may last: what is open is revoked until all have come back. */
static void
end(pthread_t ringer)
{
	const uint64_t until = check_now() + LEAVE_MS;

	atomic_store(&calm, true);
	for (unsigned ms = 0; atomic_load(&sailing) > 0; ms += 10) {
		check_sleep(10);
		for (unsigned i = 0; ms % 500 == 0 && i < check_nnodes(); i++)
			(void)hyp_node_revoke(check_nodes[i].n_node);
		if (check_now() > until)
			fault(NULL, "a call does not come back from the driver,"
			    " though its file was revoked");
	}
	pthread_join(ringer, NULL);
	atomic_store(&silent, true);
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(clients[i].c_thread, NULL);
}

void
storm(unsigned ms, struct storm_count *sc)
{
	const uint64_t until = check_now() + ms;
	pthread_t ringer;
	unsigned seed = 7;

	if (check_nnodes() > 0) {
		begin(&ringer);
		while (check_now() < until) {
			break_something(&seed);
			check_sleep((unsigned)rand_r(&seed) % 8);
		}
		end(ringer);
		check_plug();
	}
	*sc = count;
}
