/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_clist.c - character queues against a plain model.
 */
#include "h_tty.h"

#define	SIZE	61	/* odd, so that pieces wrap everywhere */

static struct clist q;
static int model[SIZE];
static int nmodel;

static void
check(void)
{
	u_char *p;
	int c, i = 0;

	T_EQ(q.c_cc, nmodel);
	for (p = firstc(&q, &c); p != NULL; p = nextc(&q, p, &c))
		T_EQ(c, model[i++]);
	T_EQ(i, nmodel);
	T_CHECK(ndqb(&q, 0) <= nmodel);
	T_CHECK((ndqb(&q, 0) > 0) == (nmodel > 0));
}

static void
drop(int n)
{

	nmodel -= n;
	memmove(model, model + n, (size_t)nmodel * sizeof(model[0]));
}

static void
step_block(int n)
{
	u_char buf[SIZE];
	int i, done;

	for (i = 0; i < n; i++)
		buf[i] = (u_char)t_random();
	if (t_random() & 1) {
		done = n - b_to_q(buf, n, &q);
		T_EQ(done, imin(n, SIZE - nmodel));
		for (i = 0; i < done; i++)
			model[nmodel++] = buf[i];
	} else {
		done = q_to_b(&q, buf, n);
		T_EQ(done, imin(n, nmodel));
		for (i = 0; i < done; i++)
			T_EQ(buf[i], model[i] & TTY_CHARMASK);
		drop(done);
	}
}

static void
step_char(void)
{
	int c;

	switch (t_random() % 4) {
	case 0:
	case 1:
		c = (int)(t_random() & (TTY_QUOTE | TTY_CHARMASK));
		T_EQ(putc(c, &q), nmodel == SIZE ? -1 : 0);
		if (nmodel < SIZE)
			model[nmodel++] = c;
		break;
	case 2:
		T_EQ(getc(&q), nmodel == 0 ? -1 : model[0]);
		if (nmodel > 0)
			drop(1);
		break;
	default:
		T_EQ(unputc(&q), nmodel == 0 ? -1 : model[nmodel - 1]);
		if (nmodel > 0)
			nmodel--;
		break;
	}
}

static void
test_model(void)
{
	int i, n;

	(void)clalloc(&q, SIZE, 1);
	nmodel = 0;
	for (i = 0; i < 200000; i++) {
		n = (int)(t_random() % SIZE);
		if (i % 3 == 0)
			step_block(n);
		else if (i % 101 == 0) {
			ndflush(&q, n);
			drop(imin(n, nmodel));
		} else
			step_char();
		check();
	}
	clfree(&q);
}

static void
test_quote(void)
{

	(void)clalloc(&q, SIZE, 1);
	T_EQ(b_to_q((const u_char *)"abc", 3, &q), 0);
	(void)putc('d' | TTY_QUOTE, &q);
	(void)putc('e', &q);
	T_EQ(ndqb(&q, 0), 5);
	T_EQ(ndqb(&q, TTY_QUOTE), 3);
	clfree(&q);

	/* Without quote bits nothing is kept of them. */
	(void)clalloc(&q, SIZE, 0);
	(void)putc('d' | TTY_QUOTE, &q);
	T_EQ(getc(&q), 'd');
	T_EQ(getc(&q), -1);
	clfree(&q);
}

static void
test_catq(void)
{
	struct clist to;
	int i;

	(void)clalloc(&q, SIZE, 1);
	(void)clalloc(&to, SIZE, 1);
	for (i = 0; i < SIZE; i++)
		(void)putc(i | (i % 2 ? TTY_QUOTE : 0), &q);
	T_EQ(putc('x', &q), -1);
	catq(&q, &to);
	T_EQ(q.c_cc, 0);
	for (i = 0; i < SIZE; i++)
		T_EQ(getc(&to), i | (i % 2 ? TTY_QUOTE : 0));
	clfree(&q);
	clfree(&to);
}

static void
test_uio(void)
{
	u_char in[SIZE], out[SIZE];
	struct iovec iov[2] = { { in, 20 }, { in + 20, SIZE - 20 } };
	struct uio uio = { .uio_iov = iov, .uio_iovcnt = 2,
	    .uio_resid = SIZE, .uio_rw = UIO_WRITE };
	struct iovec iov2 = { out, SIZE };
	struct uio uio2 = { .uio_iov = &iov2, .uio_iovcnt = 1,
	    .uio_resid = SIZE, .uio_rw = UIO_READ };
	int i;

	for (i = 0; i < SIZE; i++)
		in[i] = (u_char)t_random();
	(void)clalloc(&q, SIZE, 1);
	(void)b_to_q(in, 50, &q);	/* so that the ring wraps */
	(void)getc(&q);
	ndflush(&q, 48);
	T_EQ(uio_to_q(&uio, SIZE, &q), SIZE - 1);
	T_EQ(uio.uio_resid, 1);
	T_EQ(getc(&q), in[49]);
	T_EQ(q_to_uio(&q, &uio2, 10), 10);
	T_EQ(q_to_uio(&q, &uio2, SIZE), SIZE - 1 - 10);
	T_CHECK(memcmp(in, out, SIZE - 1) == 0);
	clfree(&q);
}

const struct t_case t_cases[] = {
	{ "a queue is what a plain list would be", test_model },
	{ "quote bits stop ndqb", test_quote },
	{ "catq moves everything", test_catq },
	{ "requests move across the ring's end", test_uio },
	{ NULL, NULL }
};
