/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - every call of a driver, as hyp_trace tells of it, held against the
 * contract (docs/contract.md).
 *
 * Model
 *	A thread that is in a driver has a slot, with the calls that it is in: a
 *	d_close within a detach is two.  What a node's calls have come to is in
 *	its struct cnode.  Rules about order are looked at where a call begins or
 *	ends; those about time by a thread that looks at all slots:
 *
 *	d_read, d_write, d_ioctl	over within CANCEL_MS of the return of
 *					d_cancel
 *	d_cancel			prompt: CANCEL_MS
 *	fo_*				the same of a clone, by its fo_restart
 *	d_close, fo_close, detach,
 *	attach				come back: LONG_MS
 *	d_open				does not succeed without a device
 *	d_close				once for each opening
 *	detach				when it returns, no file is open
 *
 *	Modules are compiled with -finstrument-functions; so a driver's own call
 *	of its d_close is seen too: __cyg_profile_func_enter.
 *
 *	Which place of the driver it was: of a call that does not come back, the
 *	innermost function of a module on its thread's stack, for which it gets
 *	a signal (WATCH_SIG).
 *
 * Locks
 *	watch_lock guards slots, what check.h says of nodes, and closers.  Under
 *	it no call up and no sleep: hyp_trace comes with any lock of K's.
 */
#include <sys/types.h>

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"
#include "hyp/hyp_trace.h"

#define	SLOTS		128
#define	DEPTH		8
#define	FRAMES		48
#define	CLOSERS		16
#define	LOOK_MS		50
#define	CANCEL_MS	2000
#define	LONG_MS		15000
#define	WATCH_SIG	SIGUSR2

struct call {
	const char	*c_event;	/* a constant */
	char		 c_dev[CHECK_NAME];
	uint64_t	 c_since;	/* ms */
	uintptr_t	 c_func;
	uintptr_t	 c_file;	/* fo_*: the clone */
	unsigned	 c_closes;	/* detach: of its nodes, when it began */
};

struct slot {
	bool		 s_used;
	pthread_t	 s_thread;
	unsigned	 s_depth;
	struct call	 s_call[DEPTH];
};

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[SLOTS];
static uintptr_t closers[CLOSERS];	/* atomic reads: d_close functions */
static __thread struct slot *mine;
static __thread bool within;		/* not twice in here */
static void *stack[FRAMES];		/* of the thread that was asked */
static atomic_int nstack;
static atomic_bool ended;
static char attached[CHECK_NODES][CHECK_NAME];
static unsigned nattached;

/* ---- the end --------------------------------------------------------- */

static bool
is_module(const void *pc, Dl_info *info)
{

	return pc != NULL && dladdr(pc, info) != 0 &&
	    info->dli_fname != NULL &&
	    strcmp(info->dli_fname, check_module) == 0;
}

_Noreturn void
fault(const void *site, const char *fmt, ...)
{
	char text[400];
	Dl_info info;
	va_list ap;

	within = true;
	if (atomic_exchange(&ended, true)) {
		for (;;)
			pause();
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("fault: %s", text);
	if (is_module(site, &info))
		printf("; in %s+0x%lx", info.dli_fname,
		    (unsigned long)((const char *)site -
		    (const char *)info.dli_fbase));
	printf("\n");
	fflush(NULL);
	_exit(1);
}

/* ---- calls ----------------------------------------------------------- */

/* watch_lock held: this thread's slot; NULL: none is left. */
static struct slot *
slot_get(void)
{
	sigset_t set;

	if (mine != NULL)
		return mine;
	for (unsigned i = 0; i < SLOTS && mine == NULL; i++) {
		if (!slots[i].s_used)
			mine = &slots[i];
	}
	if (mine == NULL)
		return NULL;
	mine->s_used = true;
	mine->s_thread = pthread_self();
	mine->s_depth = 0;
	/* K's threads have all of them blocked. */
	sigemptyset(&set);
	sigaddset(&set, WATCH_SIG);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return mine;
}

static unsigned
closes_of(const char *device)
{
	const unsigned n = check_nnodes();
	unsigned closes = 0;

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(check_nodes[i].n_device, device) == 0)
			closes += check_nodes[i].n_closes;
	}
	return closes;
}

