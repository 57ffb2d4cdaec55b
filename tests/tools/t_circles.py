#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_circles: files of one folder ask each other in one direction.

    t_circles.py BUILD

Two files are in a circle if each calls, perhaps through others of its folder,
a function that the other defines: then neither can be read first.  Taken from
the objects of what is built of src: which functions an object defines, and
which it wants.  A function that is reached through a table or a pointer is
no call, so that a call-back is how a circle is taken apart.

ACCEPTED are those that were there when this test came; no other may appear.
One of them that is gone, smaller, or has got another file is noted only.
"""
import pathlib
import subprocess
import sys

BUILD = pathlib.Path(sys.argv[1])

# folder: sets of files, and what they have to do with each other.
ACCEPTED = {
    # A request, its thread and its node end each other, a file waits for who
    # looks at it, and a node that was taken over has all three (frontvar.h), and
    # what goes on (front_handed.c).
    "devswd/front": [{"front_chan.c", "front_hand.c", "front_handed.c",
                      "front_handle.c", "front_helm.c", "front_keep.c",
                      "front_node.c", "front_ops.c", "front_park.c",
                      "front_perm.c", "front_req.c", "front_threads.c",
                      "front_who.c"}],
    # A device, its transfers and its threads (usbvar.h).
    "devswd/host": [{"hyp_usb_libusb.c", "hyp_usbx_libusb.c", "usb_event.c",
                     "usb_reaper.c"}],
    # The states of a vnode and of its device (specfs_impl.h).
    "kernel/specfs": [{"spec_clone.c", "spec_close.c", "spec_node.c",
                       "spec_semantics.c", "spec_vnops.c"}],
    # Input echoes to output, and both start and stop each other.
    "kernel/tty": [{"tty.c", "tty_conf.c", "tty_drain.c", "tty_input.c",
                    "tty_modem.c", "tty_open.c", "tty_output.c", "tty_rw.c"}],
    # Pipes are made of transfers, requests are transfers on a pipe.
    "kernel/usbdi": [{"usb_subr.c", "usbdi.c", "usbdi_call.c", "usbdi_util.c",
                      "usbdi_xfer.c"}],
    # The bus completes what a device answers, and what one UART sends is
    # what the one at the other end of a wire has to tell its bus.
    "vusb": [{"hyp_vusb.c", "vusb.c", "vusb_uart.c", "vusb_wire.c"}],
}


def symbols(paths):
    """{object: (the functions that it defines, all names that it wants)}"""
    text = subprocess.run(["nm", "-AP", *paths], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    found = {str(path): (set(), set()) for path in paths}
    for line in text.splitlines():
        path, rest = line.split(": ", 1)
        name, kind = rest.split()[:2]
        has, wants = found[path]
        if kind in "TW":
            has.add(name)
        elif kind in "Uw":
            wants.add(name)
    return found


def folders():
    """{folder of src: {file: (has, wants)}}, of files that live there."""
    found = {}
    top = BUILD / "src"
    paths = [path for path in sorted(top.rglob("*.c.o"))
             if not path.name.startswith("..")]     # of another folder
    names = symbols(paths)      # by one nm: one for each takes seconds
    for path in paths:
        folder = str(path.parent.parent.relative_to(top))
        found.setdefault(folder, {})[path.name.removesuffix(".o")] = \
            names[str(path)]
    return found


def reach(graph, start):
    """All that can be come to from there, in one step or more."""
    seen, todo = set(), [start]
    while todo:
        for other in graph[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return seen


def circles(files):
    """Sets of files, each of which comes back to itself through the rest."""
    graph = {a: {b for b in files if b != a and files[a][1] & files[b][0]}
             for a in files}
    far = {a: reach(graph, a) for a in files}
    return {frozenset(b for b in files if b in far[a] and a in far[b])
            for a in files if a in far[a]}


def main():
    """TAP."""
    every = folders()
    print(f"1..{len(every)}")
    bad = not every
    for number, (folder, files) in enumerate(sorted(every.items()), 1):
        known = [frozenset(c) for c in ACCEPTED.get(folder, [])]
        now = circles(files)
        new = [c for c in now if all(len(c & k) < 2 for k in known)]
        for circle in sorted(map(sorted, new)):
            print(f"# a new circle: {', '.join(circle)}")
        for circle in known:
            if circle not in now:
                print(f"# gone, or other: {', '.join(sorted(circle))}")
        print("not ok" if new else "ok", number, "-", folder)
        bad |= bool(new)
    return bad


sys.exit(main())
