/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_lockdebug.c - options LOCKDEBUG: is every mutex used as it must be?
 *
 * Model
 *	The mutexes that are made at one place (mutex_init, MUTEX_INITIALIZER)
 *	are a class.  Each thread has a list of what it holds.  When it wants
 *	one more there is, from each class that it holds to the one that it
 *	wants, an edge, and edges are never forgotten; so an order that could
 *	end in a deadlock is seen when its two halves have happened, at any
 *	time and on any threads, and no deadlock is needed:
 *
 *	one thread			another, long after
 *	lock a
 *	lock b: the edge a -> b
 *	unlock both
 *					lock b
 *					wants a: b -> a would close a circle
 *
 *	A circle through more classes is found in the same way.  Two mutexes
 *	of one class at a time are an error, too: there is no order between
 *	them.  Nothing here needs that; code that does makes the two at two
 *	places, or one of them MUTEX_NODEBUG.
 *
 *	Besides: a mutex is not used before mutex_init or after
 *	mutex_destroy, nor freed while held; and what is held at certain
 *	points is looked at:
 *
 *	condition variables	their own mutex, and the kernel lock, which
 *				is given up; asked on each call, also if it
 *				does not come to a sleep
 *	ASSERT_SLEEPABLE()	the kernel lock
 *	hypercalls that block	nothing
 *	the return of a driver's
 *	function		the kernel lock
 *	the end of an up-call,
 *	or of a kthread		nothing
 *	the end of a callout, a
 *	softint or a transfer's
 *	callback		what was held before; and in these nobody sleeps
 *
 *	A spin mutex (by mutex_init's type and level) is held in NetBSD with
 *	interrupts off; so under one that a driver has made no adaptive mutex of
 *	a driver's is taken.  Those of this system are all alike, and are not
 *	looked at.
 *
 *	mutex_tryenter waits for nobody: it makes no edge to what it takes,
 *	but what is wanted while that is held makes one from it.
 *
 * A violation is a panic, whose text says what was wanted, what is held and
 * where that was taken, and of each edge of a circle where it was seen first.
 *
 * Cost.  A known edge is one bit to be loaded.  A new one is entered under
 * graph_lock, a spin lock and a leaf, since a mutex would come here again.
 *
 * A class is known by its text, file and line, which are copied: a module
 * that is loaded again has its old classes, and an unloaded one leaves no
 * pointers behind.
 *
 * Known gaps: the word locks of condition variables are not seen; they are
 * leaves (kern_condvar.c).  Nor are the host's locks.  A callback that is
 * waited for with a lock held which it takes is seen only if the waiter says
 * ASSERT_SLEEPABLE().
 */
#include <sys/atomic.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#define	NCLASS		128	/* number 0 is none */
#define	NEDGE		1024
#define	NAMELEN		40
#define	SITELEN		64
#define	TEXTLEN		1000	/* what a line of the log takes */

struct ld_class {
	char	c_name[NAMELEN];
	char	c_site[SITELEN];
};

/* First seen: from was taken at e_held, to was then wanted at e_wanted. */
struct ld_edge {
	u_int	e_from;
	u_int	e_to;
	char	e_held[SITELEN];
	char	e_wanted[SITELEN];
};

struct ld_text {
	char	t_buf[TEXTLEN];
	size_t	t_len;
};

static uint32_t graph_lock;
static struct ld_class classes[NCLASS];		/* graph_lock */
static u_int nclasses = 1;			/* same */
static struct ld_edge edges[NEDGE];		/* same */
static u_int nedges;				/* same */
static uint64_t order[NCLASS][NCLASS / 64];	/* same, or atomic loads */

/* The class of MUTEX_NODEBUG. */
#define	NODEBUG		NCLASS
static struct lockdebug_class nodebug = { .lc_id = NODEBUG };

/* ---- the lock below ------------------------------------------------- */

static void
graph_enter(void)
{

	while (__atomic_exchange_n(&graph_lock, 1, __ATOMIC_ACQUIRE) != 0)
		continue;
}

static void
graph_exit(void)
{

	atomic_store_release(&graph_lock, 0);
}

/* ---- text ----------------------------------------------------------- */

/* A site as people know it: without the way up from the build directory, and
   of a long one the end. */
static const char *
site_short(const char *site)
{
	size_t len;

	while (strncmp(site, "../", 3) == 0)
		site += 3;
	len = strlen(site);
	return len < SITELEN ? site : site + len - (SITELEN - 1);
}

static void text_add(struct ld_text *, const char *, ...)
    __printflike(2, 3);

static void
text_add(struct ld_text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->t_buf + t->t_len, sizeof(t->t_buf) - t->t_len, fmt, ap);
	va_end(ap);
	t->t_len += strlen(t->t_buf + t->t_len);
}

