#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# t_sandbox.sh: what devsw-driver(1) promises the command that "run" runs: the
# node is there, the exit status is the command's, so is ^C, and nobody but root
# comes to the software devices.  Runs in tools/uml.
#
#	t_sandbox.sh SANDBOX DONE
#
# DONE is beside the drivers and the kit of tests/kit/build.sh.
out=$(dirname "$2")
module=/run/t_sandbox/kcdev.so
sandbox="$1 -m $module --"
number=0
failed=0

mkdir -m 700 /run/t_sandbox
cp "$out/kcdev.so" $module

# check STATUS NAME CMD...
check()
{
	wanted=$1 name=$2 status=0
	shift 2
	said=$(timeout 20 "$@" 2>&1) || status=$?
	number=$((number + 1))
	if [ $status -eq "$wanted" ]; then
		echo "ok $number - $name"
	else
		failed=1
		echo "not ok $number - $name"
		echo "# status $status: $said"
	fi
}

# shellcheck disable=SC2016,SC2086	# its own $; words
{
# First, while nobody has made it yet.
check 0 "devsw-driver: only root enters the directory" \
    "$out/stage/kit" run "$out/kcdev.so" sh -c 'cd /run/devsw-sandbox &&
    [ "$(stat -c %a:%u .)" = 700:0 ] && [ -S control ]'
check 126 "a second one is refused, and takes nothing from the first" \
    "$out/stage/kit" run "$out/kcdev.so" sh -c '"$0" run "$1" true
    status=$?; [ -S /run/devsw-sandbox/control ] && exit $status' \
    "$out/stage/kit" "$out/kcdev.so"
check 0 "the node is there" $sandbox sh -c '[ "$(cat /dev/kcdev0)" = hello ]'
check 3 "the status is the command's" $sandbox sh -c 'exit 3'
check 127 "there is no such command" $sandbox ./nothing
check 130 "SIGINT ends it" $sandbox sh -c 'kill -INT $$'
check 131 "so does SIGQUIT" $sandbox sh -c 'kill -QUIT $$'
check 4 "SIGCHLD that is ignored, and SIGINT, which stays so" \
    env --ignore-signal=CHLD,INT $sandbox sh -c 'kill -INT $$; exit 4'
# To all of its processes, as a terminal does.
check 5 "devsw-driver: ^C is the command's" \
    setsid -w "$out/stage/kit" run "$out/kcdev.so" \
    sh -c 'trap "" INT; kill -INT 0; sleep 1; exit 5'
}
echo "1..$number"
exit $failed
