# SPDX-License-Identifier: BSD-2-Clause
"""What tools/vm and tools/uml have in common: the host's side of a guest.

A guest is one process (and its children) that this program starts, listens
to, and kills.  Three streams come from it, each over a socketpair:

    output   the command's output, ended by "<marker>NNN;" with its exit
             status; the marker is random, so output cannot contain it
    console  the kernel's messages; the tail is kept in memory
    errors   what the emulator itself has to say

States: running until the marker has been seen (the command's status is the
result), or all streams have ended without it (the guest died), or the time
is over, or a signal came.  In every case the guest is killed, never shut
down: nothing that it owns outlives it.  No file is made on the host, so
there is nothing else to clean up.  A guest's processes are one process
group; if this program itself is killed, a watchdog (a shell that reads a
pipe from here) sees the pipe's end and kills the group.

One thread, this one; tools/vm adds another for its requests.  No locks.
The timeout is SIGALRM, so it holds even while the output cannot be written.
Of all signals and the alarm only the first one raises Stop, and none once
the outcome is known, so nothing can get between the outcome and the kill.
"""

import ctypes
import os
import secrets
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time

TIMED_OUT = 124
GUEST_DIED = 125
NOT_STARTED = 126

CONSOLE_KEPT = 64 * 1024
CONSOLE_SHOWN = 60          # lines
PR_SET_CHILD_SUBREAPER = 36
WATCHDOG = "read -r group && { read -r over || kill -9 -$group; }"

TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Stop(Exception):
    """The run is over for a reason that is not the guest's: exit so."""

    def __init__(self, status, message=None):
        super().__init__(message)
        self.status = status


def fail(status, message):
    """Tell what is wrong on stderr and exit with the status."""
    print("%s: %s" % (os.path.basename(sys.argv[0]), message),
          file=sys.stderr)
    sys.exit(status)


def setup(*options):
    """Run tools/setup --quiet; returns what it printed, or exits 126.

    Where these files are installed (devsw-driver) there is none: packages
    have seen to it.
    """
    if not os.path.exists(os.path.join(TOOLS, "setup")):
        return ""
    result = subprocess.run([os.path.join(TOOLS, "setup"), "--quiet",
                             *options], stdout=subprocess.PIPE, check=False)
    if result.returncode != 0:
        sys.exit(NOT_STARTED)
    return result.stdout.decode().strip()


def share_directories(names):
    """The real paths of directories to be shared; exits 126 on a bad one."""
    found = []
    for name in names:
        path = os.path.realpath(name)
        if not os.path.isdir(path) or "\n" in path:
            fail(NOT_STARTED, "--share %s: not a directory" % name)
        found.append(path)
    return found


def shell_variables(variables):
    """The variables as sh source."""
    return "".join("%s=%s\n" % (name, shlex.quote(str(value)))
                   for name, value in variables.items())


def start_script(command, machine):
    """The sh source that runs the command as the user asked for it."""
    env = {"HOME": "/root", "USER": "root", "LOGNAME": "root",
           "SHELL": "/bin/bash", "DEVSW_GUEST": machine,
           "PATH": "/run/devsw-guest/bin:/usr/local/sbin:/usr/local/bin:"
                   "/usr/sbin:/usr/bin:/sbin:/bin"}
    for name in os.environ:
        if name in ("TERM", "LANG", "TZ") or name.startswith("LC_"):
            env[name] = os.environ[name]
    return ("cd %s || exit 126\nexec /usr/bin/env -i %s %s\n" %
            (shlex.quote(os.getcwd()),
             " ".join(shlex.quote("%s=%s" % item) for item in env.items()),
             " ".join(map(shlex.quote, command))))


def read_guest_file(name):
    """The contents of a file of tools/guest."""
    with open(os.path.join(TOOLS, "guest", name), "rb") as file:
        return file.read()


def guest_files(conf, start, shares):
    """The files in a guest's initramfs that are the same for both kinds."""
    return {
        "init": read_guest_file("init"),
        "devsw/run": read_guest_file("run"),
        "devsw/vmusb": read_guest_file("vmusb"),
        "devsw/conf": shell_variables(conf).encode(),
        "devsw/start": start.encode(),
        "devsw/shares": "".join("share%d %s\n" % item
                                for item in enumerate(shares)).encode(),
    }


def cpio(files):
    """A cpio archive (newc) of {name: contents}, for the kernel."""
    archive = b""

    def entry(name, mode, data):
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % f for f in fields)
        head += name.encode() + b"\0"
        return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data)
                                                                 % 4)

    for name in sorted({os.path.dirname(f) for f in files} - {""}):
        archive += entry(name, 0o040755, b"")
    for name, data in files.items():
        archive += entry(name, 0o100755, data)
    return archive + entry("TRAILER!!!", 0, b"")


class Marker:
    """Finds the end marker in the output as it streams by."""

    def __init__(self):
        self.text = secrets.token_hex(16)
        self._marker = self.text.encode()
        self._held = b""
        self.status = None

    def feed(self, data):
        """Returns what of the output can be passed on now.

        Held back is only what may be the marker's beginning.  Sets status
        when the marker has been seen whole.
        """
        data = self._held + data
        at = data.find(self._marker)
        if at >= 0:
            end = at + len(self._marker)
            if len(data) >= end + 4:
                self.status = int(data[end:end + 3])
                self._held = b""
            else:
                self._held = data[at:]
            return data[:at]
        keep = min(len(data), len(self._marker) - 1)
        while keep and not self._marker.startswith(data[len(data) - keep:]):
            keep -= 1
        self._held = data[len(data) - keep:]
        return data[:len(data) - keep]

    def rest(self):
        """What was held back, when the output has ended without a marker."""
        return self._held


