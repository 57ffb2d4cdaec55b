# SPDX-License-Identifier: BSD-2-Clause
"""ioconf: from config(5)-like text to the tables that a driver needs.

    conf = read(path)           # Wrong: a mistake, with file, line and word
    files(conf)                 # {name: contents} of what is generated

    ioconf.py TEXT DIRECTORY    # write them there

devsw-ioconf(5) has the grammar.  What is generated is what NetBSD's config(1)
makes for a module (ioconf.c with cfdriver_ioconf_NAME and so on, ioconf.h,
locators.h, the headers of flags), and with "module" the MODULE() that enters
all of it.  With "kernel" it is the same for the drivers of devswd itself:
cfdriver_ioconf and so on, devsw_conv and devnodes, which hyp_boot enters.

The model: a Parser reads a line at a time into a Conf, each line by the method
of its first word; what a line needs must stand before it.  Every name becomes a
part of C source, so none gets in that is not [A-Za-z_][A-Za-z0-9_]*, and every
number is bounded; so are a line, and the lines of all files together.  After the
last line check() sees whether it is all there.
"""

import os
import re
import sys
import tempfile

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
WORD = re.compile(r'\s+|"[^"\n]*"|[{}=:,*?]|[^\s{}=:,*?"]+|"')
STANDARD = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                        "files.devsw")
NAMELEN = 15            # DEVICE_XNAME_SIZE less a unit, DEVSW_NAMELEN less 1
CLASSES = {"tty": "DV_TTY", "disk": "DV_DISK", "tape": "DV_TAPE"}
NODE_CLASSES = {"other": "HYP_NODE_OTHER", "tty": "HYP_NODE_TTY",
                "hid": "HYP_NODE_HID", "lp": "HYP_NODE_LP",
                "usb": "HYP_NODE_USB"}
MAX_LINES = 10000       # of all files
MAX_LINE = 1000
MAX_BYTES = 1 << 20
MAX_INCLUDES = 8


class Wrong(Exception):
    """A mistake in the text; its str is FILE:LINE: "WORD": what."""


class Words:
    """The words of one line, taken from the left."""

    def __init__(self, where, text, folder):
        self.where = where
        self.folder = folder    # of the file
        self.words = [word for word in WORD.findall(text)
                      if not word.isspace()]
        self.last = ""

    def wrong(self, what, word=None):
        """The mistake that this word is."""
        word = self.last if word is None else word
        return Wrong('%s: "%s": %s' % (self.where, word[:40], what))

    def more(self):
        """Is there another word?"""
        return bool(self.words)

    def peek(self):
        """The next word, which stays; "" at the end."""
        return self.words[0] if self.words else ""

    def take(self, what):
        """The next word; what it should be."""
        if not self.words:
            raise self.wrong("%s is missing after this" % what)
        self.last = self.words.pop(0)
        return self.last

    def took(self, word):
        """Take the next word if it is that one."""
        if self.peek() != word:
            return False
        self.take(word)
        return True

    def must(self, word):
        """The next word has to be that one."""
        if self.take('"%s"' % word) != word:
            raise self.wrong('"%s" should stand here' % word)

    def name(self, what):
        """A name that can stand in C."""
        word = self.take(what)
        if not NAME.match(word):
            raise self.wrong("this is no name of %s" % what)
        if len(word) > NAMELEN:
            raise self.wrong("a name has at most %d characters" % NAMELEN)
        return word

    def number(self, what, low, high):
        """A number between the two."""
        word = self.take(what)
        try:
            value = int(word, 0)
        except ValueError:
            value = high + 1
        if not low <= value <= high:
            raise self.wrong("%s is a number from %d to %d" %
                             (what, low, high))
        return value

    def names(self, what):
        """Names with commas between them."""
        found = [self.name(what)]
        while self.took(","):
            found.append(self.name(what))
        return found

    def file(self, what):
        """A file's name, without a folder."""
        word = self.take(what)
        if not FILE.match(word):
            raise self.wrong("this is no name of %s" % what)
        return word


class Conf:
    """What has been read."""

    def __init__(self):
        self.module = None      # name of a MODULE() to be made
        self.ioconf = None      # or of the tables for the driver's own
        self.kernel = False     # or the tables are devswd's
        self.requires = []
        self.attrs = {}         # attribute: [(locator, default)]
        self.drivers = {}       # driver: ([attribute], class)
        self.builtin = {}       # the same, of drivers that are there
        self.attaches = []      # (cfattach, driver, [attribute])
        self.instances = []     # (driver, cfattach, attribute, parent, [loc])
        self.roots = []         # drivers at root
        self.pseudo = []        # (driver, count)
        self.majors = []        # (driver, char, block)
        self.nodes = []         # (driver, prefix, minor in C, class)
        self.flags = {}         # header: [name]
        self.sources = []


