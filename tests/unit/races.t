#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Race detectors find the race in a program without a lock, and none in the same
# program with a lock. Run from the top directory.
#
# shellcheck disable=SC2317 # functions are called through check

sources=tests/unit/races
out=build/tests/unit/races
library=build/lib
number=0
failed=0

# races/kernel.c takes the place of libc's ioctl() and mmap(): for the static library by the
# linker's --wrap, for the shared library by functions of the same names.
wrapped="-Wl,--wrap=ioctl,--wrap=mmap64"
instead="-D__wrap_ioctl=ioctl -D__wrap_mmap64=mmap64"

build()
{
	program=$1
	shift
	${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -pthread \
		-Iinclude -Iinclude/uapi -o "$out/$program" "$@"
}

build_all()
{
	# shellcheck disable=SC2086 # a list of options
	mkdir -p "$out" &&
	build static.o -c "$sources/kernel.c" &&
	build shared.o -c $instead "$sources/kernel.c" &&
	build plain "$sources/count.c" "$out/static.o" "$library/liblockmgr.a" "$wrapped" &&
	build tsan -fsanitize=thread "$sources/count.c" "$out/static.o" \
		"$library/liblockmgr.a" "$wrapped" &&
	build tsan-shared -fsanitize=thread "$sources/count.c" "$out/shared.o" \
		-L"$library" -llockmgr "-Wl,-rpath,$PWD/$library"
}

# ThreadSanitizer needs addresses that are not randomised.
fixed=
setarch -R true 2>/dev/null && fixed="setarch -R"

# check STATUS NAME COMMAND...: the command ends with this status. A detector that has found a
# race ends with 66.
check()
{
	expected=$1
	name=$2
	number=$((number + 1))
	shift 2
	output=$("$@" 2>&1)
	status=$?
	if [ "$status" -eq "$expected" ]; then
		echo "ok $number - $name"
		return
	fi
	echo "not ok $number - $name"
	printf '%s\n' "status $status, not $expected" "$output" | sed 's/^/# /'
	failed=1
}

valgrind_with()
{
	tool=$1
	shift
	valgrind -q --tool="$tool" --error-exitcode=66 "$out/plain" "$@"
}

echo 1..9
check 0 "programs_are_built" build_all
for program in tsan tsan-shared; do
	# shellcheck disable=SC2086 # a command or nothing
	check 0 "${program}_reports_nothing_with_a_lock" $fixed "$out/$program" with-lock
	# shellcheck disable=SC2086
	check 66 "${program}_reports_the_race_without" $fixed "$out/$program"
done
for tool in helgrind drd; do
	check 0 "${tool}_reports_nothing_with_a_lock" valgrind_with "$tool" with-lock
	check 66 "${tool}_reports_the_race_without" valgrind_with "$tool"
done
exit "$failed"
