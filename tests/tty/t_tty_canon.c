/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tty_canon.c - canonical mode: lines, editing, echo, signals' characters.
 */
#include <sys/kmem.h>

#include "h_tty.h"

static struct h_dev *
open_canon(void)
{
	struct h_dev *const hd = h_open();

	h_canon(hd->hd_tp);
	return hd;
}

static void
no_line(struct h_dev *hd)
{
	u_char buf[8];
	size_t done;

	T_EQ(h_read(hd, buf, sizeof(buf), IO_NDELAY, &done), EWOULDBLOCK);
}

static void
set_flags(struct h_dev *hd, tcflag_t iflag, tcflag_t oflag, tcflag_t lflag)
{

	ttylock(hd->hd_tp);
	hd->hd_tp->t_iflag = iflag;
	hd->hd_tp->t_oflag = oflag;
	hd->hd_tp->t_lflag = lflag;
	ttyunlock(hd->hd_tp);
}

static void
test_lines(void)
{
	struct h_dev *const hd = open_canon();
	u_char buf[4];
	size_t done;
	int n;

	h_input(hd, "one");
	no_line(hd);
	h_input(hd, "\ntwo\r");		/* ICRNL */
	T_EQ(h_ioctl(hd, FIONREAD, &n), 0);
	T_EQ(n, 8);
	H_READ(hd, 0, "one\n");
	T_EQ(h_read(hd, buf, 2, 0, &done), 0);
	T_EQ(done, 2);
	H_READ(hd, 0, "o\n");		/* the rest of the line */
	H_OUT(hd, "one\r\ntwo\r\n");
	h_free(hd);
}

static void
test_eof(void)
{
	struct h_dev *const hd = open_canon();
	u_char buf[8];
	size_t done;

	h_input(hd, "ab\004");
	H_READ(hd, 0, "ab");
	no_line(hd);
	h_input(hd, "\004");
	H_READ(hd, 0, "");
	/* A line that just fits does not leave an end of file behind. */
	h_input(hd, "abc\004d\n");
	T_EQ(h_read(hd, buf, 3, 0, &done), 0);
	T_EQ(done, 3);
	H_READ(hd, 0, "d\n");
	/* Echo: the cursor goes back over ^D. */
	h_clear(hd);
	h_input(hd, "\004");
	H_OUT(hd, "^D\b\b");
	H_READ(hd, 0, "");
	hd->hd_tp->t_cc[VEOL] = ';';
	h_input(hd, "x;y\n");
	H_READ(hd, 0, "x;");
	H_READ(hd, 0, "y\n");
	h_free(hd);
}

static void
test_erase(void)
{
	struct h_dev *const hd = open_canon();

	h_input(hd, "ax\177b");
	H_OUT(hd, "ax\b \bb");
	h_input(hd, "\001\177\n");		/* ^A covers two columns */
	H_OUT(hd, "^A\b \b\b \b\r\n");
	H_READ(hd, 0, "ab\n");
	/* A tab covers as many as it took. */
	set_flags(hd, ICRNL, OPOST | ONLCR, TTYDEF_LFLAG);
	h_input(hd, "ab\t\177\n");
	H_OUT(hd, "ab\t\b \b\b \b\b \b\b \b\b \b\b \b\r\n");
	H_READ(hd, 0, "ab\n");
	h_input(hd, "\177\177q\n");		/* nothing to erase */
	H_READ(hd, 0, "q\n");
	h_free(hd);
}

static void
test_erase_styles(void)
{
	struct h_dev *const hd = open_canon();

	/* Neither ECHOE nor ECHOPRT: the character itself. */
	set_flags(hd, 0, 0, ICANON | ECHO);
	hd->hd_tp->t_cc[VERASE] = '#';
	h_input(hd, "ab#c\n");
	H_OUT(hd, "ab#c\n");
	H_READ(hd, 0, "ac\n");
	set_flags(hd, 0, 0, ICANON | ECHO | ECHOE | ECHOPRT);
	h_input(hd, "abc##d\n");
	H_OUT(hd, "abc\\cb/d\n");
	H_READ(hd, 0, "ad\n");
	/* Output in between: the line is typed again. */
	set_flags(hd, 0, OPOST, ICANON | ECHO | ECHOE | ECHOCTL);
	h_input(hd, "abc");
	{
		size_t done;

		T_EQ(h_write(hd, "!", 1, 0, &done), 0);
	}
	h_input(hd, "#\n");
	H_OUT(hd, "abc!^R\nab\n");
	H_READ(hd, 0, "ab\n");
	/* ECHO off: nothing at all; ECHONL: but the newline. */
	set_flags(hd, 0, 0, ICANON | ECHOE);
	h_input(hd, "ab#\n");
	H_OUT(hd, "");
	set_flags(hd, 0, 0, ICANON | ECHONL);
	h_input(hd, "c\n");
	H_OUT(hd, "\n");
	H_READ(hd, 0, "a\n");
	H_READ(hd, 0, "c\n");
	h_free(hd);
}

