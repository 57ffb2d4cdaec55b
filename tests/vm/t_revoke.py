#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb ftdi --usb acm
# builds: plain full:asan
# chips: full:ch340 full:cp2102n full:pl2303hxn full:ft232h full:ch341
# chips: full:pl2303hx
"""t_revoke: revoke(2) of real nodes, through libdevsw and devswctl.

Who may revoke and the errors are those of BSD's revoke(2); what an open file
answers afterwards is the dead file's of NetBSD's deadfs; that an open which
waits is checked against the node as it is now is the getty story of NetBSD's
ttycancel (tech-kern, January 2022).
"""

import array
import ctypes
import os
import select
import socket
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, LIB, NODES, PROMPT, USER  # noqa: E402
from h_guest import case, equal, probe, revoke, within  # noqa: E402

CTL = os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl/devswctl"
PORT_FILE = "/run/devsw/devswd-120.ctl"
REVOKED = {
    "read": ("0",),
    "write": ("EIO", "partial"),
    "poll": ("IN ERR HUP",),
    "ioctl": ("EBADF",),
    "open": ("EINTR",),
}


def ctl(*args, env=None):
    """devswctl: (status, standard error)."""
    done = subprocess.run([CTL, *args], check=False, text=True, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stderr.strip()


def node_status(name):
    """What it says of one node."""
    return [n for n in h_guest.status()["nodes"] if n["name"] == name][0]


def opened(path, flags=os.O_RDWR):
    """Open a node, raw."""
    fd = probe.open_node(path, flags)
    probe.raw(fd, clocal=True)
    return fd


def full_write(call, fd):
    """Write until output, which is stopped, takes no more."""
    done = probe.write_on(call, fd, 4096, 1 << 20)
    return done if isinstance(done, str) else "partial"


@case("every blocked call of a revoked terminal returns as a dead file's")
def _(world):
    path = CALLOUT["acm0"]
    fd = opened(path)
    termios.tcflow(fd, termios.TCOOFF)
    calls = {"write": probe.Call("write", full_write, fd, counted=True)}
    calls["write"].wait_blocked()
    calls.update({
        "read": probe.Call("read", os.read, fd, 10),
        "poll": probe.Call("poll", probe.poll_fd, fd, select.POLLIN),
        "ioctl": probe.Call("ioctl", termios.tcdrain, fd),
    })
    for name, call in calls.items():
        if not call.wait_blocked():
            raise AssertionError("%s did not wait" % name)
    library = ctypes.CDLL(LIB, use_errno=True)
    began = probe.now()
    equal(library.revoke(path.encode()), 0, "revoke")
    for name, call in calls.items():
        word, at = call.result()
        if word not in REVOKED[name]:
            raise AssertionError("%s: %s" % (name, word))
        within(at - began, PROMPT, name)
    equal(probe.outcome(os.read, fd, 1), "0", "read")
    equal(probe.outcome(os.write, fd, b"x"), "EIO", "write")
    equal(probe.outcome(termios.tcgetattr, fd), "EBADF", "tcgetattr")
    new = opened(path)
    far = probe.Far(probe.far_path("acm0"))
    far.write(b"new")
    equal(probe.read_all(new, 3), b"new")
    equal(probe.outcome(os.read, fd, 1), "0", "read of the old one")
    far.close()
    os.close(fd)
    os.close(new)
    world.usable(path)


@case("a revoke does not wait for what a close has to send")
def _(world):
    for path in CALLOUT.values():
        fd = opened(path)
        termios.tcflow(fd, termios.TCOOFF)
        os.write(fd, b"never sent")
        os.close(fd)
        began = probe.now()
        equal(revoke(path), "0", path)
        within(probe.now() - began, PROMPT, "revoke of " + path)
        equal(h_guest.open_error(path), "0", "open of " + path)
        world.usable(path)


@case("the owner and root may, others get EPERM and change nothing")
def _(_world):
    path = CALLOUT["ftdi0"]
    fd = opened(path)
    before = os.stat(path)
    os.chown(path, USER, -1)
    equal(revoke(path, USER + 1), "EPERM", "another user's")
    equal(probe.outcome(termios.tcgetattr, fd).startswith("["), True,
          "the file is alive")
    equal(revoke(path, USER), "0", "the owner's")
    equal(probe.outcome(termios.tcgetattr, fd), "EBADF", "the file")
    os.close(fd)
    fd = opened(path)
    equal(revoke(path), "0", "root's")
    equal(probe.outcome(termios.tcgetattr, fd), "EBADF", "the file")
    os.close(fd)
    os.chown(path, before.st_uid, before.st_gid)


@case("a name that proves nothing: the owner of a copy may not")
def _(_world):
    path = CALLOUT["ftdi0"]
    alias = "/tmp/alias"
    fd = opened(path)
    os.mknod(alias, 0o20666, os.stat(path).st_rdev)
    os.chown(alias, USER, USER)
    equal(revoke(alias, USER), "EPERM", "by the copy's owner")
    equal(probe.outcome(termios.tcgetattr, fd).startswith("["), True,
          "the file is alive")
    os.symlink(alias, "/tmp/link")
    equal(revoke("/tmp/link"), "0", "by root, through both")
    equal(probe.outcome(termios.tcgetattr, fd), "EBADF", "the file")
    os.close(fd)
    os.unlink("/tmp/link")
    os.unlink(alias)


@case("ENOENT, ENOTDIR, ELOOP, EACCES, EINVAL, ENOSYS as revoke(2)")
def _(_world):
    os.symlink("/tmp/loop", "/tmp/loop")
    os.mkdir("/tmp/closed", 0o700)
    equal(revoke("/dev/no-such-node"), "ENOENT")
    equal(revoke("/dev/null/x"), "ENOTDIR")
    equal(revoke("/tmp/loop"), "ELOOP")
    equal(revoke("/tmp/closed/x", USER), "EACCES")
    equal(revoke("/" + "x" * 300), "ENAMETOOLONG")
    equal(revoke("/tmp"), "EINVAL", "of a directory")
    equal(revoke("/dev/null"), "ENOSYS", "of somebody else's")
    os.mknod("/tmp/alien", 0o20666, os.makedev(120, 99999))
    equal(revoke("/tmp/alien"), "ENODEV", "of a number without a node")
    for path in ("/tmp/loop", "/tmp/alien"):
        os.unlink(path)
    os.rmdir("/tmp/closed")


@case("LD_PRELOAD puts it in front of libc's")
def _(_world):
    path = CALLOUT["ftdi0"]
    fd = opened(path)
    libc = ctypes.CDLL(None, use_errno=True)
    equal(libc.revoke(path.encode()), -1, "libc's own")
    equal(revoke(path, library=""), "0", "preloaded")
    equal(probe.outcome(termios.tcgetattr, fd), "EBADF", "the file")
    os.close(fd)


@case("devswctl revoke and status")
def _(_world):
    path = CALLOUT["ftdi0"]
    name = os.path.basename(path)
    equal(node_status(name)["opens"], 0, "opens")
    fd = opened(path)
    call = probe.Call("read", os.read, fd, 1)
    call.wait_blocked()
    now = node_status(name)
    equal((now["opens"], now["calls"], now["attached"]), (1, 1, True))
    equal(ctl("revoke", path), (0, ""), "devswctl")
    equal(call.result()[0], "0", "read")
    now = node_status(name)
    equal((now["opens"], now["calls"], now["stuck"]), (0, 0, False))
    equal(ctl("revoke", "/dev/null"),
          (1, "devswctl: /dev/null: no devswd serves it"))
    equal(ctl("revoke")[0], 2, "without a node")
    equal(ctl("frob")[0], 2, "an unknown verb")
    os.close(fd)


@case("getty: after chown and revoke the old user is out")
def _(_world):
    path = CALLOUT["ftdi0"]
    before = os.stat(path)
    os.chown(path, USER, -1)
    # The login's shell, which stays behind with the terminal.
    shell = subprocess.Popen(
        ["python3", "-c", "import os, sys\n"
         "os.setgroups([]); os.setgid(%d); os.setuid(%d)\n"
         "fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)\n"
         "print('in', flush=True); sys.stdin.readline()\n"
         "try: print(len(os.read(fd, 1)), flush=True)\n"
         "except OSError as e: print(e.errno, flush=True)\n"
         "try: os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)\n"
         "except OSError as e: print(e.strerror, flush=True)\n" %
         (USER, USER), path], stdin=subprocess.PIPE, text=True,
        stdout=subprocess.PIPE)
    equal(shell.stdout.readline(), "in\n")
    os.chown(path, 0, 0)                # the logout
    os.chmod(path, 0o600)
    equal(revoke(path), "0", "revoke")
    shell.stdin.write("\n")
    shell.stdin.flush()
    equal(shell.stdout.readline(), "0\n", "the shell's read")
    equal(shell.stdout.readline(), "Permission denied\n", "its new open")
    equal(shell.wait(probe.LIMIT), 0)
    os.chown(path, before.st_uid, before.st_gid)
    os.chmod(path, before.st_mode & 0o7777)


@case("an open that waits for carrier is checked again: EACCES")
def _(_world):
    h_guest.no_carrier()
    path = NODES["acm0"]
    before = os.stat(path)
    os.chown(path, USER, USER)

    def wait_as_user():
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
        return probe.open_node(path, os.O_RDWR)

    call = probe.Call("open", wait_as_user)
    time.sleep(1.2)                     # past the pause after a hang-up
    equal(bool(call.wait_blocked()), True, "it waits")
    os.chown(path, 0, 0)
    os.chmod(path, 0o600)
    equal(revoke(path), "0", "revoke")
    equal(call.result()[0], "EACCES", "the open")
    os.chown(path, before.st_uid, before.st_gid)
    os.chmod(path, before.st_mode & 0o7777)


@case("many revokes and many openers at once")
def _(_world):
    path = CALLOUT["ftdi0"]
    workers = [subprocess.Popen(
        ["python3", "-c", "import os, sys, time\n"
         "end = time.time() + 4\n"
         "while time.time() < end:\n"
         "    try:\n"
         "        fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)\n"
         "        for _ in range(20):\n"
         "            os.read(fd, 100)\n"
         "    except OSError as e:\n"
         "        if e.errno not in (5, 9, 11, 16): raise\n"
         "    finally:\n"
         "        try: os.close(fd)\n"
         "        except (OSError, NameError): pass\n", path])
        for _ in range(6)]
    end = probe.now() + 4
    count = 0
    while probe.now() < end:
        equal(ctl("revoke", path), (0, ""))
        count += 1
    for worker in workers:
        equal(worker.wait(probe.LIMIT), 0, "an opener")
    print("# %d revokes" % count)
    equal(node_status(os.path.basename(path))["opens"], 0, "opens")


def talk(data, fds=()):
    """Send this to the control port: the error that it answers."""
    with open(PORT_FILE, encoding="ascii") as file:
        port = int(file.read())
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                       socket.NETLINK_USERSOCK) as sock:
        sock.bind((0, 0))
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                   array.array("i", fds))] if fds else []
        sock.sendmsg([data], rights, 0, (port, 0))
        answer = sock.recv(4096)
    return struct.unpack("=Ii", answer[:8])[1]


