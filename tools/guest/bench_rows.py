# SPDX-License-Identifier: BSD-2-Clause
"""The figures of tools/bench: their names, what is promised, how they are written.

For its two halves, the one on the host and the one in the guest; and how
both run the programs that measure.
"""
import contextlib
import subprocess

SIZES = {"1": 1, "4k": 4096, "64k": 65536}
NULL = ["null_%s_%s" % (call, size) for call in ("read", "write")
        for size in SIZES]
TTY = {"tty_pingpong": "pingpong", "tty_bulk_in": "in", "tty_bulk_out": "out",
       "tty_echo": "echo"}
# The rows' name: the chip of src/vusb, its numbers.
CHIPS = {"ch341": ("ch341", "1a86:7523"), "cp210x": ("cp2102", "10c4:ea60"),
         "pl2303": ("pl2303hx", "067b:2303"), "ftdi": ("ft232r", "0403:6001")}
CHIP_WHAT = {"pingpong": ("%s_pingpong", "%s_cpu_pingpong"),
             "in": ("%s_bulk_in", "%s_cpu_in"),
             "out": ("%s_bulk_out", "%s_cpu_out")}
CHIP = [name % chip for chip in CHIPS for names in CHIP_WHAT.values()
        for name in names]
FTDI_IDLE = ["ftdi_idle_wakeups", "ftdi_idle_cpu"]
FTDI_ANSWER = ["ftdi_answer"]
HID = {"uhid_latency": "latency", "uhid_rate": "rate"}
GATEWAY = {"gateway_pingpong": "pingpong", "gateway_bulk_in": "in",
           "gateway_bulk_out": "out"}
GATEWAY_CPU = {"in": "gateway_cpu_in", "out": "gateway_cpu_out"}
GATEWAY_IDLE = ["gateway_idle_rss", "gateway_idle_wakeups"]
WATCHERS = ["gateway_watchers_lost", "gateway_watchers_writer"] # on the host
GATEWAYS = list(GATEWAY) + list(GATEWAY_CPU.values()) + GATEWAY_IDLE
IDLE = ["idle_threads", "idle_rss", "idle_wakeups"]
IDLE_1 = [name + "_1" for name in IDLE]
REFS = ["io_ref", "dev_ref_scaling"]    # on the host
OPENS = ["open_close_scaling"]          # the same
RETURNS = ["revoke_1000", "return_p99", "return_max"]   # the latter: UML
ON_HOST = REFS + OPENS + RETURNS + WATCHERS
# What devswd asks of the kernel, of its scheduler and of malloc(3) for one ...
COUNTED = {"null_read": "null", "null_write": "null", "open_close": "ch341",
           "ch341_pingpong": "ch341", "ch341_in": "ch341",
           "ch341_out": "ch341", "cp210x_pingpong": "cp210x",
           "pl2303_pingpong": "pl2303", "ftdi_pingpong": "ftdi",
           "uhid_report": "hid"}
COUNTS = ["%s_%s" % (what, one) for one in COUNTED
          for what in ("calls", "sleeps", "allocs")]
NAMES = ON_HOST + NULL + list(TTY) + ["unplug_return"] + \
    list(HID) + CHIP + FTDI_IDLE + FTDI_ANSWER + IDLE + IDLE_1 + COUNTS + GATEWAYS

# What is promised: of the ratio, or of the value for the idle_ ones.
LIMITS = {
    "io_ref": ("<=", 15),
    "dev_ref_scaling": ("<=", 1.2),
    "open_close_scaling": ("<=", 1.2),
    "revoke_1000": ("<=", 100),
    "return_p99": ("<=", 50),
    "return_max": ("<=", 250),
    **dict.fromkeys(NULL, ("<=", 1.25)),
    "tty_pingpong": ("<=", 2),
    "tty_bulk_in": (">=", 0.5),
    "tty_bulk_out": (">=", 0.5),
    "tty_echo": (">=", 0.5),
    "unplug_return": ("<=", 1.5),
    "uhid_latency": ("<=", 1.5),
    "uhid_rate": (">=", 0.8),
    **{name % chip: bound for chip in CHIPS for name, bound in (
        ("%s_pingpong", ("<=", 1.3)), ("%s_cpu_pingpong", ("<=", 2)),
        ("%s_bulk_in", (">=", 0.9)), ("%s_cpu_in", ("<=", 1.2)),
        ("%s_bulk_out", (">=", 0.9)), ("%s_cpu_out", ("<=", 1.2)))},
    "ftdi_idle_wakeups": ("<=", 1.1),
    "ftdi_idle_cpu": ("<=", 1.1),
    "ftdi_answer": ("<=", 1),
    "idle_threads": ("<=", 4),
    "idle_rss": ("<=", 24),
    "idle_wakeups": ("<=", 0),
    "idle_threads_1": ("<=", 6),
    "idle_rss_1": ("<=", 24),
    "idle_wakeups_1": ("<=", 0),
    "gateway_pingpong": ("<=", 0.9),
    "gateway_bulk_in": (">=", 1.2),
    "gateway_bulk_out": (">=", 1.2),
    "gateway_cpu_in": ("<=", 0.8),
    "gateway_cpu_out": ("<=", 0.8),
    "gateway_idle_rss": ("<=", 48),
    "gateway_idle_wakeups": ("<=", 0),
    "gateway_watchers_lost": ("<=", 0),
    "gateway_watchers_writer": ("<=", 1.1),
}


class Failed(Exception):
    """A figure that could not be measured; the text says why."""


def result(name, value, unit, baseline=None, ratio=None):
    """One figure as it is written out."""
    sign, bound = LIMITS.get(name, ("", None))
    judged = value if ratio is None else ratio
    return {
        "name": name, "value": round(value, 3), "unit": unit,
        "baseline": None if baseline is None else round(baseline, 3),
        "ratio": None if ratio is None else round(ratio, 3),
        "limit": None if bound is None else "%s %g" % (sign, bound),
        "ok": bound is None or
              (judged <= bound if sign == "<=" else judged >= bound),
    }


def run(*argv):
    """A measuring program's output; Failed with what it said."""
    done = subprocess.run([str(word) for word in argv],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, text=True, timeout=3600)
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or "%s: status %d" %
                     (argv[0], done.returncode))
    return done.stdout


@contextlib.contextmanager
def server(*argv):
    """A process that is there while the block runs."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
        if process.poll() is not None:
            raise Failed("%s ended with status %d" %
                         (argv[0], process.returncode))
    finally:
        process.kill()          # ser2net does not always end when told
        process.wait()