static void
text_class(struct ld_text *t, u_int id)
{

	text_add(t, "%s (%s)", classes[id].c_name, classes[id].c_site);
}

static void
text_held(struct ld_text *t, const struct lockdebug_lwp *ll)
{

	text_add(t, "; held: ");
	for (u_int i = 0; i < ll->ll_nheld; i++) {
		const struct lockdebug_held *const lh = &ll->ll_held[i];

		if (i > 0)
			text_add(t, ", ");
		text_class(t, lh->lh_id);
		text_add(t, " taken at %s%s", site_short(lh->lh_where),
		    lh->lh_spin ? ", a spin mutex" : "");
	}
	if (ll->ll_nheld == 0)
		text_add(t, "nothing");
}

/* ---- classes -------------------------------------------------------- */

/* graph_lock held: the class with that text, a new one if need be. */
static u_int
class_find(const char *name, const char *site)
{
	u_int id;

	for (id = 1; id < nclasses; id++) {
		if (strcmp(classes[id].c_site, site) == 0 &&
		    strncmp(classes[id].c_name, name, NAMELEN - 1) == 0)
			return id;
	}
	if (id == NCLASS)
		return 0;
	nclasses++;
	strlcpy(classes[id].c_name, name, NAMELEN);
	strlcpy(classes[id].c_site, site, SITELEN);
	return id;
}

/* The number of a class that has none yet. */
static u_int
class_enter(struct lockdebug_class *lc)
{
	const char *name = lc->lc_name;
	u_int id;

	if (*name == '&')
		name++;
	graph_enter();
	id = class_find(name, site_short(lc->lc_site));
	graph_exit();
	if (id == 0)
		panic("lockdebug: more than %d classes of mutexes; NCLASS in "
		    "subr_lockdebug.c has to grow", NCLASS - 1);
	atomic_store_release(&lc->lc_id, id);
	return id;
}

/* The number of the class of a mutex that is used at where, or NODEBUG. */
static inline u_int
mutex_id(const kmutex_t *m, const char *where)
{
	struct lockdebug_class *const lc = m->mtx_class;
	u_int id;

	if (__predict_false(lc == NULL))
		panic("lockdebug: mutex %p at %s is not initialised, or "
		    "destroyed", (const void *)m, site_short(where));
	id = atomic_load_acquire(&lc->lc_id);
	return __predict_true(id != 0) ? id : class_enter(lc);
}

/* ---- the order ------------------------------------------------------ */

static bool
order_has(u_int from, u_int to)
{

	return (atomic_load_relaxed(&order[from][to / 64]) >> to % 64 & 1) !=
	    0;
}

/* graph_lock held. */
static const struct ld_edge *
edge_find(u_int from, u_int to)
{
	u_int i;

	for (i = 0; edges[i].e_from != from || edges[i].e_to != to; i++)
		continue;
	return &edges[i];
}

/*
 * graph_lock held: a shortest way from one class to another along edges; the
 * classes on it go to way[], their number is returned.  0: there is none.
 */
