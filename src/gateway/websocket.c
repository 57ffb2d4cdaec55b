/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * websocket.c - a client whose connection is a websocket (RFC 6455).
 *
 * Model
 *	web.c has shaken hands; the frames are libwslay's, which needs neither
 *	sockets nor a loop.  What is longer than MESSAGE_MAX, in one frame or in
 *	many, ends the connection, before memory is taken for it.
 *
 *	Binary messages are the device's bytes, both ways.  Texts are JSON:
 *
 *	    from the client, any of	is
 *	    {"speed": 9600}		each changes the line, as it is named;
 *	    {"format": "8N1"}		only who writes may
 *	    {"flow": "none"}
 *	    {"dtr": true, "rts": false}
 *	    {"break": 250}		one of that many ms
 *	    {"reset": true}		play the reset that is configured
 *	    {"take": true}		write from now on
 *	    {}				just ask
 *
 *	    to the client
 *	    {"state": {...}}		first, in answer to each of these, and as
 *					news of the device: as /api/ports has
 *					it, and "yours": you write; "watch":
 *					you cannot; "reset": there is one
 *	    {"note": "..."}		for people, where the device has stopped
 *	    {"error": "break"}		or "parity"
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "gateway/web.h"

#define	MESSAGE_MAX	65536
#define	COMMAND_MAX	1024
#define	BREAK_MAX	10000

struct websocket {
	wslay_event_context_ptr ws_ctx;
	const uint8_t	*ws_in;		/* what has come, and is not taken */
	size_t		 ws_left;
};

/*
 * ok = websocket_accept(key, accept)
 *
 *	The answer to a Sec-WebSocket-Key; false: it is not one.
 */
bool
websocket_accept(const char *key, char accept[WEBSOCKET_ACCEPT])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
	    "opqrstuvwxyz0123456789+/";
	unsigned char hash[SHA_DIGEST_LENGTH];
	char both[24 + sizeof(guid)];

	if (strlen(key) != 24 || strspn(key, base64) != 22 ||
	    strcmp(key + 22, "==") != 0)
		return false;
	snprintf(both, sizeof(both), "%s%s", key, guid);
	(void)SHA1((const unsigned char *)both, strlen(both), hash);
	(void)EVP_EncodeBlock((unsigned char *)accept, hash, sizeof(hash));
	return true;
}

/* ---- output --------------------------------------------------------- */

static void
send_frame(struct client *cl, uint8_t opcode, const void *bytes, size_t n)
{
	const struct wslay_event_msg msg = { opcode, bytes, n };
	struct websocket *const ws = cl->cl_state;

	if (wslay_event_get_close_sent(ws->ws_ctx))
		return;
	if (wslay_event_queue_msg(ws->ws_ctx, &msg) != 0 ||
	    wslay_event_send(ws->ws_ctx) != 0)
		client_close(cl, "out of memory");
}

/* js, which may be NULL, is given up. */
static void
send_json(struct client *cl, json_t *js)
{
	char *const text = js != NULL ? json_dumps(js, JSON_COMPACT) : NULL;

	if (text != NULL)
		send_frame(cl, WSLAY_TEXT_FRAME, text, strlen(text));
	free(text);
	json_decref(js);
}

static void
send_state(struct client *cl)
{
	json_t *const state = metrics_line(cl->cl_port);

	(void)json_object_set_new(state, "yours",
	    json_boolean(port_may_write(cl)));
	(void)json_object_set_new(state, "watch",
	    json_boolean(cl->cl_role == ROLE_WATCH));
	(void)json_object_set_new(state, "reset",
	    json_boolean(port_config(cl->cl_port)->pc_reset.rs_n > 0));
	send_json(cl, json_pack("{so}", "state", state));
}

static ssize_t
on_send(wslay_event_context_ptr ctx, const uint8_t *bytes, size_t n,
    int flags, void *arg)
{

	(void)ctx;
	(void)flags;
	client_send(arg, bytes, n);
	return (ssize_t)n;
}

/* ---- commands ------------------------------------------------------- */

static void
set_format(struct settings *st, const char *text)
{
	static const char parities[] = "NOEMS";
	const char *p;

	if (text == NULL || strlen(text) != 3 || text[0] < '5' ||
	    text[0] > '8' || (p = strchr(parities, text[1])) == NULL ||
	    text[2] < '1' || text[2] > '2')
		return;
	st->st_size = (uint8_t)(text[0] - '0');
	st->st_parity = (uint8_t)(p - parities + 1);
	st->st_stop = (uint8_t)(text[2] - '0');
}

static void
set_flow(struct settings *st, const char *text)
{

	if (text == NULL || (strcmp(text, "none") != 0 &&
	    strcmp(text, "rtscts") != 0 && strcmp(text, "xonxoff") != 0))
		return;
	st->st_rtscts = text[0] == 'r';
	st->st_ixon = st->st_ixoff = text[0] == 'x';
}

