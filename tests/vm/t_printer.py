#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb dummy
# builds: plain full:asan
# timeout: 120
"""t_printer: ulpt(4) against the kernel's printer gadget, by programs of Debian,
and ugen(4) with its read-ahead and write-behind on the same.

The far end is /dev/g_printer0 of Linux's f_printer on dummy_hcd: what cat
writes to /dev/ulpt0 has to come out there; the device ID and the status are
the gadget's.  A cat that is blocked, because nobody takes anything from the
printer, ends when the printer is pulled out, and the name is the same after a
replug.  The nodes are the group lp's.  And CUPS prints there by lp(1), to a
file: device.
"""

import fcntl
import grp
import os
import struct
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import equal, probe  # noqa: E402

GADGET = "/sys/kernel/config/usb_gadget/printer"
ID = "MFG:linux;MDL:g_printer;CLS:PRINTER;SN:1;"
LPGETSTATUS = 0x060b
LPIOC_GET_DEVICE_ID = 0x84005001        # 1024 bytes
USB_SET_BULK_RA, USB_SET_BULK_WB = 0x40045573, 0x40045574
USB_SET_BULK_RA_OPT, USB_SET_BULK_WB_OPT = 0x40085575, 0x40085576
LOG = "/tmp/devswd.log"
CUPS = "/tmp/cups"
CUPS_FILES = """FileDevice Yes
Sandboxing relaxed
ServerRoot {0}
CacheDir {0}
StateDir {0}
RequestRoot {0}/spool
TempDir {0}/spool
AccessLog {0}/access
ErrorLog {0}/error
PageLog {0}/page
"""
CUPSD = """Listen {0}/sock
Browsing Off
LogLevel debug
<Location />
  Allow all
</Location>
"""
# A queue without a filter writes nothing to a file: device.
FILTER = """#!/bin/sh
exec cat ${6:+"$6"}
"""
PPD = """*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*FileVersion: "1.0"
*LanguageVersion: English
*LanguageEncoding: ISOLatin1
*Manufacturer: "Linux"
*ModelName: "g_printer"
*NickName: "g_printer"
*ShortNickName: "g_printer"
*PCFileName: "GPRINTER.PPD"
*Product: "(g_printer)"
*PSVersion: "(3010.000) 0"
*cupsFilter: "text/plain 0 {0}/filter"
*OpenUI *PageSize: PickOne
*DefaultPageSize: A4
*PageSize A4: ""
*CloseUI: *PageSize
*OpenUI *PageRegion: PickOne
*DefaultPageRegion: A4
*PageRegion A4: ""
*CloseUI: *PageRegion
*DefaultImageableArea: A4
*ImageableArea A4: "0 0 595 842"
*DefaultPaperDimension: A4
*PaperDimension A4: "595 842"
"""


def put(path, text):
    """Write an attribute of the gadget."""
    with open(os.path.join(GADGET, path), "w", encoding="ascii") as attr:
        attr.write(text)


def make_gadget():
    """A printer that is not plugged in yet."""
    subprocess.run(["modprobe", "usb_f_printer"], check=True)
    for path in ("", "strings/0x409", "configs/c.1", "functions/printer.lp"):
        os.mkdir(os.path.join(GADGET, path))
    put("idVendor", "0x1d6b")
    put("idProduct", "0x0108")
    put("strings/0x409/serialnumber", "lp")
    put("functions/printer.lp/pnp_string", ID)
    os.symlink(os.path.join(GADGET, "functions/printer.lp"),
               os.path.join(GADGET, "configs/c.1/printer.lp"))


def opened(path, flags=os.O_RDWR):
    """An open file, as soon as there is hardware."""
    def attempt():
        try:
            return os.open(path, flags)
        except OSError:
            return None
    return probe.wait_for(attempt, "open of " + path)


def take(size):
    """That many bytes of what has been printed."""
    data = b""
    with open("/dev/g_printer0", "r+b", buffering=0) as printer:
        while len(data) < size and h_guest.read_ready(printer.fileno(), 10):
            data += printer.read(8192)
    return data


def prints():
    """What cat writes is printed."""
    # The gadget keeps what does not end with a short packet.
    page = bytes(range(256)) * 100 + b"the end"
    with open("/tmp/page", "wb") as out:
        out.write(page)
    os.close(opened("/dev/ulpn0"))
    with subprocess.Popen(["sh", "-c", "cat /tmp/page >/dev/ulpt0"]) as cat:
        got = take(len(page))
        equal(cat.wait(20), 0, "cat's status")
    equal((len(got), got == page), (len(page), True), "the page")


def cups():
    """lp -d prints through CUPS's file: device."""
    os.makedirs(CUPS + "/spool")
    for name, text in (("files", CUPS_FILES), ("conf", CUPSD),
                       ("filter", FILTER), ("model", PPD)):
        with open(CUPS + "/" + name, "w", encoding="ascii") as out:
            out.write(text.replace("{0}", CUPS))
    os.chmod(CUPS + "/filter", 0o755)
    page = b"a page\n" * 3000 + b"the end"
    with open("/tmp/job", "wb") as out:
        out.write(page)
    env = dict(os.environ, CUPS_SERVER=CUPS + "/sock")
    with subprocess.Popen(["/usr/sbin/cupsd", "-f", "-c", CUPS + "/conf", "-s",
                           CUPS + "/files"]) as cupsd:
        try:
            probe.wait_for(lambda: os.path.exists(CUPS + "/sock"), "cupsd")
            subprocess.run(["/usr/sbin/lpadmin", "-p", "there", "-E", "-P",
                            CUPS + "/model", "-v", "file:///dev/ulpt0"], env=env,
                           check=True)
            subprocess.run(["lp", "-d", "there", "/tmp/job"],
                           env=env, check=True, stdout=subprocess.DEVNULL)
            got = take(len(page))
            equal((len(got), got == page), (len(page), True), "the job")
        finally:
            cupsd.terminate()


