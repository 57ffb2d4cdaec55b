/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs_stress.c - open, read, write, poll, close, revoke and vdevgone
 * at once; the driver (h_drv.c) counts breaches of the d_cancel contract.
 * Random; for the sanitizers above all.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/poll.h>
#include <sys/systm.h>

#include "h_test.h"
#include "specfs/h_drv.h"
#include "specfs/h_node.h"

#define	NCLIENT	4
#define	NROUND	400
#define	RW	(HYP_F_READ | HYP_F_WRITE)

static u_int running;		/* atomic */
static u_int nopened, nio;	/* atomic */

static void
one_op(struct hyp_file *fp)
{
	size_t done;
	char buf[8];

	atomic_inc_uint(&nio);
	switch (t_random() % 4) {
	case 0:
		(void)hyp_file_write(fp, "ab", 2, 0, &done);
		break;
	case 1:
		(void)hyp_file_read(fp, buf, sizeof(buf), HYP_F_NONBLOCK,
		    &done);
		break;
	case 2:
		(void)hyp_file_poll(fp, POLLIN, 1);
		break;
	default:
		/* Blocks until somebody writes, revokes or unplugs. */
		(void)hyp_file_read(fp, buf, 1, 0, &done);
		break;
	}
}

static void
client(void *arg)
{
	struct h_hostfile hf = { 0 };
	const uint32_t unit = *(u_int *)arg % 2;

	for (u_int i = 0; i < NROUND; i++) {
		struct hyp_lwp *l = h_enter(1000);
		struct hyp_file *fp;

		if (hyp_node_open(hd_node((int)unit), RW, &hf, &fp) == 0) {
			atomic_inc_uint(&nopened);
			for (u_int n = t_random() % 4; n > 0; n--)
				one_op(fp);
			hyp_file_close(fp, 0);
		}
		h_exit(l);
	}
	atomic_dec_uint(&running);
}

static void
everything(void)
{
	static u_int units[NCLIENT] = { 0, 1, 2, 3 };
	struct t_thread *t[NCLIENT];
	u_int revokes = 0, unplugs = 0;

	hd_setup(&hd_cdevsw);
	running = NCLIENT;
	nopened = nio = 0;
	for (u_int i = 0; i < NCLIENT; i++)
		t[i] = t_spawn(client, &units[i]);
	while (atomic_load_relaxed(&running) > 0) {
		const u_int u = t_random() % 2;

		if (t_random() % 4 == 0) {
			hd_set(&hd[u], &hd[u].hd_gone, true);
			vdevgone(0, (devminor_t)u, (devminor_t)u, VCHR);
			hd_set(&hd[u], &hd[u].hd_gone, false);
			unplugs++;
		} else {
			struct hyp_lwp *l = h_enter(0);

			(void)hyp_node_revoke(hd_node((int)u));
			h_exit(l);
			revokes++;
		}
		if (t_random() % 8 == 0)
			t_msleep(1);
	}
	for (u_int i = 0; i < NCLIENT; i++)
		t_join(t[i]);
	t_note("%u opens, %u operations, %u revokes, %u unplugs, %u closes",
	    nopened, nio, revokes, unplugs, hd[0].hd_nclose +
	    hd[1].hd_nclose);
	T_CHECK(nopened > 0);
	hd_teardown();
}

const struct t_case t_cases[] = {
	{ "nothing breaks when everything races", everything },
	{ NULL, NULL },
};
