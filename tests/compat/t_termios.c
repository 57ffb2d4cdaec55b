/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_termios.c - what a client sets it reads back: every bit that has a
 * name in this machine's headers, every speed, every character.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/termios.h>

#include "compat/compat.h"
#include "h_linux.h"
#include "h_test.h"

static void
defaults(struct termios *t)
{
	u_int i;

	memset(t, 0, sizeof(*t));
	t->c_iflag = TTYDEF_IFLAG;
	t->c_oflag = TTYDEF_OFLAG;
	t->c_cflag = TTYDEF_CFLAG;
	t->c_lflag = TTYDEF_LFLAG;
	for (i = 0; i < NCCS; i++)
		t->c_cc[i] = (cc_t)(i + 1);
	t->c_ospeed = TTYDEF_SPEED;
}

static uint32_t *
word(struct linux_termios2 *lt, char w)
{

	switch (w) {
	case 'i':
		return &lt->c_iflag;
	case 'o':
		return &lt->c_oflag;
	case 'c':
		return &lt->c_cflag;
	default:
		return &lt->c_lflag;
	}
}

static void
test_bits(void)
{
	const struct h_bit *hb;
	struct linux_termios2 lt, back;
	struct termios t;
	uint32_t want;

	for (hb = h_bits; hb->hb_name != NULL; hb++) {
		memset(&lt, 0, sizeof(lt));
		*word(&lt, hb->hb_word) = hb->hb_bit;
		defaults(&t);
		T_EQ(compat_termios_in(&lt, &t), 0);
		compat_termios_out(&t, &back);
		want = hb->hb_kept ? hb->hb_bit : 0;
		if (*word(&back, hb->hb_word) != want)
			t_fail(__FILE__, __LINE__, "%s: %#x, not %#x",
			    hb->hb_name, *word(&back, hb->hb_word), want);
		/* And nothing anywhere else. */
		*word(&back, hb->hb_word) = 0;
		T_EQ(back.c_iflag | back.c_oflag | back.c_cflag |
		    back.c_lflag, 0);
	}
}

/* Different bits stay different on the BSD side. */
static void
test_injective(void)
{
	const struct h_bit *a, *b;
	struct linux_termios2 la, lb;
	struct termios ta, tb;

	for (a = h_bits; a->hb_name != NULL; a++) {
		for (b = a + 1; b->hb_name != NULL; b++) {
			if (!a->hb_kept || !b->hb_kept)
				continue;
			memset(&la, 0, sizeof(la));
			memset(&lb, 0, sizeof(lb));
			memset(&ta, 0, sizeof(ta));
			memset(&tb, 0, sizeof(tb));
			*word(&la, a->hb_word) = a->hb_bit;
			*word(&lb, b->hb_word) = b->hb_bit;
			T_EQ(compat_termios_in(&la, &ta), 0);
			T_EQ(compat_termios_in(&lb, &tb), 0);
			if (memcmp(&ta, &tb, sizeof(ta)) == 0)
				t_fail(__FILE__, __LINE__, "%s is %s",
				    a->hb_name, b->hb_name);
		}
	}
}

static void
test_meaning(void)
{
	struct linux_termios2 lt;
	struct termios t;

	/* The few that every client uses, by their BSD names. */
	memset(&lt, 0, sizeof(lt));
	memset(&t, 0, sizeof(t));
	lt.c_iflag = 0x500;		/* ICRNL IXON */
	lt.c_oflag = 0x1805;		/* OPOST ONLCR XTABS */
	lt.c_cflag = 0x80001cb0 | 2;	/* CS8 CREAD HUPCL CLOCAL CRTSCTS 115200 */
	lt.c_lflag = 0x8a3b;
	T_EQ(compat_termios_in(&lt, &t), 0);
	T_EQ(t.c_iflag, ICRNL | IXON);
	T_EQ(t.c_oflag, OPOST | ONLCR | OXTABS);
	T_EQ(t.c_cflag, CS8 | CREAD | HUPCL | CLOCAL | CRTSCTS);
	T_EQ(t.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
	    ECHOKE | IEXTEN);
	T_EQ(t.c_ospeed, 115200);
	T_EQ(t.c_ispeed, 0);
}

