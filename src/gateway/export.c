/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export.c - the ports of a configuration, as other programs want them.
 *
 * Model
 *	Of each port one address is named: of those that a client needs no
 *	certificate for and writes at, the first with telnet, whose RFC 2217
 *	sets the line, or else the first raw one.  A port that has none is named
 *	in a comment only.
 *
 *	An address that is all of the machine's is named by the machine's name,
 *	or another that is given.  One that only this machine reaches is so, and
 *	that is said in a comment.
 *
 *	Names of ports are harmless (config.c), but words to some of these
 *	languages, such as "no" and 1e3: so they are quoted.  Serial numbers and
 *	names of adapters are an adapter's own: in a comment they are printable,
 *	and have no newline.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/export.h"
#include "gateway/find.h"

static const char *export_host;		/* of this machine */

/* In the quotes of YAML and of conserver.cf(5), which agree on these two. */
static void
put_quoted(const char *text)
{

	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text >= ' ' && *text <= '~' ? *text : '?');
	}
	putchar('"');
}

static void
put_comment(const char *indent, const char *what, const char *text)
{

	printf("%s# %s", indent, what);
	for (; *text != '\0'; text++)
		putchar(*text >= ' ' && *text <= '~' ? *text : '?');
	putchar('\n');
}

/* ---- addresses ------------------------------------------------------ */

/* The one to be named, or NULL. */
static const struct address *
address_of(const struct port_conf *pc)
{
	const struct address *ad, *raw = NULL;
	unsigned i;

	for (i = 0; i < pc->pc_nlisten; i++) {
		ad = &pc->pc_listen[i];
		if (ad->ad_path[0] != '\0' || ad->ad_tls ||
		    ad->ad_role == ROLE_WATCH)
			continue;
		if (ad->ad_proto == &proto_telnet)
			return ad;
		if (raw == NULL)
			raw = ad;
	}
	return raw;
}

static bool
is_all(const struct address *ad)
{

	return strcmp(ad->ad_host, "::") == 0 ||
	    strcmp(ad->ad_host, "0.0.0.0") == 0;
}

static bool
is_loopback(const struct address *ad)
{

	return strcmp(ad->ad_host, "::1") == 0 ||
	    strncmp(ad->ad_host, "127.", 4) == 0;
}

static const char *
host_of(const struct address *ad)
{

	return is_all(ad) ? export_host : ad->ad_host;
}

static void
comments(const char *indent, const struct port_conf *pc)
{

	if (pc->pc_id[0] != '\0')
		put_comment(indent, "adapter ", pc->pc_id);
	else if (pc->pc_serial[0] != '\0')
		put_comment(indent, "serial number ", pc->pc_serial);
	if (is_loopback(address_of(pc)))
		put_comment(indent, "only this machine reaches it", "");
}

/* ---- labgrid -------------------------------------------------------- */

/*
 * A NetworkSerialPort.  Its host becomes a part of a URL there, which cannot be
 * a number of IPv6.
 */
static void
labgrid_resource(const char *indent, const struct port_conf *pc)
{
	const struct address *const ad = address_of(pc);
	const char *const host = strchr(ad->ad_host, ':') == NULL ?
	    host_of(ad) : is_loopback(ad) ? "localhost" : export_host;

	printf("%sNetworkSerialPort:\n%s  host: ", indent, indent);
	put_quoted(host);
	printf("\n%s  port: %u\n", indent, ad->ad_port);
	if (pc->pc_settings.st_speed != 0)
		printf("%s  speed: %u\n", indent, pc->pc_settings.st_speed);
	printf("%s  protocol: \"%s\"\n", indent, ad->ad_proto ==
	    &proto_telnet ? "rfc2217" : "raw");
}

static void
labgrid_exporter(const struct port_conf *pc)
{

	comments("", pc);
	put_quoted(pc->pc_name);
	printf(":\n");
	labgrid_resource("  ", pc);
}

static void
labgrid_environment(const struct port_conf *pc)
{

	comments("  ", pc);
	printf("  ");
	put_quoted(pc->pc_name);
	printf(":\n    resources:\n");
	labgrid_resource("      ", pc);
	printf("    drivers:\n      SerialDriver: {}\n");
}

/* ---- conserver ------------------------------------------------------ */

static void
conserver(const struct port_conf *pc)
{
	const struct address *const ad = address_of(pc);

	comments("", pc);
	printf("console ");
	put_quoted(pc->pc_name);
	printf(" {\n\tmaster localhost;\n\ttype host;\n\thost ");
	put_quoted(host_of(ad));
	printf(";\n\tport %u;\n\tprotocol %s;\n}\n", ad->ad_port,
	    ad->ad_proto == &proto_telnet ? "telnet" : "raw");
}

/* ---- all ------------------------------------------------------------ */

static const struct {
	const char	*name;
	const char	*head;
	void		(*port)(const struct port_conf *);
} formats[] = {
	{ "labgrid",	"",		labgrid_exporter },
	{ "labgrid-env", "targets:\n",	labgrid_environment },
	{ "conserver",	"",		conserver },
};
#define	NFORMATS	(sizeof(formats) / sizeof(formats[0]))

/* The ports of [auto] behind the others: those who have a number. */
static void
add_autos(struct port_conf_head *configs)
{
	const struct port_conf *like = NULL, *pc;
	static struct autos autos;
	struct port_conf *made;
	size_t i;

	STAILQ_FOREACH(pc, configs, pc_entry) {
		if (pc->pc_range > 0)
			like = pc;
	}
	if (like == NULL)
		return;
	auto_read(&autos, like);
	for (i = 0; i < autos.au_n; i++) {
		made = auto_port(like, autos.au_have[i].id,
		    autos.au_have[i].number, configs);
		if (made != NULL)
			STAILQ_INSERT_TAIL(configs, made, pc_entry);
	}
	auto_free(&autos);
}

/*
 * status = export_ports(format, host, configs)
 *
 *	Print them.  host NULL: the machine's own name.  configs gets the ports
 *	of [auto] too.  An exit status; complains.
 */
int
export_ports(const char *format, const char *host,
    struct port_conf_head *configs)
{
	char name[256] = "";
	const struct port_conf *pc;
	size_t i;

	for (i = 0; i < NFORMATS && strcmp(formats[i].name, format) != 0; i++)
		continue;
	if (i == NFORMATS) {
		say("--export %s: wants labgrid, labgrid-env or conserver",
		    format);
		return EXIT_BADUSAGE;
	}
	(void)gethostname(name, sizeof(name) - 1);
	export_host = host != NULL ? host : name;
	add_autos(configs);
	printf("# The ports of devsw-gateway.\n%s", formats[i].head);
	STAILQ_FOREACH(pc, configs, pc_entry) {
		if (pc->pc_range > 0)
			continue;
		if (address_of(pc) != NULL)
			formats[i].port(pc);
		else
			put_comment("", "has no address without TLS to write "
			    "at: ", pc->pc_name);
	}
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return EXIT_OK;
	say("standard output: %s", strerror(errno));
	return EXIT_FAILED;
}
