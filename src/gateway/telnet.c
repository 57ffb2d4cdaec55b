/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * telnet.c - telnet (RFC 854), with RFC 2217.
 *
 * Model
 *	libtelnet takes the stream apart and agrees on options, by RFC 1143, so
 *	that two ends never answer each other for ever; its state is each
 *	client's own.  We will echo (the device does), suppress go-ahead, send
 *	and receive binary, and do COM-PORT; nothing else.
 *
 *	Bytes.  Where binary is agreed on, or COM-PORT (whose clients are
 *	programs, and do not all ask for binary), the device's bytes go through
 *	as they are, but for a doubled 255.  Else the peer is a network virtual
 *	terminal: a CR that is not followed by LF is CR NUL on the wire.
 *
 *	A client is a person's, for notices, until it has agreed on COM-PORT.
 *
 * What libtelnet must not do for a stranger: COMPRESS2 begins with a suboption
 * that it obeys unasked, and what follows can then become a thousand times as
 * much.  A client that sends it is closed; and because what is already in
 * libtelnet's hands goes on being inflated, it gets PIECE bytes at a time.
 */
#include <stddef.h>		/* libtelnet.h wants it */

#include <libtelnet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"

#define	PIECE		256
#define	COM_PORT	44

struct telnet {
	telnet_t	*tn_telnet;
	struct rfc2217	 tn_rfc2217;
	bool		 tn_com_port;
	bool		 tn_binary_in;
	bool		 tn_binary_out;
	bool		 tn_cr_in;	/* the last byte was one */
	bool		 tn_cr_out;
};

static const telnet_telopt_t options[] = {
	{ TELNET_TELOPT_BINARY, TELNET_WILL, TELNET_DO },
	{ TELNET_TELOPT_ECHO, TELNET_WILL, TELNET_DONT },
	{ TELNET_TELOPT_SGA, TELNET_WILL, TELNET_DO },
	{ COM_PORT, TELNET_WONT, TELNET_DO },
	{ -1, 0, 0 }
};

/* ---- what the client says ------------------------------------------- */

/* Its data, without telnet's commands. */
static void
client_data(struct client *cl, struct telnet *tn, const uint8_t *bytes,
    size_t n)
{
	uint8_t buf[PIECE];
	size_t i, k = 0;

	if (tn->tn_com_port || tn->tn_binary_in) {
		tn->tn_cr_in = false;
		port_output(cl, bytes, n);
		return;
	}
	for (i = 0; i < n; i++) {
		if (tn->tn_cr_in && bytes[i] == '\0') {
			tn->tn_cr_in = false;
			continue;
		}
		tn->tn_cr_in = bytes[i] == '\r';
		buf[k++] = bytes[i];
		if (k == sizeof(buf) || i == n - 1) {
			port_output(cl, buf, k);
			k = 0;
		}
	}
	if (k > 0)
		port_output(cl, buf, k);
}

/* Are you there? */
static void
say_here(struct client *cl, struct telnet *tn)
{
	char text[96];

	snprintf(text, sizeof(text), "\r\n[devsw-gateway: %s: the device is "
	    "%s]\r\n", port_config(cl->cl_port)->pc_name,
	    line_is_open(port_line(cl->cl_port)) ? "there" : "away");
	telnet_send(tn->tn_telnet, text, strlen(text));
}

/* "send abort". */
static void
reset(struct client *cl, struct telnet *tn)
{
	const char *const why = !port_may_write(cl) ? "another client writes" :
	    port_reset(cl->cl_port, cl->cl_who);
	char text[96];

	if (why == NULL)
		return;
	snprintf(text, sizeof(text), "\r\n[devsw-gateway: no reset: %s]\r\n",
	    why);
	telnet_send(tn->tn_telnet, text, strlen(text));
}

/* An option of the client's, or of ours, is agreed on, or is not. */
static void
client_option(struct client *cl, struct telnet *tn, unsigned char option,
    bool ours, bool on)
{

	switch (option) {
	case TELNET_TELOPT_BINARY:
		if (ours)
			tn->tn_binary_out = on;
		else
			tn->tn_binary_in = on;
		break;
	case COM_PORT:
		if (ours || tn->tn_com_port == on)
			break;
		tn->tn_com_port = on;
		port_wants(cl->cl_port);
		if (on)
			client_news(cl, NEWS_MODEM);
		break;
	default:
		break;
	}
}

/*
 * A suboption.  One of COM-PORT agrees to it: pyserial's client takes our DO,
 * if that comes before it has sent its WILL, for an answer, and sends none.
 */
static void
client_suboption(struct client *cl, struct telnet *tn,
    const struct subnegotiate_t *sub)
{

	switch (sub->telopt) {
	case COM_PORT:
		client_option(cl, tn, COM_PORT, false, true);
		if (cl->cl_door != NULL)
			break;		/* not before it is known who it is */
		rfc2217_request(cl, &tn->tn_rfc2217,
		    (const uint8_t *)sub->buffer, sub->size);
		break;
	case TELNET_TELOPT_COMPRESS2:
		client_close(cl, "it compresses, unasked");
		break;
	default:
		break;
	}
}

static void
client_command(struct client *cl, struct telnet *tn, unsigned char command)
{

	switch (command) {
	case TELNET_BREAK:
		if (port_may_write(cl))
			line_send_break(port_line(cl->cl_port),
			    port_config(cl->cl_port)->pc_break);
		break;
	case TELNET_ABORT:
		reset(cl, tn);
		break;
	case TELNET_AYT:
		say_here(cl, tn);
		break;
	default:
		break;
	}
}

