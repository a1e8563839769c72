#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# DKMS with the headers packages of each kernel of this system's release. It runs on the host, but
# what it changes is on mounts of its own (tests/packages/machine/dkms-session); a machine then
# loads the module that it has built.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
# shellcheck source=tests/vm/releases.sh
. tests/vm/releases.sh

mapfile -t kernels < <(own_kernels)
out=$PWD/build/packages/dkms

# load_in_machine KERNEL
load_in_machine()
{
	local dir=$out/$1

	# shellcheck disable=SC2016 # expanded in the machine
	tests/vm/run --kernel "$1" --no-module --dir "$dir/machine" -- sh -ec '
		target=/lib/modules/$(uname -r)/updates/dkms
		mkdir -p "$target"
		cp "$0"/module/* "$target/"
		depmod
		modprobe lockmgr
		test -c /dev/lockmgr
		test "$(cat /sys/module/lockmgr/version)" = "$1"
		modprobe -r lockmgr
		test ! -e /dev/lockmgr
	' "$dir" "$version"
}

# is_built_for RELEASE: prints "yes" if DKMS builds for kernels of that release, otherwise "no".
is_built_for()
{
	local pattern

	pattern=$(sed -n 's/^BUILD_EXCLUSIVE_KERNEL="\(.*\)"/\1/p' dkms.conf)
	[[ $1 =~ ${pattern:?} ]] && echo yes || echo no
}

# build_as KDIR VERSION PATCHLEVEL [MAKE-ARGUMENT...]: builds with the headers in KDIR as if they
# were of another version.
build_as()
{
	make -C "$1" M="$out/source" "VERSION=$2" "PATCHLEVEL=$3" \
		"KERNELRELEASE=$2.$3.0-1-amd64" "${@:4}" modules 2>&1 || true
}

needs_6_1()
{
	local said

	said=$(build_as "$@")
	printf '%s\n' "$said"
	grep -qF "lockmgr needs Linux 6.1 or later, this is $2.$3.0-1-amd64" <<<"$said" &&
		! grep -q '\.c:' <<<"$said"
}

# Builds without the header that defines guard().
needs_guard()
{
	local said

	said=$(build_as "$@" guard_header=/nowhere)
	printf '%s\n' "$said"
	grep -qF "lockmgr needs guard(), which Linux has from 6.5 on, and later versions of 6.1;" \
		<<<"$said" && ! grep -q '\.c:' <<<"$said"
}

# builds_as EXPECTED KDIR VERSION PATCHLEVEL: the module builds, with just the warning EXPECTED
# about the kernel's version; empty: without one.
builds_as()
{
	local expected=$1 said

	rm -f "$out/source/lockmgr.ko"
	said=$(build_as "${@:2}")
	printf '%s\n' "$said"
	[[ $(grep -o 'lockmgr was tried with .*' <<<"$said" | sort -u) == "$expected" ]] &&
		! grep -q '\.c:' <<<"$said" && test -e "$out/source/lockmgr.ko"
}

need_commands dkms unshare
as_root rm -rf "$out"
copy_tree "$out/source"
kdir=
for kernel in "${kernels[@]}"; do
	facts=$(tests/vm/kernel "$kernel")
	kernel_release='' kernel_kdir='' kernel_modules=''
	eval "$facts"
	: "${kdir:=$kernel_kdir}"
	mkdir -p "$out/$kernel/module"
	as_root unshare --mount --propagation private \
		tests/packages/machine/dkms-session "$out/source" "$out/$kernel" \
		"$version" "$kernel_release" "$kernel_kdir" "$kernel_modules" \
		>"$out/$kernel/tap" 2>"$out/$kernel/log" || tail -n 40 "$out/$kernel/log" >>"$out/$kernel/tap"
	pass_on "$kernel" "$out/$kernel/tap"
	ok "modprobe_loads_in_a_machine_what_dkms_built_for_$kernel" load_in_machine "$kernel"
done

for release in 4.19.0-27-amd64 5.10.0-30-amd64 5.19.17 6.0.0-6-amd64 6.0.19 6.2-rc1 6.4.16 6.3.0; do
	same "dkms_builds_nothing_for_$release" "$(is_built_for "$release")" no
done
for release in 6.1.0-1-amd64 6.1.0 6.5.0-1-amd64 6.5-rc1 6.10.3 6.12.9+deb13-amd64 7.0.1 10.2; do
	same "dkms_builds_for_$release" "$(is_built_for "$release")" yes
done
ok "kbuild_refuses_5.10_by_name" needs_6_1 "$kdir" 5 10
ok "kbuild_refuses_6.0_by_name" needs_6_1 "$kdir" 6 0
ok "kbuild_names_what_a_kernel_without_guard_lacks" needs_guard "$kdir" 6 4
for untried in "6 5" "6 11" "7 4"; do
	read -r major minor <<<"$untried"
	ok "kbuild_warns_of_$major.${minor}_by_name_and_builds" builds_as \
		"lockmgr was tried with Linux 6.1 6.12 7.2 7.3, not with this one, $major.$minor.0-1-amd64" \
		"$kdir" "$major" "$minor"
done
ok "kbuild_does_not_warn_of_6.12" builds_as "" "$kdir" 6 12
done_testing
