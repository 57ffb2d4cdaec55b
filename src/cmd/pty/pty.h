/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pty.h - devsw-pty's private header.
 *
 * No file of this folder includes both <termios.h>, which has no speeds but
 * the old ones, and <asm/termbits.h>, which has all: they define the same
 * names.  Terminal settings are the business of line.c alone.
 */
#ifndef CMD_PTY_PTY_H
#define CMD_PTY_PTY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define	EXIT_OK		0
#define	EXIT_FAILED	1
#define	EXIT_BADUSAGE	2
#define	EXIT_CANTRUN	126	/* COMMAND, as in the shell */
#define	EXIT_NOTFOUND	127

/* How long what could last for ever is waited for, in ms. */
#define	SENT_MS		1000	/* output before a change of the line */
#define	STUCK_MS	5000	/* output at the end, since it last moved */
#define	HANGUP_MS	5000	/* COMMAND, after its SIGHUP */

struct options {
	const char	*o_node;
	const char	*o_link;	/* NULL: none */
	char		**o_command;	/* NULL: none */
	bool		 o_wait;	/* for a node without hardware */
	bool		 o_again;	/* after an end of the node or COMMAND */
};

/* ---- complain.c ----------------------------------------------------- */
void	complain(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
int64_t	now_ms(void);

/* ---- options.c ------------------------------------------------------ */
int	options_parse(struct options *, int, char **);

/* ---- line.c --------------------------------------------------------- */
struct line;

struct line *line_open(int);
void	line_close(struct line *);
int	line_start(struct line *, int, int);
bool	line_changed(struct line *);
int	line_apply(struct line *);
bool	line_sent(const struct line *);
void	line_flush_input(const struct line *);
void	line_flush_output(const struct line *);
bool	line_hangs_up(const struct line *);
void	line_modem(const struct line *, bool);
bool	line_marked(const struct line *);
void	line_interrupt(const struct line *);
void	line_packets(int);
void	line_flush_slave(const char *);

/* ---- marks.c -------------------------------------------------------- */
struct marks {
	enum { MARKS_NONE, MARKS_377, MARKS_377_0 } mk_state;
};

size_t	marks_decode(struct marks *, unsigned char *, const unsigned char *,
	    size_t, bool *);

/* ---- link.c --------------------------------------------------------- */
int	link_make(const char *, const char *);
void	link_remove(const char *, const char *);

/* ---- reader.c ------------------------------------------------------- */
struct reader {
	pid_t		 rd_pid;	/* 0: none */
	int		 rd_fd;		/* what the node gives */
};

int	reader_start(struct reader *, int);
void	reader_flush(const struct reader *);
void	reader_stop(struct reader *);

/* ---- session.c ------------------------------------------------------ */
enum end {
	END_NODE,		/* unplugged, revoked, carrier lost */
	END_COMMAND,
	END_SIGNAL,		/* ss_signal */
	END_FAILED
};

struct session {
	const struct options *ss_options;
	int		 ss_node;	/* non-blocking */
	int		 ss_input;	/* the node once more, blocking */
	struct reader	 ss_reader;
	int		 ss_master;
	int		 ss_signals;	/* signalfd */
	int		 ss_inotify;	/* opens and closes of the slave */
	char		 ss_slave[32];
	struct line	*ss_line;
	pid_t		 ss_pid;	/* COMMAND; 0: none, or it has ended */
	int		 ss_status;	/* its exit status, as a shell's $? */
	int		 ss_signal;
};

enum end session_run(struct session *);

/* ---- events.c ------------------------------------------------------- */
bool	session_signals(struct session *);
void	session_opens(struct session *);

/* ---- bridge.c ------------------------------------------------------- */
enum end bridge_run(struct session *);

#endif /* CMD_PTY_PTY_H */
