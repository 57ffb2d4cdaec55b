#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_devswd.sh DEVSWD: the daemon as its user sees it: --list, start, claims
# and their units, a second daemon, signals, crash, SIGKILL and --release,
# what is told to a service manager, and that an idle daemon sleeps.
#
# Runs itself again as "guest" in a virtual machine with two FTDI adapters
# and a CDC-ACM gadget.  Prints a line for each check; exits 1 if one failed,
# 77 where no guest can be started.

set -u
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

not()
{
	! "$@"
}

# status WANTED CMD...: CMD must exit with just that.
status()
{
	local wanted=$1 got=0

	shift
	"$@" >/tmp/out 2>&1 || got=$?
	[ "$got" -eq "$wanted" ] || { echo "status $got"; cat /tmp/out; false; }
}

# says WORDS: the last command of status printed them.
says()
{
	grep -q -e "$1" /tmp/out || { cat /tmp/out; false; }
}

# soon CMD...: CMD succeeds within 20 s.
soon()
{
	local n

	for ((n = 0; n < 400; n++)); do
		"$@" && return 0
		sleep 0.05
	done
	false
}

# driver INTERFACE: the kernel's driver on it, or nothing.
driver()
{
	local link=/sys/bus/usb/devices/$1/driver

	[ -e "$link" ] && basename "$(readlink -f "$link")"
}