class Parser:
    """Reads files into a Conf."""

    def __init__(self, alone=False):
        self.conf = Conf()
        self._alone = alone     # nothing is there before it
        self._depth = 0
        self._lines = 0
        self._keywords = {
            "include": self._include, "module": self._module,
            "ioconf": self._ioconf, "kernel": self._kernel, "define": self._define,
            "device": self._device, "attach": self._attach,
            "pseudo-device": self._pseudo, "device-major": self._major,
            "node": self._node, "defflag": self._defflag,
            "file": self._file, "builtin": self._builtin,
        }

    def read(self, path, shown):
        """Read a file; OSError."""
        self._depth += 1
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise Wrong("%s: more than %d bytes" % (shown, MAX_BYTES))
        lines = raw.decode("utf-8", "replace").split("\n")
        self._lines += len(lines)
        if self._lines > MAX_LINES:
            raise Wrong("%s: more than %d lines" % (shown, MAX_LINES))
        for number, line in enumerate(lines, 1):
            where = "%s:%d" % (shown, number)
            if len(line) > MAX_LINE:
                raise Wrong("%s: more than %d characters" % (where, MAX_LINE))
            words = Words(where, line.partition("#")[0], os.path.dirname(path))
            if words.more():
                self._line(words)
        self._depth -= 1

    def standard(self):
        """Read what is always there."""
        self.read(STANDARD, "files.devsw")

    def _line(self, words):
        first = words.take("a word")
        if first in self._keywords:
            self._keywords[first](words)
        elif words.took("*"):
            self._instance(words, first)
        elif NAME.match(first) and first[-1].isdigit() and \
                words.peek() == "at":
            raise words.wrong("units are given when devices are found, or by "
                              "devswd.conf; write NAME*", first)
        else:
            raise words.wrong("no line begins with this", first)
        if words.more():
            words.take("")
            raise words.wrong("nothing of this line is left for this")

    # ---- lines ----

    def _include(self, words):
        word = words.take("a file")
        if len(word) < 3 or word[0] != '"':
            raise words.wrong('a file stands between quotes')
        if self._depth >= MAX_INCLUDES:
            raise words.wrong("files include each other more than %d deep" %
                              MAX_INCLUDES)
        try:
            self.read(os.path.join(words.folder, word[1:-1]), word[1:-1])
        except OSError as error:
            raise words.wrong(error.strerror) from error
        except ValueError as error:     # a NUL
            raise words.wrong("this is no file's name") from error

    def _once(self, words):
        if self.conf.module or self.conf.ioconf or self.conf.kernel:
            raise words.wrong("there is a module or ioconf line already")

    def _module(self, words):
        self._once(words)
        self.conf.module = words.name("a module")
        if words.took("requires"):
            self.conf.requires = words.names("a module")

    def _ioconf(self, words):
        self._once(words)
        self.conf.ioconf = words.name("a module")

    def _kernel(self, words):
        self._once(words)
        if not self._alone:
            raise words.wrong("only devswd's own text begins so")
        self.conf.kernel = True

    def _locators(self, words):
        found = []
        if not words.took("{"):
            return found
        while not words.took("}"):
            if found:
                words.must(",")
            name = words.name("a locator")
            if any(name == other for other, _ in found):
                raise words.wrong("this locator is there already")
            words.must("=")
            found.append((name, words.number("a default", -1, 0x7fffffff)))
        return found

    def _define(self, words):
        name = words.name("an attribute")
        if name in self.conf.attrs:
            raise words.wrong("this attribute is there already")
        if name in CLASSES:
            raise words.wrong("this is a class of devices")
        self.conf.attrs[name] = self._locators(words)

    def _known(self, words, name):
        if name not in self.conf.attrs:
            raise words.wrong("there is no such attribute", name)

    def _carries(self, words, name):
        """(attributes, class) of a driver, from the rest of its line."""
        attrs, devclass = [], "DV_DULL"
        if words.peek() == "{":
            if name in self.conf.attrs:
                raise words.wrong("this attribute is there already", name)
            self.conf.attrs[name] = self._locators(words)
            attrs.append(name)
        for attr in words.names("an attribute") if words.took(":") else ():
            if attr in CLASSES:
                devclass = CLASSES[attr]
            else:
                self._known(words, attr)
                attrs.append(attr)
        return attrs, devclass

    def _new_driver(self, words):
        name = words.name("a driver")
        if name in self.conf.drivers or name in self.conf.builtin:
            raise words.wrong("this driver is there already")
        return name

    def _device(self, words):
        name = self._new_driver(words)
        self.conf.drivers[name] = self._carries(words, name)

    def _builtin(self, words):
        name = self._new_driver(words)
        self.conf.builtin[name] = self._carries(words, name)

    def _driver(self, words, name=None):
        name = name or words.name("a driver")
        if name not in self.conf.drivers:
            raise words.wrong("no device line has this driver", name)
        return name

    def _attach(self, words):
        driver = self._driver(words)
        words.must("at")
        if words.took("root"):
            attrs = [None]
        else:
            attrs = words.names("an attribute")
            for attr in attrs:
                self._known(words, attr)
        name = words.name("an attachment") if words.took("with") else driver
        if any(name == other for other, _, _ in self.conf.attaches):
            raise words.wrong("this attachment is there already", name)
        self.conf.attaches.append((name, driver, attrs))

    def _attachment(self, words, driver, attrs):
        """The attachment of a driver to one of these attributes: which."""
        for name, other, at in self.conf.attaches:
            for attr in attrs:
                if other == driver and attr in at:
                    return name, attr
        raise words.wrong("no attach line lets %s attach here" % driver)

    def _instance(self, words, driver):
        self._driver(words, driver)
        words.must("at")
        parent = words.name("a driver or an attribute")
        if parent == "root":
            name, _ = self._attachment(words, driver, [None])
            self.conf.instances.append((driver, name, None, None, []))
            self.conf.roots.append(driver)
            return
        if parent in self.conf.drivers:
            attrs = self.conf.drivers[parent][0]
        elif parent in self.conf.builtin:
            attrs = self.conf.builtin[parent][0]
        elif parent in self.conf.attrs:
            attrs, parent = [parent], None
        else:
            raise words.wrong("there is no such driver or attribute")
        name, attr = self._attachment(words, driver, attrs)
        words.must("?")
        values = dict(self.conf.attrs[attr])
        seen = set()
        while words.more():
            locator = words.name("a locator")
            if locator not in values or locator in seen:
                raise words.wrong("%s has no such locator left" % attr)
            seen.add(locator)
            if not words.took("?"):
                values[locator] = words.number("a locator", -1, 0x7fffffff)
        self.conf.instances.append((driver, name, attr, parent,
                                    list(values.values())))

    def _pseudo(self, words):
        name = words.name("a driver")
        if any(name == other for other, _ in self.conf.pseudo):
            raise words.wrong("this pseudo-device is there already")
        count = words.number("a count", 1, 8192) if words.more() else 1
        self.conf.pseudo.append((name, count))

    def _major(self, words):
        name = words.name("a driver")
        if any(name == other for other, _, _ in self.conf.majors):
            raise words.wrong("this driver has its line already")
        kinds = {"char": False, "block": False}
        while words.more():
            kind = words.take('"char" or "block"')
            if kind not in kinds or kinds[kind]:
                raise words.wrong('"char" or "block" should stand here')
            kinds[kind] = True
            if words.peek().isdigit():      # NetBSD's; ours are dynamic
                words.number("a major number", 0, 4095)
        if not any(kinds.values()):
            raise words.wrong('"char" or "block" is missing after this')
        self.conf.majors.append((name, kinds["char"], kinds["block"]))

    def _node(self, words):
        driver = words.name("a driver")
        if not any(driver == name and char
                   for name, char, _ in self.conf.majors):
            raise words.wrong("no device-major line gives it \"char\"")
        prefix = words.name("a node")
        if prefix[-1].isdigit():
            raise words.wrong("the unit follows, so this ends in no digit")
        minor = words.number("a minor number", 0, 1 << 19) \
            if words.took("minor") else 0
        if minor not in (0, 1 << 19):
            raise words.wrong("a second node of a unit has minor 0x80000")
        bits = "DEVNODE_SUBS" if words.took("subs") else "%#x" % minor
        kind = "other"
        if words.more():
            kind = words.take("a class")
            if kind not in NODE_CLASSES:
                raise words.wrong("a class is one of " +
                                  ", ".join(NODE_CLASSES))
        for other, taken, bit, _ in self.conf.nodes:
            if taken == prefix or (other == driver and bit == bits):
                raise words.wrong("there is such a node already", prefix)
        self.conf.nodes.append((driver, prefix, bits, kind))

    def _defflag(self, words):
        header = words.file("a header")
        if not header.endswith(".h") or header in ("ioconf.h", "locators.h"):
            raise words.wrong("this cannot be the header of a flag")
        names = self.conf.flags.setdefault(header, [])
        names.append(words.name("a flag"))
        while words.more():
            names.append(words.name("a flag"))

    def _file(self, words):
        name = words.file("a source file")
        if not name.endswith(".c") or name == "ioconf.c":
            raise words.wrong("a source file ends in .c")
        if name in self.conf.sources:
            raise words.wrong("this file is there already")
        self.conf.sources.append(name)

    # ---- the end ----

    def check(self, shown):
        """Is it all there?"""
        conf = self.conf
        if not conf.module and not conf.ioconf and not conf.kernel:
            raise Wrong('%s: "module" or "ioconf": no line begins with this' %
                        shown)
        for name in conf.drivers:
            if not any(name == driver for _, driver, _ in conf.attaches):
                raise Wrong('%s: "%s": no attach line says where it attaches' %
                            (shown, name))
            if not any(name == row[0] for row in conf.instances):
                raise Wrong('%s: "%s": no line "%s* at ..." lets it' %
                            (shown, name, name))


