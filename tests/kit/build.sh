#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# build.sh TOP BUILD SANDBOX CHECK OUT FLAGS: the kit as if it were installed, by
# links, in OUT/stage; and in OUT the drivers that tests/kit loads, made with it:
# the skeletons by their kinds' names, and *.c of this directory.
set -e
top=$1 build=$2 sandbox=$3 check=$4 out=$5 flags=$6
rm -rf "$out/stage"
mkdir -p "$out/stage/devsw-driver/hyp" "$out/stage/share"
for d in "$top"/include/bsd/*; do
	ln -s "$d" "$out/stage/devsw-driver/"
done
ln -s "$top/include/hyp/hyp_node.h" "$out/stage/devsw-driver/hyp/"
ln -s "$top/data/driver/std" "$out/stage/devsw-driver/"
ln -s "$top/src/cmd/driver/ioconf.py" "$top/src/cmd/driver/files.devsw" \
    "$top/src/cmd/driver/verdict.py" "$top/data/driver/skel" "$out/stage/share/"
sed "s#^includedir=.*#includedir=$out/stage#
s#^Cflags: #&$flags #" "$build/src/cmd/driver/devsw-driver.pc" \
    >"$out/stage/devsw-driver.pc"
cat >"$out/stage/kit" <<END
#!/bin/sh
export PKG_CONFIG_PATH=$out/stage DEVSW_DRIVER_SHARE=$out/stage/share
export DEVSW_DRIVER_SANDBOX=$sandbox DEVSW_DRIVER_CHECK=$check
exec /usr/bin/python3 $build/src/cmd/driver/devsw-driver "\$@"
END
chmod +x "$out/stage/kit"
cd "$out/stage"
for kind in cdev usb ucom hid; do
	./kit new --$kind k$kind
	# Skeletons are held to more than the kit's flags.
	./kit build k$kind/k$kind.ioconf -o "$out/k$kind.so" -- \
	    -Wall -Werror
done
# The skeleton of hid, with a write that waits for nobody.
./kit new --hid kasync
sed -i '/^\/\* One that is not as long/i\
static void\
kasync_sent(struct usbd_xfer *xfer, void *arg, usbd_status status)\
{\
}\

s/uhidev_write(/uhidev_write_async(/
s/osize + ids) != USBD_NORMAL_COMPLETION/osize + ids, 0, USBD_NO_TIMEOUT,\
	    kasync_sent, sc) != USBD_IN_PROGRESS/' kasync/kasync.c
./kit build kasync/kasync.ioconf -o "$out/kasync.so" -- -Wall -Werror
./kit build "$top/data/driver/steps/cancel/post.ioconf" -o "$out/post.so" -- \
    -Wall -Werror
for file in "$top"/tests/kit/*.c; do
	name=$(basename "$file" .c)
	case $name in
	t_* | h_*)	;;
	*)	text=$top/tests/kit/$name.ioconf
		[ -e "$text" ] || text=$file
		./kit build "$text" -o "$out/$name.so" ;;
	esac
done
touch "$out/done"
