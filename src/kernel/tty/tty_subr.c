/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_subr.c - clists: queues of characters.
 *
 * A clist is a ring with a fixed size.  c_cf and c_cl always point into the
 * ring; an empty queue starts again at c_cs, so that a queue which is
 * emptied at each turn never wraps.  c_cc tells full from empty.
 *
 * Bytes move with memcpy, in at most two pieces.  The quote bits, where
 * there are any, are cleared by the block functions and moved by putc,
 * getc, unputc and catq.
 *
 * No lock of its own: the owner's (ttylock, for the queues of a tty).
 * Nothing here sleeps but clalloc.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>
#include <sys/tty.h>
#include <sys/uio.h>

static size_t
cl_quotesize(int size)
{

	return ((size_t)size + NBBY - 1) / NBBY;
}

static int
cl_index(const struct clist *q, const u_char *p)
{

	KASSERTMSG(p >= q->c_cs && p < q->c_ce, "offset %ld of %d",
	    (long)(p - q->c_cs), q->c_cn);
	return (int)(p - q->c_cs);
}

static bool
cl_quoted(const struct clist *q, const u_char *p)
{
	const int i = cl_index(q, p);

	return q->c_cq != NULL && (q->c_cq[i / NBBY] & (1 << i % NBBY)) != 0;
}

static void
cl_setquote(struct clist *q, const u_char *p, bool on)
{
	const int i = cl_index(q, p);

	if (q->c_cq == NULL)
		return;
	if (on)
		q->c_cq[i / NBBY] |= (u_char)(1 << i % NBBY);
	else
		q->c_cq[i / NBBY] &= (u_char)~(1 << i % NBBY);
}

/* Clear the quote bits of n characters from p on, which do not wrap. */
static void
cl_clrquotes(struct clist *q, u_char *p, int n)
{
	u_char *const end = p + n;

	if (q->c_cq == NULL)
		return;
	for (; p < end && cl_index(q, p) % NBBY != 0; p++)
		cl_setquote(q, p, false);
	if (end - p >= NBBY) {
		n = (int)(end - p) / NBBY;
		memset(&q->c_cq[cl_index(q, p) / NBBY], 0, (size_t)n);
		p += n * NBBY;
	}
	for (; p < end; p++)
		cl_setquote(q, p, false);
}

/* Characters that can be added, or are there, before the ring's end. */
static int
cl_addrun(const struct clist *q)
{

	return imin(q->c_cn - q->c_cc, (int)(q->c_ce - q->c_cl));
}

static int
cl_takerun(const struct clist *q)
{

	return imin(q->c_cc, (int)(q->c_ce - q->c_cf));
}

static void
cl_added(struct clist *q, int n)
{

	KASSERTMSG(q->c_cc + n <= q->c_cn, "%d + %d > %d", q->c_cc, n,
	    q->c_cn);
	q->c_cc += n;
	q->c_cl += n;
	if (q->c_cl == q->c_ce)
		q->c_cl = q->c_cs;
}

static void
cl_taken(struct clist *q, int n)
{

	KASSERTMSG(n <= q->c_cc, "%d of %d", n, q->c_cc);
	q->c_cc -= n;
	q->c_cf += n;
	if (q->c_cf == q->c_ce)
		q->c_cf = q->c_cs;
	if (q->c_cc == 0)
		q->c_cf = q->c_cl = q->c_cs;
}

/*
 * error = clalloc(q, size, quot)
 *
 *	Make q an empty queue for size characters, with quote bits if quot is
 *	not 0.  May sleep for memory; always 0.  clfree() undoes it.
 */
int
clalloc(struct clist *q, int size, int quot)
{

	KASSERTMSG(size > 0, "size %d", size);
	q->c_cs = kmem_zalloc((size_t)size, KM_SLEEP);
	q->c_cq = quot ? kmem_zalloc(cl_quotesize(size), KM_SLEEP) : NULL;
	q->c_cf = q->c_cl = q->c_cs;
	q->c_ce = q->c_cs + size;
	q->c_cn = size;
	q->c_cc = 0;
	return 0;
}

/*
 * clfree(q)
 *
 *	Free the ring with whatever is in it.  A clist that is all zero may
 *	be freed too.
 */
void
clfree(struct clist *q)
{

	if (q->c_cs != NULL)
		kmem_free(q->c_cs, (size_t)q->c_cn);
	if (q->c_cq != NULL)
		kmem_free(q->c_cq, cl_quotesize(q->c_cn));
	memset(q, 0, sizeof(*q));
}

/*
 * c = getc(q)
 *
 *	The first character, with TTY_QUOTE if it was put with that, or -1 if
 *	there is none.
 */
int
getc(struct clist *q)
{
	int c;

	if (q->c_cc == 0)
		return -1;
	c = *q->c_cf | (cl_quoted(q, q->c_cf) ? TTY_QUOTE : 0);
	cl_taken(q, 1);
	return c;
}

/*
 * error = putc(c, q)
 *
 *	Add a character, with its TTY_QUOTE.  0, or -1 if the queue is full.
 */
