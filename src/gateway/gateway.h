/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateway.h - devsw-gateway's private header: serial ports on the network.
 *
 * Model
 *	A port is a session: the settings of a line, its modem lines, what the
 *	device has said (a ring), and who is connected.  It is there from the
 *	configuration's start to its end; the device comes and goes, and so do
 *	clients.
 *
 *	One event loop (libevent) has all of this.  What may wait (nodes, disks,
 *	passwords, avahi) is on threads of its own, and sockets are bufferevents;
 *	it waits for an answer of a node's thread, with a limit (hand.c), and
 *	for nothing else.
 *
 *	    serve.c   the ports of a configuration; the loop, signals
 *	    find.c    adapters by their names; auto.c, ports for all of them
 *	    listen.c  accepts; makes a client and gives it to its port
 *	    telnet.c, rfc2217.c, raw.c, websocket.c
 *	              what a client says becomes calls of port.c, and what its
 *	              port says becomes bytes for it: a struct proto
 *	    port.c    the session; port_clients.c, who is there and writes
 *	    client.c  a connection: what of the ring it has had, its output
 *	    door.c    who it is that comes; passwd.c, is that his password?
 *	    line.c    the device: open, gone, open again; its output queue
 *	    hand.c    its descriptor, and a thread that waits for it
 *	    reset.c   sequences of modem lines, with their times
 *	    marks.c   what was wrong with what it has received
 *	    tty.c     termios and modem lines of a descriptor
 *	    ring.c    what the device has said, with notes
 *	    log.c     the same in a file (logfile.c), on a thread of its own (disk.c)
 *	    why.c     why the device has left, by what plugs.c hears of devswd
 *	    web.c     the pages, and what they show (metrics.c), by http.c
 *	    mdns.c    ports told to the network, on a thread of its own
 *	    tls.c     certificates
 *	    commands.c  what devswctl has to say
 *
 *	Each calls those below it only; upward go struct proto, struct line_ops
 *	and cl_gone.
 *
 *	Everything is bounded.  The ring is the queue of all clients: each has a
 *	place in it, and who is slower than it is long loses what was
 *	overwritten, or the connection, and nobody else anything.  The line's
 *	output queue has a limit, at which the clients that write are not read
 *	from (TCP holds them then).  A client that asks without reading the
 *	answers is not read from either.
 *
 * Ownership
 *	serve.c has the ports and their listeners; a port its line, its ring and
 *	its clients.
 *	A client is freed from the loop only (client_close marks it), so a
 *	pointer to one is good until the call returns to the loop.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bufferevent;
struct client;
struct door;
struct evbuffer;
struct event;
struct event_base;
struct hand;
struct line;
struct log;
struct port;
struct pulse;
struct ssl_ctx_st;		/* OpenSSL's SSL_CTX */
struct ssl_st;			/* and SSL */
struct stat;

#define	GATEWAY_FILE	"/etc/devsw/gateway.conf"
#define	GATEWAY_BY_ID	"/dev/serial/by-id"

#define	EXIT_OK		0
#define	EXIT_FAILED	1	/* the system refused something */
#define	EXIT_BADUSAGE	2	/* what it was told is wrong */

/* ---- say.c: the log, which is standard error ------------------------ */

extern bool say_more;		/* --verbose */

void	say(const char *, ...) __attribute__((__format__(__printf__, 1, 2)));
void	say_verbose(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));

/* ---- tty.c ---------------------------------------------------------- */

/* Values are those of RFC 2217, where it has some. */
struct settings {
	uint32_t	 st_speed;	/* 0: as it is */
	uint8_t		 st_size;	/* 5 to 8; 0: as it is */
	uint8_t		 st_parity;	/* none odd even mark space: 1 to 5 */
	uint8_t		 st_stop;	/* 1, 2; 3 is one and a half */
	int8_t		 st_rtscts;	/* 0, 1; -1: as it is, and below */
	int8_t		 st_ixon;
	int8_t		 st_ixoff;
	int8_t		 st_dtr;
	int8_t		 st_rts;
};
#define	SETTINGS_NONE	{ .st_rtscts = -1, .st_ixon = -1, .st_ixoff = -1, \
			    .st_dtr = -1, .st_rts = -1 }