def read(path, alone=False):
    """The Conf of a file; Wrong, OSError.  alone: with nothing before it."""
    parser = Parser(alone)
    if not alone:
        parser.standard()
    shown = os.path.basename(path)
    parser.read(path, shown)
    parser.check(shown)
    return parser.conf


# ---- what comes out ---------------------------------------------------------

HEAD = "/* Made by devsw-driver(1) from %s; see devsw-ioconf(5). */\n"


def c_list(rows):
    """Lines of a table."""
    return "".join("\t%s,\n" % row for row in rows)


def make_header(conf, source):
    """ioconf.h"""
    out = [HEAD % source, "#include <sys/device.h>\n"]
    if conf.kernel:
        out.append("#include <locators.h>\n")
    out += ["extern struct cfdriver %s_cd;" % name for name in conf.drivers]
    out += ["void %sattach(int);" % name for name, _ in conf.pseudo]
    return "\n".join(out) + "\n"


def make_locators(conf, source):
    """locators.h: UCOMBUSCF_PORTNO and UCOMBUSCF_PORTNO_DEFAULT."""
    out = [HEAD % source]
    for attr, locators in conf.attrs.items():
        for i, (name, default) in enumerate(locators):
            macro = ("%scf_%s" % (attr, name)).upper()
            out.append("#ifndef %s" % macro)
            out.append("#define\t%s\t%d" % (macro, i))
            out.append("#endif\n#ifndef %s_DEFAULT" % macro)
            out.append("#define\t%s_DEFAULT\t(%d)\n#endif" % (macro, default))
        out.append("#ifndef %sCF_NLOCS" % attr.upper())
        out.append("#define\t%sCF_NLOCS\t%d\n#endif" %
                   (attr.upper(), len(locators)))
    return "\n".join(out) + "\n"


