#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# t_usb_host.sh PROGRAM: run the test of the USB back end (tests/host/t_usb.c)
# where there is USB: a guest with an FTDI adapter, a CDC-ACM gadget, and
# vhci_hcd for devices that the test plays itself.
#
# 77 where no guest can be started.

vm=$(dirname "$(readlink -f "$0")")/../../tools/vm

"$vm" --usb ftdi --usb acm --usb vhci --timeout 300 "$@"
status=$?
[ $status -eq 126 ] && exit 77
exit $status
