#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_preload: libdevsw-lookup.so changes nothing where devswd has no node.

    t_preload.py LIBDEVSW_LOOKUP DEVSW_RUN

The same calls with and without it have the same results: open's, stat's and
readlink's of files and of what is none, with their errnos and modes, and what
libudev says of hidraws and of other devices.  A program with more rights than
its user's does not get it (ld.so(8): Secure-execution mode).  devsw-run is a
command as env(1) is one, by devsw-run(1).
"""
import os
import shutil
import stat
import subprocess
import sys
import tempfile

LIBRARY = os.path.realpath(sys.argv[1])
RUN = sys.argv[2]
CASES = []

CALLS = r"""
import ctypes, errno, os, stat, sys
libc = ctypes.CDLL(None, use_errno=True)

def said(result):
    return result if result != -1 else errno.errorcode[ctypes.get_errno()]

def mode(fd):
    return oct(os.fstat(fd).st_mode)

os.umask(0o022)
os.chdir(sys.argv[1])
for function in libc.open, libc.open64:
    for name in (b"there", b"none", b"",
                 b"/sys/devices/virtual/cuse/uhid0/device/uevent",
                 b"/sys/devices/virtual/cuse/uhid0/device/report_descriptor",
                 b"/sys/devices/virtual/cuse/" + b"x" * 300 + b"/device/uevent",
                 b"/sys/devices/virtual/cuse/../cuse/device/uevent",
                 b"/sys/devices/virtual/cuse//device/uevent"):
        fd = function(name, os.O_RDONLY | os.O_CLOEXEC)
        print(name[:70], said(fd) if fd == -1 else
              (mode(fd), os.get_inheritable(fd), os.read(fd, 9)))
        if fd != -1:
            os.close(fd)
    for flags in (os.O_WRONLY | os.O_CREAT | os.O_EXCL, os.O_RDWR | os.O_TMPFILE):
        name = b"made" if flags & os.O_CREAT else b"."
        fd = function(name, flags, 0o654)
        print(name, said(fd) if fd == -1 else mode(fd))
        if fd != -1:
            os.close(fd)
        if name == b"made":
            os.unlink(name)
    ctypes.set_errno(0)
    print(function(None, 0), errno.errorcode[ctypes.get_errno()])
for name in ("there", "link", "none", "/sys/class/tty/dtyU0/device",
             "/sys/class/tty/ttyUSB-dtyU0/device", "/sys/class/tty/tty0",
             "/sys/class/tty/ttyUSB-/device", "/sys/class/tty/" + "x" * 300):
    for function in os.stat, os.lstat, os.readlink:
        try:
            got = function(name)
            print(name, got if isinstance(got, str) else oct(got.st_mode))
        except OSError as error:
            print(name, error.errno)
buf = ctypes.create_string_buffer(4)
print(libc.readlink(b"link", buf, 3), buf.raw)

udev = ctypes.CDLL("libudev.so.1")
for name in ("udev_new", "udev_enumerate_new", "udev_list_entry_get_next",
             "udev_enumerate_get_list_entry", "udev_device_new_from_syspath",
             "udev_device_new_from_devnum", "udev_device_ref",
             "udev_device_unref",
             "udev_device_get_parent_with_subsystem_devtype"):
    getattr(udev, name).restype = ctypes.c_void_p
for name in ("udev_list_entry_get_name", "udev_device_get_sysattr_value",
             "udev_device_get_syspath"):
    getattr(udev, name).restype = ctypes.c_char_p
here = udev
if len(sys.argv) > 2:
    # What a program that is linked with libudev gets.
    here = ctypes.CDLL(sys.argv[2])
    for name in ("udev_enumerate_new", "udev_device_new_from_syspath",
                 "udev_device_new_from_devnum", "udev_device_ref",
                 "udev_device_unref",
                 "udev_device_get_parent_with_subsystem_devtype"):
        getattr(here, name).restype = ctypes.c_void_p
    here.udev_device_get_sysattr_value.restype = ctypes.c_char_p
P = ctypes.c_void_p
u = P(udev.udev_new())
for subsystem in b"hidraw", b"mem":
    for _ in range(40):
        e = P(here.udev_enumerate_new(u))
        here.udev_enumerate_add_match_subsystem(e, subsystem)
        print(here.udev_enumerate_scan_devices(e))
        entry = udev.udev_enumerate_get_list_entry(e)
        while entry:
            print(udev.udev_list_entry_get_name(P(entry)))
            entry = udev.udev_list_entry_get_next(P(entry))
        udev.udev_enumerate_unref(e)
print(here.udev_enumerate_add_match_subsystem(None, b"hidraw") < 0,
      here.udev_device_unref(None), here.udev_device_ref(None))
null = os.stat("/dev/null").st_rdev
for dev in (here.udev_device_new_from_syspath(u, b"/sys/devices/virtual/mem/null"),
            here.udev_device_new_from_devnum(u, ctypes.c_char(b"c"),
                                             ctypes.c_ulong(null)),
            here.udev_device_new_from_syspath(u, b"/sys/devices/virtual/cuse/x")):
    if not dev:
        print(dev)
        continue
    dev = P(dev)
    here.udev_device_ref(dev)
    here.udev_device_unref(dev)
    print(udev.udev_device_get_syspath(dev),
          here.udev_device_get_sysattr_value(dev, b"uevent"),
          here.udev_device_get_parent_with_subsystem_devtype(dev, b"hid", None),
          here.udev_device_get_parent_with_subsystem_devtype(dev, b"usb",
                                                             b"usb_device"))
    here.udev_device_unref(dev)