/* What of it makes no sense, or is not known, is not heeded. */
static void
set_line(struct client *cl, const json_t *js)
{
	struct line *const ln = port_line(cl->cl_port);
	struct settings st = *line_settings(ln);
	const struct settings before = st;
	const json_t *value;
	json_int_t number;

	number = json_integer_value(json_object_get(js, "speed"));
	if (number > 0 && number <= UINT32_MAX)
		st.st_speed = (uint32_t)number;
	set_format(&st, json_string_value(json_object_get(js, "format")));
	set_flow(&st, json_string_value(json_object_get(js, "flow")));
	value = json_object_get(js, "dtr");
	if (json_is_boolean(value))
		st.st_dtr = json_is_true(value);
	value = json_object_get(js, "rts");
	if (json_is_boolean(value))
		st.st_rts = json_is_true(value);
	if (memcmp(&st, &before, sizeof(st)) != 0)
		line_set(ln, &st);
	number = json_integer_value(json_object_get(js, "break"));
	if (number > 0 && number <= BREAK_MAX)
		line_send_break(ln, (unsigned)number);
}

static void
reset(struct client *cl)
{
	const char *const why = port_reset(cl->cl_port, cl->cl_who);

	char text[96];

	if (why == NULL)
		return;
	snprintf(text, sizeof(text), "\r\n[devsw-gateway: no reset: %s]\r\n",
	    why);
	send_json(cl, json_pack("{ss}", "note", text));
}

static void
command(struct client *cl, const uint8_t *text, size_t n)
{
	json_t *const js = n > COMMAND_MAX ? NULL :
	    json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(js)) {
		json_decref(js);
		client_close(cl, "that is no command");
		return;
	}
	if (json_is_true(json_object_get(js, "take")))
		port_take(cl);
	if (port_may_write(cl)) {
		set_line(cl, js);
		if (json_is_true(json_object_get(js, "reset")))
			reset(cl);
	}
	json_decref(js);
	send_state(cl);
}

/* ---- input ---------------------------------------------------------- */

static ssize_t
on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t size, int flags,
    void *arg)
{
	struct client *const cl = arg;
	struct websocket *const ws = cl->cl_state;
	const size_t n = size < ws->ws_left ? size : ws->ws_left;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(buf, ws->ws_in, n);
	ws->ws_in += n;
	ws->ws_left -= n;
	return (ssize_t)n;
}

/* Of what RFC 6455 has no word for, libwslay would make a message. */
static void
on_frame(wslay_event_context_ptr ctx,
    const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{

	(void)ctx;
	if ((frame->opcode & 7) > WSLAY_BINARY_FRAME)
		client_close(arg, "its frames are no good");
}

static void
on_message(wslay_event_context_ptr ctx,
    const struct wslay_event_on_msg_recv_arg *msg, void *arg)
{
	struct client *const cl = arg;

	(void)ctx;
	if (cl->cl_closing)
		return;
	if (msg->opcode == WSLAY_BINARY_FRAME)
		port_output(cl, msg->msg, msg->msg_length);
	else if (msg->opcode == WSLAY_TEXT_FRAME)
		command(cl, msg->msg, msg->msg_length);
}

static void
websocket_input(struct client *cl, const uint8_t *bytes, size_t n)
{
	struct websocket *const ws = cl->cl_state;

	ws->ws_in = bytes;
	ws->ws_left = n;
	/* wslay answers pings, closes, and what it does not understand. */
	if (wslay_event_recv(ws->ws_ctx) != 0 ||
	    wslay_event_send(ws->ws_ctx) != 0)
		client_close(cl, "its frames are no good");
	else if (!wslay_event_get_read_enabled(ws->ws_ctx))
		client_close(cl, wslay_event_get_close_received(ws->ws_ctx) ?
		    "it has said goodbye" : "its frames are no good");
}

/* ---- the session ---------------------------------------------------- */

static bool
websocket_start(struct client *cl)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_send,
		.on_frame_recv_start_callback = on_frame,
		.on_msg_recv_callback = on_message,
	};
	struct websocket *const ws = calloc(1, sizeof(*ws));

	if (ws == NULL)
		return false;
	if (wslay_event_context_server_init(&ws->ws_ctx, &callbacks, cl) != 0) {
		free(ws);
		return false;
	}
	wslay_event_config_set_max_recv_msg_length(ws->ws_ctx, MESSAGE_MAX);
	cl->cl_state = ws;
	port_wants(cl->cl_port);
	return true;
}

static void
websocket_stop(struct client *cl)
{
	struct websocket *const ws = cl->cl_state;

	wslay_event_context_free(ws->ws_ctx);
	free(ws);
	cl->cl_state = NULL;
}

static void
websocket_data(struct client *cl, const uint8_t *bytes, size_t n)
{

	send_frame(cl, WSLAY_BINARY_FRAME, bytes, n);
}

static void
websocket_note(struct client *cl, const char *text)
{

	send_json(cl, json_pack("{ss}", "note", text));
}

static void
websocket_news(struct client *cl, enum news news)
{

	(void)news;
	send_state(cl);
}

static void
websocket_error(struct client *cl, unsigned bits)
{

	send_json(cl, json_pack("{ss}", "error",
	    (bits & LINE_BREAK) != 0 ? "break" : "parity"));
}

static bool
wants_modem(const struct client *cl)
{

	(void)cl;
	return true;
}

static bool
wants_marks(const struct client *cl)
{

	(void)cl;
	return false;
}

const struct proto proto_websocket = {
	"websocket", websocket_start, websocket_stop, websocket_input,
	websocket_data, websocket_note, websocket_news, websocket_error,
	wants_modem, wants_marks,
};
