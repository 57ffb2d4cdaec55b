/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rfc2217.c - RFC 2217, "Telnet Com Port Control Option": the server's end.
 *
 * A request is a suboption, a command and its value.  Each that asks or sets
 * something is answered, with how things are after it (100 more than the
 * command): so a client sees what it has got when the driver has refused what
 * it wanted, and a client that only watches sees that nothing has changed.
 * SIGNATURE with a text, and the two of flow control, are statements, which
 * the RFC has no answers to.
 *
 * Everything here comes from the network.  A request that is too short, or
 * unknown, is ignored; one that is too long is cut to its length; a value that
 * is out of its range asks.
 *
 * What Linux has no setting for answers what is set: flow control by DCD, DTR
 * and DSR (17 to 19).  RTS/CTS is one setting for both directions.
 *
 * LINESTATE tells of breaks, parity and framing errors and overruns when they
 * come (marks.c), and, when the mask is set, of whether all is sent.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/gateway.h"

enum {
	SIGNATURE,
	SET_BAUDRATE,
	SET_DATASIZE,
	SET_PARITY,
	SET_STOPSIZE,
	SET_CONTROL,
	NOTIFY_LINESTATE,
	NOTIFY_MODEMSTATE,
	FLOWCONTROL_SUSPEND,
	FLOWCONTROL_RESUME,
	SET_LINESTATE_MASK,
	SET_MODEMSTATE_MASK,
	PURGE_DATA,
	SERVER = 100
};

/* Values of SET-CONTROL. */
enum {
	FLOW_ASK, FLOW_NONE, FLOW_XON, FLOW_HARD,
	BREAK_ASK, BREAK_ON, BREAK_OFF,
	DTR_ASK, DTR_ON, DTR_OFF,
	RTS_ASK, RTS_ON, RTS_OFF,
	IN_ASK, IN_NONE, IN_XON, IN_HARD,
	FLOW_DCD, IN_DTR, FLOW_DSR
};

void
rfc2217_init(struct rfc2217 *rf, void (*send)(struct client *,
    const uint8_t *, size_t))
{

	rf->rf_linemask = 0;
	rf->rf_modemmask = 255;
	rf->rf_modem = 0;
	rf->rf_send = send;
}

static void
answer(struct client *cl, struct rfc2217 *rf, int command, int value)
{
	const uint8_t bytes[] = { (uint8_t)(SERVER + command),
	    (uint8_t)value };

	rf->rf_send(cl, bytes, sizeof(bytes));
}

/* The line is to be as st says, if this client may say so. */
static void
set(struct client *cl, const struct settings *st)
{

	if (port_may_write(cl))
		line_set(port_line(cl->cl_port), st);
}

/* ---- settings ------------------------------------------------------- */

