/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.c - what the ports are like: for Prometheus, as JSON, as a list.
 *
 * Nothing is kept here: each is made of port_stats when it is asked for.  The
 * names of ports are harmless everywhere (config.c); paths and addresses of
 * clients are escaped.
 */
#include <event2/buffer.h>
#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/web.h"
#include "gateway/why.h"

static const struct {
	const char	*name, *type, *help;
	size_t		 at;
} metrics[] = {
#define	M(name, type, field, help)					\
	{ "devsw_gateway_" name, type, help, offsetof(struct port_stats, field) }
	M("device_present", "gauge", ps_there,
	    "Whether the device is there."),
	M("device_opens_total", "counter", ps_opens,
	    "How often the device was opened."),
	M("device_unplugs_total", "counter", ps_unplugs,
	    "How often it has gone."),
	M("received_bytes_total", "counter", ps_in,
	    "Bytes that the device has sent."),
	M("sent_bytes_total", "counter", ps_out,
	    "Bytes of clients for the device."),
	M("refused_bytes_total", "counter", ps_refused,
	    "Bytes of clients that were dropped as the device was away."),
	M("lost_bytes_total", "counter", ps_lost,
	    "Bytes that clients have not got as they were too slow."),
	M("receive_errors_total", "counter", ps_errors,
	    "Bytes with a parity or framing error; of a driver that does not "
	    "count, while a client asked for them."),
	M("parity_errors_total", "counter", ps_parity,
	    "Those with a parity error, as the driver counts."),
	M("framing_errors_total", "counter", ps_frame,
	    "Those with a framing error, as the driver counts."),
	M("overruns_total", "counter", ps_overruns,
	    "How often bytes were lost on their way in, as the driver counts."),
	M("received_breaks_total", "counter", ps_breaks,
	    "Breaks; of a driver that does not count, while a client asked for "
	    "them."),
	M("clients", "gauge", ps_clients,
	    "Clients that are connected."),
	M("clients_total", "counter", ps_comes,
	    "Clients that have been."),
	M("device_queue_bytes", "gauge", ps_unsent,
	    "Bytes that wait for the device."),
	M("client_queue_bytes", "gauge", ps_behind,
	    "Bytes that wait for the slowest client."),
	M("log_lost_bytes_total", "counter", ps_loglost,
	    "Bytes of the log that the disk has not taken."),
	M("log_queue_bytes", "gauge", ps_logwaits,
	    "Bytes of the log that wait for the disk."),
#undef M
};
#define	NMETRICS	(sizeof(metrics) / sizeof(metrics[0]))

static uint64_t
value(const struct port_stats *ps, size_t i)
{

	return *(const uint64_t *)(const void *)((const char *)ps +
	    metrics[i].at);
}

/* As port_next, of those that this viewer sees. */
static struct port *
next_seen(const struct port *p, const struct viewer *who)
{
	struct port *next = port_next(p);

	while (next != NULL && !viewer_sees(who, port_config(next)))
		next = port_next(next);
	return next;
}

/* The value of a label: what is no printable ASCII becomes a '?'. */
static void
add_label(struct evbuffer *out, const char *text)
{

	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			evbuffer_add_printf(out, "\\%c", *text);
		else
			evbuffer_add_printf(out, "%c",
			    *text >= ' ' && *text <= '~' ? *text : '?');
	}
}

/* What devswd has told of: who is there, and why who was has left. */
static void
add_adapters(struct evbuffer *out, const struct viewer *who)
{
	const struct port *p = NULL;
	const struct adapter *ad;

	evbuffer_add_printf(out, "# HELP devsw_gateway_adapter_info "
	    "The adapter that is or was behind the node.\n"
	    "# TYPE devsw_gateway_adapter_info gauge\n");
	while ((p = next_seen(p, who)) != NULL) {
		ad = why_adapter(port_why(p));
		if (ad->ad_port[0] == '\0')
			continue;
		evbuffer_add_printf(out, "devsw_gateway_adapter_info{port="
		    "\"%s\",adapter=\"", port_config(p)->pc_name);
		add_label(out, ad->ad_name);
		evbuffer_add_printf(out, "\",serial=\"");
		add_label(out, ad->ad_serial);
		evbuffer_add_printf(out, "\"} 1\n");
	}
	evbuffer_add_printf(out, "# HELP devsw_gateway_device_left_info "
	    "Why the device has left, the last time.\n"
	    "# TYPE devsw_gateway_device_left_info gauge\n");
	while ((p = next_seen(p, who)) != NULL) {
		if (why_last(port_why(p))[0] == '\0')
			continue;
		evbuffer_add_printf(out, "devsw_gateway_device_left_info"
		    "{port=\"%s\",reason=\"", port_config(p)->pc_name);
		add_label(out, why_last(port_why(p)));
		evbuffer_add_printf(out, "\"} 1\n");
	}
}

