#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `make install` and `make uninstall`, with the variables that packagers set.

# shellcheck disable=SC2317 # functions are called through ok

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
# shellcheck source=tests/vm/releases.sh
. tests/vm/releases.sh

out=$PWD/build/packages/install
tree=$out/tree

# make_into DESTDIR TARGET VARIABLE...
make_into()
{
	make --no-print-directory -C "$tree" "$2" "DESTDIR=$1" "KDIR=$kernel_kdir" "${@:3}"
}

files()
{
	(cd "$1" && find . ! -type d | sed 's|^\.||' | grep -v /man/ | LC_ALL=C sort)
}

# expected PREFIX LIBDIR
expected()
{
	printf "$1/%s\n" bin/lockctl include/linux/lockmgr.h include/lockmgr.h include/lockmgr.hpp \
		lib/modules-load.d/lockmgr.conf lib/udev/rules.d/60-lockmgr.rules \
		share/bash-completion/completions/lockctl \
		share/fish/vendor_completions.d/lockctl.fish share/zsh/site-functions/_lockctl \
		lib/systemd/system/lockctl-allocations@.service
	printf "$2/%s\n" liblockmgr.a liblockmgr.so liblockmgr.so.1 "liblockmgr.so.1.$version" \
		pkgconfig/liblockmgr.pc
	echo "/lib/modules/$kernel_release/updates/lockmgr.ko"
}

# compiles DESTDIR LIBDIR OPTION...: compiles an example with the flags from pkg-config, and
# prints with which libraries it runs.
compiles()
{
	local flags

	flags=$(PKG_CONFIG_SYSROOT_DIR=$1 PKG_CONFIG_LIBDIR=$1$2/pkgconfig \
		pkg-config --cflags --libs "${@:3}" liblockmgr)
	# shellcheck disable=SC2086 # several words
	cc -Werror -o "$out/example" libuser/examples/locking.c $flags
	LD_LIBRARY_PATH=$1$2 ldd "$out/example"
}

is_shared_from()
{
	compiles "$1" "$2" | grep -F "liblockmgr.so.1 => $1$2/"
}

need_commands pkg-config cc
mapfile -t kernels < <(own_kernels)
facts=$(tests/vm/kernel "${kernels[0]}")
kernel_release='' kernel_kdir=''
eval "$facts"
rm -rf "$out"
copy_tree "$tree"

ok "make_install_works_as_it_is" make_into "$out/a" install
same "it_installs_below_usr_local" "$(files "$out/a")" \
	"$(expected /usr/local /usr/local/lib | LC_ALL=C sort)"
ok "a_program_compiles_with_it" is_shared_from "$out/a" /usr/local/lib
ok "make_uninstall_works" make_into "$out/a" uninstall
same "it_leaves_no_file" "$(find "$out/a" ! -type d)" ""

set -- PREFIX=/opt/lockmgr LIBDIR=/opt/lockmgr/lib64
ok "make_install_takes_prefix_and_libdir" make_into "$out/b" install "$@"
same "it_installs_there" "$(files "$out/b")" \
	"$(expected /opt/lockmgr /opt/lockmgr/lib64 | LC_ALL=C sort)"
ok "a_program_compiles_with_that" is_shared_from "$out/b" /opt/lockmgr/lib64
ok "make_uninstall_takes_them" make_into "$out/b" uninstall "$@"
same "it_leaves_no_file_there" "$(find "$out/b" ! -type d)" ""
done_testing
