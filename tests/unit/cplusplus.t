#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# include/lockmgr.hpp: compiles without a warning and keeps its contract in C++ 11, 14, 17 and
# 20, with g++ and, if it is installed, clang++. Run from the top directory.

source=tests/unit/cplusplus/contract.cc
out=build/tests/unit/cplusplus
number=0
failed=0

mkdir -p "$out" || exit
for compiler in g++ clang++; do
	for version in 11 14 17 20; do
		number=$((number + 1))
		name="header_works_with_${compiler}_in_c++$version"
		if ! command -v "$compiler" >/dev/null; then
			echo "ok $number - $name # SKIP there is no $compiler"
			continue
		fi

		program=$out/$compiler-$version
		if output=$("$compiler" -std="c++$version" -O1 -Wall -Wextra -Wpedantic -Wshadow \
			-Wconversion -Werror -pthread -Iinclude -o "$program" "$source" 2>&1 &&
			"$program" 2>&1); then
			echo "ok $number - $name"
		else
			echo "not ok $number - $name"
			echo "$output" | sed 's/^/# /'
			failed=1
		fi
	done
done
echo "1..$number"
exit $failed
