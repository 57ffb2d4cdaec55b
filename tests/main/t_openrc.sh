#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_openrc.sh SCRIPT DEVSWD DEVSWCTL: the example for OpenRC is a script of sh's,
# starts nothing with a mistake in the configuration, does nothing to who is no
# devswd and has a pid that an old pidfile names, and the pidfile is the one that
# devswd(8) says.  That a devswd reloads is tests/vm/t_daemon.py.
#
# openrc-run(8) reads the script as sh does, with functions of its own (ebegin,
# eend) and then calls the script's by name; so it is done here, with dash.

set -u
script=$1
devswd=$2
number=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check WHAT CMD...: CMD must succeed.
check()
{
	local what=$1 result=ok output

	shift
	output=$("$@" 2>&1) || { result='not ok'; failed=1; }
	[ "$result" = ok ] || sed 's/^/# /' <<<"$output"
	echo "$result $((++number)) - $what"
}

# run FUNCTION [OPTIONS]: as openrc-run would, with these for devswd.
run()
{
	PATH=$work:$PATH dash -euc '
		DEVSWD_OPTS=$5
		ebegin() { :; }
		eend() { return "$1"; }
		. "$1"
		command=$2 pidfile=$3
		"$4"' sh "$script" "$work/devswd" "$work/pid" "$1" \
		"${2-}"
}

# devswd with another configuration file than the machine's.
cat >"$work/devswd" <<END
#!/bin/sh
exec "$devswd" --config "$work/conf" "\$@"
END
ln -s "$(readlink -f "$3")" "$work/devswctl"
echo 'echo modprobe "$@" >>'"$work/asked" >"$work/modprobe"
chmod 755 "$work/devswd" "$work/modprobe"
: >"$work/conf"

starts()
{
	run start_pre && grep -qx 'modprobe cuse' "$work/asked"
}

refuses()
{
	echo nonsense >"$work/conf"
	run "$1" && return 1
	run "$1" 2>&1 | grep -q "$work/conf:1: "
}

options_count()
{
	: >"$work/conf"
	run start_pre '--deadline 5 --hid-mode 0640' &&
	    ! run start_pre '--hid-mode rw' && ! run reload '--hid-mode rw'
}

no_cuse()
{
	: >"$work/conf"
	echo 'exit 1' >"$work/modprobe"
	! run start_pre
}

spares()
{
	local pid said what status=0

	: >"$work/conf"
	env --default-signal=HUP sleep 1000 >/dev/null 2>&1 &
	pid=$!
	echo "$pid" >"$work/pid"
	for what in reload upgrade; do
		said=$(run "$what" 2>&1) && status=1
		[[ $said == *"devswctl: no such devswd runs" ]] || { echo "$what: $said"; status=1; }
	done
	kill -9 "$pid"
	wait "$pid"
	[ $? = 137 ] && [ $status = 0 ]
}

check 'sh understands it' dash -n "$script"
check 'it starts with CUSE and a good configuration' starts
check 'with a mistake it starts nothing, and says where' refuses start_pre
check 'and reloads nothing' refuses reload
check 'the options are looked at with it' options_count
check 'without CUSE it starts nothing' no_cuse
check 'an old pidfile is no harm to who has that pid now' spares
page=$(dirname "$0")/../../src/devswd/main/devswd.8
check 'the pidfile is that of the manual page' \
    grep -qF "$(sed -n 's/^pidfile="\([^"]*\)".*/\1/p' "$script")" "$page"
echo "1..$number"
exit $failed
