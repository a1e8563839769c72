#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the module with W=1 against every headers package for amd64 that Debian 12,
# Debian 13, their backports, testing and unstable have: ordinary, cloud and RT. The test of a
# package fails if the module does not build, or not without a warning; then its output begins
# with what the kernel lacks. The library builds with each compiler that these kernels take.
#
#	LOCKMGR_HEADERS		only packages whose names match this regular expression

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
here=$PWD/tests/vm
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/vm/releases.sh
. tests/vm/releases.sh
# shellcheck source=tests/vm/kernel-debian.sh
. tests/vm/kernel-debian.sh
# shellcheck source=tests/packages/tap.sh
. tests/packages/tap.sh

chosen=${LOCKMGR_HEADERS:-.}
out=$PWD/build/headers
# Packages are kept in the cache for the next run; their unpacked files are not.
kept=$(lockmgr_cache)/headers

# keep < identities: prints the files of the packages, downloaded if they are not there.
keep()
{
	local package version sum file fresh

	while read -r package version sum; do
		file=$kept/${package}_$sum.deb
		if [[ ! -e $file ]]; then
			fresh=$(deb_download "$out/new" <<<"$package $version $sum") || return
			mv "$fresh" "$file"
		fi
		printf '%s\n' "$file"
	done
}

# unpack TREE < files; touches them, so that the packages of today stay in the cache.
unpack()
{
	local file

	mkdir -p "$1"
	while read -r file; do
		touch "$file"
		dpkg -x "$file" "$1"
	done
	relocate_headers "$1" "$1"
}

# The lines of a build's output that name what the headers lack or declare differently, and then
# the end of the output.
with_symbols_first()
{
	grep -E "error: |undefined!|warning: .*(declar|implicit)" <<<"$1" | sort -u || true
	tail -n 30 <<<"$1"
}

# build RELEASE PACKAGE KDIR [MAKE-ARGUMENT...]: builds the module; fails if there is a warning.
build()
{
	local release=$1 package=$2 kdir=$3 status=0 said

	said=$(tests/vm/module --debian "$release" --dir "$out/module" "$kdir" W=1 "${@:4}" 2>&1) ||
		status=$?
	# pahole, which would write type information, is left out on purpose.
	if ((status)) || grep -v 'warning: pahole version' <<<"$said" | grep -iE 'warning|lockmgr was tried'; then
		with_symbols_first "$said"
		return 1
	fi
	note_built amd64 "$release" "${package#linux-headers-}" -
}

# Whether the output for a kernel that lacks a function begins with the function's name.
names_what_is_missing()
{
	local said

	! said=$(build "$@" KCFLAGS=-Dmmu_interval_notifier_remove=no_kernel_has_this) || return
	head -n 5 <<<"$said"
	head -n 5 <<<"$said" | grep -q no_kernel_has_this
}

# library_builds TREE COMPILER: warnings are errors.
library_builds()
{
	rm -rf "${out:?}/lib"
	mkdir -p "$out/lib"
	tests/vm/in-tree "$1" "$PWD" -- make --silent --no-print-directory -C "$PWD/libuser" \
		"CC=$2" "BUILD=$out/lib"
}

# build_library RELEASE: with each version of gcc that its kernels are built with. Those of this
# machine's own release are looked after by tests/unit/compilers.t.
build_library()
{
	local release=$1 tree compiler

	tree=$(tests/vm/toolchain "$release")
	[[ $tree ]] || return 0
	for compiler in "$tree"/usr/bin/gcc-[0-9]*; do
		compiler=${compiler##*/}
		ok "library_builds_with_${compiler}_of_$release" library_builds "$tree" "$compiler"
	done
}

# build_release RELEASE: builds for each headers package of the release.
build_release()
{
	local release=$1 package packages=() kernel tree file

	mapfile -t packages < <(release_headers | grep -E "$chosen")
	for package in "${packages[@]}"; do
		kernel=${package#linux-headers-}
		tree=$out/$release
		rm -rf "$tree" "$out/module"
		if ! headers_identities "$kernel" | sort -u | keep >"$out/files"; then
			ok "${package}_can_be_downloaded_from_$release" false
			continue
		fi
		unpack "$tree" <"$out/files"
		ok "builds_for_${package}_of_$release" build "$release" "$package" \
			"$tree/usr/src/$package"
		last=("$release" "$package" "$tree/usr/src/$package")
	done
	((!${#packages[@]})) || build_library "$release"
}

rm -rf "$out"
mkdir -p "$out/new" "$kept"
last=()
for release in "${releases[@]}"; do
	use_release "$release"
	if ! release_lists; then
		ok "apt_has_lists_of_$release" false
		continue
	fi
	build_release "$release"
done
if ((${#last[@]})); then
	rm -rf "$out/module"
	ok "output_names_what_a_kernel_lacks" names_what_is_missing "${last[@]}"
fi
# Packages that have not been used for a month: Debian no longer has these versions.
find "$kept" -name '*.deb' -mtime +30 -delete
rm -rf "$out"
done_testing
