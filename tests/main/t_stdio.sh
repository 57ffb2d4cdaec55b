#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_stdio.sh DEVSWD: a devswd that is started without standard input, output or
# error opens none of its files in their place, so that its log is in none; and
# what it cannot write is an error.
#
# With /dev/cuse it goes on until it is stopped; without, it says so and ends.

set -u
devswd=$1
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NUMBER WHAT REDIRECTION
try()
{
	local result=ok

	: >"$work/trace"
	chmod 600 "$work/trace"
	eval 'timeout 2 "$devswd" --foreground --claim ffff:ffff \
	    --trace "$work/trace" '"$3"
	! grep devswd: "$work/trace" || { result='not ok'; failed=1; }
	echo "$result $1 - $2"
}

echo 1..4
try 1 'no log in what is opened without a standard error' '2>&-'
try 2 'without the three of them' '<&- >&- 2>&-'
try 3 'with all' '2>/dev/null'
result=ok
for words in --help --version; do
	"$devswd" $words >/dev/full 2>"$work/said"
	if [ $? -ne 1 ] || ! grep -q 'standard output: No space' "$work/said"
	then
		result='not ok' failed=1
	fi
done
echo "$result 4 - what does not fit on the disk is told, and a failure"
exit $failed
