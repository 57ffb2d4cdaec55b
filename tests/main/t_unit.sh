#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_unit.sh UNIT: devswd.service leaves the daemon as few rights as it can do
# with.  The measure is systemd's own (systemd-analyze(1), security), which
# weighs what a unit may do from 0 to 10; 2.0 is the most that is wanted here.
# What it does not weigh is looked at by name: whom the daemon runs as, and
# the two capabilities, each of which has its reason in the unit.
# (That it works with that: tests/vm/t_service.py.)

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

# is KEY VALUE: the unit has this assignment, and no other of the key.
is()
{
	local have

	have=$(sed -n "s/^$1=//p" "$unit")
	[ "$have" = "$2" ] || { echo "$1=$have"; return 1; }
}

command -v systemd-analyze >/dev/null || {
	echo '1..0 # skip no systemd-analyze here'
	exit 77
}
check 'the exposure is at most 2.0' systemd-analyze security --offline=true \
    --threshold=20 --no-pager "$unit"
check 'it runs as devsw' is User devsw
check 'with two capabilities' is AmbientCapabilities 'CAP_CHOWN CAP_FOWNER'
check 'and can get no others' is CapabilityBoundingSet 'CAP_CHOWN CAP_FOWNER'
check 'nor by executing something' is NoNewPrivileges yes
check 'of devices it may open cuse, and USB devices' is DeviceAllow \
    $'/dev/cuse rw\nchar-usb_device rw'
check 'and no others' is DevicePolicy closed
check 'a hang is a restart' grep -q '^WatchdogSec=' "$unit"
echo "1..$number"
exit $failed