static u_int
order_way(u_int from, u_int to, uint8_t *way)
{
	uint8_t queue[NCLASS], before[NCLASS] = { 0 };
	u_int head = 0, tail = 0, n = 0;

	/* Backwards, so that before[] leads from one end to the other. */
	queue[tail++] = (uint8_t)to;
	before[to] = (uint8_t)to;
	while (head < tail && before[from] == 0) {
		const u_int id = queue[head++];

		for (u_int i = 1; i < nclasses; i++) {
			if (before[i] == 0 && order_has(i, id)) {
				before[i] = (uint8_t)id;
				queue[tail++] = (uint8_t)i;
			}
		}
	}
	if (before[from] == 0)
		return 0;
	for (u_int id = from; id != to; id = before[id])
		way[n++] = (uint8_t)id;
	way[n++] = (uint8_t)to;
	return n;
}

static __dead void
order_panic(const struct lockdebug_lwp *ll, u_int id, const char *where,
    const uint8_t *way, u_int n)
{
	struct ld_text t = { .t_len = 0 };

	text_add(&t, "lockdebug: lock order: ");
	text_class(&t, id);
	text_add(&t, " wanted at %s", site_short(where));
	text_held(&t, ll);
	text_add(&t, "; but seen before: ");
	for (u_int i = 0; i + 1 < n; i++) {
		const struct ld_edge *const e = edge_find(way[i], way[i + 1]);

		text_add(&t, "%s%s taken at %s, then %s wanted at %s",
		    i > 0 ? "; " : "", classes[e->e_from].c_name, e->e_held,
		    classes[e->e_to].c_name, e->e_wanted);
	}
	graph_exit();
	hyp_panic(t.t_buf);
}

/* A mutex is wanted under lh: enter the edge. */
static void
order_add(const struct lockdebug_lwp *ll, const struct lockdebug_held *lh,
    u_int id, const char *where)
{
	const u_int from = lh->lh_id;
	uint8_t way[NCLASS];
	struct ld_edge *e;
	u_int n;

	graph_enter();
	if (order_has(from, id)) {	/* another thread was first */
		graph_exit();
		return;
	}
	if ((n = order_way(id, from, way)) > 0)
		order_panic(ll, id, where, way, n);
	if (nedges == NEDGE) {
		graph_exit();
		panic("lockdebug: more than %d orders; NEDGE in "
		    "subr_lockdebug.c has to grow", NEDGE);
	}
	e = &edges[nedges++];
	e->e_from = from;
	e->e_to = id;
	strlcpy(e->e_held, site_short(lh->lh_where), SITELEN);
	strlcpy(e->e_wanted, site_short(where), SITELEN);
	atomic_store_relaxed(&order[from][id / 64],
	    order[from][id / 64] | (uint64_t)1 << id % 64);
	graph_exit();
}

static __dead void
same_panic(const struct lockdebug_lwp *ll, const char *what, u_int id,
    const char *where)
{
	struct ld_text t = { .t_len = 0 };

	text_add(&t, "lockdebug: %s: ", what);
	text_class(&t, id);
	text_add(&t, " wanted at %s", site_short(where));
	text_held(&t, ll);
	hyp_panic(t.t_buf);
}

/* The caller is about to wait for m. */
static void
want(const struct lockdebug_lwp *ll, const kmutex_t *m, u_int id,
    const char *where)
{

	for (u_int i = 0; i < ll->ll_nheld; i++) {
		const struct lockdebug_held *const lh = &ll->ll_held[i];

		if (__predict_false(lh->lh_spin) && m->mtx_class->lc_module &&
		    !m->mtx_class->lc_spin)
			same_panic(ll, "an adaptive mutex under a spin mutex",
			    id, where);
		if (__predict_true(order_has(lh->lh_id, id)))
			continue;
		if (lh->lh_lock == m)
			same_panic(ll, "locked against itself", id, where);
		if (lh->lh_id == id)
			same_panic(ll, "two mutexes of one class", id, where);
		order_add(ll, lh, id, where);
	}
}

