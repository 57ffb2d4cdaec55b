# SPDX-License-Identifier: BSD-2-Clause
"""verdict: what devsw-check has said of a driver, in the words of the contract.

    text = verdict(output, module, names)   # names: of its source files

The model: the first of these that is in the output: a line "fault: ..." of devsw-check's own; a panic of
LOCKDEBUG (src/kernel/kern/subr_lockdebug.c); a report of AddressSanitizer; any
other end, in its own words, with the place of the driver that the crash names.
Addresses within the module become file, line and function by addr2line.
"""

import os
import re
import subprocess

PLACE = re.compile(r"(/\S+\.so)\+(0x[0-9a-f]+)")
FAULT = re.compile(r"^fault: (.*)$", re.M)
LOCK = re.compile(r"lockdebug: (.*)$", re.M)
RETURNED = re.compile(r"(.+?) has returned with a lock held; held: (.*)")
SLEPT = re.compile(r"(sleep \(.*\)|\w+) at (\S+) with a lock held; held: (.*)")
SOFT = re.compile(r"(sleep \(.*\)) in (.*?)(?: at (\S+))?$")
SPIN = re.compile(r"(an adaptive mutex under a spin mutex: .*) wanted at "
                  r"([^;\s]+); (.*)")
CALLOUT = re.compile(r"detach has left a callout, of (0x[0-9a-f]+)")
DEAD = re.compile(r"mutex \S+ at (\S+) is not initialised")
SANITIZER = re.compile(r"ERROR: AddressSanitizer: (\S+)")
FRAME = re.compile(r"^\s+#\d+ (0x[0-9a-f]+) (?:in (\S+) )?(.*)$")
SEGV = re.compile(r"SEGV on unknown address (0x[0-9a-f]+)")
LOADED = re.compile(r"^loaded: (0x[0-9a-f]+) (0x[0-9a-f]+)$", re.M)
UNLOADED = re.compile(r"^unloaded: (0x[0-9a-f]+) (0x[0-9a-f]+)$", re.M)
# Who of the kernel side it is that comes back to a driver.
COMERS = (("softclock", "a callout"), ("callout_", "a callout"),
          ("softint", "a softint"),
          ("usbd_xfer", "a transfer's callback"), ("usb_task", "a USB task"),
          ("xcall", "a cross call"))
DRIVER = re.compile(r"the driver is in (\S+)\+(0x[0-9a-f]+), called by (\w+|\?)")


def place(module, address):
    """file:line (function) of an address in the module; "" if unknown."""
    try:
        lines = subprocess.run(
            ["addr2line", "-fe", module, address], check=True, text=True,
            stdout=subprocess.PIPE).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        return ""
    where = lines[1].partition(" ")[0] if len(lines) > 1 else "??"
    if where.startswith("??"):
        return ""
    return "%s (%s)" % (os.path.basename(where), lines[0])


def told(text):
    """One of devsw-check's own."""
    what, _, where = text.partition("; in ")
    match = PLACE.search(where)
    return what, place(*match.groups()) if match else ""


def address(output, module, where):
    """The place of an address of the process."""
    for low, high in reversed(LOADED.findall(output)):
        if int(low, 16) <= int(where, 16) < int(high, 16):
            return place(module, hex(int(where, 16) - int(low, 16)))
    return ""


def locks(text, output, module):
    """One of LOCKDEBUG's."""
    if match := CALLOUT.match(text):
        return "softc used after detach: a callout is pending or runs, and " \
            "detach has not halted it", address(output, module, match.group(1))
    if match := RETURNED.match(text):
        return "a lock is held over the return of %s: %s" % match.groups(), ""
    if match := SLEPT.match(text):
        what, where, held = match.groups()
        return "it sleeps with a %s held, %s: %s" % (
            "spin mutex" if "a spin mutex" in held else "lock", what,
            held), where
    if match := SOFT.match(text):
        what, soft, where = match.groups()
        return "it sleeps in %s, where nobody may: %s" % (soft, what), \
            where or ""
    if match := SPIN.match(text):
        what, where, held = match.groups()
        return "%s; %s" % (what, held), where
    if match := DEAD.match(text):
        return "a lock is used before mutex_init, or after mutex_destroy: " \
            "softc used after detach, or before attach", match.group(1)
    return "locks: " + text, ""


def stacks(output):
    """The first stack of a report, and the one of who freed: [(name, rest)]."""
    used, freed, into = [], [], None
    for line in output.splitlines():
        match = FRAME.match(line)
        if match:
            if into is None:
                into = used
            into.append((match.group(2) or "", match.group(3)))
        elif "freed by thread" in line:
            into = freed
        elif into is not None:
            into = []
    return used, freed


def driver_place(stack, module, names):
    """Its innermost place in the driver's files."""
    ours = os.path.basename(module)
    for name, rest in stack:
        if ours in rest:
            offset = re.search(r"\+(0x[0-9a-f]+)\)", rest)
            return place(module, offset.group(1)) if offset else ""
        where = os.path.basename(rest.partition(" ")[0])
        if where.partition(":")[0] in names:
            return "%s (%s)" % (where, name)
    return ""


def sanitizer(kind, output, module, names):
    """One of AddressSanitizer's."""
    used, freed = stacks(output)
    where = driver_place(used, module, names)
    who = next((": " + text for part, text in COMERS if any(
        name.startswith(part) for name, _ in used)), "")
    segv = SEGV.search(output)
    if segv and any(int(low, 16) <= int(segv.group(1), 16) < int(high, 16)
                    for low, high in UNLOADED.findall(output)):
        return "the module was used after MODULE_CMD_FINI" + who, where
    if any(name == "device_free" for name, _ in freed):
        return "softc used after detach" + who, where
    return "memory: " + kind + who, where


def verdict(output, module, names):
    """See above."""
    if match := FAULT.search(output):
        what, where = told(match.group(1))
    elif match := LOCK.search(output):
        what, where = locks(match.group(1), output, module)
        if match := not CALLOUT.match(match.group(1)) and \
                DRIVER.search(output):
            where = place(module, match.group(2)) or where
    elif match := SANITIZER.search(output):
        what, where = sanitizer(match.group(1), output, module, names)
    elif match := DRIVER.search(output):
        before = output[:match.start()].splitlines()[:-1] or ["?"]
        what = "%s ends the process: %s" % (
            match.group(3), before[-1].removeprefix("devswd: "))
        where = place(module, match.group(2))
    else:
        lines = output.strip().splitlines()
        what, where = lines[-1] if lines else "it ended, and said nothing", ""
    return "%s: %s" % (where, what) if where else what