static bool
is_closer(uintptr_t func)
{

	for (unsigned i = 0; i < CLOSERS; i++) {
		if (__atomic_load_n(&closers[i], __ATOMIC_RELAXED) == func)
			return true;
	}
	return false;
}

static void
learn_closer(uintptr_t func)
{

	for (unsigned i = 0; !is_closer(func) && i < CLOSERS; i++) {
		if (closers[i] == 0)
			__atomic_store_n(&closers[i], func, __ATOMIC_RELAXED);
	}
}

void
watch_unloaded(void)
{

	pthread_mutex_lock(&watch_lock);
	memset(closers, 0, sizeof(closers));
	pthread_mutex_unlock(&watch_lock);
}

/* A close by the kernel side begins. */
static void
close_begins(struct cnode *cn, const struct call *c)
{

	if (cn == NULL)
		return;
	if (cn->n_own != NULL)
		fault(cn->n_ownsite, "d_close ran twice for one opening "
		    "(/dev/%s): %s called it, and now the kernel does",
		    cn->n_name, cn->n_own);
	cn->n_open = false;
	cn->n_closes++;
	cn->n_closer = (void *)c->c_func;
	learn_closer(c->c_func);
}

/* watch_lock held. */
static bool
was_attached(const char *name)
{
	unsigned i;

	for (i = 0; i < nattached && strcmp(attached[i], name) != 0; i++)
		continue;
	return i < nattached;
}

bool
watch_attached(const char *name)
{
	bool was;

	pthread_mutex_lock(&watch_lock);
	was = was_attached(name);
	pthread_mutex_unlock(&watch_lock);
	return was;
}

static void
call_begins(struct call *c)
{
	const unsigned n = check_nnodes();

	if (strcmp(c->c_event, "d_close") == 0)
		close_begins(check_node(c->c_dev), c);
	else if (strcmp(c->c_event, "detach") == 0)
		c->c_closes = closes_of(c->c_dev);
	else if (strcmp(c->c_event, "attach") == 0) {
		if (!was_attached(c->c_dev) && nattached < CHECK_NODES)
			strcpy(attached[nattached++], c->c_dev);
		for (unsigned i = 0; i < n; i++) {
			if (strcmp(check_nodes[i].n_device, c->c_dev) == 0)
				check_nodes[i].n_gone = false;
		}
	}
}

/* A d_open has succeeded. */
static void
opened(struct cnode *cn, const struct call *c)
{

	if (cn == NULL)
		return;
	if (cn->n_gone)
		fault((void *)c->c_func, "d_open after detach (/dev/%s): %s "
		    "has gone, and d_open returned 0", cn->n_name,
		    cn->n_device);
	cn->n_open = true;
	cn->n_own = NULL;
}

/* A detach has succeeded. */
static void
detached(const struct call *c)
{
	const unsigned n = check_nnodes();

	for (unsigned i = 0; i < n; i++) {
		struct cnode *const cn = &check_nodes[i];

		if (strcmp(cn->n_device, c->c_dev) != 0)
			continue;
		if (cn->n_open || cn->n_clones > 0)
			fault((void *)c->c_func, "detach without vdevgone "
			    "(%s): it has returned, /dev/%s is open, and "
			    "%s did not run at all", c->c_dev, cn->n_name,
			    cn->n_open ? "d_close" : "fo_close");
		cn->n_gone = true;
	}
}

/* A call of a clone is over. */
static void
clone_ends(struct cnode *cn, const struct call *c)
{
	struct cclone *const cc = check_clone(c->c_file);

	if (strcmp(c->c_event, "fo_restart") == 0 && cc != NULL)
		cc->cc_restarted = check_now();
	if (strcmp(c->c_event, "fo_close") != 0)
		return;
	if (cc != NULL)
		cc->cc_file = 0;
	if (cn != NULL && cn->n_clones > 0)
		cn->n_clones--;
}