/* IUTF8: what is erased is a character, which covers one column. */
static void
test_erase_utf8(void)
{
	struct h_dev *const hd = open_canon();
	size_t done;

	h_input(hd, "a\303\251\177\n");
	H_READ(hd, 0, "a\303\n");
	set_flags(hd, ICRNL | IUTF8, OPOST | ONLCR, TTYDEF_LFLAG);
	h_clear(hd);
	h_input(hd, "a\303\251\177b\n");
	H_OUT(hd, "a\303\251\b \bb\r\n");
	H_READ(hd, 0, "ab\n");
	h_input(hd, "\342\202\254\177\360\237\230\200\177\n");
	H_OUT(hd, "\342\202\254\b \b\360\237\230\200\b \b\r\n");
	H_READ(hd, 0, "\n");
	h_input(hd, "\303\251\t\177\n");
	H_OUT(hd, "\303\251\t\b \b\b \b\b \b\b \b\b \b\b \b\b \b\r\n");
	H_READ(hd, 0, "\303\251\n");
	h_input(hd, "a b\303\251\303\250\027\n");
	H_OUT(hd, "a b\303\251\303\250\b \b\b \b\b \b\r\n");
	H_READ(hd, 0, "a \n");
	h_input(hd, "a\303\251\025\n");
	H_OUT(hd, "a\303\251\b \b\b \b\r\n");
	H_READ(hd, 0, "\n");
	/* Output between the two halves: the line is typed again. */
	h_input(hd, "ab\303");
	T_EQ(h_write(hd, "!", 1, 0, &done), 0);
	h_input(hd, "\251\177\n");
	H_OUT(hd, "ab\303!\251^R\r\nab\r\n");
	H_READ(hd, 0, "ab\n");
	/* A program's columns, too. */
	set_flags(hd, IUTF8, OPOST | OXTABS, TTYDEF_LFLAG & ~ECHOE);
	h_input(hd, "\r\n");
	H_READ(hd, 0, "\r\n");
	hd->hd_tp->t_column = 0;
	h_clear(hd);
	T_EQ(h_write(hd, "\303\251\t|", 4, 0, &done), 0);
	H_OUT(hd, "\303\251       |");
	set_flags(hd, IUTF8, 0, ICANON | ECHO | ECHOE | ECHOPRT);
	h_input(hd, "a\303\251\177b\n");
	H_OUT(hd, "a\303\251\\\303\251/b\n");
	H_READ(hd, 0, "ab\n");
	h_free(hd);
}

/* What is no character of UTF-8 is bytes, and nothing before it is erased. */
static void
test_erase_wild(void)
{
	struct h_dev *const hd = open_canon();

	set_flags(hd, ICRNL | IUTF8, OPOST | ONLCR, TTYDEF_LFLAG);
	h_input(hd, "x\251\251\177y\n");
	H_OUT(hd, "x\251\251y\r\n");		/* and covers nothing */
	H_READ(hd, 0, "x\251y\n");
	h_input(hd, "\251\177\n\251\177\177z\n");
	H_READ(hd, 0, "\n");
	H_READ(hd, 0, "z\n");
	h_input(hd, "\303\251\251\177\n");	/* one too many */
	H_READ(hd, 0, "\303\251\n");
	h_input(hd, "\360\237\230\200\200\177\n");
	H_READ(hd, 0, "\360\237\230\200\n");
	h_input(hd, "\342\202\177\n");		/* one too few */
	H_READ(hd, 0, "\n");
	h_input(hd, "\300\200\177\n\365\200\177\n");
	H_READ(hd, 0, "\300\n");
	H_READ(hd, 0, "\365\n");
	h_input(hd, "\303\026\251\177\n");	/* quoted */
	H_READ(hd, 0, "\303\n");
	h_input(hd, "\026\303\251\177\n");
	H_READ(hd, 0, "\n");
	h_free(hd);
}

static void
test_kill(void)
{
	struct h_dev *const hd = open_canon();

	h_input(hd, "abc\025d\n");
	H_OUT(hd, "abc\b \b\b \b\b \bd\r\n");
	H_READ(hd, 0, "d\n");
	set_flags(hd, 0, 0, ICANON | ECHO | ECHOK | ECHOCTL);
	h_input(hd, "abc\025d\n");
	H_OUT(hd, "abc^U\nd\n");
	H_READ(hd, 0, "d\n");
	set_flags(hd, 0, 0, ICANON | ECHO | ECHOCTL);
	h_input(hd, "abc\025d\n");
	H_OUT(hd, "abc^Ud\n");
	H_READ(hd, 0, "d\n");
	h_free(hd);
}

