#!/bin/sh
# The test of @NAME@, run by "make check" where its node is.
set -e
[ "$(cat /dev/@NAME@0)" = hello ]
if echo x 2>/dev/null >/dev/@NAME@0; then exit 1; fi
echo ok
