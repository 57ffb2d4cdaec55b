#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_gateway_unit.sh UNIT: devsw-gateway.service leaves a program that listens on
# the network no rights but those to nodes.  The measure is systemd's own
# (systemd-analyze(1), security), of which 2.0 is the most that is wanted; what
# it does not weigh is looked at by name.  (That it works with that:
# tests/vm/t_service.py.)

set -u
unit=$1
number=0
failed=0

# check WHAT CMD...: CMD must succeed.
check()
{
	local what=$1 result=ok output

	shift
	output=$("$@" 2>&1) || { result='not ok'; failed=1; }
	# Of the table only what is bad.
	[ "$result" = ok ] || sed "/✓/d; s/^/# /" <<<"$output"
	echo "$result $((++number)) - $what"
}

command -v systemd-analyze >/dev/null || {
	echo '1..0 # skip no systemd-analyze here'
	exit 77
}
check 'the exposure is at most 2.0' systemd-analyze security --offline=true \
    --threshold=20 --no-pager "$unit"
check 'it runs as a user of its own' grep -qx 'User=devsw-gateway' "$unit"
check 'without any capability' grep -qx 'CapabilityBoundingSet=' "$unit"
check 'and can get none by executing something' grep -qx \
    'NoNewPrivileges=yes' "$unit"
check 'a hang is a restart' grep -q '^WatchdogSec=' "$unit"
check 'systemctl reload is a SIGHUP' grep -q '^ExecReload=kill -HUP' "$unit"
echo "1..$number"
exit $failed