static void
test_werase(void)
{
	struct h_dev *const hd = open_canon();

	h_input(hd, "ab c-d\027\n");
	H_READ(hd, 0, "ab \n");
	h_input(hd, "ab c-d  \027\n");
	H_READ(hd, 0, "ab \n");
	set_flags(hd, 0, 0, TTYDEF_LFLAG | ALTWERASE);
	h_input(hd, "ab c-d\027\n");
	H_READ(hd, 0, "ab c-\n");
	h_input(hd, "word\027\027\n");
	H_READ(hd, 0, "\n");
	set_flags(hd, 0, 0, ICANON);		/* without IEXTEN: a byte */
	h_input(hd, "ab\027\n");
	H_READ(hd, 0, "ab\027\n");
	h_free(hd);
}

static void
test_lnext(void)
{
	struct h_dev *const hd = open_canon();

	h_input(hd, "a\026\177\026\003\026\n\n");
	H_OUT(hd, "a^\b^?^\b^C^\b^J\r\n");
	H_READ(hd, 0, "a\177\003\n\n");
	/* Only in canonical mode. */
	set_flags(hd, 0, 0, IEXTEN);
	h_input(hd, "\026\017");
	H_READ(hd, 0, "\026\017");
	h_free(hd);
}

static void
test_reprint(void)
{
	struct h_dev *const hd = open_canon();

	h_input(hd, "abc");
	h_clear(hd);
	h_input(hd, "\022d\n");
	H_OUT(hd, "^R\r\nabcd\r\n");
	H_READ(hd, 0, "abcd\n");
	h_free(hd);
}

static void
test_discard(void)
{
	struct h_dev *const hd = open_canon();
	size_t done;

	h_input(hd, "\017");
	h_clear(hd);
	T_CHECK(ISSET(hd->hd_tp->t_lflag, FLUSHO));
	T_EQ(h_write(hd, "lost", 4, 0, &done), 0);
	T_EQ(done, 4);
	H_OUT(hd, "");
	h_input(hd, "\017");
	T_EQ(h_write(hd, "kept", 4, 0, &done), 0);
	H_OUT(hd, "kept");
	h_free(hd);
}

static void
test_signals(void)
{
	struct h_dev *const hd = open_canon();
	size_t done;

	/* INTR drops what was typed, and output that is held up. */
	hd->hd_hold = true;
	T_EQ(h_write(hd, "out", 3, 0, &done), 0);
	h_input(hd, "ab\003c\n");
	hd->hd_hold = false;
	h_kick(hd);
	H_OUT(hd, "^Cc\r\n");
	H_READ(hd, 0, "c\n");
	h_input(hd, "ab\034c\n");
	H_READ(hd, 0, "c\n");
	h_input(hd, "line\nab\032c\n");		/* SUSP: input only */
	H_READ(hd, 0, "c\n");
	set_flags(hd, ICRNL, 0, TTYDEF_LFLAG | NOFLSH);
	h_input(hd, "ab\003c\n");
	H_READ(hd, 0, "abc\n");
	set_flags(hd, ICRNL, 0, ICANON);	/* without ISIG: a byte */
	h_input(hd, "ab\003\n");
	H_READ(hd, 0, "ab\003\n");
	/* In raw mode with ISIG too, in the middle of a block. */
	set_flags(hd, 0, 0, ISIG);
	T_EQ(h_inputn(hd, "ab\003cd", 5), 5);
	H_READ(hd, 0, "cd");
	h_free(hd);
}

static void
test_cr(void)
{
	struct h_dev *const hd = open_canon();

	set_flags(hd, IGNCR, 0, ICANON);
	h_input(hd, "a\r\n");
	H_READ(hd, 0, "a\n");
	set_flags(hd, INLCR, 0, 0);
	h_inputn(hd, "a\nb", 3);
	H_READ(hd, 0, "a\rb");
	set_flags(hd, ICRNL, 0, 0);
	h_inputn(hd, "a\rb", 3);
	H_READ(hd, 0, "a\nb");
	h_free(hd);
}

static void
test_toggle(void)
{
	struct h_dev *const hd = open_canon();
	struct termios t = hd->hd_tp->t_termios;

	/* Lines become bytes, the unfinished one too. */
	h_input(hd, "one\ntwo");
	t.c_lflag &= ~(tcflag_t)ICANON;
	t.c_cc[VMIN] = 1;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	H_READ(hd, 0, "one\ntwo");
	/* Bytes become lines, edited. */
	t.c_lflag &= ~(tcflag_t)ECHO;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	h_inputn(hd, "abx\177c\nde", 8);
	t.c_lflag |= ICANON;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	H_READ(hd, 0, "abc\n");
	no_line(hd);
	h_input(hd, "f\n");
	H_READ(hd, 0, "def\n");
	T_CHECK(!ISSET(hd->hd_tp->t_lflag, PENDIN));
	h_free(hd);
}

