#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests the fuzzer's own parts: the text of programs, their generation, the minimiser, the
# model.

exec "$(dirname "$(readlink -f "$0")")/../../build/tests/fuzz/test-parts"
