#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_deb.sh: the Debian packages are built by tools/deb without a complaint of
# lintian, and do what Debian's policy asks of packages: what is installed works
# from where it is, the configuration is kept when the package is removed, and
# nothing is left when it is purged (Debian Policy 6 and 10).  So it is with an
# upgrade: what a person has changed stays, what he has not is the new one's, and
# a service that runs is restarted.  The version before is the same packages with
# another number and another configuration file; who "systemctl" is asked by is
# seen by a program of that name, since nothing is booted here.
#
# host
# timeout: 600
#
# They are installed in a mount namespace of its own, into an overlay of this
# machine's root that is gone afterwards: "inside" is what runs there, "mounted"
# makes it.  (In a guest dpkg would take minutes for its database alone.)
# Prints a TAP line for each check, and exits 1 if one has failed.

set -u
self=$(readlink -f "$0")
here=$(dirname "$self")
top=$(readlink -f "$here/../..")
debs=$top/build/deb
packages='devsw-compare devsw-gateway libdevsw-dev libdevsw-driver-dev devsw
    libdevsw0'
failed=0
number=0

# check WHAT CMD...: CMD must succeed.
check()
{
	local what=$1 result=ok

	shift
	"$@" >"$out" 2>&1 || { result='not ok'; failed=1; }
	[ "$result" = ok ] || sed 's/^/# /' "$out"
	echo "$result $((++number)) - $what"
}

# left: what there still is of the packages, or by the project's name.
left()
{
	local path

	while read -r path; do
		[ ! -e "$path" ] || [ -d "$path" ] || echo "$path"
	done </tmp/files
	ls -d /etc/devsw* /var/lib/devsw* /var/log/devsw* /usr/share/devsw* \
	    /usr/include/devsw* /etc/systemd/system/*/devsw* 2>/dev/null
	dpkg -l | grep devsw
}

# every page is found and says nothing that man does not understand.
pages()
{
	local page

	for page in devsw.7 devswd.8 devswctl.8 devswd.conf.5 ualea.4 ulpt.4 ugen.4 ucom.4 uchcom.4 \
	    uftdi.4 uhid.4 uhidev.4 umodem.4 uplcom.4 uslsa.4 devsw-gateway.8 gateway.conf.5 uhidctl.1 \
	    devsw-compare.1 devsw-driver.1 devsw-ioconf.5 devsw-pty.1 \
	    devsw-run.1 revoke.2 usbdi.9devsw mutex.9devsw; do
		LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings \
		    "${page##*.}" "${page%.*}" >/tmp/page 2>/tmp/warnings ||
		    return 1
		[ ! -s /tmp/warnings ] || { cat /tmp/warnings; return 1; }
	done
}

config()
{
	devsw-gateway --check-config && devswd --check-config &&
	    printf '[claim a]\nvid = 0403\npid = 6001\n' \
	    >>/etc/devsw/devswd.conf &&
	    devswd --check-config &&
	    printf 'unit = x\n' >>/etc/devsw/devswd.conf || return 1
	devswd --check-config && return 1
	devswd --check-config 2>&1 | grep -q '^devswd: /etc/devsw/devswd.conf:'
}

# hello: the first commands of docs/drivers.md, as they stand there, of which
# there are three at most.  They are for the tree, where the package has been
# built; this one is an overlay's.
hello()
{
	local commands

	commands=$(sed -n '/^## Hello/,/^says `hello`/s/^    //p' \
	    "$top/docs/drivers.md")
	[ "$(echo "$commands" | wc -l)" -le 3 ] &&
	    dpkg -r libdevsw-driver-dev && cd "$top" || return 1
	DEBIAN_FRONTEND=noninteractive PATH=$PATH:/usr/sbin:/sbin \
	    bash -ec "$commands" >/tmp/hello || { cat /tmp/hello; return 1; }
	[ "$(tail -n 1 /tmp/hello)" = hello ]
}

# older NAME...: these packages as a version before, in /tmp/old.
older()
{
	local name tree

	mkdir -p /tmp/old
	for name; do
		tree=/tmp/old/$name
		dpkg-deb -R "$debs/${name}"_[0-9]*.deb "$tree" &&
		    sed -i 's/^Version: .*/Version: 0.0.9/
		    s/(= [^)]*)/(= 0.0.9)/' "$tree/DEBIAN/control" || return 1
		if [ "$name" = devsw ]; then
			echo '# of the version before' \
			    >>"$tree/etc/devsw/devswd.conf"
			rm "$tree/usr/bin/uhidctl"
			touch "$tree/usr/sbin/devsw-older"
		fi
		dpkg-deb -Znone -b "$tree" "/tmp/old/$name.deb" || return 1
	done
}

# A machine on which systemd seems to run; what is asked of it is in /tmp/asked.
seem_booted()
{
	rm -f /usr/sbin/policy-rc.d
	mkdir -p /run/systemd/system
	cat >/usr/local/bin/systemctl <<-'END'
	#!/bin/sh
	echo "$*" >>/tmp/asked
	END
	chmod 755 /usr/local/bin/systemctl
}

