#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The Debian packages of this tree: they build, lintian finds nothing, and each has the files
# that belong to it.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh

out=build/packages/debian
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)

names()
{
	(cd "$out" && for deb in *.deb; do dpkg-deb -f "$deb" Package; done) | grep -v dbgsym
}

# The files of a package, without documentation.
files()
{
	contents "$1" | grep -v -e '^/usr/share/doc/' -e '^/usr/share/man/'
}

contents()
{
	dpkg-deb --fsys-tarfile "$out/$1"_*.deb | tar -t | sed 's|^\.||' | grep -v '/$' |
		LC_ALL=C sort
}

# "PACKAGE PAGE" for each page of the tree: the package that has what the page describes.
pages_of_tree()
{
	find libuser/man -name '*.[1-9]' -printf '%f\n' 2>/dev/null | sed -E '
		s/^.*\.1$/lockctl &/
		s/^.*\.3$/liblockmgr-dev &/
		s/^.*\.4$/lockmgr-dkms &/
		s/^lockmgr\.7$/lockmgr-common &/
		s/^lockmgr-podman\.7$/lockmgr-podman &/' | sort
}

pages_of_packages()
{
	local package

	for package in lockctl liblockmgr-dev lockmgr-dkms lockmgr-common lockmgr-podman; do
		contents "$package" | sed -n "s|^/usr/share/man/.*/\(.*\)\.gz|$package \1|p"
	done | sort
}

# The documents of a package, without manual pages and what every package has; debhelper may
# have compressed them.
documents()
{
	contents "$1" | sed -n "s|^/usr/share/doc/$1/||p" | sed 's|\.gz$||' |
		grep -v -x -e changelog -e changelog.Debian -e copyright
}

documents_of_tree()
{
	(cd kmod && git -c safe.directory='*' ls-files ABI) && printf '%s\n' NEWS README.md
}

# DKMS gets all files of the module's sources that git knows.
module_files()
{
	printf '%s\n' /usr/lib/modules-load.d/lockmgr.conf /usr/lib/udev/rules.d/60-lockmgr.rules
	git -c safe.directory='*' ls-files Kbuild dkms.conf 'kmod/*.[ch]' include/uapi |
		sed "s|^|/usr/src/lockmgr-$version/|"
}

go_files()
{
	(cd libuser && git -c safe.directory='*' ls-files go) |
		sed 's|^go/|/usr/share/gocode/src/example.org/lockmgr/|' | LC_ALL=C sort
}

# Builds a program as Debian builds its own: from the files of packages, in GOPATH.
go_builds()
{
	local tree=$PWD/$out/go

	rm -rf "$tree"
	dpkg-deb -x "$out"/golang-example-lockmgr-dev_*.deb "$tree"
	mkdir -p "$tree/program"
	printf '%s\n' 'package main' 'import "fmt"' 'import "example.org/lockmgr"' \
		'import "example.org/lockmgr/libpod"' \
		'func main() { fmt.Print(lockmgr.Version, libpod.New != nil) }' \
		>"$tree/program/main.go"
	(cd "$tree/program" && GO111MODULE=off GOPATH="$tree/usr/share/gocode" GOFLAGS='' \
		CGO_ENABLED=0 GOCACHE="$tree/cache" go run main.go)
}

python_files()
{
	(cd libuser/python && git -c safe.directory='*' ls-files lockmgr) |
		sed 's|^|/usr/lib/python3/dist-packages/|' | LC_ALL=C sort
}

# A program finds the Python package in the directory for Debian's packages, and the package
# finds the library of liblockmgr1, on which it depends.
python_runs()
{
	local tree=$PWD/$out/python

	rm -rf "$tree"
	dpkg-deb -x "$out"/python3-lockmgr_*.deb "$tree"
	dpkg-deb -x "$out"/liblockmgr1_*.deb "$tree"
	PYTHONPATH=$tree/usr/lib/python3/dist-packages LD_LIBRARY_PATH=$tree/usr/lib/$multiarch \
		/usr/bin/python3 -c 'import lockmgr
print(lockmgr.__file__, lockmgr.__version__, lockmgr.library_version())' |
		sed "s|^$tree||"
}

document_names_path()
{
	local path

	path=$(files lockmgr-podman) && grep -F "LD_PRELOAD=$path" docs/podman.md
}

