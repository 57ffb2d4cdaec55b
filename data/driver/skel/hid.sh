#!/bin/sh
# The test of @NAME@, run by "make check": it loads.  No software device is a
# HID; try it on a real one.
set -e
echo ok
