/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web_conf.c - the section [web] of gateway.conf(5).
 *
 * There is one, perhaps in several pieces; without a listen line there are no
 * pages.
 */
#include <crypt.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "gateway/web.h"

static struct web_conf conf;
static const struct web_conf *in_force;

const struct web_conf *
web_conf(void)
{

	return &conf;
}

/* Whose users count, from now on; NULL: there are none. */
void
web_users_are(const struct web_conf *wc)
{

	in_force = wc;
}

const struct web_conf *
web_users(void)
{
	static const struct web_conf none;

	return in_force != NULL ? in_force : &none;
}

/* A configuration is going to be read: nothing is said yet. */
void
web_conf_begin(void)
{

	tls_free(conf.wc_tls);
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.wc_xterm, "/usr/share/nodejs/xterm/lib");
}

static const char *
set_listen(const char *value)
{
	static const struct proto http = { .pr_name = "http" };
	static const struct proto https = { .pr_name = "https" };
	struct address ad = { .ad_proto = &http };
	char where[128], tls[4] = "", more[2];
	const int n = sscanf(value, "%127s %3s %1s", where, tls, more);

	if (conf.wc_nlisten == LISTEN_MAX)
		return "is one address too many";
	if (n < 1 || n > 2 || !address_parse(where, &ad) ||
	    (n == 2 && strcmp(tls, "tls") != 0))
		return "wants an address such as 8023, [::1]:8023, "
		    "127.0.0.1:8023 or unix:/PATH, and perhaps tls";
	ad.ad_tls = n == 2;
	if (ad.ad_tls)
		ad.ad_proto = &https;
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
set_file(char file[128], const char *value)
{

	if (value[0] != '/' || strlen(value) >= 128)
		return "wants a path, which begins with a slash";
	if (file[0] != '\0')
		return "is given twice";
	strcpy(file, value);
	return NULL;
}

static const char *
set_names(const char *value)
{
	static const char *const words[] = { "cn", "dns", "email" };
	unsigned i;

	for (i = 0; i < 3; i++) {
		if (strcmp(value, words[i]) == 0) {
			conf.wc_names = (enum user_name)i;
			return NULL;
		}
	}
	return "wants cn, dns or email";
}

static const char *
set_xterm(const char *value)
{

	if (value[0] != '/' || strlen(value) >= sizeof(conf.wc_xterm))
		return "wants a directory, such as /usr/share/nodejs/xterm/lib";
	strcpy(conf.wc_xterm, value);
	return NULL;
}

static const char *
set_user(const char *value)
{
	char name[WEB_NAME], hash[WEB_HASH], more[2];
	unsigned i;

	if (conf.wc_nusers == WEB_USERS)
		return "is one user too many";
	if (sscanf(value, "%31s %255s %1s", name, hash, more) != 2 ||
	    strlen(name) == sizeof(name) - 1 || (strcmp(hash, "-") != 0 &&
	    (crypt_checksalt(hash) != CRYPT_SALT_OK || strlen(hash) < 20)))
		return "wants a name and a hash, as mkpasswd(1) makes it, or -";
	if (strcmp(hash, "-") == 0)
		hash[0] = '\0';		/* only with a certificate */
	for (i = 0; i < conf.wc_nusers; i++) {
		if (strcmp(conf.wc_users[i].name, name) == 0)
			return "is there already";
	}
	strcpy(conf.wc_users[conf.wc_nusers].name, name);
	strcpy(conf.wc_users[conf.wc_nusers++].hash, hash);
	return NULL;
}

static const char *
set_allow(const char *value)
{
	struct web_right *const r = &conf.wc_rights[conf.wc_nrights];
	char what[8], more[2];

	if (conf.wc_nrights == WEB_RIGHTS)
		return "is one right too many";
	if (sscanf(value, "%31s %7s %31s %1s", r->user, what, r->port, more)
	    != 3 || (strcmp(what, "read") != 0 && strcmp(what, "write") != 0))
		return "wants a user, read or write, and a port, or *";
	r->write = what[0] == 'w';
	conf.wc_nrights++;
	return NULL;
}

/* Its certificates, if an address wants them; false: that was told. */
static bool
load_tls(void)
{
	char why[256] = "TLS wants tls-certificate and tls-key";
	unsigned i;

	for (i = 0; i < conf.wc_nlisten && !conf.wc_listen[i].ad_tls; i++)
		continue;
	if (i == conf.wc_nlisten)
		return true;
	/* Who has no certificate may have a password. */
	if (conf.wc_certificate[0] != '\0' && conf.wc_key[0] != '\0')
		conf.wc_tls = tls_new(conf.wc_certificate, conf.wc_key,
		    conf.wc_authorities, conf.wc_nusers == 0, why,
		    sizeof(why));
	if (conf.wc_tls == NULL)
		say("[web]: %s", why);
	return conf.wc_tls != NULL;
}

/* All of it has been read: is it right, as a whole?  If not, that was told. */
bool
web_conf_check(void)
{
	bool right = load_tls();
	unsigned i, j;

	for (i = 0; i < conf.wc_nrights; i++) {
		for (j = 0; j < conf.wc_nusers; j++) {
			if (strcmp(conf.wc_rights[i].user,
			    conf.wc_users[j].name) == 0)
				break;
		}
		if (j < conf.wc_nusers)
			continue;
		say("[web]: allow = %s ...: there is no such user",
		    conf.wc_rights[i].user);
		right = false;
	}
	return right;
}

/* ---- users ---------------------------------------------------------- */

const char *
user_hash(const struct web_conf *wc, const char *name, int *user)
{
	const char *any = NULL;
	unsigned i;

	*user = -1;
	for (i = 0; i < wc->wc_nusers; i++) {
		if (wc->wc_users[i].hash[0] == '\0')
			continue;
		if (any == NULL)
			any = wc->wc_users[i].hash;
		if (strcmp(wc->wc_users[i].name, name) == 0)
			*user = (int)i;
	}
	return *user != -1 ? wc->wc_users[*user].hash : any;
}

int
user_find(const struct web_conf *wc, const char *name)
{
	unsigned i;

	for (i = 0; i < wc->wc_nusers; i++) {
		if (strcmp(wc->wc_users[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

int
user_of(const struct web_conf *wc, struct ssl_st *ssl)
{
	bool (*const is)(struct ssl_st *, const char *) =
	    wc->wc_names == NAME_CN ? tls_is_cn :
	    wc->wc_names == NAME_DNS ? tls_is_dns : tls_is_email;
	unsigned i;

	for (i = 0; ssl != NULL && i < wc->wc_nusers; i++) {
		if (is(ssl, wc->wc_users[i].name))
			return (int)i;
	}
	return -1;
}

/* ---- rights --------------------------------------------------------- */

/* A user of whom no allow speaks may do everything. */
static bool
may(const struct viewer *v, const struct port_conf *pc, bool write)
{
	const struct web_conf *const wc = v->vi_conf;
	const struct web_right *r;
	bool named = false;

	if (v->vi_user == WEB_ANYBODY)
		return true;
	for (r = wc->wc_rights; r < wc->wc_rights + wc->wc_nrights; r++) {
		if (strcmp(r->user, wc->wc_users[v->vi_user].name) != 0)
			continue;
		named = true;
		if ((r->write || !write) && (strcmp(r->port, "*") == 0 ||
		    strcmp(r->port, pc->pc_name) == 0))
			return true;
	}
	return !named;
}

bool
viewer_sees(const struct viewer *v, const struct port_conf *pc)
{

	return may(v, pc, false);
}

bool
viewer_writes(const struct viewer *v, const struct port_conf *pc)
{

	return may(v, pc, true);
}

/* A line of the section; NULL, or what is wrong with the value. */
const char *
web_conf_set(const char *key, const char *value)
{

	if (strcmp(key, "listen") == 0)
		return set_listen(value);
	if (strcmp(key, "host") == 0)
		return set_host(value);
	if (strcmp(key, "user") == 0)
		return set_user(value);
	if (strcmp(key, "allow") == 0)
		return set_allow(value);
	if (strcmp(key, "tls-certificate") == 0)
		return set_file(conf.wc_certificate, value);
	if (strcmp(key, "tls-key") == 0)
		return set_file(conf.wc_key, value);
	if (strcmp(key, "tls-clients") == 0)
		return set_file(conf.wc_authorities, value);
	if (strcmp(key, "tls-names") == 0)
		return set_names(value);
	if (strcmp(key, "metrics") == 0) {
		conf.wc_metrics = strcmp(value, "open") == 0;
		return conf.wc_metrics ? NULL : "wants open";
	}
	if (strcmp(key, "xterm") == 0)
		return set_xterm(value);
	if (strcmp(key, "comment") == 0)
		return NULL;
	return "[web] has no such key; see gateway.conf(5)";
}