static void
test_random(void)
{
	const struct h_bit *hb;
	struct linux_termios2 lt, back;
	struct termios t;
	uint32_t kept[4] = { 0, 0, 0x30 /* CSIZE */, 0 };
	const char words[] = "iocl";
	int i, j;

	for (hb = h_bits; hb->hb_name != NULL; hb++) {
		/* TABDLY is a field: its other values are not kept. */
		if (hb->hb_kept && hb->hb_bit != 0x1800)
			kept[strchr(words, hb->hb_word) - words] |=
			    hb->hb_bit;
	}
	for (i = 0; i < 20000; i++) {
		memset(&lt, 0, sizeof(lt));
		for (j = 0; j < 4; j++)
			*word(&lt, words[j]) = t_random();
		for (j = 0; j < LINUX_NCCS; j++)
			lt.c_cc[j] = (uint8_t)t_random();
		lt.c_ospeed = t_random() & INT32_MAX;
		defaults(&t);
		T_EQ(compat_termios_in(&lt, &t), 0);
		compat_termios_out(&t, &back);
		for (j = 0; j < 4; j++)
			T_EQ(*word(&back, words[j]) & kept[j],
			    *word(&lt, words[j]) & kept[j]);
		for (j = 0; j < 17; j++) {
			if (j != 5 && j != 6 && lt.c_cc[j] == 0377)
				lt.c_cc[j] = 0;
			T_EQ(back.c_cc[j], lt.c_cc[j]);
		}
		T_EQ(back.c_line, 0);
	}
}

static void
test_bsd_only(void)
{
	const tcflag_t c = MDMBUF | CDTRCTS, l = ALTWERASE | NOKERNINFO;
	struct linux_termios2 lt;
	struct termios t, was;

	/* A client that changes something else leaves them alone. */
	defaults(&t);
	t.c_cflag |= c | CIGNORE;
	t.c_lflag |= l;
	t.c_oflag |= ONOEOT;
	was = t;
	compat_termios_out(&t, &lt);
	lt.c_lflag = lt.c_iflag = lt.c_oflag = 0;
	lt.c_cflag = 0;
	T_EQ(compat_termios_in(&lt, &t), 0);
	T_EQ(t.c_cflag, c);
	T_EQ(t.c_lflag, l);
	T_EQ(t.c_oflag, ONOEOT);
	T_EQ(t.c_cc[VDSUSP], was.c_cc[VDSUSP]);
	T_EQ(t.c_cc[VSTATUS], was.c_cc[VSTATUS]);
}

static void
test_chars(void)
{
	/* Linux's subscript of each BSD one. */
	static const struct {
		int	bsd, linux_;
	} map[] = {
		{ VINTR, 0 }, { VQUIT, 1 }, { VERASE, 2 }, { VKILL, 3 },
		{ VEOF, 4 }, { VTIME, 5 }, { VMIN, 6 }, { VSTART, 8 },
		{ VSTOP, 9 }, { VSUSP, 10 }, { VEOL, 11 }, { VREPRINT, 12 },
		{ VDISCARD, 13 }, { VWERASE, 14 }, { VLNEXT, 15 },
		{ VEOL2, 16 },
	};
	struct linux_termios2 lt;
	struct termios t;
	u_int i;

	defaults(&t);
	for (i = 0; i < __arraycount(map); i++)
		t.c_cc[map[i].bsd] = (cc_t)(100 + i);
	compat_termios_out(&t, &lt);
	for (i = 0; i < __arraycount(map); i++)
		T_EQ(lt.c_cc[map[i].linux_], 100 + i);
	/* "None" is 0377 here and 0 there; VMIN and VTIME are numbers. */
	t.c_cc[VEOL] = _POSIX_VDISABLE;
	t.c_cc[VMIN] = 255;
	t.c_cc[VTIME] = 0;
	compat_termios_out(&t, &lt);
	T_EQ(lt.c_cc[11], 0);
	T_EQ(lt.c_cc[6], 255);
	T_EQ(lt.c_cc[5], 0);
	lt.c_cc[0] = 0;
	lt.c_cc[6] = 0;
	T_EQ(compat_termios_in(&lt, &t), 0);
	T_EQ(t.c_cc[VINTR], _POSIX_VDISABLE);
	T_EQ(t.c_cc[VMIN], 0);
}

