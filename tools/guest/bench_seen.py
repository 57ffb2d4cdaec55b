# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel says of processes and of the CPU, for tools/bench."""
import glob

import probe


def threads_named(name):
    """The kernel's threads of that name."""
    pids = []
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                if file.read().strip() == name:
                    pids.append(int(path.split("/")[2]))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return pids


def threads_ns(pid):
    """What all threads of a process have had of the CPU."""
    total = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def cpu_idle_ns():
    """For how long the guest's CPU has had nothing to do."""
    with open("/proc/timer_list", encoding="ascii") as file:
        return sum(int(line.split()[2]) for line in file if line.split()[:1]
                   in ([".idle_sleeptime"], [".iowait_sleeptime"]))


def cpu_ns(pid):
    """What a process of one thread has had of the CPU."""
    with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
        return int(file.read().split()[0])


def status(pid):
    """/proc/PID/status: the lines with a number."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        lines = (line.replace(":", " ").split() for line in file)
        return {words[0]: int(words[1]) for words in lines
                if len(words) > 1 and words[1].isdigit()}


def switches(pid):
    """How often each thread of the process has gone to sleep."""
    counts = {}
    for path in glob.glob("/proc/%d/task/*/status" % pid):
        try:
            with open(path, encoding="ascii") as file:
                counts[path] = sum(int(line.split()[1]) for line in file
                                   if line.startswith("voluntary"))
        except (FileNotFoundError, ProcessLookupError):
            pass                # a thread that has just ended
    return counts


def sleeps_between(before, after):
    """How often threads went to sleep, or ended, between two switches()."""
    return sum(after[thread] - before.get(thread, 0) for thread in after) + \
        len(before.keys() - after.keys())


def sleeps(pid, seconds, limit):
    """Wait until no thread has run for that many seconds."""
    end = probe.now() + limit
    while probe.now() < end:
        before = switches(pid)
        probe.time.sleep(seconds)
        if switches(pid) == before:
            return
    # Then it never sleeps that long, and its wake-ups will be counted.