def nodes():
    """Nodes are root:lp 0660; one of the two can be open."""
    for path in ("/dev/ulpt0", "/dev/ulpn0"):
        st = os.stat(path)
        equal((st.st_uid, grp.getgrgid(st.st_gid).gr_name,
               st.st_mode & 0o7777), (0, "lp", 0o660), path)
    lp = opened("/dev/ulpn0")
    try:
        os.close(os.open("/dev/ulpt0", os.O_WRONLY))
        raise AssertionError("both nodes can be open")
    except OSError as error:
        equal(os.strerror(error.errno), "Device or resource busy")
    os.close(lp)


def ioctls():
    """The status and the device ID are the printer's."""
    lp = opened("/dev/ulpn0")
    buf = bytearray(1024)
    fcntl.ioctl(lp, LPIOC_GET_DEVICE_ID, buf)
    # The gadget's length leaves out the two bytes of itself, and so it is
    # cut.
    equal(buf[:len(ID)], struct.pack(">H", len(ID)) + ID[:-2].encode())
    status = bytearray(4)
    fcntl.ioctl(lp, LPGETSTATUS, status)
    equal(struct.unpack("i", status)[0] & 0x18, 0x08, "the status")
    os.close(lp)


def unplugged(udc):
    """A blocked cat ends when the printer is pulled out; the name stays."""
    with subprocess.Popen(["sh", "-c", "cat /dev/zero >/dev/ulpt0"],
                          stderr=subprocess.PIPE) as cat:
        probe.wait_for(lambda: probe_sleeps(cat.pid), "cat is blocked")
        put("UDC", "\n")
        equal(cat.wait(15) != 0, True, "cat has failed")
        equal("error" in cat.stderr.read().decode(), True, "an error of cat")
    put("UDC", udc)
    os.close(opened("/dev/ulpn0"))
    prints()


def endpoint(flags):
    """The endpoint for that direction."""
    for number in range(1, 16):
        try:
            return os.open(f"/dev/ugen0.{number:02}", flags)
        except OSError:
            pass
    raise AssertionError("no endpoint")


def generic():
    """ugen: written behind, read ahead, and a blocked read ends at an unplug"""
    page = bytes(range(256)) * 100 + b"the end"
    os.close(opened("/dev/ugen0.00"))
    out, into = endpoint(os.O_WRONLY), endpoint(os.O_RDONLY)
    fcntl.ioctl(out, USB_SET_BULK_WB_OPT, struct.pack("II", 4096, 1024))
    fcntl.ioctl(into, USB_SET_BULK_RA_OPT, struct.pack("II", 4096, 512))
    fcntl.ioctl(out, USB_SET_BULK_WB, struct.pack("i", 1))
    fcntl.ioctl(into, USB_SET_BULK_RA, struct.pack("i", 1))
    writer = threading.Thread(target=os.write, args=(out, page))
    writer.start()
    equal(take(len(page)) == page, True, "the page")
    writer.join(20)
    fcntl.ioctl(out, USB_SET_BULK_WB, struct.pack("i", 0))
    equal(h_guest.read_ready(into, 0), False, "nothing was sent")
    with open("/dev/g_printer0", "r+b", buffering=0) as printer:
        printer.write(b"a status")
        equal(h_guest.read_ready(into, 10), True, "it is read ahead")
        equal(os.read(into, 8), b"a status")
    ended = []

    def reads():
        try:
            os.read(into, 8)
        except OSError as error:
            ended.append(os.strerror(error.errno))
    reader = threading.Thread(target=reads)
    reader.start()
    put("UDC", "\n")
    reader.join(15)
    equal(ended, ["Input/output error"])
    os.close(out)
    os.close(into)


def probe_sleeps(shell):
    """Does the shell's child wait in a write?"""
    kids = subprocess.run(["pgrep", "-P", str(shell)], capture_output=True,
                          text=True, check=False).stdout.split()
    for pid in kids or [str(shell)]:
        try:
            with open("/proc/%s/syscall" % pid, encoding="ascii") as calls:
                line = calls.read().split()
        except OSError:
            continue
        if line and line[0] == "1":
            return True
    return False


def main():
    make_gadget()
    udc = sorted(os.listdir("/sys/class/udc"))[0]
    rules = [("ulpt", f, f.__doc__) for f in (prints, cups, nodes, ioctls)]
    rules += [("ulpt", lambda: unplugged(udc), unplugged.__doc__),
              ("ugen", generic, generic.__doc__)]
    failed, daemon, driver = 0, None, None
    for number, (wanted, function, name) in enumerate(rules, 1):
        if wanted != driver:
            if daemon and daemon.stop() != 0:
                failed += 1
                print("# devswd did not end as it should")
            driver = wanted
            daemon = probe.Daemon(os.environ["DEVSWD"], LOG, "-v", "--claim",
                                  "1d6b:0108,unit=0,driver=" + driver)
            if number == 1:
                put("UDC", udc)
        try:
            function()
            print("ok %d - %s" % (number, name))
        except Exception as error:      # pylint: disable=broad-except
            failed += 1
            print("not ok %d - %s\n# %s: %s" % (number, name,
                                                type(error).__name__, error))
    if daemon.stop() != 0:
        failed += 1
        print("# devswd did not end as it should")
    print("1..%d" % len(rules))
    if failed:
        with open(LOG, encoding="utf-8", errors="replace") as log:
            print("".join("# " + line for line in log.readlines()[-30:]))
    sys.exit(failed != 0)


main()
