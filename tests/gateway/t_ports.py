#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_ports: devsw-gateway's ports by serial number, and [auto].

    t_ports.py DEVSW_GATEWAY

The rules are those of gateway.conf(5), and the names of adapters those that
udev's 60-serial.rules makes.  The directory of names is one of the test's, with
links to ptys.
"""
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import Device, Hang, Stream, case, equal, until  # noqa: E402

PROGRAM = sys.argv[1]
ONE = "usb-FTDI_FT232R_USB_UART_A50285BI-if00"
TWO = "usb-1a86_USB_Serial_77-if00-port0"
BARE = "usb-1a86_USB2.0-Serial-if00"


def free_range(size):
    """So many numbers in a row that nobody has on [::1] now."""
    while True:
        low = random.SystemRandom().randrange(10000, 32000)
        socks = []
        try:
            for number in range(low, low + size):
                socks.append(socket.socket(socket.AF_INET6))
                socks[-1].setsockopt(socket.SOL_SOCKET,
                                     socket.SO_REUSEADDR, 1)
                socks[-1].bind(("::1", number))
            return low
        except OSError:
            continue
        finally:
            for sock in socks:
                sock.close()


class World:
    """A directory with names of adapters, and a gateway that looks there."""

    def __init__(self, directory, size, conf, there):
        self.dir = directory
        self.names = directory + "/serial/by-id"
        self.low = free_range(size)
        self.state = directory + "/ports"
        self.devices, self.count = {}, 0
        self.user = None            # the gateway's; None: ours
        self.conf = directory + "/gateway.conf"
        self.process = self.logfile = None
        self.write(conf.replace("RANGE", f"{self.low}-{self.low + size - 1}"))
        if there:
            os.makedirs(self.names)

    def write(self, text):
        """This is the configuration, with the directory's names."""
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(text.replace("DIR", self.dir))
        os.chmod(self.conf, 0o644)

    def start(self):
        """A gateway; its log begins anew."""
        self.logfile = open(self.dir + "/log", "wb")
        self.process = subprocess.Popen(
            [PROGRAM, "-v", "--config", self.conf],
            stdin=subprocess.DEVNULL, stdout=self.logfile,
            stderr=self.logfile, user=self.user)

    def end(self):
        """It has to end well."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(h_gateway.LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.logfile.close()
        self.process = None
        equal(status, 0, self.text()[-2000:])

    def text(self):
        """The log."""
        with open(self.dir + "/log", encoding="utf-8") as file:
            return file.read()

    def wait(self, text, times=1):
        """Until it is in the log so often."""
        until(lambda: self.text().count(text) >= times, text)

    def reload(self):
        """And it is done."""
        before = self.text().count("was read again")
        self.process.send_signal(signal.SIGHUP)
        self.wait("was read again", before + 1)

    def plug(self, name, where="by-id"):
        """An adapter with this name, at a node of its own."""
        self.count += 1
        device = Device(f"{self.dir}/tty{self.count}")
        os.makedirs(f"{self.dir}/serial/{where}", exist_ok=True)
        os.symlink(device.link, f"{self.dir}/serial/{where}/{name}")
        self.devices[name] = device
        return device

    def unplug(self, name, where="by-id"):
        """Its node and its name go."""
        os.unlink(f"{self.dir}/serial/{where}/{name}")
        self.devices.pop(name).unplug()

    def have(self):
        """The lines of the state file, which may not be there yet."""
        if not os.path.isfile(self.state) or os.path.islink(
                self.state) or os.path.getsize(self.state) > 1 << 20:
            return None
        with open(self.state, encoding="utf-8", errors="replace") as file:
            return [line.split() for line in file if line[0] != "#"]

    def has(self, lines):
        """Until those are the lines: they are written beside the loop."""
        until(lambda: self.have() == lines, f"{lines}: {self.have()}")


AUTO = "[auto]\nby-id = DIR/serial/by-id\nstate = DIR/ports\n" \
    "listen = raw RANGE\nnotice = all\n"


@contextlib.contextmanager
def world(conf=AUTO, size=3, there=True, start=True):
    """A World, whose gateway has to end well."""
    with tempfile.TemporaryDirectory(prefix="t_ports.") as directory:
        made = World(directory, size, conf, there)
        try:
            if start:
                made.start()
            yield made
            made.end()
        except BaseException:
            print("".join(f"# {line}\n" for line in
                          made.text().splitlines()[-20:]), end="")
            raise
        finally:
            if made.process is not None:
                made.process.kill()
                made.process.wait()
            for device in made.devices.values():
                device.unplug()


def talks(device, number, text):
    """Who connects there has this device."""
    client = Stream(number)
    client.send(text)
    equal(device.read(len(text)), text)
    client.close()


# ---- by serial number ----------------------------------------------------

def serial_conf(more="", line="serial = A50285BI"):
    """A port by serial number; its address is the range's only one."""
    return "[auto]\nby-id = DIR/serial/by-id\n" + more + \
        f"[port a]\n{line}\nlisten = raw NUMBER\nnotice = all\n"