install_older()
{
	older $packages || return 1
	dpkg -i /tmp/old/*.deb || return 1
	! dpkg-query -W -f='${Version}\n' $packages | grep -vx 0.0.9 ||
	    return 1
	mkdir -p /var/lib/devsw
	echo 'ucom 7 0403:6001,serial=A1' >/var/lib/devsw/units
	# Nobody has said that it shall run.
	! grep -E '^(enable|start|restart).*devswd' /tmp/asked
}

upgrade()
{
	: >/tmp/asked
	sed -i 's/^#group = dialout/group = 0/' /etc/devsw/devswd.conf
	DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold \
	    -i "$debs"/devsw_*.deb "$debs"/libdevsw0_*.deb \
	    "$debs"/libdevsw-dev_*.deb "$debs"/devsw-compare_*.deb \
	    "$debs"/libdevsw-driver-dev_*.deb \
	    "$debs"/devsw-gateway_*.deb || return 1
	! dpkg-query -W -f='${Version}\n' $packages | grep -q 0.0.9
}

kept()
{
	grep -q '^group = 0$' /etc/devsw/devswd.conf &&
	    grep -q 'of the version before' /etc/devsw/devswd.conf &&
	    ! grep -q 'of the version before' /etc/devsw/devswd.conf.dpkg-dist &&
	    grep -q '^ucom 7 ' /var/lib/devsw/units
}

# Files that have come and gone with the version.
files_changed()
{
	[ -x /usr/bin/uhidctl ] && [ ! -e /usr/sbin/devsw-older ]
}

restarted()
{
	cat /tmp/asked
	# Once, when it is unpacked; with a stop, what is open would not go on.
	grep -q 'daemon-reload$' /tmp/asked &&
	    ! grep -q '^stop' /tmp/asked &&
	    [ "$(grep -cE '^(try-)?restart .*devswd\.service' /tmp/asked)" = 1 ]
}

removed()
{
	: >/tmp/asked
	dpkg -r $packages || return 1
	cat /tmp/asked
	[ "$(grep -cE '^stop .*(devswd|devsw-gateway)\.service' /tmp/asked)" = 2 ]
}

mounted()
{
	local root=$1/root

	set -e
	mount -t tmpfs tmpfs "$1"
	mkdir "$1/upper" "$1/work" "$root"
	mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" \
	    overlay "$root"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	exec chroot "$root" "$self" inside "$2"
}

inside()
{
	number=$1
	out=/tmp/out
	# man's index is not ours, and takes seconds each time.
	rm -f /var/lib/man-db/auto-update
	seem_booted
	check 'the version before can be installed, and nothing runs' \
	    install_older
	check 'they can be upgraded' upgrade
	check 'what a person has changed, and units, are as they were' kept
	check 'files are those of the new version' files_changed
	check 'systemd is told, and restarts the service if it runs' restarted
	rm /etc/devsw/devswd.conf /etc/devsw/devswd.conf.dpkg-dist
	check 'they can be installed' dpkg --force-confmiss -i \
	    "$debs"/devsw_*.deb "$debs"/libdevsw0_*.deb \
	    "$debs"/libdevsw-dev_*.deb "$debs"/devsw-compare_*.deb \
	    "$debs"/libdevsw-driver-dev_*.deb \
	    "$debs"/devsw-gateway_*.deb
	dpkg -L $packages >/tmp/files
	check 'systemd finds nothing wrong in the unit' systemd-analyze verify \
	    /lib/systemd/system/devswd.service \
	    /lib/systemd/system/devsw-getty@.service \
	    /lib/systemd/system/devsw-gateway.service
	check 'it has the user that it runs as' sh -c 'getent passwd devsw &&
	    getent group devsw &&
	    id -Gn devsw-gateway | grep -qw dialout'
	check 'udev has the rules for what it may open' \
	    test -e /lib/udev/rules.d/59-devsw-access.rules
	check 'and those of nodes, with what they ask' \
	    $(sed -n 's/^IMPORT{program}="\(.*\) \$kernel"$/\1/p' \
	    /lib/udev/rules.d/60-devsw.rules) none
	check 'examples for other systems are there, and are scripts' \
	    sh -n /usr/share/doc/devsw/examples/openrc/devswd
	check 'programs start' "$top"/debian/tests/programs
	check 'the configuration that comes with them is right' config
	check 'man pages are there' pages
	check 'bash completes devswctl' bash -c '. /usr/share/bash-completion/completions/devswctl &&
	    COMP_WORDS=(devswctl ev) COMP_CWORD=1 && _devswctl &&
	    [ "${COMPREPLY[*]}" = events ]'
	check 'a program can be built against the library' \
	    "$top"/debian/tests/library
	check 'a driver can be written, built and run with the kit' \
	    "$top"/debian/tests/driver
	check 'docs/drivers.md: from nothing to hello in three commands' hello
	check 'installing once more changes nothing' dpkg -i "$debs"/devsw_*.deb
	check 'what a person has written stays' grep -q '^unit = x$' \
	    /etc/devsw/devswd.conf
	mkdir -p /var/log/devsw-gateway && touch /var/log/devsw-gateway/x.log
	check 'they can be removed, and services are stopped' removed
	check 'which keeps the configuration' test -e /etc/devsw/devswd.conf
	check 'they can be purged' dpkg -P $packages
	left >/tmp/left
	check 'and leave nothing' diff /tmp/left /dev/null
	exit $failed
}

case ${1-} in
mounted)
	mounted "$2" "$3" ;;
inside)
	inside "$2" ;;
esac
tree()
{
	git -c safe.directory='*' -C "$top" status --porcelain
}

out=$(mktemp)
place=$(mktemp -d)
tree=$(tree)
trap 'rm -f "$out"; rmdir "$place"' EXIT
check 'tools/deb builds what lintian has nothing to say of' \
    "$top/tools/deb" --lint
check 'it leaves nothing in the tree' test "$tree" = "$(tree)"
unshare -m "$self" mounted "$place" "$number" || failed=1
echo "1..26"
exit $failed
