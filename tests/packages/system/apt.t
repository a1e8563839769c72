#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The packages on a Debian system of each release: installed, there after a restart, upgraded
# while locks are in use, and purged. The commands are in apt-session. From the environment:
#
#	RELEASES	on which releases (this machine's, and newer ones of "bookworm trixie")

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
# shellcheck source=tests/vm/releases.sh
. tests/vm/releases.sh

out=build/packages/apt
upgraded=${version%.*}.999

build_both()
{
	build_packages "$out/first" && build_packages "$out/second" "$upgraded"
}

# Packages need the libraries with which they were built, or newer ones.
possible_releases()
{
	printf '%s\n' "${supported_releases[@]}" | sed -n "/^$(host_release)$/,\$p"
}

write_job()
{
	local job=$1

	mkdir -p "$job"/{first,second}
	cp "$out"/first/*.deb "$job/first/"
	cp "$out"/second/*.deb "$job/second/"
	rm "$job"/*/*-dbgsym_*.deb
	cp -r tests/packages/{tap.sh,system/apt-session,system/locks.c} debian/tests "$job/"
}

# step NAME OPTION...: boots the machine of $release and runs that step of apt-session. After a
# failure, all its further steps are left out, since they would fail for it.
step()
{
	((!failed)) || return 0
	in_system "$1, on $release" "$out/$release/machine" --release "$release" "${@:2}" -- \
		bash apt-session "$1" "$version" "$upgraded"
}

test_release()
{
	release=$1
	write_job "$out/$release/machine/job"
	step install
	step signature --append module.sig_enforce=1
	step upgrade
	step purge
}

need_commands dpkg-buildpackage
rm -rf "$out"/*/machine
ok "packages_build" build_both
((!failed)) || done_testing
# shellcheck disable=SC2046,SC2086 # lists of names
in_parts test_release ${RELEASES:-$(possible_releases)}
done_testing
