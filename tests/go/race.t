#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The Go package, watched by the race detector, on the module. From the top directory
[ -e /dev/lockmgr ] || { echo "Bail out! there is no /dev/lockmgr"; exit 1; }
export LOCKMGR_SCALE=0.1
exec tests/go/run-tests build/tests/go/lockmgr.race -test.timeout 6000s "$@"
