#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The packages on a Debian system: installed, there after a restart, upgraded while locks
# are in use, and purged. The commands are in apt-session.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh

out=build/packages/apt
upgraded=${version%.*}.999

build_both()
{
	build_packages "$out/first" && build_packages "$out/second" "$upgraded"
}

need_commands dpkg-buildpackage
rm -rf "$out/machine"
mkdir -p "$out/machine/job"/{first,second}
ok "packages_build" build_both
cp "$out"/first/*.deb "$out/machine/job/first/"
cp "$out"/second/*.deb "$out/machine/job/second/"
rm "$out"/machine/job/*/*-dbgsym_*.deb
cp -r tests/packages/{tap.sh,system/apt-session,system/locks.c} debian/tests "$out/machine/job/"
# step NAME OPTION...: boots the machine and runs that step of apt-session. After a failure, all
# further steps are left out, since they would fail for it.
step()
{
	((!failed)) || return 0
	in_system "$1" "$out/machine" "${@:2}" -- bash apt-session "$1" "$version" "$upgraded"
}

step install
step signature --append module.sig_enforce=1
step upgrade
step purge
done_testing