"""


def case(rule):
    """The decorated function is a test case that proves this rule."""
    def add(function):
        CASES.append((rule, function))
        return function
    return add


def equal(got, wanted, what="it"):
    """Fail unless they are the same."""
    if got != wanted:
        raise AssertionError("%s is %r, not %r" % (what, got, wanted))


def environment():
    """With the library in every program."""
    return {**os.environ, "LD_PRELOAD": LIBRARY}


@case("files and devices are the same with it and without")
def _(place):
    with open(place + "/there", "w", encoding="ascii") as file:
        file.write("123456789")
    os.symlink("there/it/is", place + "/link")
    plain = subprocess.check_output([sys.executable, "-c", CALLS, place],
                                    text=True, timeout=60)
    with_it = subprocess.check_output(
        [sys.executable, "-c", CALLS, place, LIBRARY], text=True, timeout=60,
        env=environment())
    for line, wanted in zip(with_it.splitlines(), plain.splitlines()):
        equal(line, wanted)
    equal(len(with_it), len(plain))
    equal("'100654'" in plain or "0o100644" in plain, True, "a mode")


@case("it is in a program that has no use for it, and in its children")
def _(_place):
    for argv in (["/bin/cat", "/proc/self/maps"],
                 ["/bin/sh", "-c", "cat /proc/self/maps"]):
        maps = subprocess.check_output(argv, text=True, env=environment())
        equal(LIBRARY in maps, True, argv[0])


@case("it is not in a program that has more rights than its user")
def _(place):
    if os.geteuid() != 0:
        raise Skip("not root")
    os.chmod(place, 0o755)
    library = shutil.copy(LIBRARY, place)
    os.chmod(library, 0o755)
    program = shutil.copy("/bin/cat", place)
    for mode, wanted in ((0o755, True), (0o4755, False)):
        os.chmod(program, mode)
        equal(bool(os.stat(program).st_mode & stat.S_ISUID), not wanted)
        maps = subprocess.check_output(
            [program, "/proc/self/maps"], text=True, user=1234, group=1234,
            extra_groups=[], stderr=subprocess.DEVNULL,
            env={**os.environ, "LD_PRELOAD": library})
        equal(library in maps, wanted, "%o" % mode)


def installed(place):
    """devsw-run as it would be with this library."""
    with open(RUN, encoding="utf-8") as file:
        text = file.read()
    lines = [line for line in text.splitlines()
             if line.startswith("lookup=")]
    equal(len(lines), 1, "lookup= lines")
    path = place + "/devsw-run"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(lines[0], "lookup=" + LIBRARY))
    os.chmod(path, 0o755)
    return path


@case("devsw-run runs a program with its arguments, environment and status")
def _(place):
    run = installed(place)
    done = subprocess.run(
        [run, "/bin/sh", "-c", 'echo "$1|$LD_PRELOAD"; exit 7', "sh", "a  b*"],
        stdout=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "LD_PRELOAD": ""})
    equal((done.returncode, done.stdout), (7, "a  b*|%s\n" % LIBRARY))
    other = place + "/other.so"
    shutil.copy(LIBRARY, other)
    said = subprocess.check_output([run, "printenv", "LD_PRELOAD"], text=True,
                                   env={**os.environ, "LD_PRELOAD": other})
    equal(said, "%s:%s\n" % (LIBRARY, other))


@case("devsw-run says what is wrong: 2, 126, 127, and a library that is away")
def _(place):
    run = installed(place)
    for argv, wanted in (([], 2), (["-x"], 2), (["--help"], 0),
                         (["--version"], 0), ([place + "/none"], 127),
                         ([place], 126)):
        done = subprocess.run([run] + argv, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        equal(done.returncode, wanted, " ".join(argv))
        equal((len(done.stdout.splitlines()), len(done.stderr.splitlines())),
              (0, 1) if wanted else (1, 0), "lines of " + " ".join(argv))
    with open(run, encoding="utf-8") as file:
        text = file.read()
    with open(run, "w", encoding="utf-8") as file:
        file.write(text.replace(LIBRARY, "/none/x.so"))
    done = subprocess.run([run, "true"], stderr=subprocess.PIPE, text=True,
                          check=False)
    equal((done.returncode, done.stderr),
          (1, "devsw-run: /none/x.so is not there\n"))



class Skip(Exception):
    """The case cannot be run here."""


def main():
    """All cases."""
    bad = False
    print("1..%d" % len(CASES))
    for number, (rule, function) in enumerate(CASES, 1):
        try:
            with tempfile.TemporaryDirectory() as place:
                function(place)
            print("ok %d - %s" % (number, rule), flush=True)
        except Skip as why:
            print("ok %d - %s # SKIP %s" % (number, rule, why), flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            print("# %s\nnot ok %d - %s" % (error, number, rule), flush=True)
            bad = True
    sys.exit(bad)


main()
