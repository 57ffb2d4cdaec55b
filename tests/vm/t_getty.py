#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --systemd --usb ftdi --usb acm
# timeout: 200
"""t_getty: devsw-getty@.service, as somebody enables it.

The rules are those of serial-getty@.service (systemd-getty-generator(8)), and
of getty as BSD has it: a login on a line that comes back after each logout,
unplug and revoke, and that waits for hardware which is not there.
"""

import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import NODES, case, equal, probe  # noqa: E402
import h_login  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
UNIT = "devsw-getty@ttyU0.service"


def systemctl(*words):
    """Its output; fails as it does."""
    return subprocess.run(["systemctl", *words], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def install():
    """What "meson install" would put there."""
    os.makedirs("/usr/local/bin", exist_ok=True)
    shutil.copy(BUILD + "/src/cmd/pty/devsw-pty", "/usr/local/bin")
    shutil.copy(BUILD + "/data/devsw-getty@.service", "/etc/systemd/system")
    systemctl("daemon-reload")


@case("started before its adapter is plugged, it is there with the plug")
def _(world):
    world.unplug("ftdi0")
    systemctl("start", UNIT)
    time.sleep(2)
    equal(systemctl("show", "-P", "ActiveState", UNIT), "active")
    equal(systemctl("show", "-P", "NRestarts", UNIT), "0", "restarts")
    probe.vmusb("plug", "ftdi0")
    person = h_login.Person(probe.far_path("ftdi0"))
    person.log_in()
    person.job_control()
    person.close()
    systemctl("stop", UNIT)


@case("a logout, an unplug and a revoke end the login, and another comes")
def _(world):
    person = h_login.Person(probe.far_path("ftdi0"))
    systemctl("start", UNIT)
    pid = person.log_in()
    person.type("exit\r")
    h_login.gone(pid)
    pid = person.log_in()
    world.unplug("ftdi0")
    h_login.gone(pid)
    probe.vmusb("plug", "ftdi0")
    pid = person.log_in()
    equal(h_guest.revoke(NODES["ftdi0"]), "0")
    h_login.gone(pid)
    person.log_in()
    systemctl("stop", UNIT)
    person.close()


@case("a stop ends the login and frees the line")
def _(world):
    person = h_login.Person(probe.far_path("ftdi0"))
    systemctl("start", UNIT)
    pid = person.log_in()
    systemctl("stop", UNIT)
    h_login.gone(pid)
    equal(systemctl("show", "-P", "Result", UNIT), "success", "result")
    person.close()
    world.usable(NODES["ftdi0"])
    equal([n["opens"] for n in h_guest.status()["nodes"]
           if n["name"] == "ttyU0"], [0], "opens")


h_login.make_user()
install()
h_guest.run(h_guest.World())
