#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""embed.py: files as arrays of C.

    embed.py OUTPUT FILE...

Of x/console.js it makes static const unsigned char page_console_js[].
"""
import os
import sys


def main():
    """As above."""
    with open(sys.argv[1], "w", encoding="ascii") as out:
        for path in sys.argv[2:]:
            name = os.path.basename(path).replace(".", "_")
            with open(path, "rb") as file:
                data = file.read()
            out.write(f"static const unsigned char page_{name}[] = {{\n")
            for at in range(0, len(data), 16):
                out.write("".join(f"{byte}," for byte in data[at:at + 16]) +
                          "\n")
            out.write("};\n")


main()
