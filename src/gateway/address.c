/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address.c - an address as a configuration has it.  listen.c listens on it.
 */
#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"

/* A number from 1 to 65535, or 0. */
static uint16_t
parse_port(const char *text)
{
	unsigned long value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return 0;
	value = strtoul(text, &end, 10);
	return *end == '\0' && value <= 65535 ? (uint16_t)value : 0;
}

/*
 * ok = address_parse(text, ad)
 *
 *	"PORT", which is [::1]'s, "[IPV6]:PORT" or "IPV4:PORT", into ad_text,
 *	ad_host and ad_port; or "unix:/PATH", into ad_text and ad_path.
 */
bool
address_parse(const char *text, struct address *ad)
{
	struct in6_addr any;
	const char *colon;
	size_t n;

	if (strlen(text) >= sizeof(ad->ad_text))
		return false;
	strcpy(ad->ad_text, text);
	ad->ad_path[0] = '\0';
	if (strncmp(text, "unix:", 5) == 0) {
		text += 5;
		if (text[0] != '/' || strlen(text) >= sizeof(ad->ad_path))
			return false;
		strcpy(ad->ad_path, text);
		return true;
	}
	strcpy(ad->ad_host, "::1");
	colon = strrchr(text, ':');
	if (colon == NULL) {
		snprintf(ad->ad_text, sizeof(ad->ad_text), "[::1]:%.60s",
		    text);
		ad->ad_port = parse_port(text);
		return ad->ad_port != 0;
	}
	ad->ad_port = parse_port(colon + 1);
	n = (size_t)(colon - text);
	if (text[0] == '[' && n > 2 && text[n - 1] == ']') {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n) != NULL)
		return false;
	if (n >= sizeof(ad->ad_host) || ad->ad_port == 0)
		return false;
	memcpy(ad->ad_host, text, n);
	ad->ad_host[n] = '\0';
	return inet_pton(strchr(ad->ad_host, ':') != NULL ? AF_INET6 :
	    AF_INET, ad->ad_host, &any) == 1;
}

/* The same address, that many numbers higher. */
void
address_move(struct address *ad, unsigned by)
{

	ad->ad_port = (uint16_t)(ad->ad_port + by);
	snprintf(ad->ad_text, sizeof(ad->ad_text), strchr(ad->ad_host, ':') !=
	    NULL ? "[%s]:%u" : "%s:%u", ad->ad_host, (unsigned)ad->ad_port);
}
