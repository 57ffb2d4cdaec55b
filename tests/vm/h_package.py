#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""h_package: the guest's side of t_deb_upgrade.sh.

dpkg has a database of its own, without the guest's packages, or it would take
minutes; what it does with this one, and what the package does, is all there.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_service  # noqa: E402
from h_guest import case, equal  # noqa: E402
from h_service import UNIT, command  # noqa: E402

DATABASE = "/var/tmp/dpkg"
DPKG = ("env", "DEBIAN_FRONTEND=noninteractive", "dpkg",
        "--admindir=" + DATABASE, "--force-depends", "--force-confold")


def package(version):
    """The file of the package of this version."""
    return "%s/devsw-%s.deb" % (os.environ["DEVSW_DEBS"], version)


class Installed(h_service.Service):
    """The service of a package."""

    def start(self):
        """Install, configure and start it."""
        for name in ("info", "updates", "triggers"):
            os.makedirs(DATABASE + "/" + name)
        for name in ("status", "available"):
            with open(DATABASE + "/" + name, "w", encoding="ascii"):
                pass
        if os.path.exists("/usr/sbin/policy-rc.d"):
            os.unlink("/usr/sbin/policy-rc.d")
        h_service.configure(self.config)
        command(*DPKG, "-i", package("0.0.9"))
        self.daemon = h_service.Daemon()
        command("systemctl", "enable", "--now", UNIT)
        for path in self.nodes:
            self.usable(path)


@case("an upgrade of the package: what is open goes on")
def _(world):
    h_service.goes_on(world, *DPKG, "-i", package("9.0"))
    equal(command("dpkg-query", "--admindir=" + DATABASE, "-W", "-f",
                  "${Version}", "devsw"), "9.0")
    # And it is the program that was unpacked.
    equal(os.readlink("/proc/%d/exe" % world.daemon.pid), "/usr/sbin/devswd")
    said = h_service.journal()
    equal(said.count("ending for the next devswd\n"), 1, said)
    equal(said.count("stopping\n"), 0, said)


@case("a package of a version before, too")
def _(world):
    h_service.goes_on(world, *DPKG, "-i", package("0.0.9"))


@case("the package is removed: a stop")
def _(_world):
    command(*DPKG, "-r", "devsw")
    equal(os.path.exists("/dev/dtyU0"), False, "the node")
    command(*DPKG, "-i", package("9.0"))
    command("systemctl", "start", UNIT)


if __name__ == "__main__":
    h_guest.run(Installed())