def make_tables(conf):
    """The tables of autoconf."""
    suffix = "" if conf.kernel else "_" + (conf.module or conf.ioconf)
    static = "" if conf.kernel else "static "
    out = []
    for name, (attrs, devclass) in conf.drivers.items():
        table = "NULL"
        if attrs:
            table = name + "_attrs"
            out.append("static const char *const %s[] = { %s, NULL };" %
                       (table, ", ".join('"%s"' % attr for attr in attrs)))
        out.append("CFDRIVER_DECL(%s, %s, %s);" % (name, devclass, table))
    out.append("%sstruct cfdriver *const cfdriver_ioconf%s[] = {\n%s"
               "\tNULL\n};" % (static, suffix, c_list("&%s_cd" % name
                                               for name in conf.drivers)))
    for name, _, _ in conf.attaches:
        out.append("extern struct cfattach %s_ca;" % name)
    for driver in conf.drivers:
        out.append("static struct cfattach *const %s_cfattach[] = {\n%s"
                   "\tNULL\n};" % (driver, c_list(
                       "&%s_ca" % name for name, other, _ in conf.attaches
                       if other == driver)))
    out.append("%sconst struct cfattachinit cfattach_ioconf%s[] = {\n%s"
               "\t{ NULL, NULL }\n};" % (static, suffix, c_list(
                   '{ "%s", %s_cfattach }' % (name, name)
                   for name in conf.drivers)))
    rows = []
    for i, (driver, name, attr, parent, locs) in enumerate(conf.instances):
        spec, loc = "NULL", "NULL"
        if attr is not None:
            spec = "&pspec%d" % i
            out.append('static const struct cfparent pspec%d = { "%s", %s, '
                       "-1 };" % (i, attr, '"%s"' % parent if parent
                                  else "NULL"))
        if locs:
            loc = "loc%d" % i
            out.append("static int loc%d[] = { %s };" % (i, ", ".join(
                [str(value) for value in locs] + ["INT32_MIN"])))
        rows.append('{ "%s", "%s", FSTATE_STAR, %s, 0, %s }' %
                    (driver, name, loc, spec))
    out.append("%sstruct cfdata cfdata_ioconf%s[] = {\n%s"
               "\t{ NULL, NULL, 0, NULL, 0, NULL }\n};" %
               (static, suffix, c_list(rows)))
    return "\n".join(out) + "\n"