def write_all(fd, data):
    """Write everything to fd, however long it takes."""
    while data:
        data = data[os.write(fd, data):]


class Guest:
    """A guest from its start to its end; see the top of the file."""

    # What every console says: not worth showing.
    usual = ()

    def __init__(self, timeout, verbose):
        self.marker = Marker()
        self.streams = selectors.DefaultSelector()
        self._timeout = timeout
        self._verbose = verbose
        self._console = b""
        self._errors = b""
        self._process = None
        self._watchdog = None
        self._over = False
        self._given = []
        self.begun = time.monotonic()

    def note(self, message):
        """Progress, for -v."""
        if self._verbose:
            print("[%6.2f] %s" % (time.monotonic() - self.begun, message),
                  file=sys.stderr)

    def pair(self):
        """A socketpair: returns our end, and the guest's descriptor."""
        ours, theirs = socket.socketpair()
        return ours, self.give(theirs.detach())

    def give(self, fd):
        """Pass fd on to the guest; it is closed here once that runs."""
        self._given.append(fd)
        return fd

    def listen(self, sock, handler):
        """Call handler(data) with whatever arrives on the socket."""
        self.streams.register(sock, selectors.EVENT_READ, handler)

    def output(self, data):
        """The command's output, as it comes."""
        write_all(1, self.marker.feed(data))

    def console(self, data):
        """The kernel's messages, as they come."""
        self._console = (self._console + data)[-CONSOLE_KEPT:]
        if self._verbose:
            write_all(2, data)

    def errors(self, data):
        """The emulator's own messages, as they come."""
        self._errors = (self._errors + data)[-CONSOLE_KEPT:]
        if self._verbose:
            write_all(2, data)

    def start(self, argv):
        """Start the guest; raises Stop when it cannot be executed."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG], stdin=subprocess.PIPE,
            start_new_session=True)
        errors, theirs = socket.socketpair()
        self.listen(errors, self.errors)
        self.note("start " + shlex.join(argv))
        try:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                pass_fds=self._given, start_new_session=True)
        except OSError as error:
            raise Stop(NOT_STARTED, str(error)) from error
        self._tell_watchdog(self._process.pid)
        theirs.close()
        for fd in self._given:
            os.close(fd)

    def _tell_watchdog(self, what):
        self._watchdog.stdin.write(b"%d\n" % what)
        self._watchdog.stdin.flush()

    def serve(self):
        """Pass the streams on until the command or the guest has ended."""
        while self.marker.status is None and self.streams.get_map():
            for key, _ in self.streams.select():
                try:
                    data = key.fileobj.recv(65536)
                except ConnectionResetError:
                    data = b""
                if data:
                    key.data(data)
                else:
                    self.streams.unregister(key.fileobj)
        if self.marker.status is None:
            write_all(1, self.marker.rest())
            if not self._console:
                raise Stop(NOT_STARTED, "the guest did not start")
            raise Stop(GUEST_DIED, "the guest ended before the command did")

    def kill(self):
        """Kill the guest and all its processes, and wait for the end.

        Its processes are in one process group, and those whose parent has
        died are ours to wait for (PR_SET_CHILD_SUBREAPER).
        """
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._tell_watchdog(0)
        self._watchdog.wait()
        self._process.wait()
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass

    def crashed(self):
        """Did the emulator die of a bug of its own before the guest ran?"""
        return (self._process is not None and not self._console and
                self._process.returncode == -signal.SIGSEGV)

    def explain(self):
        """Show what the emulator and the guest's kernel said last."""
        for name, text in (("emulator", self._errors),
                           ("console", self._console)):
            lines = text.decode(errors="replace").replace("\r", "")
            lines = [line for line in lines.splitlines()
                     if not any(word in line for word in self.usual)]
            lines = lines[-CONSOLE_SHOWN:]
            if lines and not self._verbose:
                print("--- %s, last lines" % name, file=sys.stderr)
                print("\n".join(lines), file=sys.stderr)

    def run(self, argv):
        """Start, serve, kill; returns the exit status for this program."""
        def stop_once(stop):
            if not self._over:
                self._over = True
                raise stop

        def on_signal(number, _frame):
            if number == signal.SIGALRM:
                stop_once(Stop(TIMED_OUT, "timed out after %g s" %
                               self._timeout))
            stop_once(Stop(128 + number))

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                       signal.SIGALRM):
            signal.signal(number, on_signal)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, self._timeout)
        try:
            try:
                self.start(argv)
                self.serve()
            finally:
                self._over = True
            self.note("exit status %d" % self.marker.status)
            return self.marker.status
        except Stop as stop:
            if stop.args[0]:
                print("%s: %s" % (os.path.basename(sys.argv[0]), stop),
                      file=sys.stderr)
            if stop.status in (GUEST_DIED, NOT_STARTED):
                self.explain()
            return stop.status
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.kill()