def with_number(w, conf):
    """The configuration of w, started."""
    w.write(conf.replace("NUMBER", str(w.low)))
    w.start()


@case("serial: an adapter is found by its number, wherever it is plugged in, "
      "and its clients stay")
def _():
    with world(start=False) as w:
        with_number(w, serial_conf())
        w.wait("its adapter is not there yet")
        client = Stream(w.low)
        w.plug("usb-FTDI_FT232R_USB_UART_XA50285BI-if00")
        w.plug("usb-FTDI_FT232R_USB_UART_A50285BIX-if00")
        w.plug("usb-A50285BI_FT232R-if00")
        for turn in range(2):
            device = w.plug(ONE)
            w.wait("is there", turn + 1)
            if turn == 1:
                client.until(b"the device is back]\r\n")
            client.send(b"turn%d" % turn)
            equal(device.read(5), b"turn%d" % turn)
            w.unplug(ONE)
            client.until(b"the device is gone]\r\n")
        client.close()


@case("serial: the same, if the adapter gets another name of a node while the "
      "old one is another's")
def _():
    with world(start=False) as w:
        with_number(w, serial_conf())
        first = w.plug(ONE)
        w.wait("is there")
        # The kernel's names: what was ttyUSB0 is ttyUSB1, and open still.
        second = w.plug("usb-new-if00")
        link = w.names + "/" + ONE
        os.symlink(second.link, link + "~")
        os.rename(link + "~", link)
        del w.devices["usb-new-if00"]
        os.unlink(w.names + "/usb-new-if00")
        first.unplug()
        w.devices[ONE] = second
        w.wait("is there", 2)
        talks(second, w.low, b"moved")


@case("serial: the interface is the one that is asked for, or the first")
def _():
    for line, want in (("serial = 77", "if00"), ("serial = 77 2", "if02")):
        with world(start=False) as w:
            with_number(w, serial_conf(line=line))
            devices = {name: w.plug(f"usb-1a86_Two_77-{name}") for name in
                       ("if02", "if00")}
            w.wait("is there")
            w.wait(want + " is there")
            talks(devices[want], w.low, want.encode())


@case("serial: two adapters with one number are told, and neither is taken")
def _():
    with world(start=False) as w:
        w.plug("usb-1a86_A_77-if00")
        w.plug("usb-1a86_B_77-if00")
        with_number(w, serial_conf(line="serial = 77"))
        w.wait("two adapters have its serial number; it is for neither")
        w.unplug("usb-1a86_B_77-if00")
        w.wait("is there")
        equal(w.text().count("two adapters"), 1)


@case("serial: node = names it by its whole name as well")
def _():
    with world(start=False) as w:
        device = w.plug(TWO)
        with_number(w, serial_conf(line="node = " + TWO))
        w.wait("is there")
        talks(device, w.low, b"by name")


# ---- [auto] --------------------------------------------------------------

@case("auto: who comes gets a port; the directory may come with him")
def _():
    with world(there=False) as w:
        device = w.plug(ONE)
        w.wait("A50285BI: " + w.names + "/" + ONE + " is there")
        talks(device, w.low, b"first")
        other = w.plug(TWO)
        w.wait("is there", 2)
        talks(other, w.low + 1, b"second")
        w.has([[str(w.low), ONE], [str(w.low + 1), TWO]])


@case("auto: he keeps it, away or not, over restarts, and under another driver")
def _():
    with world() as w:
        w.plug(ONE)
        w.wait("is there")
        w.plug(TWO)
        w.wait("is there", 2)
        w.unplug(ONE)
        w.wait("is gone")
        w.unplug(TWO)
        w.wait("is gone", 2)
        for _ in range(2):
            w.end()
            w.start()
            w.wait("its adapter is not there yet", 2)
            client = Stream(w.low + 1)
            device = w.plug(TWO.replace("-port0", ""))
            w.wait("is there")
            client.send(b"mine")
            equal(device.read(4), b"mine")
            client.close()
            w.unplug(TWO.replace("-port0", ""))
            w.wait("is gone")
        w.has([[str(w.low), ONE], [str(w.low + 1), TWO]])


