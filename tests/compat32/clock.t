#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The library reads the clock of records without writing to its page, whatever a compiler makes
# of 64 bits: on i486 it is a call of a library of its own, without a coprocessor a
# compare-and-swap. Not every kernel of a developer's runs 32-bit programs; that of the machine
# does. From the top directory.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
# shellcheck source=tests/packages/tap.sh
. tests/packages/tap.sh

out=build/tests/compat32/clock
mkdir -p "$out"

# reads OPTION...: a program of that compiler and these options reads the clock.
reads()
{
	"$@" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Ilibuser -o "$out/read" \
		tests/compat32/clock/read.c && "$out/read"
}

for compiler in gcc clang; do
	for options in -m64 -m32 '-m32 -march=i586' '-m32 -march=i486' '-m32 -msoft-float'; do
		name=${options// -/_}
		# shellcheck disable=SC2086 # several options
		ok "program_of_${compiler}_with_${name#-}_reads_the_clock" reads "$compiler" $options
	done
done
done_testing
