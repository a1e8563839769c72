#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The header compiles alone in each version of C and C++, the library with gcc, clang and musl,
# each without a warning; and what analyses the library and lockctl finds nothing. From the top
# directory.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
# shellcheck source=tests/packages/tap.sh
. tests/packages/tap.sh
here=$PWD/tests/vm
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/known.sh
. tests/known.sh

out=build/tests/unit/compilers
warnings=(-Wall -Wextra -Wpedantic -Werror)
library=(-std=c11 -O2 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude -Iinclude/uapi
	'-DLOCKMGR_VERSION="0.0.0"' -DLOCKMGR_VERSION_MAJOR=0 -Wall -Wextra -Werror -fPIC -pthread)
read -ra packages < <(pkg-config --cflags smartcols libkmod)
lockctl=("${library[@]/-std=c11/-std=gnu11}" "${packages[@]}")

# header_compiles COMPILER LANGUAGE VERSION
header_compiles()
{
	printf '#include <lockmgr.h>\nint unused;\n' |
		"$1" -x "$2" -std="$3" "${warnings[@]}" -Iinclude -fsyntax-only -
}

# each_compiles FILES -- COMMAND...: one file after the other.
each_compiles()
{
	local files=() file

	while [[ $1 != -- ]]; do
		files+=("$1")
		shift
	done
	shift
	for file in "${files[@]}"; do
		"$@" -c -o "$out/object.o" "$file" || return
	done
}

# musl has no headers of the kernel's, and must not see glibc's.
library_compiles_with_musl()
{
	mkdir -p "$out/linux"
	ln -sfn /usr/include/{linux,asm-generic} "$out/linux/"
	ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$out/linux/"
	each_compiles libuser/*.c -- musl-gcc "${library[@]}" -idirafter "$out/linux"
}

# Each finding counts, although clang goes on after it.
clang_analyses()
{
	local found

	found=$(clang --analyze --analyzer-output text -Xclang -analyzer-werror "$@" 2>&1) || {
		printf '%s\n' "$found"
		return 1
	}
	printf '%s\n' "$found"
	[[ ! $found ]]
}

# What the compilers see, and which they are.
key()
{
	contents_of include libuser
	gcc --version
	clang --version
	dpkg-query --show --showformat '${Package} ${Version}\n' libc6-dev libkmod-dev libsmartcols-dev \
		linux-libc-dev musl-dev
}

# compiles NAME COMMAND...: a test.
compiles()
{
	ok "$1" unless_known "$key" "${@:2}"
}

mkdir -p "$out"
key=$(key)
for compiler in gcc clang; do
	for version in c99 c11 c17 c2x; do
		compiles "header_compiles_with_${compiler}_in_$version" header_compiles "$compiler" c "$version"
	done
	compiles "library_compiles_with_$compiler" each_compiles libuser/*.c -- "$compiler" "${library[@]}"
	compiles "lockctl_compiles_with_$compiler" each_compiles libuser/lockctl/*.c -- \
		"$compiler" "${lockctl[@]}"
done
for compiler in g++ clang++; do
	for version in 98 03 11 14 17 20 2b; do
		compiles "header_compiles_with_${compiler}_in_c++$version" \
			header_compiles "$compiler" c++ "c++$version"
	done
done
compiles library_compiles_with_musl library_compiles_with_musl
compiles gcc_analyses_the_library_and_finds_nothing each_compiles libuser/*.c -- \
	gcc -fanalyzer "${library[@]}"
compiles gcc_analyses_lockctl_and_finds_nothing each_compiles libuser/lockctl/*.c -- \
	gcc -fanalyzer "${lockctl[@]}"
compiles clang_analyses_the_library_and_finds_nothing clang_analyses "${library[@]}" libuser/*.c
compiles clang_analyses_lockctl_and_finds_nothing clang_analyses "${lockctl[@]}" libuser/lockctl/*.c
done_testing
