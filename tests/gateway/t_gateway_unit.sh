#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_gateway_unit.sh UNIT: devsw-gateway.service leaves a program that listens on
# the network no rights but those to nodes.  The measure is systemd's own
# (systemd-analyze(1), security), of which 2.0 is the most that is wanted; what
# it does not weigh is looked at by name.  (That it works with that:
# tests/vm/t_service.py.)

. "$(dirname "$(readlink -f "$0")")/../h_unit.sh"
check 'it runs as a user of its own' grep -qx 'User=devsw-gateway' "$unit"
check 'without any capability' grep -qx 'CapabilityBoundingSet=' "$unit"
check 'and can get none by executing something' grep -qx \
    'NoNewPrivileges=yes' "$unit"
check 'a hang is a restart' grep -q '^WatchdogSec=' "$unit"
check 'systemctl reload is a SIGHUP' grep -q '^ExecReload=kill -HUP' "$unit"
h_unit_end