/* Modem state, as in NOTIFY-MODEMSTATE. */
#define	MODEM_CTS	0x10
#define	MODEM_DSR	0x20
#define	MODEM_RI	0x40
#define	MODEM_DCD	0x80

/* Line state, as in NOTIFY-LINESTATE. */
#define	LINE_OVERRUN	0x02
#define	LINE_PARITY	0x04	/* or framing, of a driver that counts none */
#define	LINE_FRAMING	0x08
#define	LINE_BREAK	0x10
#define	LINE_EMPTY	0x60	/* nothing left to be sent */

/* What a driver counts, since it likes to; each goes round. */
struct counts {
	uint32_t	 ct_frame;
	uint32_t	 ct_parity;
	uint32_t	 ct_break;
	uint32_t	 ct_overrun;	/* of the chip and of the buffer */
};

int	tty_open(const char *);
int	tty_apply(int, struct settings *);
void	tty_lines(int, struct settings *);
int	tty_pulse(int, int, int);
int	tty_marks(int, bool);
int	tty_counts(int, struct counts *);
int	tty_modem(int);
int	tty_break(int, bool);
void	tty_flush(int, bool, bool);

/* ---- marks.c -------------------------------------------------------- */

/* Of a line, since it is configured. */
struct errors {
	uint64_t	 er_frame;
	uint64_t	 er_parity;
	uint64_t	 er_either;	/* marked, by a driver that counts none */
	uint64_t	 er_break;
	uint64_t	 er_overrun;
};

struct marks {
	unsigned	 mk_state;	/* bytes of a mark that have come */
	bool		 mk_counts;	/* the driver does */
	bool		 mk_waits;	/* mk_left was there at the last look */
	struct counts	 mk_last;
	struct counts	 mk_left;	/* counted; the mark is to come */
	struct errors	 mk_total;
};

void	marks_begin(struct marks *, const struct counts *);
unsigned marks_counted(struct marks *, const struct counts *);
unsigned marks_rest(struct marks *, bool *);
void	marks_forget(struct marks *);
bool	marks_within(const struct marks *);
bool	marks_byte(struct marks *, uint8_t, unsigned *);
bool	marks_ends(const struct marks *);

/* ---- ring.c --------------------------------------------------------- */

#define	RING_NOTES	16
#define	RING_NOTE	128

struct note {
	uint64_t	 no_pos;
	char		 no_text[RING_NOTE];
};

struct ring {
	uint8_t		*rg_bytes;
	size_t		 rg_size;	/* a power of two */
	uint64_t	 rg_head;	/* bytes put, ever */
	struct note	 rg_notes[RING_NOTES];
	uint64_t	 rg_notehead;	/* notes put, ever */
};

/* A reader's place. */
struct place {
	uint64_t	 pl_pos;
	uint64_t	 pl_note;
};

int	ring_init(struct ring *, size_t);
void	ring_fini(struct ring *);
int	ring_resize(struct ring *, size_t);
void	ring_put(struct ring *, const uint8_t *, size_t);
void	ring_note(struct ring *, const char *);
void	ring_end(const struct ring *, struct place *);
void	ring_back(const struct ring *, struct place *, size_t);
uint64_t ring_lost(const struct ring *, struct place *);
size_t	ring_next(const struct ring *, struct place *, const uint8_t **,
	    const char **);

/* ---- reset.c -------------------------------------------------------- */

#define	RESET_STEPS	32
#define	RESET_MS	10000

/* Lines at once, each on (1), off, or -1: as it is; or a wait. */
struct step {
	int8_t		 sp_dtr;
	int8_t		 sp_rts;
	int8_t		 sp_break;
	unsigned	 sp_wait;	/* ms; 0: it is none */
};

struct reset {
	unsigned	 rs_n;		/* 0: there is none */
	struct step	 rs_steps[RESET_STEPS];
};

const char *reset_parse(const char *, struct reset *);

struct pulse *pulse_new(struct event_base *, void (*)(void *, int), void *);
void	pulse_begin(struct pulse *, struct hand *, const struct reset *);
bool	pulse_runs(const struct pulse *);
void	pulse_end(struct pulse *, bool);
void	pulse_free(struct pulse *);
uint64_t pulse_due(unsigned);
bool	pulse_wait(struct event *, uint64_t);