static void
hold(struct lockdebug_lwp *ll, const kmutex_t *m, u_int id, const char *where)
{
	struct lockdebug_held *const lh = &ll->ll_held[ll->ll_nheld];

	if (__predict_false(ll->ll_nheld == LOCKDEBUG_NHELD))
		same_panic(ll, "more mutexes than LOCKDEBUG_NHELD", id,
		    where);
	lh->lh_lock = m;
	lh->lh_where = where;
	lh->lh_id = id;
	lh->lh_spin = m->mtx_class->lc_spin;
	ll->ll_nheld++;
}

/* ---- mutex(9) ------------------------------------------------------- */

/*
 * lockdebug_mutex_init(m, type, ipl, class)
 * lockdebug_mutex_destroy(m)
 * lockdebug_mutex_enter(m, where)
 * lockdebug_mutex_exit(m, where)
 * gotit = lockdebug_mutex_tryenter(m, where)
 *
 *	What the macros mutex_init, ... become; contracts in kern_mutex.c.
 *	where is a text that stays while m is held.
 */
void
lockdebug_mutex_init(kmutex_t *m, int type, int ipl,
    struct lockdebug_class *lc)
{

	(mutex_init)(m, (kmutex_type_t)type, ipl);
	if (lc->lc_module && (type == MUTEX_SPIN || ipl >= IPL_VM))
		atomic_store_relaxed(&lc->lc_spin, true);
	m->mtx_class = type == MUTEX_NODEBUG ? &nodebug : lc;
}

void
lockdebug_mutex_destroy(kmutex_t *m)
{

	(void)mutex_id(m, "mutex_destroy");
	(mutex_destroy)(m);
	m->mtx_class = NULL;
}

void
lockdebug_mutex_enter(kmutex_t *m, const char *where)
{
	struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;
	const u_int id = mutex_id(m, where);

	if (id != NODEBUG)
		want(ll, m, id, where);
	(mutex_enter)(m);
	if (id != NODEBUG)
		hold(ll, m, id, where);
}

void
lockdebug_mutex_exit(kmutex_t *m, const char *where)
{
	struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;
	u_int i = ll->ll_nheld;

	while (i > 0 && ll->ll_held[i - 1].lh_lock != m)
		i--;
	if (i > 0) {
		ll->ll_nheld--;
		for (; i <= ll->ll_nheld; i++)
			ll->ll_held[i - 1] = ll->ll_held[i];
	} else
		(void)mutex_id(m, where);
	(mutex_exit)(m);	/* panics if it is not held */
}

int
lockdebug_mutex_tryenter(kmutex_t *m, const char *where)
{
	const u_int id = mutex_id(m, where);

	if (!(mutex_tryenter)(m))
		return 0;
	if (id != NODEBUG)
		hold(&curlwp->l_lockdebug, m, id, where);
	return 1;
}

/* ---- points where little may be held -------------------------------- */

/*
 * where = lockdebug_where(m)
 *
 *	Where the caller has taken m; m may be NULL.
 */
const char *
lockdebug_where(const kmutex_t *m)
{
	const struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;

	for (u_int i = 0; i < ll->ll_nheld; i++) {
		if (ll->ll_held[i].lh_lock == m)
			return ll->ll_held[i].lh_where;
	}
	return LOCKDEBUG_HERE;
}

static __dead void
held_panic(const struct lockdebug_lwp *ll, const char *what, const char *where)
{
	struct ld_text t = { .t_len = 0 };

	text_add(&t, "lockdebug: %s at %s with a lock held", what,
	    site_short(where));
	text_held(&t, ll);
	hyp_panic(t.t_buf);
}

/*
 * lockdebug_barrier(m, what, where)
 *
 *	The caller is about to sleep, and holds nothing but m, which may be
 *	NULL, and the kernel lock.
 */