static void
call_ends(const struct call *c, const char *error)
{
	struct cnode *const cn = check_node(c->c_dev);
	const bool well = strcmp(error, "0") == 0;

	if (c->c_file != 0)
		clone_ends(cn, c);
	else if (strcmp(c->c_event, "d_open") == 0 && well)
		opened(cn, c);
	else if (strcmp(error, "EMOVEFD") == 0 && cn != NULL)
		cn->n_clones++;
	else if (strcmp(c->c_event, "d_cancel") == 0 && cn != NULL && well)
		cn->n_cancelled = check_now();
	else if (strcmp(c->c_event, "d_close") == 0 && cn != NULL) {
		cn->n_closed = cn->n_cancelled == 0 ? check_now() : 0;
		cn->n_cancelled = 0;
	}
	if (strcmp(c->c_event, "detach") == 0 && well)
		detached(c);
}

static void
enter(const struct hyp_trace *ht)
{
	struct slot *const s = slot_get();
	struct call *c;

	if (s == NULL || s->s_depth == DEPTH)
		return;
	c = &s->s_call[s->s_depth];
	c->c_event = ht->ht_event;
	snprintf(c->c_dev, sizeof(c->c_dev), "%s", ht->ht_dev);
	c->c_since = check_now();
	c->c_func = ht->ht_func;
	c->c_file = ht->ht_file;
	s->s_depth++;
	call_begins(c);
}

static void
leave(const struct hyp_trace *ht)
{
	struct slot *const s = mine;
	unsigned i;

	if (s == NULL)
		return;
	for (i = s->s_depth; i > 0; i--) {
		if (strcmp(s->s_call[i - 1].c_event, ht->ht_event) == 0)
			break;
	}
	if (i == 0)
		return;
	call_ends(&s->s_call[i - 1], ht->ht_error);
	s->s_depth = i - 1;
	if (s->s_depth == 0) {
		s->s_used = false;
		mine = NULL;
	}
}

void
hyp_trace(const struct hyp_trace *ht)
{

	within = true;
	pthread_mutex_lock(&watch_lock);
	if (ht->ht_exit)
		leave(ht);
	else
		enter(ht);
	pthread_mutex_unlock(&watch_lock);
	within = false;
}

/* ---- a driver's calls of its own d_close ------------------------------ */

/* watch_lock held: c calls d_close, which is the kernel's to call. */
static void
own_close(const struct call *c, void *site)
{
	const unsigned n = check_nnodes();
	const bool detach = strcmp(c->c_event, "detach") == 0;

	if (strcmp(c->c_event, "d_open") == 0 ||
	    strcmp(c->c_event, "d_close") == 0)
		return;		/* what has failed half way; a part of it */
	if (detach && closes_of(c->c_dev) != c->c_closes)
		fault(site, "d_close ran twice for one opening (%s): vdevgone "
		    "called it, and now detach does", c->c_dev);
	for (unsigned i = 0; i < n; i++) {
		struct cnode *const cn = &check_nodes[i];

		if (cn->n_open && strcmp(detach ? cn->n_device : cn->n_name,
		    c->c_dev) == 0) {
			cn->n_own = c->c_event;
			cn->n_ownsite = site;
		}
	}
}

/* The compiler's; names and forms are its own. */
void	__cyg_profile_func_enter(void *, void *);
void	__cyg_profile_func_exit(void *, void *);

void
__cyg_profile_func_enter(void *func, void *site)
{
	struct slot *const s = mine;

	if (s == NULL || s->s_depth == 0 || within ||
	    !is_closer((uintptr_t)func))
		return;
	within = true;
	pthread_mutex_lock(&watch_lock);
	/* A return address may be the next line's. */
	own_close(&s->s_call[s->s_depth - 1], (char *)site - 1);
	pthread_mutex_unlock(&watch_lock);
	within = false;
}

void
__cyg_profile_func_exit(void *func, void *site)
{

	(void)func;
	(void)site;
}

/* ---- calls that do not come back -------------------------------------- */

static void
show_stack(int sig)
{

	(void)sig;
	atomic_store(&nstack, backtrace(stack, FRAMES));
}

/* Where in the driver that thread is; NULL. */
static const void *
ask_stack(pthread_t thread)
{
	Dl_info info;

	atomic_store(&nstack, 0);
	if (pthread_kill(thread, WATCH_SIG) != 0)
		return NULL;
	for (unsigned ms = 0; ms < 1000 && atomic_load(&nstack) == 0; ms += 10)
		check_sleep(10);
	for (int i = 0; i < atomic_load(&nstack); i++) {
		/* A return address may be the next line's. */
		if (is_module((char *)stack[i] - 1, &info))
			return (char *)stack[i] - 1;
	}
	return NULL;
}

