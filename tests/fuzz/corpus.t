#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs all programs of the corpus, those that went wrong once, and for a while new ones, on
# the kernel and on the model. LOCKMGR_SEED repeats a run; each run prints its own seed.

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

exec ../../build/tests/fuzz/fuzz --seconds 20 ${LOCKMGR_SEED:+--seed "$LOCKMGR_SEED"} \
	check corpus cases