@case("auto: a client stays over a plug that comes back at another node")
def _():
    with world() as w:
        w.plug(ONE)
        w.wait("is there")
        client = Stream(w.low)
        w.unplug(ONE)
        client.until(b"the device is gone]\r\n")
        device = w.plug(ONE)
        client.until(b"the device is back]\r\n")
        client.send(b"again")
        equal(device.read(5), b"again")


@case("auto: what the configuration names is not given away")
def _():
    with world(start=False) as w:
        device = w.plug(ONE)
        w.plug(TWO)
        w.plug("usb-1a86_C_88-if00")
        low = w.low
        w.write(AUTO.replace("RANGE", f"{low}-{low + 1}") +
                f"[port a]\nnode = {device.link}\nlisten = raw {low + 2}\n"
                "[port b]\nserial = 88\nlisten = raw unix:DIR/b\n")
        w.start()
        w.wait("is there", 3)
        w.has([[str(low), TWO]])
        talks(device, low + 2, b"named")


@case("auto: one that is named later is that port's, and so it stays")
def _():
    with world() as w:
        device = w.plug(ONE)
        w.wait("is there")
        with open(w.conf, encoding="ascii") as file:
            text = file.read()
        w.write(text + f"[port a]\nnode = {device.link}\n"
                "listen = raw unix:DIR/a\n")
        w.reload()
        w.wait("a: " + device.link + " is there")
        w.wait("A50285BI: is no port any more")
        client = Stream(w.dir + "/a")
        client.send(b"named")
        equal(device.read(5), b"named")
        w.write(text)
        w.reload()
        w.wait("A50285BI: " + w.names + "/" + ONE + " is there", 2)
        talks(device, w.low, b"auto")


@case("auto: a full range is told, and the others work; a line that is taken "
      "out makes room")
def _():
    with world(size=2) as w:
        for number in range(2):
            w.plug(f"usb-a_b_{number}-if00")
            w.wait("is there", number + 1)
        third = w.plug("usb-a_b_2-if00")
        w.wait("all 2 numbers are taken, and usb-a_b_2-if00 gets no port")
        talks(w.devices["usb-a_b_1-if00"], w.low + 1, b"works")
        w.unplug("usb-a_b_0-if00")
        until(lambda: len(w.have() or ()) == 2, "the file")
        with open(w.state, encoding="ascii") as file:
            text = file.read()
        with open(w.state, "w", encoding="ascii") as file:
            file.write(text.replace(f"{w.low} usb-a_b_0-if00\n", ""))
        w.reload()
        w.wait("usb-a_b_2-if00 is there")
        talks(third, w.low, b"room")
        equal(w.text().count("numbers are taken"), 1)


@case("auto: an edited file moves a port to another number at a reload")
def _():
    with world() as w:
        device = w.plug(ONE)
        w.wait("is there")
        w.has([[str(w.low), ONE]])
        client = Stream(w.low)
        with open(w.state, "w", encoding="ascii") as file:
            file.write(f"{w.low + 2} {ONE}\n")
        w.reload()
        client.send(b"stays")
        equal(device.read(5), b"stays")
        client.close()
        until(lambda: w.text().count("leaves"), "its end")
        talks(device, w.low + 2, b"there")


@case("auto: lines of the file that make no sense are told, kept, and the rest "
      "is heeded")
def _():
    with world(start=False) as w:
        text = (f"# a comment\n\n{w.low + 1} {ONE}\n"
                f"x {TWO}\n{w.low}\n{w.low + 1} {TWO}\n{w.low + 2} {ONE}\n"
                f"{w.low - 1} {TWO}\n99999999999 {TWO}\n{w.low} ../{TWO}\n"
                f"{w.low} {TWO} more\n{w.low} {'x' * 5000}\n-1 {TWO}\n"
                f"{w.low} usb-\x1b[2J\n")
        with open(w.state, "w", encoding="ascii") as file:
            file.write(text)
        device = w.plug(ONE)
        w.plug(TWO)
        w.start()
        w.wait("is there", 2)
        talks(device, w.low + 1, b"kept")
        w.has([[str(w.low + 1), ONE], [str(w.low), TWO]])
        with open(w.state + ".bad", encoding="ascii") as file:
            equal(file.read(), text)
        equal(w.text().count("it is not heeded"), 4)
        equal(w.text().count("11 lines are not heeded"), 1)
        equal("\x1b" in w.text(), False)


