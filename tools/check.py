# SPDX-License-Identifier: BSD-2-Clause
"""tools/check: set up, build and test everything.

    tools/check [--fast | --full] [PATTERN]...

Builds three times (plain; AddressSanitizer and UBSan; ThreadSanitizer, in
build/plain, build/asan and build/tsan) and runs the lanes, "vm" beside the
others, which follow each other:

    plain    the native tests, and tools/check-layers
    asan     the native tests again, built with the address and undefined
             behaviour sanitizers
    tsan     and with the thread sanitizer
    uml      the tests on a real kernel's CUSE, in User-Mode Linux
    vm       the tests with USB devices, in virtual machines, and those of
             tools/vm and tools/uml themselves
    full     schedules and states in numbers that take an hour, and the faults
             that they have to find; with --full

    --fast     only plain and uml
    --full     all of them, "full" too
    PATTERN    only tests whose LANE/NAME contains this, or matches it as a
               shell pattern: uml, vm/t_unplug, '*/t_mutex'
    --list     the names, and nothing is run

Shown are each lane with its time, what was skipped and why, and the last
lines of what failed.  The last line is the sum, and the exit status is 0
only if nothing failed and something passed.  Each TAP line counts; a
program without TAP lines counts as one.  A program that fails without
saying which check did, or tells fewer checks than it said there are ("1..N"),
counts as one failure.

Where tests come from

    meson's tests, of which those in the suites "uml" and "vm" start their
    own guest and run once, with the plain build, those in the suite "once"
    in the lane plain only, as no sanitizer sees them, those in the suite
    "onethread" in all but tsan, and those in the suite "full" only if asked
    for;

    tests/vm/t_* with a line "# guest: OPTION..." near the top, which run
    inside a guest of tools/vm with these options.  A few with equal options
    and the same build share a guest, one after the other, so a test must end
    what it started.  If the guest dies or a test does not end in time, the
    rest of the group gets a new one.  "# timeout: S" changes the 120 s,
    which count from the test's last output: slow is not stuck.  One that
    tells something for ever ends after four times as many.
    DEVSWD in the environment is the daemon, DEVSW_BUILD the build directory.
    With a line "# builds: plain asan" it runs once with each of these builds;
    "full:asan" is a run for --full, or if it is asked for by name.
    With "# chips: full:ch340 ..." it runs once more for each of these chips of
    src/vusb, in a guest with vhci_hcd alone, and DEVSW_CHIP says which; with
    any other that vusb-serve -l knows if asked for by name, as t_unplug@ft4232h,
    or @ft4232h for all of these tests;

    tests/vm/t_* with a line "# host", which run here.

A test program in tests/vm or tests/uml that is none of these fails: nobody
would ever run it.

One process.  Guests' tests wait as much as they compute, so as many guests as
there are CPUs run at once, and one more when the native tests are over; most of
those do little but wait, so beside the guests is one more of them than there are
CPUs.  A thread waits for each guest and for each side of lanes; they share only
tell(), build() and ROOM.  What in lane vm needs a sanitizer's build comes last
there, as the other side has made it by then.  The same file runs the tests of a group inside the guest ("--inside");
its lines "@@@ ..." tell them apart.
"""

import argparse
import concurrent.futures
import copy
import fnmatch
import functools
import glob
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import threading
import time

TOOLS = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(TOOLS)
BUILDS = {
    "plain": (),
    "asan": ("-Db_sanitize=address,undefined",),
    "tsan": ("-Db_sanitize=thread",),
}
LANES = ("plain", "asan", "tsan", "uml", "vm", "full")
FAST = ("plain", "uml")
GUEST_SUITES = ("uml", "vm")
BESIDE = ("vm",)                # the others
SUITE_LANES = (*GUEST_SUITES, "full")
NOT_IN = {"asan": {"once"}, "tsan": {"once", "onethread"}}
SLOW = {"plain": 3, "asan": 5, "tsan": 6}      # times the timeout
SANITIZERS = {
    "ASAN_OPTIONS": "halt_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:"
                    f"suppressions={TOP}/tests/tsan.supp",
}
SHOWN = 40              # lines of a failure
SKIPPED = 77            # an exit status
TEST_TIME = 120         # seconds without output, of a script of tests/vm
TALK = 4                # times as long, with output
BOOT = 60               # seconds more, for a guest
REST = 10               # seconds for what is under way when it is over
GUESTS = 5              # at once, at most
SHARE = 4               # tests of one guest, at most
HOST = "# host"
MARK = "@@@"
STOPPED = threading.Event()     # no further guest is to be started
# So many jobs run at once on one side of lanes.
AT_ONCE = min(GUESTS, len(os.sched_getaffinity(0)))
ROOM = threading.Semaphore(AT_ONCE)     # for guests


