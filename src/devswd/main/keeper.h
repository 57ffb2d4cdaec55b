/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper.h - devswd's own parent, which keeps what a child that is killed
 * leaves, and starts the next one; for who has no systemd.
 */
#ifndef MAIN_KEEPER_H
#define MAIN_KEEPER_H

/* How devswd ends for the next one, which is to be started at once. */
#define	EXIT_HANDED	75

struct keeper_config {
	const char	*kc_dir;	/* for its socket; made if need be */
	const char	*kc_cwd;	/* the child's working directory */
	char		**kc_argv;	/* the child's arguments */
	void		(*kc_ready)(void); /* once, when a child is ready */
	unsigned	 kc_pause_ms;	/* before the second restart */
	unsigned	 kc_tries;	/* restarts in a row, then it gives up */
};

/*
 * status = keeper_run(config)
 *
 *	Run this program again with these arguments, and NOTIFY_SOCKET in its
 *	environment; and again whenever it is killed.  Its exit status, when it
 *	ends by itself, or by SIGTERM or SIGINT that came here.  Before any
 *	thread exists.
 */
int	keeper_run(const struct keeper_config *);

#endif /* MAIN_KEEPER_H */
