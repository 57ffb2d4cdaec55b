#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_unit.sh UNIT: devswd.service leaves the daemon as few rights as it can do
# with.  The measure is systemd's own (systemd-analyze(1), security), which
# weighs what a unit may do from 0 to 10; 2.0 is the most that is wanted here.
# What it does not weigh is looked at by name: whom the daemon runs as, and
# the two capabilities, each of which has its reason in the unit.
# (That it works with that: tests/vm/t_service.py.)

. "$(dirname "$(readlink -f "$0")")/../h_unit.sh"
check 'it runs as devsw' is User devsw
check 'with two capabilities' is AmbientCapabilities 'CAP_CHOWN CAP_FOWNER'
check 'and can get no others' is CapabilityBoundingSet 'CAP_CHOWN CAP_FOWNER'
check 'nor by executing something' is NoNewPrivileges yes
check 'of devices it may open cuse, and USB devices' is DeviceAllow \
    $'/dev/cuse rw\nchar-usb_device rw'
check 'and no others' is DevicePolicy closed
check 'a hang is a restart' grep -q '^WatchdogSec=' "$unit"
h_unit_end