static void
test_speeds(void)
{
	const struct h_speed *hp;
	struct linux_termios2 lt;
	struct termios t;

	for (hp = h_speeds; hp->hp_code != -1; hp++) {
		defaults(&t);
		compat_termios_out(&t, &lt);
		lt.c_cflag = (lt.c_cflag & ~(uint32_t)0x100f) |
		    (uint32_t)hp->hp_code;
		T_EQ(compat_termios_in(&lt, &t), 0);
		T_EQ(t.c_ospeed, hp->hp_speed);
		compat_termios_out(&t, &lt);
		T_EQ(lt.c_cflag & 0x100f, hp->hp_code);
		T_EQ(lt.c_ospeed, hp->hp_speed);
		T_EQ(lt.c_ispeed, hp->hp_speed);
	}
	/* Any other one. */
	lt.c_cflag = (lt.c_cflag & ~(uint32_t)0x100f) | h_bother;
	lt.c_ospeed = 250000;
	T_EQ(compat_termios_in(&lt, &t), 0);
	T_EQ(t.c_ospeed, 250000);
	compat_termios_out(&t, &lt);
	T_EQ(lt.c_cflag & 0x100f, h_bother);
	T_EQ(lt.c_ospeed, 250000);
	lt.c_ospeed = 0x80000000;
	T_EQ(compat_termios_in(&lt, &t), EINVAL);
}

/*
 * What the hardware makes of a speed is told as Linux's
 * tty_termios_encode_baud_rate does (drivers/tty/tty_baudrate.c): the name
 * that was asked for up to 2 per cent, and the number as it is.
 */
static void
test_rates(void)
{
	static const struct {
		uint32_t asked, rate, code, told;
	} rows[] = {
		{ 115200, 115200, 0x1002, 115200 },
		{ 115200, 115385, 0x1002, 115385 },
		{ 115200, 112942, 0x1002, 112942 },	/* 2 % of 112942 */
		{ 115200, 112940, 0x1000, 112940 },
		{ 115200, 117551, 0x1002, 117551 },
		{ 115200, 117552, 0x1000, 117552 },
		{ 115000, 115200, 0x1002, 115200 },
		{ 115000, 115385, 0x1000, 115385 },
		{ 31250, 31250, 0x1000, 31250 },
		{ 31000, 31250, 0x1000, 31250 },
		{ 50, 50, 0x0001, 50 },
		{ 9600, 0, 0x000d, 9600 },		/* not known */
		{ 0, 9600, 0x0000, 0 },			/* hung up */
		{ 4000000, 0xffffffff, 0x1000, 0xffffffff },
	};
	struct linux_termios2 lt;
	struct termios t;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		defaults(&t);
		t.c_ospeed = (int)rows[i].asked;
		compat_termios_out(&t, &lt);
		compat_termios_rate(&lt, rows[i].rate);
		T_EQ(lt.c_cflag & 0x100f, rows[i].code);
		T_EQ(lt.c_ospeed, rows[i].told);
		T_EQ(lt.c_ispeed, rows[i].told);
	}
}

const struct t_case t_cases[] = {
	{ "every bit with a name is kept or dropped as said", test_bits },
	{ "no two bits become one", test_injective },
	{ "bits mean the same", test_meaning },
	{ "all at once", test_random },
	{ "what only BSD has is left alone", test_bsd_only },
	{ "characters", test_chars },
	{ "speeds", test_speeds },
	{ "what the hardware makes of a speed", test_rates },
	{ NULL, NULL }
};
