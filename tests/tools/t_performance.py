#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_performance.py: docs/performance.md is what tools/bench makes of what is
recorded, and its pictures are there; and --compare tells what is worse from what
only differs, for what shall be low and for what shall be high."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = sys.argv[1]
sys.path.insert(0, os.path.join(TOP, "tools"))
import bench_record  # noqa: E402


def bench(*words):
    """What tools/bench prints."""
    return subprocess.run([os.path.join(TOP, "tools/bench"), *words],
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def read(name):
    """A file of docs."""
    with open(os.path.join(TOP, "docs", name), encoding="utf-8") as file:
        return file.read()


def worse(name, ratio, *before):
    """Does --compare say so of this ratio, after those?"""
    return bench_record.worse({"name": name, "value": 7, "baseline": 5,
                               "ratio": ratio},
                              [[9, 8, one] for one in before], 0.05)


def main():
    """The checks."""
    page = read("performance.md")
    pictures = re.findall(r"\]\((performance-\w+\.svg)\)", page)
    checks = [
        ("docs/performance.md is that of tools/bench --page",
         bench("--page") == page),
        ("its pictures are there", len(pictures) >= 2 and all(
            read(name).startswith("<svg") for name in pictures)),
        ("the picture of growth is that of tools/bench --draw scale",
         "performance-scale.svg" not in pictures or
         bench("--draw", "scale") == read("performance-scale.svg")),
        ("what is worse than all before by more than they differ is told",
         worse("tty_pingpong", 1.31, 1.1, 1.2) and
         not worse("tty_pingpong", 1.29, 1.1, 1.2)),
        ("and by more than the least noise",
         worse("tty_pingpong", 1.06, 1.0) and
         not worse("tty_pingpong", 1.04, 1.0)),
        ("of a rate, which shall be high, what is lower",
         worse("tty_bulk_in", 0.94, 1.0) and
         not worse("tty_bulk_in", 1.5, 1.0)),
        ("a count has no ratio: its value is compared",
         worse("calls_null_read", None, None, None) is False and
         bench_record.worse({"name": "calls_null_read", "value": 10,
                             "baseline": None, "ratio": None},
                            [[9, None, None]], 0.05)),
    ]
    print(f"1..{len(checks)}")
    for number, (name, good) in enumerate(checks, 1):
        print(f"{'' if good else 'not '}ok {number} - {name}")
    return 0 if all(good for _, good in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
