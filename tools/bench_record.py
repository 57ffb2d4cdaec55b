# SPDX-License-Identifier: BSD-2-Clause
"""Runs of tools/bench that are kept, and what is made of them.

tests/bench/recorded.json: for each kernel and kind of time, the last few figures
of each name, as [value, baseline, ratio].  They say how far a figure differs
from run to run, and so when one is worse; and docs/performance.md is made of
them.
"""
import json
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tools", "guest"))
import bench_rows as rows  # noqa: E402

RECORDED = os.path.join(TOP, "tests", "bench", "recorded.json")
SCALE = os.path.join(TOP, "tests", "bench", "scale.json")
KEPT = 5                        # runs of each name
LEAST = {"virtual": 0.05, "real": 0.25}     # of a figure: its least noise


def load(path=RECORDED):
    """What is recorded."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as file:
        return json.load(file)


def series(kernel):
    """Of a kernel's release: "6.1"."""
    return ".".join(kernel.split(".")[:2])


def kind(kernel, real_time):
    """The name of a kind of run: "6.1 virtual"."""
    return "%s %s" % (series(kernel), "real" if real_time else "virtual")


def kind_of(one, which):
    """What is measured on the host itself is of no kernel's guest."""
    return "host real" if one["name"] in rows.ON_HOST else which


def record(results, which):
    """Add a run."""
    recorded = load()
    for one in results:
        kept = recorded.setdefault(kind_of(one, which), {}).setdefault(
            one["name"], {"unit": one["unit"], "runs": []})
        kept["runs"] = (kept["runs"] + [
            [one["value"], one["baseline"], one["ratio"]]])[-KEPT:]
    with open(RECORDED, "w", encoding="ascii") as file:
        # A run a line: a change is to be read.
        file.write("{\n" + ",\n".join(
            " %s: {\n" % json.dumps(key) + ",\n".join(
                "  %s: %s" % (json.dumps(name), json.dumps(of[name]))
                for name in sorted(of)) + "\n }"
            for key, of in sorted(recorded.items())) + "\n}\n")


def record_scale(run, kernel):
    """Keep what --scale has measured, in the place of that with as many."""
    scale = load(SCALE)
    runs = scale.setdefault(series(kernel), [])
    runs[:] = sorted([old for old in runs if old["n"] != run["n"]] + [run],
                     key=lambda one: one["n"])
    with open(SCALE, "w", encoding="ascii") as file:
        file.write("{\n" + ",\n".join(
            " %s: [\n" % json.dumps(key) + ",\n".join(
                "  " + json.dumps(run) for run in runs) + "\n ]"
            for key, runs in sorted(scale.items())) + "\n}\n")


def load_scale():
    """What --scale has measured: for each kernel its runs, the oldest first."""
    return sorted(load(SCALE).items(),
                  key=lambda item: list(map(int, item[0].split("."))))


def judged(run):
    """What counts of [value, baseline, ratio]."""
    return run[0] if run[2] is None else run[2]


def worse(one, runs, least):
    """Is it worse than these by more than their noise?"""
    figures = [judged(run) for run in runs]
    noise = max(max(figures) - min(figures), least * max(map(abs, figures)))
    if rows.LIMITS.get(one["name"], ("<=",))[0] == ">=":
        return judged(as_run(one)) < min(figures) - noise
    return judged(as_run(one)) > max(figures) + noise


def as_run(one):
    """A result as it is kept."""
    return [one["value"], one["baseline"], one["ratio"]]


def compare(results, which, path):
    """Say which results are worse than the recorded ones; how many."""
    recorded, bad = load(path), 0
    for one in results:
        own = kind_of(one, which)
        runs = recorded.get(own, {}).get(one["name"], {}).get("runs")
        if runs is None:
            print("bench: %s: not in %s for %s" % (one["name"], path, own),
                  file=sys.stderr)
        elif worse(one, runs, LEAST[own.split()[1]]):
            bad += 1
            print("bench: worse than before: %s is %.3g, was %s" % (
                one["name"], judged(as_run(one)), " ".join(
                    "%.3g" % judged(run) for run in runs)), file=sys.stderr)
    return bad