def make_rows(conf):
    """The switches and the nodes."""
    out = []
    for name, char, block in conf.majors:
        if char:
            out.append("extern const struct cdevsw %s_cdevsw;" % name)
        if block:
            out.append("extern const struct bdevsw %s_bdevsw;" % name)
    if conf.kernel:
        out.append("/* A row's number is the driver's major. */\n"
                   "const struct devsw_conv devsw_conv[] = {\n%s"
                   "\t{ NULL, NULL, NULL }\n};" % c_list(
                       '{ "%s", %s, %s }' %
                       (name, "&%s_bdevsw" % name if block else "NULL",
                        "&%s_cdevsw" % name if char else "NULL")
                       for name, char, block in conf.majors))
    if conf.nodes or conf.kernel:
        out.append("%sconst struct devnode %s[] = {\n%s"
                   "\t{ NULL, NULL, NULL, 0, 0 }\n};" % (
                       "" if conf.kernel else "static ",
                       "devnodes" if conf.kernel else "ioconf_nodes", c_list(
                           '{ "%s", "%s", &%s_cdevsw, %s, %s }' %
                           (driver, prefix, driver, bits, NODE_CLASSES[kind])
                           for driver, prefix, bits, kind in conf.nodes)))
    return "\n".join(out) + "\n"


def init_steps(conf):
    """[(expression, how it is taken back)], in their order."""
    name = conf.module
    steps = []
    for driver, char, block in conf.majors:
        bdev = "&%s_bdevsw" % driver if block else "NULL"
        cdev = "&%s_cdevsw" % driver if char else "NULL"
        steps.append(('ioconf_attach("%s", %s, %s)' % (driver, bdev, cdev),
                      "devsw_detach(%s, %s)" % (bdev, cdev),
                      "devsw_detach_idle(%s, %s)" % (bdev, cdev)))
    if conf.nodes:
        steps.append(("(devnode_attach(ioconf_nodes), 0)",
                      "devnode_detach(ioconf_nodes)",
                      "(devnode_detach(ioconf_nodes), 0)"))
    if conf.drivers:
        tables = "cfdriver_ioconf_%s, cfattach_ioconf_%s, cfdata_ioconf_%s" \
            % (name, name, name)
        steps.append(("config_init_component(%s)" % tables,
                      "(void)config_fini_component(%s)" % tables,
                      "config_fini_component(%s)" % tables))
    return steps