/* What stands for a bad byte, or was quoted, is no byte that means something. */
static void
test_toggle_marks(void)
{
	static const u_char bad[] = { TTYLSR_PE };
	struct h_dev *const hd = open_canon();
	struct termios t = hd->hd_tp->t_termios;

	h_input(hd, "\026\003");		/* ^V^C */
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_iflag |= PARMRK | INPCK;
	t.c_cc[VMIN] = 1;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	h_inputn(hd, "\377", 1);
	T_EQ(ttyinput_block(hd->hd_tp, (const u_char *)"\n", bad, 1), 1);
	t.c_lflag |= ICANON;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	h_inputn(hd, "e\n", 2);
	H_READ(hd, 0, "\003\377\377\377\0\ne\n");
	h_free(hd);
}

static void
fill_line(struct h_dev *hd, int n)
{

	while (n-- > 0)
		(void)ttyinput('x', hd->hd_tp);
}

static void
test_overflow(void)
{
	struct h_dev *const hd = open_canon();
	static u_char buf[2048];
	size_t done;
	int qsize = 1024;

	set_flags(hd, IMAXBEL, 0, ICANON);
	T_EQ(h_ioctl(hd, TIOCSQSIZE, &qsize), 0);
	fill_line(hd, 1024);
	H_OUT(hd, "");
	T_EQ(ttyinput('y', hd->hd_tp), -1);
	H_OUT(hd, "\a");
	h_input(hd, "\n");		/* the line can be finished */
	T_EQ(h_read(hd, buf, sizeof(buf), IO_NDELAY, &done), 0);
	T_EQ(done, 1025);
	T_EQ(buf[1023], 'x');
	T_EQ(buf[1024], '\n');
	/* Without IMAXBEL all is dropped. */
	set_flags(hd, 0, 0, ICANON);
	fill_line(hd, 1025);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 0);
	h_free(hd);
}

/* Input was blocked for a line that has been read: the next may come. */
static void
test_block_lines(void)
{
	struct h_dev *const hd = open_canon();
	static u_char buf[2048];
	size_t done;
	int qsize = 1024;

	set_flags(hd, IMAXBEL, 0, ICANON);
	hd->hd_tp->t_cflag |= CRTSCTS;
	T_EQ(h_ioctl(hd, TIOCSQSIZE, &qsize), 0);
	fill_line(hd, 600);
	T_EQ(hd->hd_blocks, 0);		/* a reader could do nothing */
	h_input(hd, "\n");
	T_EQ(hd->hd_blocks, 1);
	fill_line(hd, 300);
	T_EQ(h_read(hd, buf, sizeof(buf), 0, &done), 0);
	T_EQ(done, 601);
	T_EQ(hd->hd_unblocks, 1);	/* 300 > 1024 / 5, but no line */
	h_free(hd);
}

static void
test_long_tabs(void)
{
	struct h_dev *const hd = open_canon();
	size_t done;
	static u_char buf[8];
	int i;

	/* Erasing a very long line of tabs ends soon and exactly. */
	for (i = 0; i < 30000; i++)
		(void)ttyinput('\t', hd->hd_tp);
	for (i = 0; i < 29999; i++)
		(void)ttyinput(0177, hd->hd_tp);
	h_input(hd, "\n");
	T_EQ(h_read(hd, buf, sizeof(buf), 0, &done), 0);
	T_EQ(done, 2);
	h_free(hd);
}

const struct t_case t_cases[] = {
	{ "a read is one line", test_lines },
	{ "EOF and EOL end a line", test_eof },
	{ "ERASE rubs out what was shown", test_erase },
	{ "the styles of erasing", test_erase_styles },
	{ "IUTF8: ERASE and WERASE take characters of UTF-8", test_erase_utf8 },
	{ "IUTF8: bytes that are none are erased one by one", test_erase_wild },
	{ "KILL", test_kill },
	{ "WERASE", test_werase },
	{ "LNEXT", test_lnext },
	{ "REPRINT", test_reprint },
	{ "DISCARD", test_discard },
	{ "INTR, QUIT and SUSP flush", test_signals },
	{ "CR and NL", test_cr },
	{ "a change of mode keeps the input", test_toggle },
	{ "and marks, and what was quoted", test_toggle_marks },
	{ "a line that is too long", test_overflow },
	{ "a block of input cannot lock a line out", test_block_lines },
	{ "long lines of tabs", test_long_tabs },
	{ NULL, NULL }
};