/* ---- line.c --------------------------------------------------------- */

struct line_ops {
	void	(*lo_came)(void *);
	void	(*lo_left)(void *, const char *);
	void	(*lo_input)(void *, const uint8_t *, size_t);
	void	(*lo_error)(void *, unsigned);
	void	(*lo_modem)(void *);
	void	(*lo_room)(void *);
};

struct line *line_new(struct event_base *, const char *, const char *,
	    const struct settings *, const struct line_ops *, void *);
void	line_free(struct line *);
void	line_move(struct line *, const char *, const char *);
void	line_begin(struct line *);
void	line_lose(struct line *, const char *);
void	line_hold(struct line *);
void	line_resume(struct line *);
const struct stat *line_stat(const struct line *);
bool	line_is_open(const struct line *);
bool	line_is_full(const struct line *);
bool	line_is_empty(const struct line *);
size_t	line_unsent(const struct line *);
uint64_t line_taken(const struct line *);
void	line_write(struct line *, const uint8_t *, size_t);
const struct settings *line_settings(const struct line *);
void	line_set(struct line *, const struct settings *);
bool	line_broken(const struct line *);
void	line_break(struct line *, bool);
void	line_send_break(struct line *, unsigned);
void	line_purge(struct line *, bool, bool);
const char *line_reset(struct line *, const struct reset *);
unsigned line_modem(const struct line *);
void	line_look(struct line *, bool);
void	line_mark(struct line *, bool);
const struct errors *line_errors(const struct line *);

/* ---- client.c ------------------------------------------------------- */

/*
 * Why a client is to be told of the modem lines.  NEWS_WHY: they are as they
 * were, and the reason is known now.
 */
enum news { NEWS_MODEM, NEWS_AWAY, NEWS_WHY };

struct proto {
	const char	*pr_name;
	bool		(*pr_start)(struct client *);
	void		(*pr_stop)(struct client *);
	void		(*pr_input)(struct client *, const uint8_t *, size_t);
	void		(*pr_data)(struct client *, const uint8_t *, size_t);
	void		(*pr_note)(struct client *, const char *);
	void		(*pr_news)(struct client *, enum news);
	void		(*pr_error)(struct client *, unsigned);
	bool		(*pr_wants_modem)(const struct client *);
	bool		(*pr_wants_marks)(const struct client *);
};
extern const struct proto proto_raw, proto_telnet, proto_websocket;

enum role { ROLE_NORMAL, ROLE_WATCH, ROLE_FORCE };

struct client {
	TAILQ_ENTRY(client) cl_entry;
	struct port	*cl_port;
	const struct proto *cl_proto;
	void		*cl_state;	/* the protocol's */
	enum role	 cl_role;
	char		 cl_who[64];

	struct bufferevent *cl_bev;
	struct event	*cl_end;
	const struct ring *cl_ring;	/* NULL: it is not there yet */
	struct door	*cl_door;	/* NULL: it is known who it is */
	void		(*cl_free)(struct client *); /* at its end, or NULL */
	struct place	 cl_place;
	uint64_t	 cl_lost;	/* bytes */
	bool		 cl_drop;	/* what it is too slow for; or it ends */
	bool		 cl_held;	/* it wants no data now */
	bool		 cl_writes;	/* it is the port's writer */
	bool		 cl_full;	/* the line's queue is */
	bool		 cl_busy;	/* its own output is */
	bool		 cl_late;	/* pr_news was not sent: cl_busy, held */
	bool		 cl_closing;
	bool		 cl_shakes;	/* hands: its TLS is not there yet */
	bool		 cl_lf;		/* it owes one, of its login's last line */
	void		(*cl_ready)(struct client *);
	void		(*cl_gone)(struct client *);
};
TAILQ_HEAD(client_head, client);

struct client *client_new(struct event_base *, int, struct ssl_st *,
	    const struct proto *, enum role, const char *);
struct client *client_adopt(struct event_base *, struct bufferevent *,
	    const struct proto *, enum role, const char *);
void	client_shake(struct client *, struct port *, void (*)(struct client *),
	    void (*)(struct client *));
void	client_greet(struct client *, struct port *,
	    void (*)(struct client *));