/*
 * From libtelnet, while it is at work: so the client can be marked as closing
 * (client_close), not freed.
 */
static void
on_telnet(telnet_t *telnet, telnet_event_t *ev, void *arg)
{
	struct client *const cl = arg;
	struct telnet *const tn = cl->cl_state;

	(void)telnet;
	if (cl->cl_closing)
		return;
	switch (ev->type) {
	case TELNET_EV_DATA:
		client_data(cl, tn, (const uint8_t *)ev->data.buffer,
		    ev->data.size);
		break;
	case TELNET_EV_SEND:
		client_send(cl, ev->data.buffer, ev->data.size);
		break;
	case TELNET_EV_IAC:
		if (cl->cl_door == NULL)
			client_command(cl, tn, ev->iac.cmd);
		break;
	case TELNET_EV_WILL:
	case TELNET_EV_WONT:
		client_option(cl, tn, ev->neg.telopt, false,
		    ev->type == TELNET_EV_WILL);
		break;
	case TELNET_EV_DO:
	case TELNET_EV_DONT:
		client_option(cl, tn, ev->neg.telopt, true,
		    ev->type == TELNET_EV_DO);
		break;
	case TELNET_EV_SUBNEGOTIATION:
		client_suboption(cl, tn, &ev->sub);
		break;
	case TELNET_EV_ERROR:
		client_close(cl, "it does not speak telnet");
		break;
	default:
		break;
	}
}

static void
telnet_input(struct client *cl, const uint8_t *bytes, size_t n)
{
	struct telnet *const tn = cl->cl_state;
	size_t some;

	for (; n > 0 && !cl->cl_closing; bytes += some, n -= some) {
		some = n < PIECE ? n : PIECE;
		telnet_recv(tn->tn_telnet, (const char *)bytes, some);
	}
}

/* ---- what it is told ------------------------------------------------ */

static void
send_request(struct client *cl, const uint8_t *bytes, size_t n)
{
	struct telnet *const tn = cl->cl_state;

	telnet_subnegotiation(tn->tn_telnet, COM_PORT, (const char *)bytes, n);
}

/* For a virtual terminal: where a CR was not the begin of CR LF, a NUL. */
static void
send_text(struct telnet *tn, const uint8_t *bytes, size_t n)
{
	size_t begin = 0, i;

	for (i = 0; i < n; i++) {
		if (tn->tn_cr_out && bytes[i] != '\n') {
			telnet_send(tn->tn_telnet, (const char *)bytes +
			    begin, i - begin);
			telnet_send(tn->tn_telnet, "", 1);
			begin = i;
		}
		tn->tn_cr_out = bytes[i] == '\r';
	}
	telnet_send(tn->tn_telnet, (const char *)bytes + begin, n - begin);
}

static void
telnet_data(struct client *cl, const uint8_t *bytes, size_t n)
{
	struct telnet *const tn = cl->cl_state;

	if (tn->tn_com_port || tn->tn_binary_out)
		telnet_send(tn->tn_telnet, (const char *)bytes, n);
	else
		send_text(tn, bytes, n);
}

static void
telnet_note(struct client *cl, const char *text)
{
	struct telnet *const tn = cl->cl_state;
	const enum notices wanted = port_config(cl->cl_port)->pc_notice;

	if (wanted == NOTICE_ALL || (wanted == NOTICE_PEOPLE &&
	    !tn->tn_com_port))
		telnet_data(cl, (const uint8_t *)text, strlen(text));
}

static void
telnet_news(struct client *cl, enum news news)
{
	struct telnet *const tn = cl->cl_state;

	if (tn->tn_com_port && cl->cl_door == NULL && news != NEWS_WHY)
		rfc2217_modem(cl, &tn->tn_rfc2217, news == NEWS_AWAY);
}

static void
telnet_error(struct client *cl, unsigned bits)
{
	struct telnet *const tn = cl->cl_state;

	if (tn->tn_com_port)
		rfc2217_error(cl, &tn->tn_rfc2217, bits);
}

static bool
telnet_wants_modem(const struct client *cl)
{
	const struct telnet *const tn = cl->cl_state;

	return tn->tn_com_port && tn->tn_rfc2217.rf_modemmask != 0;
}

static bool
telnet_wants_marks(const struct client *cl)
{
	const struct telnet *const tn = cl->cl_state;

	return (tn->tn_rfc2217.rf_linemask & (LINE_BREAK | LINE_PARITY)) != 0;
}

/* ---- begin and end -------------------------------------------------- */

static bool
telnet_start(struct client *cl)
{
	struct telnet *const tn = calloc(1, sizeof(*tn));

	if (tn == NULL)
		return false;
	tn->tn_telnet = telnet_init(options, on_telnet, 0, cl);
	if (tn->tn_telnet == NULL) {
		free(tn);
		return false;
	}
	cl->cl_state = tn;
	rfc2217_init(&tn->tn_rfc2217, send_request);
	telnet_negotiate(tn->tn_telnet, TELNET_WILL, TELNET_TELOPT_SGA);
	telnet_negotiate(tn->tn_telnet, TELNET_WILL, TELNET_TELOPT_ECHO);
	telnet_negotiate(tn->tn_telnet, TELNET_DO, COM_PORT);
	return true;
}

static void
telnet_stop(struct client *cl)
{
	struct telnet *const tn = cl->cl_state;

	telnet_free(tn->tn_telnet);
	free(tn);
	cl->cl_state = NULL;
}

const struct proto proto_telnet = {
	"telnet", telnet_start, telnet_stop, telnet_input, telnet_data,
	telnet_note, telnet_news, telnet_error, telnet_wants_modem,
	telnet_wants_marks,
};
