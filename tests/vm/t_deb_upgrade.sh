#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_deb_upgrade.sh: the package is upgraded by dpkg, in a guest with systemd, while
# a line is open, which goes on (h_package.py).  t_deb.sh has what dpkg does
# besides; here the packages are built once more, as both may run at one time.
#
# host
# builds: full:plain
# timeout: 900

set -eu
top=$(readlink -f "$(dirname "$0")/../..")
debs=$top/build/deb-upgrade

rm -rf "$debs"
"$top/tools/deb" --out "$debs" >&2
# The same with a higher number; it is unpacked quickly.
for version in 0.0.9 9.0; do
	tree=$debs/$version
	dpkg-deb -R "$debs"/devsw_[0-9]*.deb "$tree"
	sed -i "s/^Version: .*/Version: $version/" "$tree/DEBIAN/control"
	dpkg-deb -Znone -b "$tree" "$debs/devsw-$version.deb" >&2
done
exec "$top/tools/vm" --timeout 580 --smp 1 --systemd --usb ftdi env \
    DEVSW_DEBS="$debs" DEVSW_BUILD="$DEVSW_BUILD" DEVSWD="$DEVSWD" \
    python3 "$top/tests/vm/h_package.py"
