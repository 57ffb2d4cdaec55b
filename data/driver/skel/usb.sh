#!/bin/sh
# The test of @NAME@, run by "make check" where its node is, on a software chip
# whose output comes back as input.
set -e
exec 3<>/dev/@NAME@0
printf 'ping' >&3
[ "$(head -c 4 <&3)" = ping ]
# Pulled out under a reader: he gets an error, and comes back.
{ if cat <&3 >/dev/null 2>&1; then exit 1; fi; } & reader=$!
sleep 0.3
devsw-driver ctl unplug d0
wait $reader
exec 3<&-
if cat /dev/@NAME@0 2>/dev/null; then exit 1; fi
# And in again: the same name.
devsw-driver ctl plug d0
n=0
until (exec 3<>/dev/@NAME@0) 2>/dev/null; do
	n=$((n + 1))
	[ $n -lt 50 ]
	sleep 0.1
done
exec 3<>/dev/@NAME@0
printf 'pong' >&3
[ "$(head -c 4 <&3)" = pong ]
echo ok
