/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.c - the raw protocol: the device's bytes, as they are.
 *
 * Notes are text among them, which is for configurations that want it.
 */
#include <string.h>

#include "gateway/gateway.h"

static bool
raw_start(struct client *cl)
{

	(void)cl;
	return true;
}

static void
raw_stop(struct client *cl)
{

	(void)cl;
}

static void
raw_input(struct client *cl, const uint8_t *bytes, size_t n)
{

	port_output(cl, bytes, n);
}

static void
raw_data(struct client *cl, const uint8_t *bytes, size_t n)
{

	client_send(cl, bytes, n);
}

static void
raw_note(struct client *cl, const char *text)
{

	if (port_config(cl->cl_port)->pc_notice == NOTICE_ALL)
		client_send(cl, text, strlen(text));
}

static void
raw_news(struct client *cl, enum news news)
{

	(void)cl;
	(void)news;
}

static void
raw_error(struct client *cl, unsigned bits)
{

	(void)cl;
	(void)bits;
}

static bool
raw_wants(const struct client *cl)
{

	(void)cl;
	return false;
}

const struct proto proto_raw = {
	"raw", raw_start, raw_stop, raw_input, raw_data, raw_note, raw_news,
	raw_error, raw_wants, raw_wants,
};
