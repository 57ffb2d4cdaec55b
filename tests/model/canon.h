/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canon.h - openers of specfs.pml are alike; for the end of spin's pan.c.
 *
 * A permutation of openers is a symmetry of the model: it takes steps to
 * steps and what is asserted to what is asserted.  So it is enough to store
 * one state of each set of states that such permutations make of each other,
 * the one with the openers in order.  The search itself goes on with the
 * state as it is, and a trail is a run of the model.
 *
 * What belongs to an opener: its process, its vnode, its bit in each
 * condition variable.
 *
 * CANON_OPENERS and CANON_CVS, how many there are, come from outside.
 * canon_states counts what the stored states stand for: so many states there
 * are without this file.
 */
struct canon {
	P0	c_process;
	uchar	c_vp;
	uchar	c_sleeps[CANON_CVS];
};

static unsigned long long canon_states;

static uchar *
canon_cv(int n)
{

#if CANON_CVS == 3
	if (n == 2)
		return &now.devsw_cv;
#endif
	return n == 0 ? &now.specfs_iocv : &now.config_cv;
}

/* Take opener i out of the state. */
static void
canon_get(int i, struct canon *c)
{

	memset(c, 0, sizeof(*c));
	memcpy(&c->c_process, pptr(i), sizeof(c->c_process));
	c->c_process._pid = 0;
	c->c_vp = now.vp[i];
	for (int n = 0; n < CANON_CVS; n++)
		c->c_sleeps[n] = *canon_cv(n) >> i & 1;
}

/* And put it back as the i-th. */
static void
canon_put(int i, const struct canon *c)
{
	P0 *const p = (P0 *)pptr(i);
	const int pid = p->_pid;

	memcpy(p, &c->c_process, sizeof(*p));
	p->_pid = pid;
	now.vp[i] = c->c_vp;
	for (int n = 0; n < CANON_CVS; n++) {
		*canon_cv(n) &= ~(1 << i);
		*canon_cv(n) |= c->c_sleeps[n] << i;
	}
}

int
h_store(char *state, int size)
{
	static struct canon all[CANON_OPENERS];
	static State saved;
	struct canon one;
	int alike = 1, orbit = 1, known;

	memcpy(&saved, &now, vsize);
	for (int i = 0; i < CANON_OPENERS; i++) {
		int j = i;

		canon_get(i, &one);
		for (; j > 0 && memcmp(&all[j - 1], &one, sizeof(one)) > 0; j--)
			all[j] = all[j - 1];
		all[j] = one;
	}
	/* openers! / those that are alike! */
	for (int i = 0; i < CANON_OPENERS; i++) {
		alike = i > 0 && memcmp(&all[i - 1], &all[i],
		    sizeof(all[i])) == 0 ? alike + 1 : 1;
		orbit = orbit * (i + 1) / alike;
		canon_put(i, &all[i]);
	}
	known = h_store_plain(state, size);
	if (!known)
		canon_states += orbit;
	memcpy(&now, &saved, vsize);
	return known;
}
