/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export.h - ports, as other programs want them (export.c).
 */
#ifndef GATEWAY_EXPORT_H
#define GATEWAY_EXPORT_H

#include "gateway/gateway.h"

int	export_ports(const char *, const char *, struct port_conf_head *);

#endif /* GATEWAY_EXPORT_H */
