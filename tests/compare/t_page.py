#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_page: the page of devsw-compare, in Chromium.

    t_page.py PAGE SAMPLE CHROMIUM [FINISHED]

Puts the JSON of SAMPLE into PAGE as devsw-compare does, opens it without a
window, and compares the document that its script has made with what the
data says: rows, cells, filters, timelines.  The filters are pressed by way
of the fragment, and the fragment is read back after some clicks.  Texts of
the sample are hostile.

With FINISHED, a page that devsw-compare wrote, the same is checked of that
and its own data; what is about the sample alone is left out.

Nothing may be said on the console, and nothing asked of any network.  The
browser's log of the network tells what a page asked for; what the browser
asks for itself is none of our business, and its proxy is a port where nobody
listens.  That both would be noticed is the first check.
"""

import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

HOSTILE = "</script><img src=x onerror=\"document.title='taken'\">"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link",
        "meta", "source", "track", "wbr"}
LIMIT = 60              # s, of one look at a page


# ---- documents ---------------------------------------------------------

class Node:
    """An element."""

    def __init__(self, tag, attributes):
        self.tag = tag
        self.attributes = attributes
        self.children = []              # of them and of str

    def walk(self):
        """This, and all elements below, in their order."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def text(self):
        """What is written in it; the words of tooltips are not."""
        return "".join(child if isinstance(child, str) else child.text()
                       for child in self.children)

    def get(self, name):
        """An attribute, or None."""
        return self.attributes.get(name)

    def classes(self):
        """The set of its classes."""
        return set((self.get("class") or "").split())

    def all(self, tag=None, kind=None, **attributes):
        """The elements in it that are so; data_x stands for data-x."""
        wanted = {name.replace("_", "-"): value
                  for name, value in attributes.items()}
        return [node for node in self.walk() if node is not self and
                (tag is None or node.tag == tag) and
                (kind is None or kind in node.classes()) and
                all(node.get(name) == value
                    for name, value in wanted.items())]

    def one(self, *args, **attributes):
        """The only such element."""
        found = self.all(*args, **attributes)
        if len(found) != 1:
            raise Bad(f"{len(found)} of {args} {attributes}")
        return found[0]


class Parser(html.parser.HTMLParser):
    """What Chromium prints is well-formed; so a stack does."""

    def __init__(self):
        super().__init__()
        self.root = Node("", {})
        self.stack = [self.root]

    def handle_starttag(self, tag, attrs):
        node = Node(tag, dict(attrs))
        self.stack[-1].children.append(node)
        if tag not in VOID:
            self.stack.append(node)

    def handle_endtag(self, tag):
        if self.stack[-1].tag != tag:
            raise Bad(f"</{tag}> ends a {self.stack[-1].tag}")
        self.stack.pop()

    def handle_data(self, data):
        self.stack[-1].children.append(data)


def parse(text):
    """The root of a document."""
    parser = Parser()
    parser.feed(text)
    parser.close()
    return parser.root


class Bad(Exception):
    """What is wrong."""


def same(found, wanted, what):
    """Complain unless they are equal; about the first difference."""
    if found == wanted:
        return
    if isinstance(found, list) and isinstance(wanted, list):
        for at, pair in enumerate(zip(found, wanted)):
            if pair[0] != pair[1]:
                raise Bad(f"{what}: number {at} is {pair[0]!r}, "
                          f"not {pair[1]!r}")
        raise Bad(f"{what}: {len(found)}, not {len(wanted)}")
    raise Bad(f"{what}: {found!r}, not {wanted!r}")


# ---- the browser -------------------------------------------------------

