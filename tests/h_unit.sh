# SPDX-License-Identifier: BSD-2-Clause
#
# h_unit.sh UNIT: what the tests of services share, and their first check: the
# exposure by systemd's measure.  Sourced; they end with h_unit_end.

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

h_unit_end()
{
	echo "1..$number"
	exit $failed
}