def build_dir(name):
    """build/NAME."""
    return os.path.join(TOP, "build", name)


# ---- what came out -----------------------------------------------------

class Count:
    """Passed, failed, skipped; and what is to be told about it."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        """Sum up."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        text = "%d passed, %d failed" % (self.passed, self.failed)
        return text + (", %d skipped" % self.skipped if self.skipped else "")


TELLING = threading.Lock()


def tell(text):
    """Lines for whoever watches, now, and together."""
    with TELLING:
        print(text, flush=True)


def tail(output):
    """The last lines of an output, and remarks ("# ...") before them.

    Of those the first ones: what went wrong comes before the logs.
    """
    lines = output.rstrip().splitlines()
    early = [line for line in lines[:-SHOWN] if line.startswith("#")]
    if len(lines) > SHOWN:
        lines = (early[:SHOWN] + ["... (%d lines in all)" % len(lines)] +
                 lines[-SHOWN:])
    return "\n".join("    " + line for line in lines)


def judge(name, output, status, late=False):
    """Count what a test program said; tells failures and skips.

    status None: it was killed.
    """
    count = Count()
    bad = []
    for line in output.splitlines():
        found = re.match(r"\s*(ok|not ok|FAILED)\b(.*)", line)
        if not found:
            continue
        if re.search(r"#\s*skip", line, re.I):
            count.skipped += 1
            tell("  skipped  %s: %s" % (name, found[2].strip(" -\t")))
        elif found[1] == "ok":
            count.passed += 1
        else:
            count.failed += 1
            bad.append(line.strip())
    told = count.passed + count.failed + count.skipped
    silent = told == 0
    plan = max(map(int, re.findall(r"^1\.\.(\d{1,9})\b", output, re.M)),
               default=0)
    why = re.search(r"^1\.\.0\s*#\s*skip\S*\s*(.*)", output, re.I | re.M)
    if status == SKIPPED and not count.failed or status == 0 and silent and why:
        if silent:
            count.skipped = 1
            tell("  skipped  %s: %s" % (name, why[1] if why else (
                output.strip().splitlines() or ["it did not say why"])[-1]))
    elif status != 0 and not count.failed:
        count.failed = 1
        bad.append("no end in time" if late else "exit status %s" % status)
    elif told < plan and not count.failed:
        count.failed = 1
        bad.append("%d of %d checks told" % (told, plan))
    elif silent:
        count.passed = 1
    if count.failed:
        tell("  FAILED   %s: %s\n%s" % (name, "; ".join(bad), tail(output)))
    return count


# ---- builds ------------------------------------------------------------

BUILDING = threading.Lock()


def build(name):
    """tools/build, once, one at a time; returns whether it worked."""
    with BUILDING:
        return built(name)


