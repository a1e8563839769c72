# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of packages and installing share that do not run in a machine. Sourced in the
# top directory.

# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# shellcheck source=tests/packages/tap.sh
. tests/packages/tap.sh

version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' dkms.conf)

# copy_tree DIRECTORY: copies the files of this tree, without what was built in it, as they are
# in an unpacked release.
copy_tree()
{
	mkdir -p "$1"
	git -c safe.directory='*' ls-files -z | tar -c --null -T - | tar -x -C "$1"
}

# build_packages DIRECTORY [VERSION]: builds the Debian packages of this tree in the directory,
# with another version if one is given.
build_packages()
{
	local dir=$1 other=${2-}

	rm -rf "$dir"
	copy_tree "$dir/lockmgr"
	if [[ $other ]]; then
		sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$other\"/" "$dir/lockmgr/dkms.conf"
		sed -i "1s/(.*)/($other-1~upstream1)/" "$dir/lockmgr/debian/changelog"
	fi
	tar -C "$dir" --exclude=./lockmgr/debian -czf \
		"$dir/lockmgr_${other:-$version}.orig.tar.gz" ./lockmgr
	(cd "$dir/lockmgr" && dpkg-buildpackage --no-sign) >"$dir/log" 2>&1 ||
		{ tail -n 40 "$dir/log" && return 1; }
}

# lintian_is_silent DIRECTORY: fails if lintian prints anything of the packages in the directory: an
# error, a warning, or a finding that is overridden.
lintian_is_silent()
{
	local said

	said=$(lintian --allow-root --fail-on error,warning --show-overrides --no-cfg \
		"$1"/*.changes) && [[ ! $said ]] && return
	printf '%s\n' "$said"
	return 1
}

# in_system NAME DIRECTORY OPTION... -- COMMAND...: runs a command in the machine of
# tests/vm/run-system and passes on the tests that it prints, with NAME before their own names. It
# exits with 1 if one fails.
in_system()
{
	local name=$1 dir=$2 status=0

	shift 2
	tests/vm/run-system --dir "$dir" "$@" >"$dir/output" || status=$?
	sed -E "s/^((not )?ok [0-9]+ - )/\1$name: /" "$dir/output" >"$dir/tap"
	pass_on "$name" "$dir/tap"
	ok "machine for $name ends as it should" test "$status" -lt 2
}