podman_exports()
{
	dpkg-deb --fsys-tarfile "$out"/lockmgr-podman_*.deb |
		tar -x -O ./usr/lib/lockmgr/liblockmgr-podman.so >"$out/podman.so"
	nm -D --defined-only "$out/podman.so" | awk '{ print $3 }' | LC_ALL=C sort |
		diff <(sed -n 's/^\t\([a-z0-9_]*\);$/\1/p' libuser/podman/podman.map | LC_ALL=C sort) -
}

# field PACKAGE FIELD
field()
{
	dpkg-deb -f "$out/$1"_*.deb "$2"
}

depends_on_common()
{
	field "$1" Depends | sed 's/, /\n/g' | grep -xF "lockmgr-common (= $version-1~upstream1)"
}

need_commands dpkg-buildpackage lintian go
ok "packages_build" build_packages "$out"
ok "lintian_has_neither_errors_nor_warnings" lintian_is_silent "$out"
same "the_packages_are_those_promised" "$(names | sort)" \
	"$(printf '%s\n' golang-example-lockmgr-dev liblockmgr-dev liblockmgr1 lockctl \
		lockmgr-common lockmgr-dkms lockmgr-podman python3-lockmgr)"
same "lockmgr-dkms_has_the_sources_of_the_module" "$(files lockmgr-dkms)" \
	"$(module_files | LC_ALL=C sort)"
same "and_the_documents_that_README_names" "$(documents lockmgr-dkms)" "$(documents_of_tree)"
same "liblockmgr1_has_the_shared_library" "$(files liblockmgr1)" \
	"$(printf "/usr/lib/$multiarch/%s\n" liblockmgr.so.1 "liblockmgr.so.1.$version")"
same "liblockmgr-dev_has_what_compiling_takes" "$(files liblockmgr-dev)" \
	"$(printf '%s\n' /usr/include/linux/lockmgr.h /usr/include/lockmgr.h /usr/include/lockmgr.hpp \
		"/usr/lib/$multiarch"/{liblockmgr.a,liblockmgr.so,pkgconfig/liblockmgr.pc})"
same "lockctl_has_the_command_its_completions_and_its_unit" "$(files lockctl)" \
	"$(printf '%s\n' /usr/bin/lockctl '/usr/lib/systemd/system/lockctl-allocations@.service' \
		/usr/share/bash-completion/completions/lockctl \
		/usr/share/fish/vendor_completions.d/lockctl.fish \
		/usr/share/zsh/vendor-completions/_lockctl)"
same "lockmgr-podman_has_the_library_for_podman" "$(files lockmgr-podman)" \
	"/usr/lib/lockmgr/liblockmgr-podman.so"
same "and_says_how_to_use_it" "$(documents lockmgr-podman)" "podman.md"
ok "its_document_names_the_path" document_names_path
ok "it_exports_what_it_answers_and_nothing_else" podman_exports
same "golang-example-lockmgr-dev_has_the_sources_of_the_go_packages" \
	"$(files golang-example-lockmgr-dev)" "$(go_files)"
same "programs_are_built_with_them" "$(go_builds)" "${version}true"
same "python3-lockmgr_has_the_python_package" "$(files python3-lockmgr)" "$(python_files)"
same "it_runs_with_the_library" "$(python_runs)" \
	"/usr/lib/python3/dist-packages/lockmgr/__init__.py $version $version"
same "it_needs_a_library_that_is_not_older" "$(field python3-lockmgr Depends)" \
	"liblockmgr1 (>= $version), python3:any"
same "each_manual_page_is_in_the_package_that_it_is_about" "$(pages_of_packages)" \
	"$(pages_of_tree)"
ok "programmers_get_what_is_for_everybody" depends_on_common liblockmgr-dev
ok "so_do_administrators" depends_on_common lockctl
same "the_way_to_move_over_is_there_too" "$(documents lockmgr-common)" "moving-over.md"
same "the_library_is_for_several_architectures_at_once" \
	"$(field liblockmgr1 Multi-Arch) $(field liblockmgr-dev Multi-Arch)" "same same"
same "the_development_files_are_for_just_that_library" \
	"$(field liblockmgr-dev Depends | sed 's/, .*//')" "liblockmgr1 (= $version-1~upstream1)"
done_testing
