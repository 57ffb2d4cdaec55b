#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# timeout: 200
"""t_pty: devsw-pty in front of real nodes.

A login with job control, which ends with its line: on BSD an unplug, a loss of
carrier and a revoke are each a hang-up, and SIGHUP for the session (tty(4),
revoke(2)).  And line disciplines, of which the kernel's documentation says that
they need a terminal of its own: pppd brings up a link that carries packets,
slcand a CAN interface that carries frames.  What needs no node is tests/pty.
"""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import tty

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, PROMPT  # noqa: E402
from h_guest import case, equal, probe, within  # noqa: E402
import h_login  # noqa: E402

PTY = os.environ["DEVSW_BUILD"] + "/src/cmd/pty/devsw-pty"
GETTY = ("/sbin/agetty", "-o", "-p -- \\u", "--keep-baud",
         "115200,57600,38400,9600", "-", "vt220")


@contextlib.contextmanager
def pty(*words):
    """devsw-pty, which ends with the case."""
    with subprocess.Popen([PTY, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextlib.contextmanager
def slave_of(node):
    """The slave in front of it, open and raw."""
    with pty(node) as process:
        fd = os.open(process.stdout.readline().strip(),
                     os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd, termios.TCSANOW)
        time.sleep(0.3)         # devsw-pty has seen that
        yield fd
        os.close(fd)


@contextlib.contextmanager
def login(adapter):
    """(devsw-pty, the person at the far end, the shell's pid)"""
    with pty("--again", NODES[adapter], "--", *GETTY) as process:
        person = h_login.Person(probe.far_path(adapter))
        try:
            yield process, person, person.log_in()
        finally:
            person.close()


@case("a login has job control: ^C, ^Z, fg; and a window size")
def _(_world):
    with login("ftdi0") as (_, person, _):
        person.job_control()
        equal(person.run("stty rows 40 cols 120; stty size").split()[-3:-1],
              ["40", "120"], "size")


@case("a logout is followed by the next login")
def _(_world):
    with login("acm0") as (_, person, pid):
        person.type("exit\r")
        h_login.gone(pid)
        person.log_in()


@case("an unplug ends the login; after the plug there is another")
def _(world):
    with login("ftdi0") as (process, person, pid):
        person.type("sleep 1000\r")
        began = probe.now()
        world.unplug("ftdi0")
        h_login.gone(pid)
        within(probe.now() - began, PROMPT, "the end of the login")
        equal(process.poll(), None, "devsw-pty --again")
        probe.vmusb("plug", "ftdi0")
        person.log_in()


@case("a revoke of the node ends the login, and there is another")
def _(_world):
    with login("ftdi0") as (_, person, pid):
        equal(h_guest.revoke(NODES["ftdi0"]), "0")
        began = probe.now()
        h_login.gone(pid)
        within(probe.now() - began, PROMPT, "the end of the login")
        person.log_in()


@case("a loss of carrier ends the login; the next waits for carrier")
def _(_world):
    h_guest.no_carrier()
    with pty("--again", NODES["acm0"], "--", *GETTY):
        time.sleep(1)
        person = h_login.Person(probe.far_path("acm0"))
        pid = person.log_in()
        person.close()
        h_login.gone(pid)
        person = h_login.Person(probe.far_path("acm0"))
        person.log_in()
        person.close()


@case("a program's settings are the node's; a last close drops DTR and RTS")
def _(_world):
    node = probe.open_node(CALLOUT["ftdi0"])
    before = termios.tcgetattr(node)
    lines = termios.TIOCM_DTR | termios.TIOCM_RTS
    with pty(CALLOUT["ftdi0"]) as process:
        name = process.stdout.readline().strip()
        for speed in (termios.B57600, termios.B1200):
            fd = os.open(name, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(fd, termios.TCSANOW)
            mode = termios.tcgetattr(fd)
            mode[2] |= termios.CRTSCTS | termios.CSTOPB | termios.HUPCL
            mode[4] = mode[5] = speed
            termios.tcsetattr(fd, termios.TCSANOW, mode)
            wanted = termios.CRTSCTS | termios.CSTOPB | termios.HUPCL
            probe.wait_for(lambda s=speed: (
                termios.tcgetattr(node)[4] == s and
                termios.tcgetattr(node)[2] & wanted == wanted), "settings")
            probe.wait_for(lambda: probe.modem_lines(node) & lines == lines,
                           "DTR and RTS")
            os.close(fd)
            probe.wait_for(lambda: not probe.modem_lines(node) & lines,
                           "no DTR, no RTS")
    equal(termios.tcgetattr(node)[4], before[4], "the speed at the end")
    os.close(node)


@case("no byte is lost, in both directions")
def _(_world):
    data = probe.pattern(200000, 3)
    far = probe.Far(probe.far_path("acm0"))
    with slave_of(CALLOUT["acm0"]) as fd:
        writer = threading.Thread(target=far.write, args=(data,), daemon=True)
        writer.start()
        time.sleep(1)           # nobody reads
        equal(probe.read_all(fd, len(data)) == data, True, "from the far end")
        writer.join()
        for at in range(0, len(data), 4096):
            os.write(fd, data[at:at + 4096])
        equal(far.take(len(data)) == data, True, "to the far end")
    far.close()


ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7777))
while True:
    s.sendto(*s.recvfrom(65536))
"""
PPP = "115200 local noauth nodetach noccp nodefaultroute nolock"


@case("pppd brings up a link, which carries packets until the unplug")
def _(world):
    subprocess.run(["modprobe", "-a", "ppp_async"], check=True)
    link = "/dev/modem"
    with pty("--link", link, CALLOUT["acm0"]) as process:
        process.stdout.readline()
        far = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "pppd %s %s 10.9.0.2:10.9.0.1 & "
             'exec /usr/bin/python3 -c "$0"' %
             (probe.far_path("acm0"), PPP), ECHO])
        near = subprocess.Popen(["pppd", link, *PPP.split(),
                                 "10.9.0.1:10.9.0.2"],
                                stdout=subprocess.PIPE)
        talk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        talk.settimeout(1)

        def echoed(data):
            with contextlib.suppress(OSError):
                talk.sendto(data, ("10.9.0.2", 7777))
                return talk.recv(65536) == data
            return False
        probe.wait_for(lambda: echoed(b"hello"), "a link", pause=0.2)
        # pppd's own idea of who has which address, and no other way there.
        said = subprocess.check_output(["ip", "addr", "show", "ppp0"],
                                       text=True)
        equal("10.9.0.1 peer 10.9.0.2" in said, True, said)
        for size in (1, 500, 1400, 1400, 1400):
            data = probe.pattern(size, size)
            equal(echoed(data) or echoed(data) or echoed(data), True,
                  "an echo of %d bytes" % size)
        world.unplug("acm0")
        near.communicate(timeout=probe.LIMIT)
        equal(near.returncode, 16, "pppd's status (the link has hung up)")
        equal(process.wait(probe.LIMIT), 0, "devsw-pty's status")
        equal(os.path.lexists(link), False, "the link in /dev")
        far.kill()
        far.wait()
    world.plug("acm0")


@case("slcand brings up a CAN interface, which carries frames both ways")
def _(_world):
    subprocess.run(["modprobe", "-a", "slcan", "can_raw"], check=True)
    link = "/dev/slcan"
    far = probe.Far(probe.far_path("acm0"))
    with pty("--link", link, CALLOUT["acm0"]) as process:
        process.stdout.readline()
        slcand = subprocess.Popen(["slcand", "-F", "-o", "-s6", "-S",
                                   "115200", link, "can7"])
        probe.wait_for(lambda: os.path.exists("/sys/class/net/can7"), "can7")
        subprocess.run(["ip", "link", "set", "can7", "up"], check=True)
        talk = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        talk.settimeout(probe.LIMIT)
        talk.bind(("can7",))
        frame = struct.Struct("=IB3x8s")
        h_login.until_said(far, b"O\r")         # slcand opens the channel
        far.write(b"t1234DEADBEEF\r")
        equal(frame.unpack(talk.recv(16)),
              (0x123, 4, b"\xde\xad\xbe\xef" + bytes(4)), "a frame")
        talk.send(frame.pack(0x7ab, 2, b"\x01\x02" + bytes(6)))
        h_login.until_said(far, b"t7AB20102\r")
        slcand.terminate()
        slcand.wait(probe.LIMIT)
    far.close()


h_login.make_user()
h_guest.run(h_guest.World())