@case("auto: what is no file, or no such file, is told, and all works")
def _():
    def fifo(path):
        os.mkfifo(path)

    def link(path):
        os.symlink("/etc/passwd", path)

    def large(path):
        with open(path, "wb") as file:
            file.truncate(1 << 34)

    def noise(path):
        with open(path, "wb") as file:
            file.write(random.randbytes(100000))

    for make in (fifo, link, large, os.mkdir, noise):
        with world(start=False) as w:
            make(w.state)
            device = w.plug(ONE)
            w.start()
            w.wait("is there")
            talks(device, w.low, b"works")
            until(lambda: "auto: " + w.state in w.text(), make.__name__)
            if make not in (os.mkdir,):
                w.has([[str(w.low), ONE]])


@case("auto: a file that cannot be read stays, and so do the numbers that are "
      "known")
def _():
    if os.geteuid() != 0:
        return                      # nobody else has two users
    with world(start=False) as w:
        w.user = 65534
        os.chmod(w.dir, 0o777)
        device = w.plug(ONE)
        os.chmod(device.link, 0o666)
        w.start()
        w.wait("is there")
        w.has([[str(w.low), ONE]])
        # As an editor of root's leaves it, who has a umask of 077.
        text = f"{w.low} {ONE}\n{w.low + 2} usb-a_b_1-if00\n"
        os.unlink(w.state)
        with open(w.state, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(w.state, 0o600)
        w.reload()
        w.wait("/ports: Permission denied; it stays as it is")
        talks(device, w.low, b"stays")
        second = w.plug(TWO)
        os.chmod(second.link, 0o666)
        w.wait(TWO + " is there")
        talks(second, w.low + 1, b"works")
        w.end()
        with open(w.state, encoding="ascii") as file:
            equal(file.read(), text)
        # And at a start, when nothing is known.
        w.start()
        w.wait("is there", 2)
        w.end()
        with open(w.state, encoding="ascii") as file:
            equal(file.read(), text)


@case("auto: a disk that hangs holds up nobody, and a reload meanwhile knows "
      "what is not written yet")
def _():
    if os.geteuid() != 0:
        return                      # for ptrace
    with world() as w:
        first = w.plug("usb-a_b_0-if00")
        w.has([[str(w.low), "usb-a_b_0-if00"]])
        hang = Hang(w.process)
        second = w.plug("usb-a_b_1-if00")
        w.wait("usb-a_b_1-if00 is there")
        talks(first, w.low, b"first")
        talks(second, w.low + 1, b"second")
        w.reload()
        third = w.plug("usb-a_b_2-if00")
        w.wait("usb-a_b_2-if00 is there")
        talks(second, w.low + 1, b"stays")
        talks(third, w.low + 2, b"third")
        equal(len(w.have()), 1)
        hang.end()
        w.has([[str(w.low + i), f"usb-a_b_{i}-if00"] for i in range(3)])


@case("without standard input, output and error it opens nothing in their place")
def _():
    with world(start=False) as w:
        device = w.plug(ONE)
        w.logfile = open(w.dir + "/log", "wb")
        w.process = subprocess.Popen(
            ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', PROGRAM, "-v",
             "--config", w.conf])
        until(lambda: w.have() == [[str(w.low), ONE]], "a number")
        equal([os.readlink(f"/proc/{w.process.pid}/fd/{fd}")
               for fd in range(3)], ["/dev/null"] * 3)
        talks(device, w.low, b"works")


@case("auto: a file that cannot be written is told, and all works")
def _():
    with world(AUTO.replace("DIR/ports", "DIR/no/ports")) as w:
        device = w.plug(ONE)
        w.wait("is there")
        w.wait("/no/ports: No such file or directory; who has which number is "
               "forgotten at the end")
        talks(device, w.low, b"works")


@case("auto: of two adapters without serial numbers one is told, once")
def _():
    with world() as w:
        device = w.plug(BARE)
        os.makedirs(w.dir + "/serial/by-path")
        os.symlink(device.link, w.dir + "/serial/by-path/pci-1:1.0")
        w.wait("is there")
        w.plug("pci-2:1.0", "by-path")
        w.plug(ONE)                     # what has it look again
        w.wait("is there", 2)
        w.wait("pci-2:1.0 has no serial number of its own, and gets no port")
        w.plug(TWO)
        w.wait("is there", 3)
        equal(w.text().count("has no serial number"), 1)
        talks(device, w.low, b"the first")


