#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The Go package libpod, on the module. From the top directory
[ -e /dev/lockmgr ] || { echo "Bail out! there is no /dev/lockmgr"; exit 1; }
exec tests/go/run-tests build/tests/go/libpod -test.timeout 6000s "$@"