void
lockdebug_barrier(const kmutex_t *m, const char *what, const char *where)
{
	const struct lwp *const l = curlwp;
	const struct lockdebug_lwp *const ll = &l->l_lockdebug;
	u_int n = ll->ll_nheld;

	if (__predict_false(ll->ll_soft != NULL))
		panic("lockdebug: sleep (%s) in %s", what, ll->ll_soft);
	if (__predict_true(n == 0))
		return;
	if (l->l_biglocks > 0)
		n--;
	for (u_int i = 0; m != NULL && i < ll->ll_nheld; i++) {
		if (ll->ll_held[i].lh_lock == m)
			n--;
	}
	if (n > 0) {
		char text[64];

		snprintf(text, sizeof(text), "sleep (%s)", what);
		held_panic(ll, text, where);
	}
}

/*
 * lockdebug_none(what, where)
 *
 *	The caller holds nothing.
 */
void
lockdebug_none(const char *what, const char *where)
{
	const struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;

	if (__predict_false(ll->ll_nheld > 0))
		held_panic(ll, what, where);
}

static __dead void
return_panic(const struct lockdebug_lwp *ll, const char *what)
{
	struct ld_text t = { .t_len = 0 };

	text_add(&t, "lockdebug: %s has returned with a lock held", what);
	text_held(&t, ll);
	hyp_panic(t.t_buf);
}

/*
 * lockdebug_return(what)
 *
 *	A driver's function of that name has returned, and the caller, who held
 *	no more than the kernel lock before it, holds no more now.
 */
void
lockdebug_return(const char *what)
{
	const struct lwp *const l = curlwp;
	const struct lockdebug_lwp *const ll = &l->l_lockdebug;

	if (__predict_false(ll->ll_nheld > (l->l_biglocks > 0)))
		return_panic(ll, what);
}

/*
 * lockdebug_soft_enter(&ls, what)
 * lockdebug_soft_exit(&ls)
 *
 *	Around a callout, a softint or the callback of a transfer, which must
 *	not sleep, and has left no lock.  One may be called by another.
 */
void
lockdebug_soft_enter(struct lockdebug_soft *ls, const char *what)
{
	struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;

	ls->ls_what = ll->ll_soft;
	ls->ls_nheld = ll->ll_nheld;
	ll->ll_soft = what;
}

void
lockdebug_soft_exit(const struct lockdebug_soft *ls)
{
	struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;

	if (__predict_false(ll->ll_nheld > ls->ls_nheld))
		return_panic(ll, ll->ll_soft);
	ll->ll_soft = ls->ls_what;
}

/*
 * lockdebug_alloc(sleeps, where)
 *
 *	A module wants memory, with KM_SLEEP or without.
 */
void
lockdebug_alloc(bool sleeps, const char *where)
{
	const struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;

	if (!sleeps)
		return;
	if (ll->ll_soft != NULL)
		panic("lockdebug: sleep (KM_SLEEP) in %s at %s", ll->ll_soft,
		    site_short(where));
	for (u_int i = 0; i < ll->ll_nheld; i++) {
		if (ll->ll_held[i].lh_spin)
			held_panic(ll, "sleep (KM_SLEEP)", where);
	}
}

/*
 * lockdebug_mem_check(p, size)
 *
 *	This memory is about to be freed, and nothing that the caller holds
 *	is in it.
 */
void
lockdebug_mem_check(const void *p, size_t size)
{
	const struct lockdebug_lwp *const ll = &curlwp->l_lockdebug;

	for (u_int i = 0; i < ll->ll_nheld; i++) {
		const uintptr_t off = (uintptr_t)ll->ll_held[i].lh_lock -
		    (uintptr_t)p;

		if (off < size)
			held_panic(ll, "kmem_free of a mutex", "kmem_free");
	}
}