@case("auto: a number that is in use leaves the others working, and is tried "
      "again")
def _():
    with world(start=False) as w:
        with socket.socket(socket.AF_INET6) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::1", w.low))
            sock.listen()
            w.start()
            first = w.plug(ONE)
            w.wait("Address already in use; it is tried again")
            second = w.plug(TWO)
            w.wait("is there", 2)
            talks(second, w.low + 1, b"second")
        w.wait(f"raw on [::1]:{w.low}")
        talks(first, w.low, b"first")


@case("auto: hostile names give no hostile ports")
def _():
    with world(size=20) as w:
        names = ["usb-a_auto-if00", "usb-a_" + "y" * 180 + "-if00",
                 "usb-a_..-if00", "usb-a_b_-if00", "usb-", "usb-a_-_-if0g",
                 "usb-a_x-if01", "usb-b_x-if01", "-if00", "usb-a_%n%s-if00"]
        for name in names:
            w.plug(name)
        w.plug("usb-\x1b[2J-if00")
        w.plug("usb-a b-if00")
        # Not the one with %: udev lets none through.
        w.wait("is there", len(names) - 1)
        ports = [line.split(" is port ")[1].split(",")[0] for line in
                 w.text().splitlines() if " is port " in line]
        equal(len(set(ports)), len(names) - 1, ports)
        for port in ports:
            equal(port[0].isalnum() and len(port) < 32 and all(
                c.isalnum() or c in "._-" for c in port), True, port)
        equal("\x1b" in w.text() or "auto" in ports, False)


@case("auto: fifty that come and go at once all have their own")
def _():
    with world(size=50) as w:
        names = [f"usb-a_b_{n:02}-if00" for n in range(50)]
        for name in names:
            w.plug(name)
        w.wait("is there", 50)
        until(lambda: sorted(name for _, name in w.have() or ()) == names,
              "names")
        numbers = {name: int(number) for number, name in w.have()}
        for name in names[::7]:
            talks(w.devices[name], numbers[name], name.encode())
        for name in names:
            w.unplug(name)
        w.wait("is gone", 50)
        for name in reversed(names):
            w.plug(name)
        w.wait("is there", 100)
        for name in names[::9]:
            talks(w.devices[name], numbers[name], name.encode())


@case("auto: --check-config tells every mistake")
def _():
    def check(text):
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/conf"
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(path, 0o644)
            done = subprocess.run(
                [PROGRAM, "--check-config", "--config", path], check=False,
                text=True, capture_output=True, timeout=h_gateway.LIMIT)
            return done.returncode, done.stderr

    good = "listen = telnet 4100-4199\nlisten = raw [::1]:4200-4299 watch\n"
    equal(check("[auto]\n" + good + "state = /x\nby-id = /y\nspeed = 9600\n"
                "log = /var/log/x-%\n[port a]\nserial = A_b 3\n"
                "listen = raw 1\n[port b]\nserial = A_b\nlisten = raw 2\n"),
          (0, ""))
    for line in ("listen = telnet 4300", "listen = telnet 4300-4398",
                 "listen = telnet 4300-4299", "listen = telnet 4300-9999",
                 "listen = telnet 65500-65599", "listen = raw unix:/x-1",
                 "listen = raw 0-99", "listen = raw -99", "node = /dev/x",
                 "serial = x", "log = /x", "log = /%/%", "state = x",
                 "by-id = x"):
        status, said = check("[auto]\n" + good + line + "\n")
        equal((status, ":4: " in said, said.count("\n")), (2, True, 1),
              f"{line}: {said}")
    head = "[port a]\nserial = A\nlisten = raw 1\n"
    for text in (head + "[port b]\nserial = A\nlisten = raw 2\n",
                 head + "node = /dev/x\n", head + "state = /x\n",
                 "[port a]\nserial = " + "x" * 64 + "\nlisten = raw 1\n",
                 "[port a]\nserial = a b\nlisten = raw 1\n",
                 "[port a]\nnode = usb-/x\nlisten = raw 1\n",
                 "[auto]\n" + good + "[port a]\nnode = /dev/x\n"
                 "listen = raw 4100\n"):
        status, said = check(text)
        equal(status, 2, f"{text}: {said}")


if __name__ == "__main__":
    sys.exit(h_gateway.main())