static bool
is_io(const char *event)
{

	return strcmp(event, "d_read") == 0 || strcmp(event, "d_write") == 0 ||
	    strcmp(event, "d_ioctl") == 0;
}

/* watch_lock held: the same of one of a clone's. */
static void
look_clone(const struct slot *s, const struct call *c, uint64_t now)
{
	const struct cclone *const cc = check_clone(c->c_file);

	if (strcmp(c->c_event, "fo_close") == 0) {
		if (now - c->c_since > LONG_MS)
			fault(ask_stack(s->s_thread), "fo_close does not come "
			    "back (%s)", c->c_dev);
	} else if (strcmp(c->c_event, "fo_restart") == 0) {
		if (now - c->c_since > CANCEL_MS)
			fault(ask_stack(s->s_thread), "fo_restart waits "
			    "(/dev/%s): it has to return at once", c->c_dev);
	} else if (cc != NULL && cc->cc_restarted != 0 &&
	    now - cc->cc_restarted > CANCEL_MS)
		fault(ask_stack(s->s_thread), "%s went on after fo_restart "
		    "(/dev/%s): %u ms after that returned it is in the driver "
		    "yet", c->c_event, c->c_dev,
		    (unsigned)(now - cc->cc_restarted));
}

/* watch_lock held: has this call had its time? */
static void
look(const struct slot *s, const struct call *c, uint64_t now)
{
	const struct cnode *const cn = check_node(c->c_dev);
	const uint64_t age = now - c->c_since;

	if (c->c_file != 0)
		look_clone(s, c, now);
	else if (is_io(c->c_event)) {
		if (cn != NULL && cn->n_cancelled != 0 &&
		    now - cn->n_cancelled > CANCEL_MS)
			fault(ask_stack(s->s_thread), "%s went on after "
			    "d_cancel (/dev/%s): %u ms after that returned it "
			    "is in the driver yet", c->c_event, c->c_dev,
			    (unsigned)(now - cn->n_cancelled));
		if (cn != NULL && cn->n_closed > c->c_since &&
		    now - cn->n_closed > CANCEL_MS)
			fault(ask_stack(s->s_thread), "%s went on after "
			    "d_close (/dev/%s), and there is no d_cancel",
			    c->c_event, c->c_dev);
	} else if (strcmp(c->c_event, "d_cancel") == 0) {
		if (age > CANCEL_MS)
			fault(ask_stack(s->s_thread), "d_cancel waits "
			    "(/dev/%s): it has to return at once", c->c_dev);
	} else if (strcmp(c->c_event, "d_close") == 0 ||
	    strcmp(c->c_event, "detach") == 0 ||
	    strcmp(c->c_event, "attach") == 0) {
		/* A detach waits for closes. */
		if (age > LONG_MS * (*c->c_event == 'd' &&
		    c->c_event[1] == 'e' ? 2 : 1))
			fault(ask_stack(s->s_thread), "%s does not come back "
			    "(%s)", c->c_event, c->c_dev);
	}
}

static void *
watcher(void *arg)
{

	(void)arg;
	for (;;) {
		check_sleep(LOOK_MS);
		pthread_mutex_lock(&watch_lock);
		for (unsigned i = 0; i < SLOTS; i++) {
			const struct slot *const s = &slots[i];

			/* The innermost: the others wait for it. */
			if (s->s_used && s->s_depth > 0)
				look(s, &s->s_call[s->s_depth - 1],
				    check_now());
		}
		pthread_mutex_unlock(&watch_lock);
	}
	return NULL;
}

void
watch_start(void)
{
	struct sigaction sa;
	pthread_t thread;
	void *pc[1];

	(void)backtrace(pc, 1);		/* it loads what it needs at first */
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = show_stack;
	sa.sa_flags = SA_RESTART;
	sigaction(WATCH_SIG, &sa, NULL);
	if (pthread_create(&thread, NULL, watcher, NULL) != 0) {
		fprintf(stderr, "devsw-check: no thread\n");
		exit(126);
	}
	hyp_trace_start();
}