struct ssl_st *client_ssl(const struct client *);
void	client_begin(struct client *, struct port *, const struct ring *,
	    size_t, void (*)(struct client *));
void	client_free(struct client *);
void	client_close(struct client *, const char *);
void	clients_end(void);
void	client_pump(struct client *);
uint64_t client_behind(const struct client *);
void	client_hold(struct client *, bool);
void	client_full(struct client *, bool);
bool	client_is_lost(const struct client *);
void	client_send(struct client *, const void *, size_t);
bool	client_may_send(struct client *);
void	client_news(struct client *, enum news);

/* ---- tls.c ---------------------------------------------------------- */

struct ssl_ctx_st *tls_new(const char *, const char *, const char *, bool,
	    char *, size_t);
void	tls_share(struct ssl_ctx_st *);
void	tls_free(struct ssl_ctx_st *);
bool	tls_asks(struct ssl_ctx_st *);
struct ssl_st *tls_accept(struct ssl_ctx_st *);
void	tls_end(struct ssl_st *);
void	tls_name(struct ssl_st *, char *, size_t);
bool	tls_is_cn(struct ssl_st *, const char *);
bool	tls_is_dns(struct ssl_st *, const char *);
bool	tls_is_email(struct ssl_st *, const char *);

/* ---- config.c ------------------------------------------------------- */

#define	LISTEN_MAX	8
#define	FIND_ID		256	/* an adapter's name: find.c */
#define	PATH		(128 + FIND_ID)	/* of a node */

struct address {
	const struct proto *ad_proto;
	const char	*ad_warning;	/* if it is not local; or "" */
	enum role	 ad_role;
	bool		 ad_tls;
	char		 ad_text[128];	/* of the address, as it was given */
	char		 ad_path[104];	/* of a unix socket; "": none */
	char		 ad_host[48];	/* numbers */
	uint16_t	 ad_port;
};

enum log_format { LOG_LINES, LOG_RAW, LOG_HEX };
enum notices { NOTICE_OFF, NOTICE_PEOPLE, NOTICE_ALL };

struct port_conf {
	STAILQ_ENTRY(port_conf) pc_entry;
	char		 pc_name[32];
	char		 pc_node[PATH];	/* "": it is to be found by: */
	char		 pc_serial[64];	/* the adapter's */
	int		 pc_interface;	/* of it; -1: the first */
	char		 pc_id[FIND_ID];	/* or this, of a port of auto.c */
	unsigned	 pc_range;	/* [auto]: so many numbers; 0: a port */
	bool		 pc_auto;	/* the section [auto] */
	char		 pc_byid[128];
	char		 pc_state[128];	/* [auto]: its file */
	struct address	 pc_listen[LISTEN_MAX];
	unsigned	 pc_nlisten;
	char		 pc_certificate[128];
	char		 pc_key[128];
	char		 pc_authorities[128];
	struct ssl_ctx_st *pc_tls;	/* NULL: none of them is needed */
	struct settings	 pc_settings;
	struct reset	 pc_reset;
	enum notices	 pc_notice;
	bool		 pc_login;	/* clients have to be users */
	unsigned	 pc_logintime;	/* s, to say so */
	bool		 pc_keep;	/* output while the device is away */
	bool		 pc_drop;	/* what a client is too slow for */
	bool		 pc_reopen;	/* after a revoke */
	bool		 pc_mdns;
	char		 pc_log[128];	/* "": none */
	enum log_format	 pc_logformat;
	unsigned	 pc_logsize;	/* KiB */
	unsigned	 pc_logkeep;	/* files besides the one */
	unsigned	 pc_buffer;	/* KiB */
	unsigned	 pc_history;	/* KiB */
	unsigned	 pc_clients;
	unsigned	 pc_break;	/* ms */
	unsigned	 pc_seen;	/* keys: config.c */
};
STAILQ_HEAD(port_conf_head, port_conf);

/* config_keys.c */
const char *config_set(struct port_conf *, const char *, const char *, bool *);

int	config_read_ports(const char *, struct port_conf_head *);
void	config_free_port(struct port_conf *);
void	config_free(struct port_conf_head *);

/* ---- log.c ---------------------------------------------------------- */

struct log *log_new(const struct port_conf *);
void	log_free(struct log *);
struct log *log_change(struct log *, const struct port_conf *,
	    const struct port_conf *);