int
putc(int c, struct clist *q)
{

	if (q->c_cc == q->c_cn)
		return -1;
	*q->c_cl = (u_char)c;
	cl_setquote(q, q->c_cl, ISSET(c, TTY_QUOTE) != 0);
	cl_added(q, 1);
	return 0;
}

/*
 * c = unputc(q)
 *
 *	Take the last character back, as getc.
 */
int
unputc(struct clist *q)
{
	u_char *p;
	int c;

	if (q->c_cc == 0)
		return -1;
	p = (q->c_cl == q->c_cs ? q->c_ce : q->c_cl) - 1;
	c = *p | (cl_quoted(q, p) ? TTY_QUOTE : 0);
	q->c_cl = p;
	if (--q->c_cc == 0)
		q->c_cf = q->c_cl = q->c_cs;
	return c;
}

/*
 * left = b_to_q(buf, n, q)
 *
 *	Add n unquoted characters; returns how many did not fit.
 */
int
b_to_q(const u_char *buf, int n, struct clist *q)
{
	int run;

	while (n > 0 && (run = imin(n, cl_addrun(q))) > 0) {
		memcpy(q->c_cl, buf, (size_t)run);
		cl_clrquotes(q, q->c_cl, run);
		cl_added(q, run);
		buf += run;
		n -= run;
	}
	return n;
}

/*
 * done = q_to_b(q, buf, n)
 *
 *	Take up to n characters; returns how many there were.
 */
int
q_to_b(struct clist *q, u_char *buf, int n)
{
	int run, done = 0;

	while (done < n && (run = imin(n - done, cl_takerun(q))) > 0) {
		memcpy(buf + done, q->c_cf, (size_t)run);
		cl_taken(q, run);
		done += run;
	}
	return done;
}

/*
 * done = uio_to_q(uio, n, q)
 * done = q_to_uio(q, uio, n)
 *
 *	Move up to n characters between a queue and the buffers of a request,
 *	as far as both have them; uio is left at the first byte not moved.
 *	uiomove never sleeps in this system, so the owner's lock may be held,
 *	which spares a copy.
 */
int
uio_to_q(struct uio *uio, int n, struct clist *q)
{
	int run, done = 0;

	KASSERT(uio->uio_rw == UIO_WRITE);
	n = (int)ulmin((u_long)n, uio->uio_resid);
	while (done < n && (run = imin(n - done, cl_addrun(q))) > 0) {
		(void)uiomove(q->c_cl, (size_t)run, uio);
		cl_clrquotes(q, q->c_cl, run);
		cl_added(q, run);
		done += run;
	}
	return done;
}

int
q_to_uio(struct clist *q, struct uio *uio, int n)
{
	int run, done = 0;

	KASSERT(uio->uio_rw == UIO_READ);
	n = (int)ulmin((u_long)n, uio->uio_resid);
	while (done < n && (run = imin(n - done, cl_takerun(q))) > 0) {
		(void)uiomove(q->c_cf, (size_t)run, uio);
		cl_taken(q, run);
		done += run;
	}
	return done;
}

/*
 * n = ndqb(q, flag)
 *
 *	How many characters lie at c_cf without a break; with TTY_QUOTE in
 *	flag, how many before the first quoted one.
 */
int
ndqb(struct clist *q, int flag)
{
	const int run = cl_takerun(q);
	int i;

	if (!ISSET(flag, TTY_QUOTE) || q->c_cq == NULL)
		return run;
	for (i = 0; i < run && !cl_quoted(q, q->c_cf + i); i++)
		continue;
	return i;
}

/*
 * ndflush(q, n)
 *
 *	Drop the first n characters, or all if there are fewer: a driver may
 *	report bytes that were flushed while it sent them.
 */
void
ndflush(struct clist *q, int n)
{
	int run;

	while (n > 0 && (run = imin(n, cl_takerun(q))) > 0) {
		cl_taken(q, run);
		n -= run;
	}
}

/*
 * p = firstc(q, &c)
 * p = nextc(q, p, &c)
 *
 *	Walk through a queue without changing it.  NULL at the end.
 */
u_char *
firstc(struct clist *q, int *c)
{

	if (q->c_cc == 0)
		return NULL;
	*c = *q->c_cf | (cl_quoted(q, q->c_cf) ? TTY_QUOTE : 0);
	return q->c_cf;
}

u_char *
nextc(struct clist *q, u_char *p, int *c)
{

	if (++p == q->c_ce)
		p = q->c_cs;
	if (p == q->c_cl)
		return NULL;
	*c = *p | (cl_quoted(q, p) ? TTY_QUOTE : 0);
	return p;
}

/*
 * catq(from, to)
 *
 *	Move all characters; there must be room for them.
 */
void
catq(struct clist *from, struct clist *to)
{
	int c;

	KASSERTMSG(from->c_cc <= to->c_cn - to->c_cc, "%d into %d of %d",
	    from->c_cc, to->c_cc, to->c_cn);
	while ((c = getc(from)) != -1)
		(void)putc(c, to);
}
