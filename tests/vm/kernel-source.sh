# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # who sources it sets variables
#
# Kernels built from Debian's source with our own configurations. Sourced by
# tests/vm/kernel, which sets $here and $name.

# Part of the cache's key: raise it when this script makes something else out
# of the same source and configuration.
source_recipe=1
source_package=linux-source-6.12

# source_config NAME: the fragments in config/ of which that kernel's configuration is made.
source_config()
{
	case $1 in
	debug)	echo common machine checks debug ;;
	kcsan)	echo common machine races ;;
	uml)	echo common checks uml ;;
	esac
}

source_arch()
{
	case $1 in
	uml)	echo um ;;
	*)	echo x86_64 ;;
	esac
}

# Patches for faults of the kernel's source that our tests run into.
source_patches()
{
	[[ ! -d $here/patches/$name ]] || find "$here/patches/$name" -name '*.patch' | LC_ALL=C sort
}

# The settings of the fragments, without comments.
source_settings()
{
	local fragments

	read -ra fragments <<<"$(source_config "$name")"
	grep -hE '^CONFIG_|^# CONFIG_.* is not set$' "${fragments[@]/#/$here/config/}" |
		LC_ALL=C sort -u
}

source_ask()
{
	local patches=()

	mapfile -t patches < <(source_patches)
	printf '%s\n' "$source_package"
	printf 'recipe %s %s %s\n' "$source_recipe" \
		"$(source_settings | sha256sum | cut -c 1-16)" \
		"$(gcc -dumpfullversion)"
	((${#patches[@]} == 0)) ||
		printf 'patches %s\n' "$(cat "${patches[@]}" | sha256sum | cut -c 1-16)"
	deb_identity "$source_package"
}

unpack_source()
{
	local work=$1 deb patch

	deb=$(grep '^linux-' <<<"$2" | deb_download "$work")
	mkdir "$work/$source_package"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/$source_package.tar.xz" |
		xz -dcT0 | tar -x -C "$work/$source_package" --strip-components=1
	rm "$deb"
	for patch in $(source_patches); do
		patch --silent -d "$work/$source_package" -p1 <"$patch"
	done
}

# olddefconfig silently drops a setting that the source does not know, or whose dependencies
# are not met.
expect_settings()
{
	local dropped

	dropped=$(source_settings | grep -vxFf "$1/.config") || return 0
	die "the configuration of the kernel '$name' came out without:"$'\n'"$dropped"
}

# configure_source WORK MAKE...
configure_source()
{
	local work=$1

	shift
	"$@" tinyconfig
	source_settings >"$work/settings"
	(cd "$work/o-$name" && "$work/$source_package/scripts/kconfig/merge_config.sh" \
		-m .config "$work/settings")
	"$@" olddefconfig
	expect_settings "$work/o-$name"
}

# Keeps the files that building a module needs, those of a headers package. For User Mode
# Linux, some of them are files of the architecture on which it runs.
keep_headers()
{
	local work=$1

	shift
	"$@" run-command KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $work/headers"
	cp "$work/o-$name/.config" "$work/headers/"
	[[ $(source_arch "$name") == um ]] || return 0
	(cd "$work/$source_package" && tar -c arch/x86/Makefile* arch/x86/um \
		arch/x86/include arch/um/scripts) | tar -x -C "$work/headers"
	(cd "$work/o-$name" && tar -c arch/x86/include/generated) |
		tar -x -C "$work/headers"
}

source_build()
{
	local work=$1 arch
	local make=()

	arch=$(source_arch "$name")
	make=(make -s -C "$work/$source_package" "O=$work/o-$name" "ARCH=$arch" "-j$(nproc)"
		KBUILD_BUILD_USER=lockmgr KBUILD_BUILD_HOST=lockmgr)
	if command -v ccache >/dev/null; then
		export CCACHE_DIR CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
		CCACHE_DIR=$(lockmgr_cache)/ccache
		make+=("CC=ccache gcc")
	fi
	mkdir "$work/o-$name"
	configure_source "$work" "${make[@]}"
	"${make[@]}"
	keep_headers "$work" "${make[@]}"
}

source_make()
{
	local work=$1 final=$2 arch release image

	arch=$(source_arch "$name")
	need_commands gcc make patch flex bison bc cpio xz depmod
	say "getting the package $source_package"
	unpack_source "$work" "$3"
	say "building the kernel '$name' from it: some minutes"
	# In a shell of its own, so that this one can show the log when a command has failed in it.
	(source_build "$work") >"$work/build.log" 2>&1 || {
		tail -n 40 "$work/build.log" >&2
		die "the kernel '$name' does not build"
	}

	release=$(<"$work/headers/include/config/kernel.release")
	case $arch in
	um)	image=linux ;;
	*)	image=vmlinux ;;
	esac
	mv "$work/o-$name/$image" "$work/o-$name/.config" "$work/"
	mv "$work/.config" "$work/config"
	rm -rf "${work:?}/$source_package" "${work:?}/o-$name" "$work/settings"

	# Everything is built in: no module is needed to boot.
	mkdir -p "$work/lib/modules/$release" "$work/boot-modules/modules"
	: >"$work/lib/modules/$release/modules.order"
	: >"$work/lib/modules/$release/modules.builtin"
	: >"$work/lib/modules/$release/modules.builtin.modinfo"
	depmod -b "$work" "$release"
	: >"$work/boot-modules/modules/order"
	(cd "$work/boot-modules" && find modules | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$work/modules.cpio"
	rm -r "$work/boot-modules"

	cat >"$work/facts" <<-END
	kernel_name='$name'
	kernel_arch='$arch'
	kernel_release='$release'
	kernel_kdir='$final/headers'
	kernel_image='$final/$image'
	kernel_modules='$final/lib/modules/$release'
	kernel_initrd='$final/modules.cpio'
	END
}
