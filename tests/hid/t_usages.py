#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_usages: is data/usb_hid_usages in its format, and without doubles?

    t_usages.py FILE
"""
import re
import sys

PAGE = re.compile(r"(0x[0-9a-f]+|[0-9]+)\t(\S+)$")
USAGE = re.compile(r"\t(0x[0-9a-f]+|[0-9]+|\*)\t(\S+)$")
NAME = re.compile(r"[A-Za-z0-9_+/-]+$")
FORMAT = re.compile(r"[A-Za-z0-9_+/-]*%(0[1-9])?[dx][A-Za-z0-9_+/-]*$")
WANTED = {      # some that programs and people rely on
    ("Generic_Desktop", "Hat_Switch"): 0x00010039,
    ("Generic_Desktop", "System_Power_Down"): 0x00010081,
    ("Simulation_Controls", "Rear_Brake"): 0x000200d0,
    ("Sports_Controls", "9_Wood"): 0x00040063,
    ("Game_Controls", "Gamepad_Fire/Jump"): 0x00050037,
    ("Generic_Device_Controls", "Security_Code_Cleared"): 0x00060026,
    ("Keyboard", "Keyboard_z_and_Z"): 0x0007001d,
    ("Keyboard", "Keyboard_F24"): 0x00070073,
    ("Keyboard", "Keyboard_ExSel"): 0x000700a4,
    ("Keyboard", "Keyboard_Right_GUI"): 0x000700e7,
    ("LEDs", "Caps_Lock"): 0x00080002,
    ("LEDs", "External_Power_Connected"): 0x0008004d,
    ("Telephony", "Phone_Key_D"): 0x000b00bf,
    ("Consumer", "Play/Pause"): 0x000c00cd,
    ("Consumer", "Volume_Increment"): 0x000c00e9,
    ("Consumer", "AL_Calculator"): 0x000c0192,
    ("Consumer", "AC_Pan"): 0x000c0238,
    ("Digitizer", "Tip_Switch"): 0x000d0042,
    ("Digitizer", "Contact_Count_Maximum"): 0x000d0055,
    ("Physical_Interface_Device", "Actuators_Enabled"): 0x000f00a0,
    ("Alphanumeric_Display", "Unicode_Character_Set"): 0x00140041,
    ("Sensor", "Motion_Accelerometer_3D"): 0x00200073,
    ("Power_Device", "AwaitingPower"): 0x00840072,
    ("Battery_System", "RunTimeToEmpty"): 0x00850068,
    ("FIDO", "U2F_Authenticator_Device"): 0xf1d00001,
}


class Bad(Exception):
    """What is wrong, and in which line."""


def add(table, key, value, what):
    """A key that must be new."""
    if key in table:
        raise Bad(f"{what} {key} occurs twice")
    table[key] = value


def parse(lines):
    """(page name, usage name) -> 32 bits; page name -> number."""
    usages, pages, numbers, page, name = {}, {}, {}, None, None
    for at, line in enumerate(lines, 1):
        try:
            if not line or line.startswith("#"):
                continue
            if found := PAGE.match(line):
                page, name = int(found[1], 0), found[2]
                if not NAME.match(name) or page > 0xffff:
                    raise Bad("no such page")
                add(pages, name, page, "page")
                add(numbers, page, name, "page number")
            elif not (found := USAGE.match(line)):
                raise Bad("neither a page nor a usage")
            elif page is None:
                raise Bad("a usage without a page")
            elif found[1] == "*":
                if not FORMAT.match(found[2]):
                    raise Bad("no format")
                add(numbers, (page, "*"), found[2], "star of page")
            else:
                number = int(found[1], 0)
                if not NAME.match(found[2]) or number > 0xffff:
                    raise Bad("no such usage")
                add(usages, (name, found[2]), page << 16 | number, "name")
                add(numbers, (page, number), found[2], "number")
        except Bad as why:
            raise Bad(f"line {at}: {why}") from None
    return usages, pages, numbers


def refuses(*lines):
    """Would the test see this?"""
    try:
        parse(lines)
    except Bad:
        return True
    return False


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        lines = file.read().split("\n")
    failed = 0

    def tell(ok, what):
        nonlocal failed
        tell.number += 1
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {tell.number} - {what}")
    tell.number = 0

    tell(not refuses("1\tA", "\t0x01\tx", "\t2\ty", "\t*\tz%d", "2\tB",
                     "\t1\tx") and
         all(map(lambda bad: refuses(*bad), (
             ("1\tA", "1\tB"), ("1\tA", "0x1\tB"), ("1\tA", "2\tA"),
             ("\t1\tx",), ("1\tA", "\t1\tx", "\t0x01\ty"),
             ("1\tA", "\t1\tx", "\t2\tx"), ("1\tA", "\t1\ta b"),
             ("1\tA", "\t1\ta:b"), ("1\tA", "\t*\tz"), ("1\tA", "\t*\t%s"),
             ("1\tA", "\t0x10000\tx"), ("1\tA", " 1\tx"), ("1",)))),
         "the parser tells good lines from bad ones")
    try:
        usages, pages, numbers = parse(lines)
        print(f"# {len(pages)} pages, {len(usages)} usages")
        tell(True, "parses, no number and no name twice in a page")
    except Bad as why:
        print(f"# {why}")
        tell(False, "parses, no number and no name twice in a page")
        usages, pages, numbers = {}, {}, {}
    wrong = [key for key in WANTED if usages.get(key) != WANTED[key]]
    for key in wrong:
        print(f"# {':'.join(key)} is {usages.get(key)}")
    tell(not wrong, "well-known usages have their numbers")
    tell((9, "*") in numbers and (10, "*") in numbers and
         (16, "*") in numbers, "buttons, ordinals and characters are counted")
    print(f"1..{tell.number}")
    return 1 if failed else 0


sys.exit(main())