def make_module(conf):
    """
    MODULE() and its function.  FINI takes the steps back from the last one; at
    the first that cannot be (EBUSY) it does those again that were, so that all
    is as it was.
    """
    name = conf.module
    steps = init_steps(conf)
    out = []
    if conf.majors:
        out.append(ATTACH)
    out.append("MODULE(MODULE_CLASS_DRIVER, %s, %s);\n" %
               (name, '"%s"' % ",".join(conf.requires)
                if conf.requires else "NULL"))
    out.append("/* From step on; on an error all of them are taken back. */\n"
               "static int\nioconf_init(u_int step)\n{\n\tint error = 0;\n\n"
               "\tswitch (step) {")
    for i, (do, _, _) in enumerate(steps):
        out.append("\tcase %d:\n\t\tif ((error = %s) != 0)\n"
                   "\t\t\tgoto undo%d;\n\t\t/* FALLTHROUGH */" % (i, do, i))
    out.append("\tdefault:\n\t\tbreak;\n\t}\n\treturn 0;\n")
    for i in range(len(steps) - 1, -1, -1):
        out.append("undo%d:" % i)
        if i > 0:
            out.append("\t%s;" % steps[i - 1][1])
    out.append("\treturn error;\n}\n" if steps else "}\n")
    out.append("static int\nioconf_fini(void)\n{\n\tint error;\n")
    for driver in conf.roots:
        out.append("\tif ((error = ioconf_leave(&%s_cd)) != 0)\n"
                   "\t\treturn error;" % driver)
    for i in range(len(steps) - 1, -1, -1):
        out.append("\tif ((error = %s) != 0) {\n\t\t(void)ioconf_init(%d);\n"
                   "\t\treturn error;\n\t}" % (steps[i][2], i + 1))
    if not steps:
        out.append("\terror = 0;")
    out.append("\treturn error;\n}\n")
    if conf.roots:
        out.insert(0, LEAVE)
    out.append("static int\n%s_modcmd(modcmd_t cmd, void *arg __unused)\n{\n"
               "\tint error;\n\n\tswitch (cmd) {\n\tcase MODULE_CMD_INIT:\n"
               "\t\tif ((error = ioconf_init(0)) != 0)\n\t\t\treturn error;" %
               name)
    for driver, count in conf.pseudo:
        out.append("\t\t%sattach(%d);" % (driver, count))
    for driver in conf.roots:
        out.append('\t\t(void)config_rootfound("%s", NULL);' % driver)
    out.append("\t\treturn 0;\n\tcase MODULE_CMD_FINI:\n"
               "\t\terror = ioconf_fini();")
    for driver in conf.roots:
        out.append('\t\tif (error != 0 && device_lookup(&%s_cd, 0) == NULL)\n'
                   '\t\t\t(void)config_rootfound("%s", NULL);' %
                   (driver, driver))
    out.append("\t\treturn error;\n\tdefault:\n\t\treturn ENOTTY;\n"
               "\t}\n}")
    return "\n".join(out) + "\n"


ATTACH = """\
/* The same major as before, if the module has been here before. */
static int
ioconf_attach(const char *name, const struct bdevsw *bdev,
    const struct cdevsw *cdev)
{
	devmajor_t bmajor = NODEVMAJOR, cmajor = NODEVMAJOR;

	return devsw_attach(name, bdev, &bmajor, cdev, &cmajor);
}
"""

LEAVE = """\
/* A device at root goes if its driver lets it: EBUSY is for it to say. */
static int
ioconf_leave(struct cfdriver *cd)
{
	const device_t dev = device_lookup(cd, 0);

	return dev == NULL ? 0 : config_detach(dev, 0);
}
"""


def make_source(conf, source):
    """ioconf.c"""
    out = [HEAD % source]
    out += ["#include <sys/%s.h>" % name for name in (
        "param", "systm", "conf", "device", "errno", "module")]
    out.append("#include <hyp/hyp_node.h>\n")
    out.append('#include "ioconf.h"\n')
    if conf.drivers or conf.ioconf:
        out.append(make_tables(conf))
    if conf.module or conf.kernel:
        out.append(make_rows(conf))
    if conf.module:
        out.append(make_module(conf))
    return "\n".join(out)


def files(conf, source):
    """{name: contents}"""
    found = {"ioconf.c": make_source(conf, source),
             "ioconf.h": make_header(conf, source)}
    if not conf.kernel:         # include/bsd has its own
        found["locators.h"] = make_locators(conf, source)
    for header in conf.flags:
        found[header] = HEAD % source
    return found


def put(path, contents, mode=0o644):
    """A file with these bytes; what fails leaves what was there, and no more.
    """
    new = None
    try:
        fd, new = tempfile.mkstemp(dir=os.path.dirname(path) or ".")
        with open(fd, "wb") as file:
            file.write(contents)
        os.chmod(new, mode)
        os.replace(new, path)
        new = None
    except OSError as error:
        error.filename = path
        raise
    finally:
        if new is not None:
            os.unlink(new)


def main(path, directory):
    """The program, of the build."""
    try:
        conf = read(path, alone=True)
    except Wrong as error:
        print("ioconf: %s" % error, file=sys.stderr)
        return 1
    for name, text in files(conf, os.path.basename(path)).items():
        put(os.path.join(directory, name), text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
