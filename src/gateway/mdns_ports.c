/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mdns_ports.c - which ports mdns.c is to tell of, and what of them.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/gateway.h"
#include "gateway/mdns.h"
#include "gateway/why.h"

/* The number of the address that is to be told; 0: there is none. */
static uint16_t
number_of(const struct port_conf *pc)
{
	const struct address *ad;
	unsigned i;

	for (i = 0; pc->pc_mdns && i < pc->pc_nlisten; i++) {
		ad = &pc->pc_listen[i];
		if (ad->ad_proto == &proto_telnet && ad->ad_path[0] == '\0' &&
		    !ad->ad_tls && ad->ad_role != ROLE_WATCH &&
		    strcmp(ad->ad_host, "::1") != 0 &&
		    strncmp(ad->ad_host, "127.", 4) != 0)
			return ad->ad_port;
	}
	return 0;
}

/* All of it is compared byte by byte, so all of it is set. */
static void
describe(const struct port *p, struct mdns_service *sv)
{
	const struct adapter *const ad = why_adapter(port_why(p));
	const struct port_conf *const pc = port_config(p);

	memset(sv, 0, sizeof(*sv));
	snprintf(sv->sv_port, sizeof(sv->sv_port), "%s", pc->pc_name);
	sv->sv_number = number_of(pc);
	snprintf(sv->sv_adapter, sizeof(sv->sv_adapter), "%s", ad->ad_name);
	snprintf(sv->sv_serial, sizeof(sv->sv_serial), "%s",
	    ad->ad_port[0] != '\0' ? ad->ad_serial : pc->pc_serial);
}

size_t
mdns_ports(struct mdns_service *all, size_t room)
{
	const struct port *p = NULL;
	size_t n = 0;

	while (n < room && (p = port_next(p)) != NULL) {
		if (number_of(port_config(p)) != 0)
			describe(p, &all[n++]);
	}
	return n;
}
