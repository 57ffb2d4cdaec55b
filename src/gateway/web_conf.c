/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web_conf.c - the section [web] of gateway.conf(5).
 *
 * There is one, perhaps in several pieces; without a listen line there are no
 * pages.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "gateway/web.h"

static struct web_conf conf;

const struct web_conf *
web_conf(void)
{

	return &conf;
}

/* A configuration is going to be read: nothing is said yet. */
void
web_conf_begin(void)
{

	memset(&conf, 0, sizeof(conf));
	strcpy(conf.wc_xterm, "/usr/share/nodejs/xterm/lib");
}

static const char *
set_listen(const char *value)
{
	static const struct proto http = { .pr_name = "http" };
	struct address ad = { .ad_proto = &http, .ad_warning =
	    ": whoever reaches this address may use all ports; there is no "
	    "password and no encryption" };

	if (conf.wc_nlisten == LISTEN_MAX)
		return "is one address too many";
	if (!address_parse(value, &ad))
		return "wants an address such as 8023, [::1]:8023, "
		    "127.0.0.1:8023 or unix:/PATH";
	conf.wc_listen[conf.wc_nlisten++] = ad;
	return NULL;
}

static const char *
set_host(const char *value)
{
	char *const host = conf.wc_hosts[conf.wc_nhosts];
	size_t i;

	if (conf.wc_nhosts == WEB_HOSTS)
		return "is one name too many";
	for (i = 0; isalnum((unsigned char)value[i]) || value[i] == '-' ||
	    value[i] == '.'; i++)
		continue;
	if (i == 0 || value[i] != '\0' || i >= sizeof(conf.wc_hosts[0]))
		return "wants a name of this machine, without a port, such as "
		    "lab.example.org";
	strcpy(host, value);
	conf.wc_nhosts++;
	return NULL;
}

static const char *
set_xterm(const char *value)
{

	if (value[0] != '/' || strlen(value) >= sizeof(conf.wc_xterm))
		return "wants a directory, such as /usr/share/nodejs/xterm/lib";
	strcpy(conf.wc_xterm, value);
	return NULL;
}

/* A line of the section; NULL, or what is wrong with the value. */
const char *
web_conf_set(const char *key, const char *value)
{

	if (strcmp(key, "listen") == 0)
		return set_listen(value);
	if (strcmp(key, "host") == 0)
		return set_host(value);
	if (strcmp(key, "xterm") == 0)
		return set_xterm(value);
	if (strcmp(key, "comment") == 0)
		return NULL;
	return "[web] has no such key; see gateway.conf(5)";
}
