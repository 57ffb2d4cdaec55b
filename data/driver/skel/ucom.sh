#!/bin/sh
# The test of @NAME@, run by "make check" where its nodes are, on a software
# chip whose output comes back as input.
set -e
exec 3<>/dev/dtyU0
stty raw -echo clocal <&3
printf 'ping' >&3
[ "$(head -c 4 <&3)" = ping ]
# Pulled out under a reader: a terminal that is gone reads as its end.
cat <&3 >/dev/null & reader=$!
sleep 0.3
devsw-driver ctl unplug d0
wait $reader
exec 3<&-
if cat /dev/dtyU0 2>/dev/null; then exit 1; fi
echo ok
