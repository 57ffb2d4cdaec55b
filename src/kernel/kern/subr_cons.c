/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_cons.c - a console that there is none of, and cnmagic(9).
 *
 * The sequence is one for all, an array of states: state i wants one character
 * and goes to i + 1 with it, the last one to CNS_TERM.
 *
 * Locks: cn_lock, a leaf, guards cn_magic while it is set and printed.  Who
 * steps through it reads it without: it is set when a driver attaches, or
 * never.
 */
#include <sys/errno.h>
#include <sys/mutex.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <dev/cons.h>

#define	CN_ESCAPE	0x27	/* in the text: \1 after it is a break, */
#define	CN_ESC_BREAK	0x01	/* \2 a NUL, and itself itself */
#define	CN_ESC_NUL	0x02

struct consdev *cn_tab;

static kmutex_t cn_lock = MUTEX_INITIALIZER(cn_lock);
static u_short cn_magic[CNS_LEN];

/*
 * The next character of a text, of 9 bits; -1 at its end, -2: it is wrong.
 */
static int
cn_next(const u_char **text)
{

	if (**text == '\0')
		return -1;
	if (*(*text)++ != CN_ESCAPE)
		return (*text)[-1];
	switch (*(*text)++) {
	case CN_ESC_BREAK:
		return CNC_BREAK;
	case CN_ESC_NUL:
		return 0;
	case CN_ESCAPE:
		return CN_ESCAPE;
	}
	return -2;
}

/*
 * error = cn_set_magic(text)
 *
 *	The sequence is this one.  EINVAL, and it is what it was: an empty
 *	text, one of more than CNS_LEN - 1 characters, or a wrong escape.
 *	Does not sleep.
 */
int
cn_set_magic(const char *text)
{
	const u_char *p = (const u_char *)text;
	u_short magic[CNS_LEN] = { 0 };
	int c, n = 0;

	while ((c = cn_next(&p)) >= 0) {
		if (n == CNS_LEN - 1)
			return EINVAL;
		magic[n] = (u_short)(c | (n + 1) << 9);
		n++;
	}
	if (c != -1 || n == 0)
		return EINVAL;
	magic[n - 1] = (u_short)(CNS_MAGIC_VAL(magic[n - 1]) | CNS_TERM << 9);
	mutex_enter(&cn_lock);
	memcpy(cn_magic, magic, sizeof(cn_magic));
	mutex_exit(&cn_lock);
	return 0;
}

/* Put one character as text, up to 2 bytes; how many. */
static size_t
cn_put(char *to, int c)
{

	if (c != CNC_BREAK && c != 0 && c != CN_ESCAPE) {
		to[0] = (char)c;
		return 1;
	}
	to[0] = CN_ESCAPE;
	to[1] = c == CNC_BREAK ? CN_ESC_BREAK : c == 0 ? CN_ESC_NUL :
	    CN_ESCAPE;
	return 2;
}

/*
 * error = cn_get_magic(buf, size)
 *
 *	The sequence as cn_set_magic takes it.  EINVAL: size is too small.
 */
int
cn_get_magic(char *buf, size_t size)
{
	char text[2 * CNS_LEN];
	size_t n = 0;
	int state = 0;

	mutex_enter(&cn_lock);
	do {
		n += cn_put(text + n, CNS_MAGIC_VAL(cn_magic[state]));
		state = CNS_MAGIC_NEXT(cn_magic[state]);
	} while (state != CNS_TERM && state != 0);
	mutex_exit(&cn_lock);
	if (n >= size)
		return EINVAL;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return 0;
}

/*
 * cn_init_magic(cnm), cn_destroy_magic(cnm)
 *
 *	Begin at the first character; and no more steps.
 */
void
cn_init_magic(struct cnm_state *cnm)
{

	cnm->cnm_state = 0;
	cnm->cnm_magic = cn_magic;
}

void
cn_destroy_magic(struct cnm_state *cnm)
{

	cnm->cnm_state = 0;
	cnm->cnm_magic = NULL;
}

/*
 * cn_trap()
 *
 *	The sequence has come.  There is no debugger to enter: one line of log.
 */
void
cn_trap(void)
{

	log(LOG_NOTICE, "the console's magic sequence: there is no debugger\n");
}
