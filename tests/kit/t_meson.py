#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_meson: the kit's meson.build.example makes a driver; devsw-driver(1).

    t_meson.py TOP STAGE

As for who has installed the kit (STAGE is build.sh's): the project is the cdev
skeleton with the example as its meson.build.  What it makes is the module that
"devsw-driver build" makes, and it is made again when the source has changed.
debian/tests/driver does this with the package.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP, STAGE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])


def run(*command, **more):
    """Its output; it has to work."""
    done = subprocess.run(command, check=False, text=True, **more,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print("# " + done.stdout.replace("\n", "\n# "))
        raise SystemExit(f"not ok 1 - {' '.join(map(str, command))}\n1..1")
    return done.stdout


def symbols(path):
    return sorted(line.split()[-1] for line in
                  run("nm", "-D", path).splitlines())


def main():
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        (place / "bin").mkdir()
        (place / "bin" / "devsw-driver").symlink_to(STAGE / "kit")
        env = {**os.environ, "PKG_CONFIG_PATH": str(STAGE), "PATH":
               f"{place}/bin:{os.environ['PATH']}"}
        run("devsw-driver", "new", "hello", cwd=place, env=env)
        hello = place / "hello"
        shutil.copy(TOP / "src/cmd/driver/example.meson.build",
                    hello / "meson.build")
        run("meson", "setup", "b", cwd=hello, env=env)
        run("ninja", "-C", "b", cwd=hello, env=env)
        run("devsw-driver", "build", "hello.ioconf", "-o", "other.so",
            cwd=hello, env=env)
        same = symbols(hello / "b" / "hello.so") == symbols(hello / "other.so")
        print(f"{'' if same else 'not '}ok 1 - the module is the kit's")
        with (hello / "hello.c").open("a") as source:
            source.write("int hello_more;\nint hello_more = 1;\n")
        run("ninja", "-C", "b", cwd=hello, env=env)
        more = "hello_more" in symbols(hello / "b" / "hello.so")
        print(f"{'' if more else 'not '}ok 2 - and follows its source\n1..2")
        return not (same and more)


if __name__ == "__main__":
    sys.exit(main())