driver_is()
{
	[ "$(driver "$1")" = "$2" ]
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

# node NAME MODE OWNER: it is there, and whose.
node()
{
	[ "$(stat -c '%F %a %U:%G' "/dev/$1" 2>&1)" = \
	    "character special file $2 $3" ] ||
	    { stat -c '%F %a %U:%G' "/dev/$1"; false; }
}

# opens NAME: without making a file of that name if there is none.
opens()
{
	timeout 10 bash -c "exec 3</dev/$1" 2>/dev/null
}

# switches PID: context switches of all its threads.
switches()
{
	cat /proc/"$1"/task/*/status | awk '/ctxt_switches/ { n += $2 }
	    END { print n }'
}

# idle PID: four seconds without any thread running, once threads that are
# not needed any more have ended.
idle()
{
	local before n

	for n in 1 2 3 4; do
		before=$(switches "$1")
		sleep 4
		[ "$(switches "$1")" = "$before" ] && return 0
	done
	false
}

test_list()
{
	check "--list" status 0 "$devswd" --list
	check "--list: driver, id, chip, place" \
	    says "^uftdi .*0403:6001  chip FT[0-9A-Z]*  port $port0 "
	check "--list: serial, kernel driver" \
	    says "serial ftdi0  kernel driver ftdi_sio"
	check "--list: claim" says "'0403:6001,serial=ftdi0'"
	check "--list: the other driver" says "^umodem .*kernel driver cdc_acm"
	check "--list: no chip where nobody knows it" not says "^umodem .*chip"
	check "--list leaves the device" driver_is "$if0" ftdi_sio
}

test_refusals()
{
	check "bad claim" status 2 "$devswd" --claim nonsense
	check "bad claim: said so" says "--claim nonsense: it starts with"
	check "no claim" status 2 "$devswd"
	check "no claim: --list" says "devswd --list"
	mv /dev/cuse /dev/cuse.away
	check "no cuse" status 1 "$devswd" --claim 1:2
	check "no cuse: said so" says "modprobe cuse"
	mv /dev/cuse.away /dev/cuse
	check "no trace file" status 1 "$devswd" --claim 1:2 \
	    --trace /no/such/file
	check "no trace file: said so" says \
	    "--trace /no/such/file: No such file or directory"
	check "no trace file: nothing else" test "$(wc -l </tmp/out)" = 1
	chmod 711 /root
	check "not root" status 1 setpriv --reuid 65534 --clear-groups \
	    "$devswd" --claim 1:2
	check "not root: said so" says "run devswd as root"
}

start()
{
	status 0 "$devswd" "$@" && pid=$(cat /run/devsw/devswd-120.lock) &&
	    kill -0 "$pid"
}

stop()
{
	kill "$pid" && soon gone "$pid"
}

test_run()
{
	check "start" start --claim 0403:6001,serial=ftdi0,unit=7 \
	    --claim 0403:6001 --owner nobody --group tty --mode 0640
	check "pinned unit" soon opens dtyU7
	check "owner and mode" node dtyU7 640 nobody:tty
	check "dial-in node too" node ttyU7 640 nobody:tty
	check "the other gets the first number" soon opens dtyU0
	check "taken from the kernel" driver_is "$if0" usbfs
	check "what no claim names stays" driver_is "$ifacm" cdc_acm
	check "second daemon" status 1 "$devswd" --claim 1d6b:0104
	check "second daemon: said so" says "as process $pid: stop it"
	check "second daemon takes nothing" driver_is "$ifacm" cdc_acm

	check "unplug" vmusb unplug ftdi0
	check "node stays" soon not opens dtyU7
	check "node stays" node dtyU7 640 nobody:tty
	check "plug" vmusb plug ftdi0
	check "same name" soon opens dtyU7
	kill -HUP "$pid"
	check "SIGHUP changes nothing" opens dtyU7

	check "an idle daemon sleeps" idle "$pid"

	check "stop" stop
	check "given back" driver_is "$if0" ftdi_sio
	check "given back" driver_is "$if1" ftdi_sio
	check "nodes are gone" not test -e /dev/ttyU7
}

test_unit_of_two()
{
	"$devswd" -f --claim 0403:6001,unit=3 2>/tmp/out &
	pid=$!
	check "first of two" soon opens dtyU3
	check "second of two" soon opens dtyU0
	check "said so" says "fits more than one device: the one at $port0 has"
	check "said it once" test "$(grep -c 'more than one' /tmp/out)" = 1
	kill "$pid"
	wait "$pid"
	check "-f ends with 0" test $? = 0
}

test_port()
{
	cd /tmp || return
	check "start with port" start --claim "0403:6001,port=$port1,unit=1" \
	    --trace port.json
	cd / || return
	check "port's unit" soon opens dtyU1
	check "the other is left" driver_is "$if0" ftdi_sio
	check "trace by a relative name" soon grep -q \
	    '"dev":"dtyU1","event":"d_close","phase":"exit"' /tmp/port.json
	cp /tmp/port.json /tmp/port.before
	check "a second daemon" status 1 "$devswd" --claim 1:2 \
	    --trace /tmp/port.json
	check "a second daemon leaves the trace" cmp -n \
	    "$(stat -c %s /tmp/port.before)" /tmp/port.before /tmp/port.json
	check "stop" stop
}

test_ends()
{
	check "start" start --claim 0403:6001 --claim 1d6b:0104
	check "attached" soon opens dtyU2
	kill -SEGV "$pid"
	check "crash" soon gone "$pid"
	check "crash: given back" soon driver_is "$if0" ftdi_sio
	check "crash: two interfaces" soon driver_is "$ifacm" cdc_acm

	check "start after a crash" start --claim 0403:6001
	check "attached" soon opens dtyU1
	kill -KILL "$pid"
	check "SIGKILL" soon gone "$pid"
	check "SIGKILL: no driver" soon driver_is "$if0" ""
	check "--release" status 0 "$devswd" --release --claim 0403:6001
	check "--release: driver" driver_is "$if0" ftdi_sio
	check "--release: driver" driver_is "$if1" ftdi_sio
}

test_notify()
{
	cat >/tmp/notify.py <<-'PY'
	import os, signal, socket, subprocess, sys
	sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	sock.bind("/tmp/notify")
	sock.settimeout(20)
	proc = subprocess.Popen(sys.argv[1:],
	    env=dict(os.environ, NOTIFY_SOCKET="/tmp/notify"))
	ready = sock.recv(100)
	proc.send_signal(signal.SIGTERM)
	stopping = sock.recv(100)
	sys.exit((proc.wait(), ready, stopping)
	    != (0, b"READY=1", b"STOPPING=1"))
	PY
	check "service manager" status 0 python3 /tmp/notify.py \
	    "$devswd" -f --claim 0403:6001
}

# The parent's standard error ends with the start; the rest is syslog's.
test_syslog()
{
	cat >/tmp/syslog.py <<-'PY'
	import re, signal, socket, subprocess, sys
	sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	sock.bind("/dev/log")
	sock.settimeout(20)
	run = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE)
	line = sock.recv(2000)
	sys.stderr.buffer.write(line + run.stderr)
	sys.exit(run.returncode != 0 or not re.fullmatch(
	    rb"<29>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d devswd\[\d+\]: "
	    rb"claim dead:beef: not plugged in now; .*", line))
	PY
	check "syslog" status 0 python3 /tmp/syslog.py "$devswd" \
	    --claim dead:beef
	rm -f /dev/log
	pid=$(cat /run/devsw/devswd-120.lock)
	check "nothing left of the terminal" test \
	    "$(readlink /proc/"$pid"/fd/* | grep -c -e pipe: -e /tmp)" = 0
	check "stopped as by a start script" start-stop-daemon --stop --quiet \
	    --retry 30 --pidfile /run/devsw/devswd-120.lock
	check "and gone" gone "$pid"
}

guest()
{
	port0=$(basename "$(vmusb path ftdi0)") if0=$port0:1.0
	port1=$(basename "$(vmusb path ftdi1)") if1=$port1:1.0
	ifacm=$(basename "$(vmusb path acm0)"):1.0
	test_list
	test_refusals
	test_run
	test_unit_of_two
	test_port
	test_ends
	test_notify
	test_syslog
	exit $failed
}

if [ "$1" = guest ]; then
	devswd=$2
	guest
fi
here=$(readlink -f "$0")
"$(dirname "$here")/../../tools/vm" --usb ftdi --usb ftdi --usb acm \
    --timeout 300 "$here" guest "$(readlink -f "$1")"
got=$?
[ $got -eq 126 ] && exit 77
exit $got
