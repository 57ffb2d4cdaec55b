#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_vm_selftest.sh: tools/vm and tools/uml keep their promises.
#
# Everything else that is tested in a guest rests on these: exit status,
# output byte for byte, the host protected but for --share, a timeout that
# ends the guest, a dead kernel that is told from a failed command, and
# devices that come and go on command with the names Linux gives them; and with
# --systemd a machine as its users have it, which is up and has no failed unit;
# and with --steady one whose clock does not go on while it is not run.
#
# host
# builds: full:plain
# timeout: 400
#
# Run without arguments on the host; "guest" is the part inside.  Prints a
# line for each check, and exits 1 if one has failed.

set -u
here=$(dirname "$(readlink -f "$0")")
tools=$(readlink -f "$here/../../tools")
failed=0

# check WHAT CMD...: CMD must succeed.
check()
{
	local what=$1

	shift
	if "$@"; then
		echo "ok	$what"
	else
		echo "FAILED	$what: $*"
		failed=1
	fi
}

# status WANTED CMD...: CMD must exit with just that.
status()
{
	local wanted=$1 got=0

	shift
	"$@" >/dev/null 2>&1 || got=$?
	[ "$got" -eq "$wanted" ] || { echo "status $got, not $wanted"; false; }
}

not()
{
	! "$@"
}

# across FROM TO: the 256 bytes written to FROM are what is read from TO.
across()
{
	timeout 20 python3 - "$1" "$2" <<-'PY'
	import os, sys, tty
	source, target = (os.open(name, os.O_RDWR | os.O_NOCTTY)
	                  for name in sys.argv[1:])
	for fd in source, target:
	    if os.isatty(fd):
	        tty.setraw(fd)
	sent = bytes(range(256))
	os.write(source, sent)
	got = b""
	while len(got) < len(sent):
	    got += os.read(target, 256)
	sys.exit(got != sent)
	PY
}

driver_of()
{
	basename "$(readlink -f "/sys/class/tty/${1##*/}/device/driver")"
}

# plugs ID NODE FAR DRIVER: a serial device is there, works, goes, returns.
plugs()
{
	local id=$1 node=$2 far=$3

	check "$id: node" test -c "$node"
	check "$id: group" test "$(stat -c %G "$node")" = dialout
	check "$id: driver" test "$(driver_of "$node")" = "$4"
	check "$id: from far" across "$far" "$node"
	check "$id: to far" across "$node" "$far"
	check "$id: plug when plugged" status 1 vmusb plug "$id"
	check "$id: unplug" vmusb unplug "$id"
	check "$id: unplug when unplugged" status 1 vmusb unplug "$id"
	check "$id: forgotten" vmusb wait-unplugged "$id"
	check "$id: no node" not test -e "$node"
	check "$id: plug" vmusb plug "$id"
	check "$id: configured" vmusb wait-plugged "$id"
	check "$id: node again" test -c "$node"
	check "$id: from far again" across "$far" "$node"
}

# guest WORK: what is looked at inside the virtual machine.
guest()
{
	check "directory" test "$PWD" = "$1"
	check "cuse" test -c /dev/cuse
	check "root can be written to" touch "$1/not-shared"
	check "share" cp "$1/random" "$1/shared/copy"
	plugs ftdi0 /dev/ttyUSB0 /dev/virtio-ports/far.ftdi0 ftdi_sio
	plugs acm0 /dev/ttyACM0 /dev/ttyGS0 cdc_acm
	check "by-id" test /dev/ttyUSB0 -ef \
	    /dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_ftdi0-if00-port0
	check "absent: no node" not test -e /dev/ttyUSB1
	check "absent: plug" vmusb plug ftdi1
	check "absent: configured" vmusb wait-plugged ftdi1
	check "absent: serial" test "$(cat "$(vmusb path ftdi1)/serial")" = S1
	check "no such device" status 1 vmusb plug ftdi7
}

# as_installed: what is looked at inside one that systemd has started.
as_installed()
{
	check "systemd: process 1" test "$(cat /proc/1/comm)" = systemd
	check "systemd: is up" test "$(
	    timeout 60 systemctl is-system-running --wait)" = running
	check "systemd: udevd is its service" systemctl -q is-active \
	    systemd-udevd
	check "systemd: the command is in a service" grep -q \
	    /devsw-guest.service /proc/self/cgroup
	check "systemd: starts a service, and waits for it" test "$(
	    systemd-run --quiet --wait --pipe -p User=nobody id -un)" = nobody
	check "systemd: the journal has it" sh -c \
	    'echo in-the-journal | systemd-cat; journalctl --sync
	    journalctl -q | grep -q in-the-journal'
	check "systemd: a device is a unit" systemctl -q is-active \
	    dev-ttyUSB0.device
	check "systemd: unplug" vmusb unplug ftdi0
	check "systemd: forgotten" vmusb wait-unplugged ftdi0
	check "systemd: and is none any more" not systemctl -q is-active \
	    dev-ttyUSB0.device
	check "systemd: share" cp random shared/of-systemd
	return $failed
}