uint64_t log_lost(const struct log *);
uint64_t log_waits(const struct log *);
void	log_put(struct log *, const uint8_t *, size_t);
void	log_note(struct log *, const char *);

/* ---- web.c, web_conf.c ---------------------------------------------- */

struct web;

void	web_conf_begin(void);
const char *web_conf_set(const char *, const char *);
bool	web_conf_check(void);
struct web *web_new(struct event_base *);
void	web_free(struct web *);
bool	web_renew(struct web *);

/* ---- port.c --------------------------------------------------------- */

/* What a port has had since the program's start, and has now. */
struct port_stats {
	uint64_t	 ps_there;	/* its device: 0, 1 */
	uint64_t	 ps_opens;
	uint64_t	 ps_unplugs;
	uint64_t	 ps_in;		/* bytes of the device */
	uint64_t	 ps_out;	/* bytes of clients, for it */
	uint64_t	 ps_refused;	/* those while it was away */
	uint64_t	 ps_lost;	/* bytes for clients: too slow */
	uint64_t	 ps_errors;	/* bytes: parity or framing */
	uint64_t	 ps_parity;	/* as the driver counts, */
	uint64_t	 ps_frame;	/* and these */
	uint64_t	 ps_overruns;
	uint64_t	 ps_breaks;
	uint64_t	 ps_clients;
	uint64_t	 ps_comes;	/* clients, ever */
	uint64_t	 ps_unsent;	/* bytes waiting for the device */
	uint64_t	 ps_behind;	/* bytes: the slowest client */
	uint64_t	 ps_loglost;	/* bytes: disk full, hangs */
	uint64_t	 ps_logwaits;	/* bytes for the disk */
};

struct why;

const struct why *port_why(const struct port *);
struct port *port_next(const struct port *);
void	port_stats(const struct port *, struct port_stats *);
const char *port_writer(const struct port *);

struct port *port_new(struct event_base *, const struct port_conf *);
void	port_free(struct port *);
void	port_begin(struct port *);
void	port_change(struct port *, const struct port_conf *);
bool	port_has_room(struct port *);
void	port_attach(struct port *, struct client *);
void	port_enter(struct port *, struct client *);
void	port_shake(struct port *, struct client *);
struct line *port_line(struct port *);
const struct port_conf *port_config(const struct port *);
const char *port_node(const struct port *);
void	port_move(struct port *, const char *);
void	port_unfound(struct port *, const char *);
bool	port_may_write(const struct client *);
void	port_take(struct client *);
const char *port_reset(struct port *, const char *);
void	port_output(struct client *, const uint8_t *, size_t);
void	port_wants(struct port *);

/* ---- rfc2217.c ------------------------------------------------------ */

struct rfc2217 {
	uint8_t		 rf_linemask;
	uint8_t		 rf_modemmask;
	uint8_t		 rf_modem;	/* as last told */
	void		(*rf_send)(struct client *, const uint8_t *, size_t);
};

void	rfc2217_init(struct rfc2217 *,
	    void (*)(struct client *, const uint8_t *, size_t));
void	rfc2217_request(struct client *, struct rfc2217 *, const uint8_t *,
	    size_t);
void	rfc2217_modem(struct client *, struct rfc2217 *, bool);
void	rfc2217_error(struct client *, struct rfc2217 *, unsigned);

/* ---- listen.c ------------------------------------------------------- */

struct listener;

struct listener *listener_new(struct event_base *, struct port *,
	    const struct address *);
struct listener *listener_new_for(struct event_base *, const char *,
	    const struct address *, void (*)(void *, const struct address *,
	    int, const char *), void *);
void	listener_free(struct listener *);
const struct address *listener_address(const struct listener *);
bool	address_parse(const char *, struct address *);
void	address_move(struct address *, unsigned);

/* ---- commands.c ----------------------------------------------------- */
bool	commands_begin(struct event_base *);
void	commands_end(void);

/* ---- serve.c -------------------------------------------------------- */
int	serve(const char *, struct port_conf_head *);

/* ---- notify.c ------------------------------------------------------- */
void	notify(const char *, ...) __attribute__((__format__(__printf__, 1, 2)));
unsigned notify_period(void);

#endif /* GATEWAY_GATEWAY_H */
