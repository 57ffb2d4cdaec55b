# SPDX-License-Identifier: BSD-2-Clause
"""h_login: a person at the far end of a line, who logs in."""

import glob
import re
import subprocess

import h_guest  # noqa: F401  (finds probe)
from h_guest import probe

USER, PASSWORD = "fern", "sesame"
PS1 = "@@@ "


def make_user():
    """Who may log in.  A simple hash: the CPU is an emulated one."""
    subprocess.run(["useradd", "-m", "-s", "/bin/bash", USER], check=True)
    subprocess.run(["chpasswd", "-c", "MD5"], check=True, text=True,
                   input="%s:%s\n" % (USER, PASSWORD))


def gone(pid):
    """Wait for the end of a process."""
    probe.wait_for(lambda: probe.process_state(pid) in "-Z",
                   "end of process %d" % pid)


def waits(name, *calls):
    """Wait until a program of this name sleeps in one of these calls."""
    def asleep():
        for path in glob.glob("/proc/[0-9]*/comm"):
            try:
                with open(path, encoding="ascii", errors="replace") as file:
                    said = file.read().strip()
            except OSError:             # it has ended
                continue
            pid = int(path.split("/")[2])
            if said == name and any(probe.sleeping_in(pid, call)
                                    for call in calls):
                return True
        return False
    probe.wait_for(asleep, "%s in %s" % (name, " or ".join(calls)), 60)


def until_said(far, text, limit=60):
    """Everything until this text has come."""
    said = b""
    while text not in said:
        try:
            said += far.take(1, limit)
        except probe.Late:
            raise probe.Late("no %r in %r" % (text, said)) from None
    return said


class Person:
    """At a dumb terminal."""

    def __init__(self, path):
        self.far = probe.Far(path)

    def type(self, text):
        """Type."""
        self.far.write(text.encode())

    def see(self, text):
        """Read until it stands there."""
        return until_said(self.far, text.encode()).decode(errors="replace")

    def log_in(self):
        """From a getty's prompt to the shell's, whose pid is returned.

        A getty and login(1) drop what was typed before they ask.
        """
        self.see("login: ")
        waits("agetty", "read", "select")
        self.type(USER + "\r")
        self.see("Password: ")
        waits("login", "read")
        self.type(PASSWORD + "\r")
        self.see("$ ")
        self.type("stty -echo; bind 'set enable-bracketed-paste off'; "
                  "PS1='@@''@ '\r")
        self.see(PS1)
        return int(re.findall(r"\d+", self.run("echo $$"))[-1])

    def run(self, command):
        """A command, and what it says until the prompt."""
        self.type(command + "\r")
        return self.see(PS1)

    def job_control(self):
        """^C, ^Z and fg, or an exception."""
        self.type("echo g''o; sleep 1000\r")
        self.see("go")
        waits("sleep", "nanosleep")
        self.type("\x03")
        self.see(PS1)
        said = self.run("echo status $?")
        if "status 130" not in said:
            raise AssertionError("no SIGINT: " + said)
        self.type("echo g''o; cat\r")
        self.see("go")
        waits("cat", "read")
        self.type("\x1a")
        self.see("Stopped")
        self.see(PS1)
        self.type("fg\r")
        self.see("cat")
        self.type("once more\r")
        self.see("once more")
        self.type("\x04")
        self.see(PS1)

    def close(self):
        """Go away."""
        self.far.close()
