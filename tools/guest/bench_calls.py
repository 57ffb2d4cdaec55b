# SPDX-License-Identifier: BSD-2-Clause
"""What a process asks of the kernel, of its scheduler and of malloc(3), counted.

The kernel counts, by histograms of tracefs, so that the process does nothing
else than without; in virtual time, on one CPU, the counts are then nearly the
same in each run.  Of libc's malloc and calloc there is a uprobe.
"""
import collections
import os
import re
import subprocess

from bench_seen import sleeps_between, switches

TRACING = "/sys/kernel/tracing"
CALLS = "events/raw_syscalls/sys_enter"
MALLOC = "events/bench"
HIST = "hist:keys=common_pid"
ALLOCATORS = ("malloc", "calloc")

Counted = collections.namedtuple("Counted", "calls sleeps allocs")


def write(path, text, flag=os.O_TRUNC):
    """Into a file of tracefs."""
    fd = os.open(os.path.join(TRACING, path), os.O_WRONLY | flag)
    try:
        os.write(fd, text.encode("ascii"))
    finally:
        os.close(fd)


def mount():
    """Have tracefs."""
    if not os.path.exists(os.path.join(TRACING, "events")):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING],
                       check=True)


def _libc(pid):
    """The libc that the process has loaded."""
    with open("/proc/%d/maps" % pid, encoding="utf-8") as file:
        for line in file:
            path = line.split()[-1]
            if re.search(r"/libc\.so\.6$|/libc-[\d.]+\.so$", path):
                return path
    raise OSError("process %d has no libc" % pid)


def _offsets(path):
    """Where in that file its allocators begin."""
    said = subprocess.check_output(["readelf", "-W", "-l", "--dyn-syms", path],
                                   text=True)
    loads = [[int(word, 16) for word in line.split()[1:5]]
             for line in said.splitlines() if line.split()[:1] == ["LOAD"]]
    for name in ALLOCATORS:
        at = int(re.search(r": ([0-9a-f]+) .*\b%s@@" % name, said)[1], 16)
        yield name, next(offset + at - begin for offset, begin, _, size in loads
                         if begin <= at < begin + size)


class Counter:
    """Counts from the beginning of its block to counted()."""

    def __init__(self, pid):
        self._pid = pid
        self._before = None
        self._events = [CALLS]

    def __enter__(self):
        mount()
        path = _libc(self._pid)
        for name, offset in _offsets(path):
            write("uprobe_events", "p:bench/%s %s:%#x\n" %
                   (name, path, offset), os.O_APPEND)
            self._events.append("%s/%s" % (MALLOC, name))
        self._before = switches(self._pid)
        for event in self._events:
            write(event + "/trigger", HIST)
        return self

    def __exit__(self, *_):
        for event in self._events:
            write(event + "/trigger", "!" + HIST)
        write("uprobe_events", "".join("-:bench/%s\n" % name
                                        for name in ALLOCATORS), os.O_APPEND)

    def _hits(self, event):
        with open(os.path.join(TRACING, event, "hist"),
                  encoding="ascii") as file:
            said = re.findall(r"common_pid:\s+(\d+) \} hitcount:\s+(\d+)",
                              file.read())
        own = os.listdir("/proc/%d/task" % self._pid)
        return sum(int(count) for thread, count in said if thread in own)

    def counted(self):
        """What the process's threads, those that are there still, have done."""
        return Counted(self._hits(CALLS), sleeps_between(
            self._before, switches(self._pid)),
                       sum(map(self._hits, self._events[1:])))