@case("garbage on the control port does no harm, and no descriptor gets in")
def _(_world):
    def ask(what, major=0, minor=0):
        return struct.pack("=IIQIIQQ4096s", 3, what, 0, major, minor, 0, 0,
                           b"")

    before = len(os.listdir("/proc/%d/fd" % h_guest.status()["pid"]))
    equal(os.stat(PORT_FILE).st_mode & 0o7777, 0o644, "the file's mode")
    null = os.open("/dev/null", os.O_RDONLY)
    for _ in range(20):
        equal(talk(b"x"), 22, "a short request")
        equal(talk(ask(1) + b"x" * 5000), 22, "a long one")
        equal(talk(struct.pack("=II", 7, 1)), 93, "another version")
        equal(talk(ask(99)), 95, "another verb")
        equal(talk(ask(1)), 19, "not a node")
        equal(talk(ask(1, 120, 99999)), 19, "not a node of its own")
        equal(probe.outcome(talk, ask(1), [null]), "EINVAL", "a descriptor")
        equal(probe.outcome(talk, ask(1), [null] * 50), "EINVAL", "fifty")
    equal(revoke(CALLOUT["ftdi0"]), "0", "afterwards")
    probe.wait_for(lambda: len(os.listdir(
        "/proc/%d/fd" % h_guest.status()["pid"])) <= before,
        "all descriptors back")
    os.close(null)


if __name__ == "__main__":
    h_guest.run(h_guest.World())