class Browser:
    """Chromium, and what pages did in it that they must not."""

    def __init__(self, program, directory):
        self.program = program
        self.directory = directory
        self.requests = []
        self.said = []

    def look(self, page, fragment=""):
        """The document that the text of a page becomes."""
        path = os.path.join(self.directory, "page.html")
        log = os.path.join(self.directory, "network")
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
        argv = [
            self.program, "--headless=new", "--dump-dom",
            "--virtual-time-budget=5000", "--window-size=1000,800",
            "--enable-logging=stderr", "--disable-gpu",
            "--user-data-dir=" + os.path.join(self.directory, "profile"),
            "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync",
            "--disable-default-apps", "--disable-dev-shm-usage",
            "--proxy-server=http://127.0.0.1:9",
            "--proxy-bypass-list=<-loopback>", "--log-net-log=" + log,
        ]
        if os.geteuid() == 0:
            argv.append("--no-sandbox")
        done = subprocess.run(
            argv + ["file://" + path + ("#" + fragment if fragment else "")],
            check=False, timeout=LIMIT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace")
        if done.returncode != 0 or "<html" not in done.stdout:
            raise Bad(f"{self.program}: status {done.returncode}: "
                      f"{done.stderr[-1500:]}")
        self.said += [line for line in done.stderr.splitlines()
                      if re.search(r":CONSOLE[:(]", line)]
        with open(log, encoding="utf-8") as file:
            self.requests += filter(None, map(requested, file))
        return parse(done.stdout)


def requested(line):
    """What a page asked for, by this line of the log, or None."""
    found = re.search(r'"initiator":"([^"]*)".*"url":"([^"]*)"', line)
    return found[2] if found and found[1] != "not an origin" else None


# ---- what the data says ------------------------------------------------

def status_of(outcome):
    """Of an outcome."""
    return ("expected" if outcome["ok"] else
            "known" if outcome["noted"] else "differs")


class Data:
    """The page has to show this; told independently of how it does."""

    def __init__(self, data):
        self.data = data
        self.kinds = {one["id"]: one["kind"] for one in data["hardware"]}
        self.measured = [one["id"] for one in data["systems"]
                         if one["measured"]]
        self.reading = [one["id"] for one in data["systems"]
                        if not one["measured"]]
        self.scenarios = {str(one["number"]): one
                          for one in data["scenarios"]}

    def about(self, entry, hardware):
        """Was this read about that hardware?"""
        return entry["hardware"] in ("", hardware, self.kinds.get(hardware))

    def run(self, number, hardware, system):
        """A run, or None."""
        return next((run for run in self.scenarios[number]["runs"]
                     if (run["hardware"], run["system"]) ==
                     (hardware, system)), None)

    def outcome(self, row, system):
        """An outcome, or None."""
        run = self.run(row[0], row[1], system)
        return next((one for one in run["outcomes"] if one["what"] == row[2]),
                    None) if run else None

    def status(self, row, system):
        """Of a cell."""
        run = self.run(row[0], row[1], system)
        outcome = self.outcome(row, system)
        if outcome:
            return status_of(outcome)
        if run and run["status"] in ("hung", "cannot"):
            return run["status"]
        return "none"

    def rows(self, only="", system="", hardware=""):
        """(number, hardware, what) of each row that these filters leave."""
        found = []
        for number, scenario in self.scenarios.items():
            devices = []
            for run in scenario["runs"]:
                if run["hardware"] not in devices:
                    devices.append(run["hardware"])
            for entry in scenario["read"]:
                if not any(self.about(entry, one) for one in devices):
                    devices.append(entry["hardware"])
            for device in devices or [""]:
                whats = []
                for run in scenario["runs"]:
                    for one in run["outcomes"]:
                        if (run["hardware"] == device and
                                one["what"] not in whats):
                            whats.append(one["what"])
                found += [(number, device, what) for what in whats or [""]]
        systems = [one for one in self.measured
                   if not system or one in ("kernel", system)]
        return [row for row in found
                if (not hardware or
                    row[1] in ("", hardware, self.kinds[hardware])) and
                self.chosen(row, only, systems)]

    def chosen(self, row, only, systems):
        """Does this row stay?"""
        statuses = [self.status(row, one) for one in systems]
        if only == "unexpected":
            return bool({"differs", "known", "hung"} & set(statuses))
        if only == "differs":
            results = {("hung",) if status == "hung" else
                       self.outcome(row, one)["got"]
                       for one, status in zip(systems, statuses)
                       if status not in ("none", "cannot")}
            return len(results) > 1
        return True


# ---- checks ------------------------------------------------------------

def rows_of(document):
    """The rows shown, as Data.rows has them."""
    return [(row.get("data-scenario"), row.get("data-hardware"),
             row.get("data-what")) for row in document.all("tr", "row")]


def check_rows(data, document):
    """All of them, in their groups, each scenario with its button."""
    same(rows_of(document), data.rows(), "rows")
    same([body.one("button").get("id") for body in document.all("tbody")],
         ["s" + number for number in data.scenarios], "buttons")
    same([{row.get("data-scenario") for row in body.all("tr", "row")}
          for body in document.all("tbody")],
         [{number} for number in data.scenarios], "groups")


def check_grid(document):
    """Each row has each column once, and a cell is below its heading."""
    heads = [head.get("data-system") or ""
             for head in document.one("tr", "names").all("th")]
    for body in document.all("tbody"):
        rows = body.all("tr", "row")
        taken = []
        for at, row in enumerate(rows):
            column = 0
            for cell in row.children:
                while (at, column) in taken:
                    column += 1
                system = cell.get("data-system")
                if system:
                    same(system, "".join(heads[column:column + 1]),
                         "the heading of a cell")
                taken += [(at + y, column + x)
                          for y in range(int(cell.get("rowspan") or 1))
                          for x in range(int(cell.get("colspan") or 1))]
        same(sorted(taken), [(y, x) for y in range(len(rows))
                             for x in range(len(heads))], "places of cells")


def check_measured(data, document):
    """Each value is in its cell, with its mark."""
    for row, node in zip(data.rows(), document.all("tr", "row")):
        for system in data.measured:
            outcome = data.outcome(row, system)
            if outcome:
                check_outcome(row, node.one("td", data_system=system),
                              outcome)
    for status, words in (("hung", "hung"), ("cannot", "cannot be run")):
        cells = document.all("td", data_status=status)
        wanted = [run for one in data.scenarios.values()
                  for run in one["runs"] if run["status"] == status]
        if wanted and not cells:
            raise Bad(f"no cell is {status}")
        for run in wanted:
            if not any(words in cell.text() and run["reason"] in cell.text()
                       for cell in cells):
                raise Bad(f"nowhere: {status}: {run['reason']}")
    for one in data.scenarios.values():
        if one["why_not"] and not any(
                one["why_not"] in cell.text() for cell in
                document.all("td", data_status="cannot")):
            raise Bad(f"nowhere: {one['why_not']}")


def check_outcome(row, cell, outcome):
    """One measured cell."""
    status = status_of(outcome)
    same(cell.get("data-status"), status, f"status of {row}")
    if status not in cell.classes() or "reading" in cell.classes():
        raise Bad(f"{row} has the classes {cell.classes()}")
    values = [one.text() for one in cell.all(kind="value")]
    same(values, [outcome["got"]] if outcome["ok"] else
         [outcome["got"], outcome["expected"]], f"values of {row}")
    same(cell.one(kind="mark").text()[0], {"expected": "✓", "known": "∗", "differs": "✗"}[status],
         f"mark of {row}")
    if not outcome["ok"] and outcome["noted"] not in cell.text():
        raise Bad(f"{row} lacks its note")
    same(len([one for one in cell.all("small", "ms")
              if re.fullmatch(r"[0-9.]+ m?s", one.text())]),
         0 if outcome["ms"] is None else 1, f"times of {row}")


def check_read(data, document):
    """What was read is in cells of its own kind, and all of it."""
    heads = document.one("tr", "kinds").all("th")
    same([head.text() for head in heads[1:]],
         ["Measured", "Read from source, not run here"][:len(heads) - 1],
         "headings")
    same([int(head.get("colspan")) for head in heads[1:]],
         [len(data.measured), len(data.reading)][:len(heads) - 1],
         "columns")
    for cell in document.all("td"):
        if cell.get("data-system") is None:
            continue
        isread = cell.get("data-system") in data.reading
        if (isread != ("reading" in cell.classes()) or
                isread != (cell.get("data-status") == "read")):
            raise Bad("a cell is neither measured nor read")
    last = None
    for row in document.all("tr", "row"):
        number, device = row.get("data-scenario"), row.get("data-hardware")
        if (number, device) == last:
            continue
        last = (number, device)
        for system in data.reading:
            cell = row.one("td", data_system=system)
            entries = [one for one in data.scenarios[number]["read"]
                       if one["system"] == system and
                       data.about(one, device)]
            same([one.text() for one in cell.all(kind="text")],
                 [one["text"] for one in entries], f"{last} of {system}")
            same([one.one("small").text() for one in cell.all(kind="from")],
                 [one["source"] for one in entries], f"{last} of {system}")
            same([bool(one.all(kind="inferred")) for one in
                  cell.all(kind="from")],
                 [one["inferred"] for one in entries],
                 f"inferred in {last} of {system}")


def check_filter(data, browser, page, **filters):
    """The rows and columns that are left."""
    document = browser.look(page, urllib.parse.urlencode(filters))
    same(rows_of(document), data.rows(**filters), f"rows with {filters}")
    if data.rows(**filters):
        check_grid(document)
    system = filters.get("system")
    if system:
        labels = [one["label"] for one in data.data["systems"]
                  if one["id"] in ("kernel", system, "src-" + system)]
        same([one.text() for one in document.one("tr", "names").all("b")],
             labels, f"columns with {filters}")
    for name, value in filters.items():
        if document.all("select", id=name) == []:
            raise Bad(f"no {name}")
    shown = document.one("output").text()
    count = len(data.rows(**filters))
    if not shown.startswith(f"{count} row" if count else "nothing"):
        raise Bad(f"{count} rows, but it says {shown!r}")
    return document


def check_timelines(data, document, number, hardware, system):
    """Two of them, with a lane for each actor and a bar for each event."""
    scenario = data.scenarios[number]
    details = document.one("tr", id="d" + number)
    drawn = [one for one in details.all("svg") if one.get("data-system")]
    runs = [run for run in (data.run(number, hardware, one)
                            for one in ("kernel", system))
            if run and run["events"]]
    same([one.get("data-system") for one in drawn],
         [run["system"] for run in runs], f"timelines of {number}")
    for one, run in zip(drawn, runs):
        lanes = list(dict.fromkeys(
            scenario["actors"] + [event["lane"] for event in run["events"]]))
        nodes = one.all("g", "lane")
        same([node.get("data-lane") for node in nodes], lanes,
             f"lanes of {number} {run['system']}")
        for node in nodes:
            events = [event for event in run["events"]
                      if event["lane"] == node.get("data-lane")]
            check_bars(node, events)
        plugs = [event for event in run["events"] if event["kind"] == "plug"]
        pulls = one.all("line", "pull")
        same(len(pulls), len(plugs), "plug lines")
        bottom = max(float(line.get("y2")) for node in nodes
                     for line in node.all("line"))
        for pull in pulls:
            if (float(pull.get("y1")) > 10 or
                    float(pull.get("y2")) < bottom):
                raise Bad("a plug line does not go through all lanes")
    ticks = [[(label.get("x"), label.text()) for label in
              one.one("g", "axis").all("text")] for one in drawn]
    if any(one != ticks[0] or len(one) < 3 for one in ticks):
        raise Bad(f"the scales of {number} are {ticks}")
    return drawn


def check_bars(lane, events):
    """In a lane: one for each event, in the order of time, none on another."""
    bars = lane.all("rect", "bar")
    same(len(bars), len(events), f"bars of {lane.get('data-lane')}")
    same(len(lane.all("path", "open")),
         len([one for one in events if one["to"] is None]),
         "bars without an end")
    same(sorted(tip.text().split("\n")[0] for node in lane.all("g")
                for tip in node.all("title")),
         sorted(one["what"] + (" = " + one["result"] if one["result"] else "")
                for one in events), f"tooltips of {lane.get('data-lane')}")
    places = [(float(bar.get("x")), float(bar.get("width")), bar.get("y"))
              for bar in bars]
    same([place[0] for place in places],
         sorted(place[0] for place in places), "order")
    for at, (x, _, y) in enumerate(places):
        for other_x, width, other_y in places[:at]:
            if y == other_y and other_x + width > x:
                raise Bad(f"bars of {lane.get('data-lane')} overlap")
    if any(width < 3 for _, width, _ in places):
        raise Bad("a bar cannot be seen")


def open_word(data, number):
    """A scenario opened, in a fragment, and what it is to show."""
    scenario = data.scenarios[number]
    system = next((run["system"] for run in scenario["runs"]
                   if run["system"] != "kernel" and run["events"]), None)
    if system is None:
        return None
    hardware = next(run["hardware"] for run in scenario["runs"]
                    if run["system"] == system and run["events"])
    return number, hardware, system


def check_open(data, browser, page):
    """All scenarios at once: descriptions, timelines."""
    chosen = [word for word in map(lambda one: open_word(data, one),
                                   data.scenarios) if word]
    document = browser.look(page, "open=" + "+".join(
        urllib.parse.quote(":".join(word)) for word in chosen))
    for number, hardware, system in chosen:
        same(document.one("button", id="s" + number).get("aria-expanded"),
             "true", f"button of {number}")
        text = document.one("tr", id="d" + number).text()
        scenario = data.scenarios[number]
        for wanted in ([scenario["text"]] +
                       [one["text"] for one in scenario["read"]] +
                       [one["source"] for run in scenario["runs"]
                        for one in run["outcomes"]] +
                       [one["noted"] for run in scenario["runs"]
                        for one in run["outcomes"]]):
            if wanted not in text:
                raise Bad(f"details of {number} lack {wanted!r}")
        check_timelines(data, document, number, hardware, system)
    return document


def check_harmless(document):
    """No text of the data has become a part of the document."""
    same(document.one("head").one("title").text(), "devsw-compare", "title")
    for node in document.walk():
        if node.tag in ("img", "i", "iframe", "object", "a"):
            raise Bad(f"there is a {node.tag}")
        for name in node.attributes:
            if name.startswith("on"):
                raise Bad(f"there is an attribute {name}")
    same(len(document.all("script")), 2, "scripts")
    for bold in document.all("b"):
        if bold.text() == "bold":
            raise Bad("bold text")
    if HOSTILE not in document.one("table", "matrix").text():
        raise Bad("the text itself is not there")


# Of the sample only: what a user does, and what the fragment then says.
CLICKS = """
const say = () => document.body.append(Object.assign(
    document.createElement("p"), { className: "said",
    textContent: location.hash }));
const set = (id, value, type) => {
	document.getElementById(id).value = value;
	document.getElementById(id).dispatchEvent(
	    new Event(type, { bubbles: true }));
	say();
};
const press = (id) => {
	document.getElementById(id).focus();
	document.getElementById(id).click();
	say();
};
press("s9");
document.body.dataset.focus = document.activeElement.id;
set("s9-hardware", "hid", "change");
set("s9-system", "freebsd", "change");
set("only", "unexpected", "input");
set("system", "linux", "input");
set("find", "a b&c", "input");
document.querySelector("[type=reset]").click();
say();
press("s9");
"""
HASHES = ["#open=9", "#open=9:hid:", "#open=9:hid:freebsd",
          "#only=unexpected&open=9:hid:freebsd",
          "#only=unexpected&system=linux&open=9:hid:freebsd",
          "#only=unexpected&system=linux&find=a b&c&open=9:hid:freebsd",
          "#open=9:hid:freebsd", ""]


def check_clicks(_, browser, page):
    """The fragment follows, and the focus stays."""
    document = browser.look(
        page.replace("</body>", f"<script>{CLICKS}</script></body>"))
    said = [urllib.parse.unquote_plus(one.text())
            for one in document.all("p", "said")]
    said[1] = re.sub(r"[^:]*$", "", said[1])    # it has chosen a system
    same(said, HASHES, "fragments")
    same(document.one("body").get("data-focus"), "s9", "focus")
    same(document.one("button", id="s9").get("aria-expanded"), "false",
         "button")


def check_moved(data, browser, page):
    """An address that is changed by hand, or by "back"."""
    document = browser.look(page.replace(
        "</body>", "<script>location.hash = '#only=differs';</script>"
        "</body>"), "only=unexpected")
    same(rows_of(document), data.rows(only="differs"), "rows")
    same(len(data.rows(only="differs")) ==
         len(data.rows(only="unexpected")), False, "the filters' sameness")


def check_find(data, browser, page):
    """Words of a title, of a cell and of a source; and of nothing."""
    wanted = [row for row in data.rows() if row[0] == "9"]
    for word, rows in (("PLUG IS PULLED", None), ("hungry", []),
                       ("the read that was waiting", [("9", "ftdi", "read")]),
                       ("ucom.c ucomcancel", [row for row in wanted
                                              if row[1] != "hid"])):
        if rows is None:
            rows = [row for row in data.rows() if row[0] in ("9", "11")]
        found = browser.look(page, "find=" + urllib.parse.quote(word))
        same(rows_of(found), rows, f"rows with {word!r}")


def check_breaks(data, browser, page):
    """A long wait is cut out, in both; a short one is not."""
    document = browser.look(page, "open=24:hid:freebsd-trackclose+9:acm:linux")
    for number, system, cuts in (("24", "freebsd-trackclose", 1),
                                 ("9", "linux", 0)):
        hardware = "hid" if number == "24" else "acm"
        drawn = check_timelines(data, document, number, hardware, system)
        same([len(one.all("g", "break")) for one in drawn], [cuts, cuts],
             f"breaks of {number}")
    reader = next(one for one in document.one("tr", id="d24").all("g", "lane")
                  if one.get("data-lane") == "revoker")
    first, last = reader.all("rect", "bar")
    if float(first.get("x")) + 100 > float(last.get("x")):
        raise Bad("0.2 ms are lost beside 10 s")


def check_nonsense(data, browser, page):
    """Of a fragment that says nothing, nothing is heeded."""
    for fragment in ("only=x&system=src-netbsd&hardware=%3Cimg%3E",
                     "open=9:nothing:nobody+77+:::", "%%%&=&&open"):
        same(rows_of(browser.look(page, fragment)), data.rows(), fragment)


def check_broken(template, browser):
    """Without data a sentence is shown, and no table."""
    for text in ("", "{", '{"devsw_compare": 2}', "@" + "DATA@"):
        document = browser.look(template.replace("@DATA@", text))
        if "No data to show" not in document.one("body").text():
            raise Bad(f"no complaint about {text!r}")
        same(document.one("main").get("hidden"), "", "hidden")


def check_template(template):
    """One place for the data, and no way to anywhere else."""
    same(template.count("@DATA@"), 1, "places for the data")
    for word in ("://", "src=", "url(", "@import", "innerHTML", "outerHTML",
                 "insertAdjacentHTML", "document.write", "eval(", "fetch(",
                 "XMLHttpRequest", "import("):
        if word in template:
            raise Bad(f"it has {word!r}")
    if "default-src 'none'" not in template:
        raise Bad("its policy is not there")


def check_watch(browser):
    """Would console and network be noticed?"""
    browser.look("<html><body><img src='http://devsw.invalid/x'>"
                 "<script>console.log('a word');"
                 "fetch('https://devsw.invalid/y'); nothing();</script>")
    same(sorted(set(browser.requests)),
         ["http://devsw.invalid/x", "https://devsw.invalid/y"], "requests")
    same([word in "".join(browser.said) for word in ("a word", "nothing")],
         [True, True], "words on the console")
    browser.requests.clear()
    browser.said.clear()


def check_quiet(browser):
    """Of all pages so far."""
    same(browser.said, [], "words on the console")
    same(browser.requests, [], "requests")


# ---- and all of them ---------------------------------------------------

def data_of(page):
    """The JSON within a finished page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)'
                      r"</script>", page, re.S)
    if not found:
        raise Bad("no data")
    return json.loads(found[1])


def checks(browser, template, page, issample):
    """Pairs of what is checked and a function that raises Bad."""
    data = Data(data_of(page))
    yield "console and network are watched", lambda: check_watch(browser)
    document = browser.look(page)
    yield "rows and scenarios", lambda: check_rows(data, document)
    yield "places of the cells", lambda: check_grid(document)
    yield "measured cells", lambda: check_measured(data, document)
    yield "cells read from source", lambda: check_read(data, document)
    systems = [one for one in data.measured if one != "kernel"]
    devices = [one["id"] for one in data.data["hardware"]]
    for filters in ({"only": "differs"}, {"only": "unexpected"},
                    {"system": systems[0]}, {"hardware": devices[-1]},
                    {"only": "differs", "system": systems[-1]},
                    {"only": "unexpected", "system": systems[len(systems) // 2],
                     "hardware": devices[0]}):
        yield ("filter " + urllib.parse.urlencode(filters),
               lambda filters=filters:
               check_filter(data, browser, page, **filters))
    yield "details and timelines", lambda: check_open(data, browser, page)
    if issample:
        yield "text search", lambda: check_find(data, browser, page)
        yield "long waits are cut", lambda: check_breaks(data, browser, page)
        yield ("clicks change the fragment",
               lambda: check_clicks(data, browser, page))
        yield ("the fragment changes the page",
               lambda: check_moved(data, browser, page))
        yield "nonsense in it", lambda: check_nonsense(data, browser, page)
        yield ("texts stay texts", lambda: (
            check_harmless(document),
            check_harmless(check_open(data, browser, page))))
        yield "no data", lambda: check_broken(template, browser)
    yield "the template has no way out", lambda: check_template(template)
    yield "nothing on console or network", lambda: check_quiet(browser)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        template = file.read()
    with open(sys.argv[2], encoding="utf-8") as file:
        sample = json.dumps(json.load(file), ensure_ascii=False)
    page = template.replace("@DATA@", sample.replace("<", "\\u003c"))
    if len(sys.argv) > 4:
        with open(sys.argv[4], encoding="utf-8") as file:
            page = file.read()
    number = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        browser = Browser(sys.argv[3], directory)
        for what, check in checks(browser, template, page,
                                  len(sys.argv) <= 4):
            number += 1
            try:
                check()
                print(f"ok {number} - {what}", flush=True)
            except (Bad, subprocess.TimeoutExpired) as why:
                failed += 1
                print("# " + str(why).replace("\n", "\n# "))
                print(f"not ok {number} - {what}", flush=True)
    print(f"1..{number}")
    return 1 if failed else 0


sys.exit(main())