# held_up OPTION: the guest computes for 3 s of its time, and is stopped for 0.3 s
# again and again; did its clock never go on by more than 0.1 s at once?
held_up()
{
	local vm qemu

	"$tools/vm" "$1" --timeout 120 python3 -c 'import sys, time
worst, last = 0, time.monotonic()
end = last + 3
while last < end:
    now = time.monotonic()
    worst, last = max(worst, now - last), now
sys.exit(worst > 0.1)' &
	vm=$!
	while kill -0 $vm 2>/dev/null; do
		for qemu in $(pgrep -P $vm qemu); do
			kill -STOP "$qemu"
			sleep 0.3
			kill -CONT "$qemu"
		done
		sleep 0.5
	done
	wait $vm
}

# cuse_of TOOL: the guest's kernel opens a CUSE channel with its INIT request.
cuse_of()
{
	"$1" python3 -c 'import os, struct, sys
channel = os.open("/dev/cuse", os.O_RDWR)
length, opcode = struct.unpack("=II", os.read(channel, 65536)[:8])
sys.exit(opcode != 4096)'
}

# both TOOL: what tools/vm and tools/uml promise alike.
both()
{
	local tool=$tools/$1 sum

	check "$1: status 0" status 0 "$tool" true
	check "$1: status 3" status 3 "$tool" sh -c 'exit 3'
	check "$1: killed" status 143 "$tool" sh -c 'kill -TERM $$'
	check "$1: no command" status 127 "$tool" no-such-command
	check "$1: timeout" status 124 "$tool" --timeout 6 sleep 1000
	check "$1: panic" status 125 "$tool" \
	    sh -c 'echo c >/proc/sysrq-trigger'
	check "$1: usage" status 2 "$tool" --no-such-option
	sum=$("$tool" cat random | sha256sum)
	check "$1: output" test "$sum" = "$(sha256sum <random)"
	check "$1: cuse" cuse_of "$tool"
	check "$1: both streams" test "$("$tool" sh -c \
	    'echo one; echo two >/dev/stderr; echo three')" = \
	    "$(printf 'one\ntwo\nthree')"
	check "$1: arguments" test "$("$tool" printf '%s|' "a  b" '$c' "d'e")" \
	    = "a  b|\$c|d'e|"
}

# host: everything, in a directory of its own.
host()
{
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/shared"
	cd "$work" || exit 1
	head -c 1000000 /dev/urandom >random
	both uml
	both vm
	check "devices" "$tools/vm" --usb ftdi --usb acm \
	    --usb ftdi:absent,serial=S1 --share "$work/shared" \
	    "$here/t_vm_selftest.sh" guest "$work"
	check "shared file came out" cmp random shared/copy
	check "nothing else did" not test -e not-shared
	check "systemd" "$tools/vm" --systemd --usb ftdi \
	    --share "$work/shared" "$here/t_vm_selftest.sh" as_installed
	check "systemd: shared file came out" cmp random shared/of-systemd
	check "systemd: status" status 3 "$tools/vm" --systemd sh -c 'exit 3'
	check "systemd: usage" status 2 "$tools/vm" --systemd --no-udev true
	check "steady: being stopped takes no time" held_up --steady
	check "without: it does" not held_up -v
	check "uml: share" "$tools/uml" --share "$work/shared" \
	    sh -c 'echo out >shared/uml; echo out >not-shared'
	check "uml: shared file came out" test "$(cat shared/uml)" = out
	check "uml: nothing else did" not test -e not-shared
}

case ${1-host} in
guest)	guest "$2" ;;
as_installed)	as_installed ;;
*)	host ;;
esac
exit $failed
