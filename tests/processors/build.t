#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Module, library, lockctl and test programs build for other processors without a warning: the
# module with W=1, and with sparse where that knows the processor. From the environment:
#
#	PROCESSORS	kernels of tests/vm/kernel for other processors ("arm64")

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=tests/packages/tap.sh
. tests/packages/tap.sh
# shellcheck source=tests/vm/processors.sh
. tests/vm/processors.sh

out=$PWD/build/processors

# What readelf says of a processor's programs, and whether sparse knows the processor.
declare -A machine=(
	[arm64]=AArch64 [armhf]=ARM [i386]='Intel 80386' [ppc64el]='PowerPC64'
	[riscv64]=RISC-V [s390x]='IBM S/390'
)

is_for()
{
	readelf -h "$1" | grep 'Machine:.*'"${machine[$2]}"
}

# is_silent PATTERN COMMAND...: the command succeeds, and none of its lines matches.
is_silent()
{
	local pattern=$1 said status=0

	shift
	said=$("$@" 2>&1) || status=$?
	if ((status)) || grep -iE "$pattern" <<<"$said"; then
		printf '%s\n' "$said"
		return 1
	fi
}

# The compiler's warnings are errors. Sparse finds something in the kernel's own headers for some
# processors (arm64's cmpxchg() of a 32-bit value), so only what it says of our files counts.
module_builds()
{
	local kernel=$1 sparse=1 facts
	local kernel_processor='' kernel_debian='' kernel_release=''

	[[ $kernel != riscv64 ]] || sparse=0
	rm -rf "${out:?}/$kernel"
	is_silent '^(kmod|include)/.*(warning|error):' tests/vm/module --dir "$out/$kernel" "$kernel" \
		W=1 C="$sparse" KCFLAGS=-Werror CF=-D__CHECK_ENDIAN__ || return
	is_for "$out/$kernel/lockmgr.ko" "$(processor_of "$kernel")" || return
	facts=$(tests/vm/kernel "$kernel") && eval "$facts"
	note_built "$kernel_processor" "$kernel_debian" "$kernel_release" "$kernel"
}

programs_build()
{
	local processor=$1

	is_silent 'warning|error:' tests/vm/cross "$processor" || return
	is_for "build/$processor/lib/liblockmgr.so.1" "$processor" &&
		is_for "build/$processor/lockctl/lockctl" "$processor"
}

for kernel in ${PROCESSORS:-arm64}; do
	ok "module_builds_for_$kernel" module_builds "$kernel"
	[[ $kernel == *-16k ]] || ok "programs_build_for_$kernel" programs_build "$kernel"
done
done_testing
