#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The Debian packages for arm64: they build on this machine, lintian finds nothing, and what they
# install works with the module on an emulated processor.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
# shellcheck source=tests/vm/processors.sh
. tests/vm/processors.sh

use_processor arm64
out=$PWD/build/packages/$processor
tree=$(tests/vm/toolchain "$processor_debian" "$processor" packages)

# In the tree, with compilers that build for the other processor.
packages_build()
{
	rm -rf "$out"
	copy_tree "$out/lockmgr"
	# shellcheck disable=SC2016 # expanded in the tree
	tests/vm/in-tree "$tree" "$out" -- sh -euc 'cd "$1/lockmgr"
		exec dpkg-buildpackage --host-arch="$2" --build=any --no-sign' sh "$out" "$processor"
}

# Each package, and for which processor it is.
packages()
{
	local deb

	for deb in "$out"/*.deb; do
		# shellcheck disable=SC2016 # no variables of the shell's
		[[ $deb == *-dbgsym_* ]] ||
			dpkg-deb --show --showformat='${Package} ${Architecture}\n' "$deb"
	done
}

# unpacked WHERE: where the packages' files are, on this machine or in that one, in which build is
# build/PROCESSOR of this one.
unpacked()
{
	case $1 in
	here) echo "$PWD/build/$processor/unpacked" ;;
	there) echo "$PWD/build/unpacked" ;;
	esac
}

write_session()
{
	local root

	root=$(unpacked there)
	cat <<-END
	export LD_LIBRARY_PATH=$root/usr/lib/$processor_libraries
	PATH=$root/usr/bin:\$PATH
	set -eux
	lockctl create web
	lockctl allocate --note "container web-1" web
	lockctl run web 0 -- lockctl list --raw --noheadings --output LOCK,NOTE,STATE web
	lockctl unlink web
	END
}

lockctl_works()
{
	local deb

	mkdir -p "$out/machine/results"
	rm -rf "$(unpacked here)"
	for deb in "$out"/{liblockmgr1,lockctl}_*.deb; do
		dpkg-deb -x "$deb" "$(unpacked here)"
	done
	write_session >"$(unpacked here)/session"
	# shellcheck disable=SC2016 # expanded in the machine
	tests/vm/run --kernel "$processor" --dir "$out/machine" -- \
		sh -c 'bash "$0" >"$LOCKMGR_RESULTS/said"' "$(unpacked there)/session" || return
	cat "$out/machine/results/said"
	grep -xF '0 container\x20web-1 held' "$out/machine/results/said"
}

need_commands lintian
ok "packages_build" packages_build
((!failed)) || done_testing
ok "lintian_has_neither_errors_nor_warnings" lintian_is_silent "$out"
same "they_are_those_that_depend_on_the_processor" "$(packages)" \
	"$(printf "%s $processor\n" liblockmgr-dev liblockmgr1 lockctl lockmgr-podman)"
ok "lockctl_works_with_the_module" lockctl_works
done_testing