static void
baudrate(struct client *cl, struct rfc2217 *rf, const uint8_t *v)
{
	const struct settings *const now =
	    line_settings(port_line(cl->cl_port));
	const uint32_t speed = (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 |
	    (uint32_t)v[2] << 8 | v[3];
	struct settings st = *now;
	uint8_t bytes[5] = { SERVER + SET_BAUDRATE };
	int i;

	if (speed != 0) {
		st.st_speed = speed;
		set(cl, &st);
	}
	for (i = 0; i < 4; i++)
		bytes[1 + i] = (uint8_t)(now->st_speed >> (24 - 8 * i));
	rf->rf_send(cl, bytes, sizeof(bytes));
}

/* One of the settings that are a byte; low and high are its range. */
static void
small(struct client *cl, struct rfc2217 *rf, int command, uint8_t value)
{
	const struct settings *const now =
	    line_settings(port_line(cl->cl_port));
	struct settings st = *now;
	uint8_t *field;
	int low, high;

	switch (command) {
	case SET_DATASIZE:
		field = &st.st_size;
		low = 5;
		high = 8;
		break;
	case SET_PARITY:
		field = &st.st_parity;
		low = 1;
		high = 5;
		break;
	default:
		field = &st.st_stop;
		low = 1;
		high = 3;
		break;
	}
	if (value >= low && value <= high) {
		*field = value;
		set(cl, &st);
	}
	answer(cl, rf, command, command == SET_DATASIZE ? now->st_size :
	    command == SET_PARITY ? now->st_parity : now->st_stop);
}

/* ---- control -------------------------------------------------------- */

static int
flow_out(const struct settings *st)
{

	return st->st_rtscts == 1 ? FLOW_HARD : st->st_ixon == 1 ? FLOW_XON :
	    FLOW_NONE;
}

static int
flow_in(const struct settings *st)
{

	return st->st_rtscts == 1 ? IN_HARD : st->st_ixoff == 1 ? IN_XON :
	    IN_NONE;
}

/* What value asks for; whether it asks for a setting at all. */
static bool
control_settings(uint8_t value, struct settings *st)
{

	switch (value) {
	case FLOW_NONE:
	case FLOW_XON:
	case FLOW_HARD:
		st->st_rtscts = value == FLOW_HARD;
		st->st_ixon = st->st_ixoff = value == FLOW_XON;
		return true;
	case IN_NONE:
		st->st_ixoff = 0;
		return true;
	case IN_XON:
		st->st_ixoff = 1;
		return true;
	case IN_HARD:
		st->st_rtscts = 1;
		return true;
	case DTR_ON:
	case DTR_OFF:
		st->st_dtr = value == DTR_ON;
		return true;
	case RTS_ON:
	case RTS_OFF:
		st->st_rts = value == RTS_ON;
		return true;
	default:
		return false;
	}
}

/* How what value is about stands now, as a value. */
static int
control_now(struct line *ln, uint8_t value)
{
	const struct settings *const st = line_settings(ln);

	switch (value) {
	case BREAK_ASK:
	case BREAK_ON:
	case BREAK_OFF:
		return line_broken(ln) ? BREAK_ON : BREAK_OFF;
	case DTR_ASK:
	case DTR_ON:
	case DTR_OFF:
		return st->st_dtr == 0 ? DTR_OFF : DTR_ON;
	case RTS_ASK:
	case RTS_ON:
	case RTS_OFF:
		return st->st_rts == 0 ? RTS_OFF : RTS_ON;
	case IN_ASK:
	case IN_NONE:
	case IN_XON:
	case IN_HARD:
	case IN_DTR:
		return flow_in(st);
	default:
		return flow_out(st);
	}
}

static void
control(struct client *cl, struct rfc2217 *rf, uint8_t value)
{
	struct line *const ln = port_line(cl->cl_port);
	struct settings st = *line_settings(ln);

	if (value > FLOW_DSR)
		value = FLOW_ASK;
	if (control_settings(value, &st))
		set(cl, &st);
	else if ((value == BREAK_ON || value == BREAK_OFF) &&
	    port_may_write(cl))
		line_break(ln, value == BREAK_ON);
	answer(cl, rf, SET_CONTROL, control_now(ln, value));
}

/* ---- the rest ------------------------------------------------------- */

static void
signature(struct client *cl, struct rfc2217 *rf, size_t n)
{
	char bytes[128];

	if (n > 0)
		return;			/* the client's own */
	bytes[0] = SERVER + SIGNATURE;
	snprintf(bytes + 1, sizeof(bytes) - 1, "devsw-gateway %s %s",
	    DEVSW_VERSION, port_config(cl->cl_port)->pc_name);
	rf->rf_send(cl, (const uint8_t *)bytes, strlen(bytes));
}

static void
purge(struct client *cl, struct rfc2217 *rf, uint8_t value)
{

	if (value >= 1 && value <= 3 && port_may_write(cl)) {
		line_purge(port_line(cl->cl_port), value & 1, value & 2);
		if (value & 1)
			ring_end(cl->cl_ring, &cl->cl_place);
	}
	answer(cl, rf, PURGE_DATA, value);
}

static void
line_mask(struct client *cl, struct rfc2217 *rf, uint8_t value)
{

	rf->rf_linemask = value;
	answer(cl, rf, SET_LINESTATE_MASK, value);
	port_wants(cl->cl_port);
	if (value != 0)
		answer(cl, rf, NOTIFY_LINESTATE, value &
		    (line_is_empty(port_line(cl->cl_port)) ? LINE_EMPTY : 0));
}

static void
modem_mask(struct client *cl, struct rfc2217 *rf, uint8_t value)
{

	rf->rf_modemmask = value;
	answer(cl, rf, SET_MODEMSTATE_MASK, value);
	port_wants(cl->cl_port);
	if (value != 0)
		rfc2217_modem(cl, rf, true);
}

/*
 * rfc2217_request(cl, rf, bytes, n)
 *
 *	A suboption without its frame.  Answers go to rf_send.
 */
void
rfc2217_request(struct client *cl, struct rfc2217 *rf, const uint8_t *bytes,
    size_t n)
{
	const uint8_t command = n > 0 ? bytes[0] : 255;
	const uint8_t *const value = n > 0 ? bytes + 1 : NULL;

	if (n < (command == SET_BAUDRATE ? 5 : command == SIGNATURE ||
	    command == FLOWCONTROL_SUSPEND || command == FLOWCONTROL_RESUME ?
	    1 : 2))
		return;
	switch (command) {
	case SIGNATURE:
		signature(cl, rf, n - 1);
		break;
	case SET_BAUDRATE:
		baudrate(cl, rf, value);
		break;
	case SET_DATASIZE:
	case SET_PARITY:
	case SET_STOPSIZE:
		small(cl, rf, command, *value);
		break;
	case SET_CONTROL:
		control(cl, rf, *value);
		break;
	case FLOWCONTROL_SUSPEND:
	case FLOWCONTROL_RESUME:
		client_hold(cl, command == FLOWCONTROL_SUSPEND);
		break;
	case SET_LINESTATE_MASK:
		line_mask(cl, rf, *value);
		break;
	case SET_MODEMSTATE_MASK:
		modem_mask(cl, rf, *value);
		break;
	case PURGE_DATA:
		purge(cl, rf, *value);
		break;
	default:
		break;
	}
}

/*
 * rfc2217_modem(cl, rf, asked)
 *
 *	NOTIFY-MODEMSTATE, if something in the mask has changed since the last,
 *	or in any case.
 */
void
rfc2217_modem(struct client *cl, struct rfc2217 *rf, bool asked)
{
	const uint8_t now = (uint8_t)line_modem(port_line(cl->cl_port));
	uint8_t delta = (uint8_t)((now ^ rf->rf_modem) >> 4);

	/* The bit of RI tells of its end alone. */
	if (now & MODEM_RI)
		delta &= (uint8_t)~(MODEM_RI >> 4);
	if (((now ^ rf->rf_modem) & rf->rf_modemmask) == 0 && !asked)
		return;
	rf->rf_modem = now;
	answer(cl, rf, NOTIFY_MODEMSTATE, (now | delta) & rf->rf_modemmask);
}

/* LINE_* has happened. */
void
rfc2217_error(struct client *cl, struct rfc2217 *rf, unsigned bits)
{

	if (bits & rf->rf_linemask)
		answer(cl, rf, NOTIFY_LINESTATE,
		    (int)(bits & rf->rf_linemask));
}