@functools.cache
def built(name):
    """For build() only."""
    began = time.monotonic()
    result = subprocess.run(
        [os.path.join(TOOLS, "build"), "--dir", build_dir(name),
         *BUILDS[name]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False)
    took = time.monotonic() - began
    if result.returncode == 0:
        tell("%-12s built in %.0f s" % (name, took))
        return True
    tell("%-12s DOES NOT BUILD" % name)
    tell(tail(result.stdout.decode(errors="replace")))
    return False


# ---- meson's tests -----------------------------------------------------

def meson_tests():
    """{lane: [name]} of the plain build, which has all there are."""
    with open(os.path.join(build_dir("plain"), "meson-info",
                           "intro-tests.json"), encoding="utf-8") as file:
        tests = json.load(file)
    lanes = {lane: [] for lane in LANES}
    commands = set()
    names = [test["name"] for test in tests]
    for name in sorted({name for name in names if names.count(name) > 1}):
        # Meson's own log ends there, in the middle of a run.
        sys.exit("check: %d tests have the name %s" % (names.count(name),
                                                        name))
    for test in tests:
        suites = {suite.partition(":")[2] for suite in test["suite"]}
        special = [lane for lane in SUITE_LANES if lane in suites]
        for lane in special or BUILDS:
            if not suites & NOT_IN.get(lane, set()):
                lanes[lane].append(test["name"])
        commands.update(os.path.basename(word) for word in test["cmd"])
    return lanes, commands


def unrandomized():
    """A prefix that turns address randomization off, for the sanitizers.

    With more random bits than they were made for they do not start, or now
    and then do not.
    """
    argv = ["setarch", "-R"]
    return argv if subprocess.run([*argv, "true"], check=False,
                                  stderr=subprocess.DEVNULL
                                  ).returncode == 0 else []


def run_meson(lane, names):
    """Run meson's tests of these names; returns the Count."""
    name = lane if lane in BUILDS else "plain"
    argv = ["meson", "test", "-C", build_dir(name), "--no-rebuild",
            "--logbase", "check-" + lane, "-t", str(SLOW[name])]
    argv += ["--num-processes", "1" if lane in GUEST_SUITES else
             str(len(os.sched_getaffinity(0)) + 1)]
    log = os.path.join(build_dir(name), "meson-logs",
                       "check-%s.json" % lane)
    if os.path.exists(log):
        os.unlink(log)
    prefix = unrandomized() if lane in ("asan", "tsan") else []
    result = subprocess.run(prefix + argv + names, check=False,
                            env={**os.environ, **SANITIZERS},
                            stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    count = Count()
    told = set()
    if os.path.exists(log):
        with open(log, encoding="utf-8") as file:
            for line in file:
                test = json.loads(line)
                name = re.sub(r"^.* / ", "", test["name"])
                told.add(name)
                count.add(judge_meson(lane + "/" + name, test))
    for name in sorted(set(names) - told):
        count.failed += 1
        tell("  FAILED   %s/%s: meson did not run it\n%s" %
             (lane, name, tail(result.stdout.decode(errors="replace"))))
    return count


def judge_meson(name, test):
    """One line of meson's log."""
    output = (test.get("stdout") or "") + (test.get("stderr") or "")
    late = test["result"] == "TIMEOUT"
    status = None if late else test["returncode"]
    if test["result"] in ("FAIL", "ERROR") and status == 0:
        status = "0, but meson says " + test["result"]
    return judge(name, output, status, late)


# ---- tests in a guest, and on the host ---------------------------------

class Script:
    """A test of tests/vm that says at its top where it runs."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.options = None             # of its guest, or HOST
        self.builds = ["plain"]
        self.chips = []
        self.chip = "-"                 # of this run
        self.timeout = TEST_TIME
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in [next(file, "") for _ in range(40)]:
                self._line(line.strip())

    def _line(self, line):
        if line.startswith("# guest:"):
            self.options = line.partition(":")[2].strip()
        elif line == HOST:
            self.options = HOST
        elif line.startswith("# builds:"):
            self.builds = line.partition(":")[2].split()
        elif line.startswith("# chips:"):
            self.chips += line.partition(":")[2].split()
        elif line.startswith("# timeout:"):
            self.timeout = int(line.partition(":")[2])

    def each(self, full, asked):
        """Itself, once for every build and chip that it runs with; asked: for
        these chips, too, if it is about chips."""
        for wish in self.builds:
            build_name = wish.removeprefix("full:")
            if wish != build_name and not full:
                continue
            one = copy.copy(self)
            one.builds = [build_name]
            one.timeout *= 1 if build_name == "plain" else 2
            if build_name != "plain":
                one.name += "@" + build_name
            yield one
        chips = [wish.removeprefix("full:") for wish in self.chips
                 if full or not wish.startswith("full:")]
        for chip in dict.fromkeys(chips + (asked if self.chips else [])):
            one = copy.copy(self)
            one.builds, one.chip = ["plain"], chip
            one.options = "--usb vhci --steady"
            one.timeout *= 2
            one.name += "@" + chip
            yield one


def scripts(known, full, patterns):
    """The tests of tests/vm; known: what meson runs."""
    asked = [word for pattern in patterns
             for word in re.findall(r"@([a-z0-9-]+)$", pattern)
             if word not in BUILDS]
    found = []
    strays = []
    for path in sorted(glob.glob(TOP + "/tests/vm/t_*")):
        script = Script(path)
        if script.options is not None:
            found += script.each(full or patterns, asked)
        elif os.path.basename(path) not in known:
            strays.append(os.path.relpath(path, TOP))
    return found, strays


def listen(process, timeout, total, pass_on=None):
    """(output, ended): until it ends, or is silent for timeout seconds.

    How long it takes depends on the machine, so as long as it tells something
    it has more time, up to total.  pass_on gets the pieces as well.
    """
    output = b""
    over = time.monotonic() + total
    while True:
        left = min(timeout, over - time.monotonic())
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            return output, False
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            break
        output += piece
        if pass_on is not None:
            pass_on(piece)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        return output, False
    return output, True


def run_here(argv, timeout, build_name, pass_on=None, chip="-"):
    """Run a test in a session of its own: (output, status or None)."""
    env = {**os.environ, **SANITIZERS, "DEVSW_BUILD": build_dir(build_name),
           "DEVSWD": build_dir(build_name) + "/src/devswd/main/devswd",
           "PYTHONUNBUFFERED": "1"}
    if chip != "-":
        env["DEVSW_CHIP"] = chip
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        output, ended = listen(process, timeout, TALK * timeout, pass_on)
        if not ended:
            os.killpg(process.pid, 9)
            # Somebody who cannot be killed may keep the pipe.
            output += listen(process, REST, REST, pass_on)[0]
        return (output.decode(errors="replace"),
                process.returncode if ended else None)


def inside(words):
    """In the guest: run "NAME TIMEOUT BUILD CHIP PATH" one after the other.

    A test that does not end may have left anything behind, so the guest
    ends with it.  What a test says goes out as it comes, for run_group waits
    for it as run_here does.
    """
    def pass_on(piece):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    for name, seconds, build_name, chip, path in zip(*[iter(words)] * 5):
        tell("%s begin %s" % (MARK, name))
        began = time.monotonic()
        _, status = run_here([path], int(seconds), build_name, pass_on,
                             chip)
        tell("\n%s end %s %s %.0f" % (MARK, name, status,
                                      time.monotonic() - began))
        if status is None:
            return 1
    return 0


def run_guest(options, timeouts, words):
    """Run "--inside" in a guest: its output, its errors, and tools/vm's status.

    A guest that is silent for longer than any test may be is stuck.
    """
    total = BOOT + TALK * sum(timeouts)
    with tempfile.TemporaryFile() as errors, subprocess.Popen(
            [os.path.join(TOOLS, "vm"), "--timeout", str(total + BOOT),
             *options.split(), "/usr/bin/python3", os.path.abspath(__file__),
             "--inside", *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors) as process:
        output, ended = listen(process, BOOT + max(timeouts), total)
        if not ended:
            process.terminate()
            output += listen(process, REST, REST)[0]
        process.wait()
        errors.seek(0)
        return (output.decode(errors="replace"),
                errors.read().decode(errors="replace"), process.returncode)


def run_group(options, group):
    """Run scripts in guests with these options; returns the Count."""
    count = Count()
    left = list(group)
    while left and not STOPPED.is_set():
        words = []
        for script in left:
            words += [script.name, str(script.timeout), script.builds[0],
                      script.chip, script.path]
        output, errors, ended = run_guest(
            options, [script.timeout for script in left], words)
        first = left[0]
        for script in list(left):
            told = re.search(r"^%s begin %s\n(.*?)^%s end %s (\S+) (\d+)$" %
                             (MARK, script.name, MARK, script.name),
                             output, re.M | re.S)
            if not told:
                break
            left.remove(script)
            status = None if told[2] == "None" else int(told[2])
            count.add(judge("vm/" + script.name, told[1], status,
                            status is None))
            tell("    vm/%s: %s s" % (script.name, told[3]))
            if status is None:
                break
        if left and left[0] is first or not told:
            script = left.pop(0)        # it took the guest with it
            at = output.rfind("%s begin %s" % (MARK, script.name))
            count.add(judge("vm/" + script.name,
                            output[max(at, 0):] + errors,
                            "of the guest: %d" % ended))
    return count


def run_on_host(script):
    """Run a script that starts its own guests; returns the Count."""
    began = time.monotonic()
    output, status = run_here([script.path], script.timeout,
                              script.builds[0])
    count = judge("vm/" + script.name, output, status, status is None)
    tell("    vm/%s: %.0f s" % (script.name, time.monotonic() - began))
    return count


def script_jobs(wanted):
    """Functions that run tests of tests/vm, the longest first.

    A guest has a few tests only, or all would wait for the longest group.
    What has to be built before comes last.
    """
    groups = {}
    for script in wanted:
        groups.setdefault((script.options, script.builds[0]),
                          []).append(script)
    parts = []
    for (options, _), group in groups.items():
        count = len(group) if options == HOST else -(-len(group) // SHARE)
        parts += [(options, group[i::count]) for i in range(count)]
    parts.sort(reverse=True, key=lambda part: (
        part[1][0].builds == ["plain"], sum(s.timeout for s in part[1])))
    for options, part in parts:
        job = (functools.partial(run_on_host, part[0]) if options == HOST
               else functools.partial(run_group, options, part))
        yield functools.partial(after_build, part, job)


def in_room(job):
    """Run a job with guests; returns the Count."""
    with ROOM:
        return job()


def after_build(part, job):
    """Run the job of these scripts; returns the Count."""
    if build(part[0].builds[0]):
        return in_room(job)
    count = Count()
    count.failed = len(part)
    return count


def run_jobs(jobs):
    """Run functions that return a Count, some at once; returns the sum."""
    count = Count()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE + 1) as pool:
        try:
            for done in [pool.submit(job) for job in jobs]:
                count.add(done.result())
        except BaseException:
            STOPPED.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return count


# ---- the whole ---------------------------------------------------------

def selected(patterns, lane, names):
    """Those of names that the command line asks for."""
    if not patterns:
        return names
    return [name for name in names
            if any(p in lane + "/" + name or
                   fnmatch.fnmatch(lane + "/" + name, p) for p in patterns)]


class Plan:
    """Which tests each lane has."""

    def __init__(self, args):
        native, commands = meson_tests()
        self.scripts, self.strays = scripts(
            commands, args.full, args.patterns)
        self.meson = {}
        for lane in FAST if args.fast else LANES if args.full else LANES[:-1]:
            self.meson[lane] = selected(args.patterns, lane,
                                        sorted(native[lane]))
        own = {s.name: s for s in self.scripts} if "vm" in self.meson else {}
        self.own = [own[name] for name in
                    selected(args.patterns, "vm", sorted(own))]
        self.lanes = [lane for lane in self.meson if self.lane(lane)]

    def lane(self, lane):
        """The names of what a lane has."""
        own = [script.name for script in self.own] if lane == "vm" else []
        return self.meson[lane] + own

    def names(self):
        """LANE/NAME of all tests."""
        for lane in self.lanes:
            yield from ("%s/%s" % (lane, name) for name in self.lane(lane))


def run_lane(plan, lane):
    """Build what the lane needs and run it; returns the Count."""
    count = Count()
    jobs = []
    if lane in BUILDS and not build(lane):
        count.failed = 1
        return count
    if plan.meson[lane]:
        job = functools.partial(run_meson, lane, plan.meson[lane])
        jobs.append(functools.partial(in_room, job) if lane == "vm" else job)
    if lane == "vm":
        jobs += script_jobs(plan.own)
    began = time.monotonic()
    count.add(run_jobs(jobs))
    tell("%-12s %s, %.0f s" % (lane, count, time.monotonic() - began))
    return count


def run_lanes(plan, lanes):
    """Run these lanes one after the other; returns the Count."""
    count = Count()
    for lane in lanes:
        count.add(run_lane(plan, lane))
    if "vm" not in lanes:
        ROOM.release()
    return count


def run(args):
    """Everything; returns the Count."""
    count = Count()
    if not build("plain"):
        count.failed = 1
        return count
    plan = Plan(args)
    if args.list:
        print("\n".join(plan.names()))
        sys.exit(0)
    sides = [[lane for lane in plan.lanes if lane not in BESIDE],
             [lane for lane in plan.lanes if lane in BESIDE]]
    count.add(run_jobs([functools.partial(run_lanes, plan, lanes)
                        for lanes in sides]))
    if not args.patterns:
        for stray in plan.strays:
            count.failed += 1
            tell("  FAILED   %s: it does not say where it runs, and meson "
                 "does not run it" % stray)
    if args.fast:
        tell("not run (--fast): " +
             ", ".join(lane for lane in LANES[:-1] if lane not in FAST))
    return count


def main():
    """The program."""
    if sys.argv[1:2] == ["--inside"]:
        return inside(sys.argv[2:])
    parser = argparse.ArgumentParser(
        prog="tools/check",
        usage="tools/check [--fast | --full] [PATTERN]...",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("patterns", nargs="*", help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.chdir(TOP)
    count = run(args)
    tell(str(count))
    return 0 if count.passed and not count.failed else 1


if __name__ == "__main__":
    sys.exit(main())