/* Prometheus' text format. */
void
metrics_text(struct evbuffer *out, const struct viewer *who)
{
	const struct port *p = NULL;
	struct port_stats ps;
	size_t i;

	evbuffer_add_printf(out, "# HELP devsw_gateway_port_info "
	    "A port and its node.\n# TYPE devsw_gateway_port_info gauge\n");
	while ((p = next_seen(p, who)) != NULL) {
		evbuffer_add_printf(out, "devsw_gateway_port_info{port=\"%s\","
		    "node=\"", port_config(p)->pc_name);
		add_label(out, port_node(p));
		evbuffer_add_printf(out, "\"} 1\n");
	}
	add_adapters(out, who);
	for (i = 0; i < NMETRICS; i++) {
		evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n",
		    metrics[i].name, metrics[i].help, metrics[i].name,
		    metrics[i].type);
		while ((p = next_seen(p, who)) != NULL) {
			port_stats(p, &ps);
			evbuffer_add_printf(out, "%s{port=\"%s\"} %" PRIu64
			    "\n", metrics[i].name, port_config(p)->pc_name,
			    value(&ps, i));
		}
	}
}

/* Text as JSON has it; bytes that are no UTF-8 are shown as such. */
static json_t *
text(const char *bytes)
{
	json_t *const js = json_string(bytes);
	char shown[256];
	size_t i;

	if (js != NULL)
		return js;
	for (i = 0; bytes[i] != '\0' && i + 1 < sizeof(shown); i++)
		shown[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?';
	shown[i] = '\0';
	return json_string(shown);
}

static json_t *
tristate(int value)
{

	return value == -1 ? json_null() : json_boolean(value);
}

/* The adapter, as far as devswd has told of one. */
static json_t *
adapter(const struct port *p)
{
	const struct adapter *const ad = why_adapter(port_why(p));

	if (ad->ad_port[0] == '\0')
		return json_null();
	return json_pack("{sososo}", "name", text(ad->ad_name), "serial",
	    text(ad->ad_serial), "port", text(ad->ad_port));
}

/* A port's line, who writes, the adapter, why it has left. */
json_t *
metrics_line(struct port *p)
{
	const struct settings *const st = line_settings(port_line(p));
	const unsigned modem = line_modem(port_line(p));
	const char format[] = { st->st_size != 0 ? (char)('0' + st->st_size) :
	    '?', st->st_parity <= 5 ? "?NOEMS"[st->st_parity] : '?',
	    st->st_stop != 0 ? (char)('0' + st->st_stop) : '?', '\0' };
	const char *const flow = st->st_rtscts == 1 ? "rtscts" :
	    st->st_ixon == 1 ? "xonxoff" : st->st_rtscts == -1 ? "?" : "none";

	const char *const last = why_last(port_why(p));

	return json_pack("{sbsIsssssoso sbsbsbsbsbso sososb}",
	    "there", line_is_open(port_line(p)), "speed", (json_int_t)st->st_speed,
	    "format", format, "flow", flow,
	    "dtr", tristate(st->st_dtr), "rts", tristate(st->st_rts),
	    "cts", (modem & MODEM_CTS) != 0, "dsr", (modem & MODEM_DSR) != 0,
	    "ri", (modem & MODEM_RI) != 0, "dcd", (modem & MODEM_DCD) != 0,
	    "breaking", line_broken(port_line(p)),
	    "writer", port_writer(p) != NULL ? text(port_writer(p)) :
	    json_null(),
	    "adapter", adapter(p),
	    "left", last[0] != '\0' ? text(last) : json_null(),
	    "closed", why_closed(port_why(p)));
}

static json_t *
port_json(struct port *p)
{
	const struct port_conf *const pc = port_config(p);
	json_t *const js = metrics_line(p);
	struct port_stats ps;
	size_t i;

	(void)json_object_set_new(js, "name", text(pc->pc_name));
	(void)json_object_set_new(js, "node", text(port_node(p)));
	(void)json_object_set_new(js, "log",
	    json_boolean(pc->pc_log[0] != '\0'));
	port_stats(p, &ps);
	for (i = 0; i < NMETRICS; i++)
		(void)json_object_set_new(js, metrics[i].name +
		    strlen("devsw_gateway_"),
		    json_integer((json_int_t)value(&ps, i)));
	return js;
}

/* {"ports": [...]}; each has what metrics_text says, and its line. */
void
metrics_json(struct evbuffer *out, const struct viewer *who)
{
	json_t *const all = json_object(), *const list = json_array();
	struct port *p = NULL;
	char *dump;

	while ((p = next_seen(p, who)) != NULL)
		(void)json_array_append_new(list, port_json(p));
	(void)json_object_set_new(all, "ports", list);
	(void)json_object_set_new(all, "user", who->vi_user == WEB_ANYBODY ?
	    json_null() : text(who->vi_conf->wc_users[who->vi_user].name));
	dump = json_dumps(all, JSON_COMPACT);
	if (dump != NULL)
		(void)evbuffer_add(out, dump, strlen(dump));
	free(dump);
	json_decref(all);
}

/* A line for each port, for people. */
void
metrics_list(struct evbuffer *out, const struct viewer *who)
{
	struct port *p = NULL;
	struct port_stats ps;

	while ((p = next_seen(p, who)) != NULL) {
		port_stats(p, &ps);
		evbuffer_add_printf(out, "%-20s ", port_config(p)->pc_name);
		add_label(out, port_node(p));
		evbuffer_add_printf(out, ps.ps_there ? "" : " (away)");
		evbuffer_add_printf(out, " %u bit/s, %" PRIu64 " clients\n",
		    (unsigned)line_settings(port_line(p))->st_speed,
		    ps.ps_clients);
	}
}
