# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzer has a Makefile of its own; it is built with the test programs.

# Its agents are of amd64 only.
all: fuzzer

.PHONY: fuzzer
fuzzer:
	@$(MAKE) --no-print-directory -C tests/fuzz
