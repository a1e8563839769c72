# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # releases.sh sets them, and tests/vm/kernel
#
# Debian's kernels, downloaded and unpacked, not installed: a developer's
# machine must not find another kernel in its /boot. Sourced after releases.sh, by
# tests/vm/kernel, which sets $name.

# Part of the cache's key: raise it when this script makes something else out
# of the same packages.
debian_recipe=3

# What it takes to reach the host's files and to talk to the host. They load
# before any other file system is there.
boot_modules=(virtio_console virtio_rng 9pnet_virtio 9p overlay)

# headers_pattern NAME: a pattern for the names of that kernel's headers packages.
headers_pattern()
{
	local version flavour=$1

	case $1 in
	oldest | debian12)	version=1 flavour=amd64 ;;
	debian12-rt)		version=1 flavour=rt-amd64 ;;
	debian1*-rt)		version=12 flavour=rt-amd64 ;;
	debian1*)		version=12 flavour=amd64 ;;
	i386)			version=1 flavour=686-pae ;;
	ppc64el)		version=1 flavour=powerpc64le ;;
	s390x)			version=1 ;;
	armhf)			version=12 flavour=armmp ;;
	*)			version=12 ;;
	esac
	printf '^linux-headers-6\\.%s\\.[0-9]+([+-][^-]+)?-%s$\n' "$version" "$flavour"
}

# The kernels whose headers packages have a name of that pattern, the newest one last.
releases_of()
{
	apt-cache search --names-only "$1" | awk '{ print $1 }' |
		sed 's/^linux-headers-//' | sort -V
}

# newest_release PATTERN: the newest kernel release that has such a headers package.
newest_release()
{
	releases_of "$1" | tail -n 1
}

# Debian has the image without Secure Boot signatures earlier than the signed one. From 7.2
# on, image, modules and configuration are packages of their own.
image_identities()
{
	local binary part

	if binary=$(deb_identity "linux-binary-unsigned-$1" || deb_identity "linux-binary-$1"); then
		printf '%s\n' "$binary"
		for part in base modules; do
			deb_identity "linux-$part-$1"
		done
	else
		deb_identity "linux-image-$1-unsigned" || deb_identity "linux-image-$1"
	fi
}

# The headers package and those of its dependencies that have files which a build reads.
headers_identities()
{
	local dependency

	deb_identity "linux-headers-$1"
	apt-cache show --no-all-versions "linux-headers-$1" |
		sed -n 's/^Depends: //p' | grep -oE '[^ ,|]+' |
		grep -E '^linux-(headers|kbuild|compiler)-' |
		while read -r dependency; do
			deb_identity "$dependency"
		done
}

# Every package of the kernel RELEASE, as deb_identity says it.
kernel_identities()
{
	image_identities "$1"
	headers_identities "$1"
}

# unpack_image BZIMAGE VMLINUX: unpacks the payload, by the offsets in the boot header
# (Documentation/arch/x86/boot.rst, protocol 2.08 and later).
unpack_image()
{
	local bzimage=$1 vmlinux=$2 sectors offset length magic

	sectors=$(od -An -tu1 -j $((0x1f1)) -N1 "$bzimage")
	offset=$(od -An -tu4 -j $((0x248)) -N4 "$bzimage")
	# The last four bytes are the unpacked size, not the compressor's.
	length=$(($(od -An -tu4 -j $((0x24c)) -N4 "$bzimage") - 4))
	offset=$((offset + (sectors + 1) * 512))
	magic=$(od -An -tx1 -j "$offset" -N4 "$bzimage" | tr -d ' ')

	case $magic in
	fd377a58) set -- xz -dc ;;
	28b52ffd) set -- zstd -dcq ;;
	*) die "$bzimage: unknown compression ($magic)" ;;
	esac
	# dd reads just the payload. With head in this pipe instead, the pipeline would fail with
	# SIGPIPE half of the time.
	dd if="$bzimage" bs=64K iflag=skip_bytes,count_bytes \
		skip="$offset" count="$length" status=none | "$@" >"$vmlinux"
}

# relocate_headers TREE FINAL: the packages' makefiles include others by their paths below
# /usr/src: make that FINAL/usr/src.
relocate_headers()
{
	local tree=$1 final=$2 makefile

	for makefile in "$tree"/usr/src/linux-headers-*/Makefile; do
		sed -i -E "s,^(include |KBUILD_OUTPUT=)/usr/src/,\1$final/usr/src/," "$makefile"
	done
}

# Makes an archive for the initramfs: the modules that boot_modules names and those
# that they need, uncompressed, and a list of them in the order of loading.
pack_modules()
{
	local root=$1 release=$2 archive=$3 work module file name

	work=$root/boot-modules
	mkdir -p "$work/modules"
	depmod -b "$root" "$release"
	for module in $processor_bus "${boot_modules[@]}"; do
		modprobe -d "$root" -S "$release" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/paths"

	while read -r file; do
		name=${file##*/}
		name=${name%.xz}
		name=${name%.zst}
		case $file in
		*.xz) xz -dc "$file" >"$work/modules/$name" ;;
		*.zst) zstd -dcq "$file" >"$work/modules/$name" ;;
		*) cp "$file" "$work/modules/$name" ;;
		esac
		printf '%s\n' "$name"
	done <"$work/paths" >"$work/modules/order"
	(cd "$work" && find modules | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$archive"

	# All other modules, hundreds of megabytes, are not needed.
	find "$root/lib/modules/$release/kernel" -type f | grep -vxFf "$work/paths" |
		tr '\n' '\0' | xargs -0 rm -f
	find "$root/lib/modules/$release/kernel" -type d -empty -delete
	depmod -b "$root" "$release"
	rm -rf "$work"
}

# newest_of_all [-rt]: of a line for each: a release of Debian, and its newest kernel of that kind.
newest_of_all()
{
	local kind=${1-} debian kernel

	for debian in "${releases[@]}"; do
		use_release "$debian"
		release_lists
		kernel=$(release_kernels "$kind" | tail -n 1)
		printf '%s %s\n' "$debian" "$kernel"
	done | sort -k 2V | tail -n 1
}

# For cache_find: the kernel's release, and the packages that the entry is made of.
#
# The machine's own apt is not asked, whatever it is: it may know no backports. So the entry is the
# same on machines of all releases.
debian_ask()
{
	local release debian=$processor_debian foreign=${processor#amd64} newest

	case $name in
	newest | newest-rt)
		newest=$(newest_of_all "${name#newest}")
		read -r debian release <<<"$newest"
		use_release "$debian"
		;;
	*)
		[[ $name != debian13* ]] || debian=trixie
		use_release "$debian" "$foreign"
		release_lists
		release=$(releases_of "$(headers_pattern "$name")")
		[[ $name != oldest ]] || release=${release%%$'\n'*}
		release=${release##*$'\n'}
		;;
	esac
	[[ $release ]]
	printf '%s\n' "$release" "recipe $debian_recipe $processor_bus ${boot_modules[*]}"
	printf 'debian %s\n' "$debian"
	kernel_identities "$release"
}

debian_make()
{
	local work=$1 final=$2 foreign=${processor#amd64} release debian deb image config

	debian=$(sed -n 's/^debian //p' <<<"$3")
	use_release "$debian" "$foreign"
	release=$(sed -n '/-common[ -]/!s/^linux-headers-\([^ ]*\) .*/\1/p' <<<"$3")
	need_commands depmod modprobe xz zstd cpio
	say "downloading Debian's kernel $release"
	grep '^linux-' <<<"$3" | deb_download "$work" >"$work/debs"
	say "unpacking it"
	while read -r deb; do
		dpkg -x "$deb" "$work"
		rm "$deb"
	done <"$work/debs"
	rm "$work/debs"

	relocate_headers "$work" "$final"
	# Packages of usrmerged releases have the modules in /usr/lib.
	if [[ -d $work/usr/lib/modules ]]; then
		mkdir -p "$work/lib"
		cp -al "$work/usr/lib/modules" "$work/lib/"
		rm -rf "$work/usr/lib/modules"
	fi
	for image in "$work/boot/vmlinuz-$release" "$work/lib/modules/$release/vmlinuz"{,.unsigned}; do
		if [[ -e $image && $foreign ]]; then
			cp "$image" "$work/vmlinux"
		elif [[ -e $image ]]; then
			unpack_image "$image" "$work/vmlinux"
		fi
	done
	for config in "$work/boot/config-$release" "$work/lib/modules/$release/config"; do
		[[ ! -e $config ]] || cp "$config" "$work/config"
	done
	rm -f "$work/lib/modules/$release/vmlinuz"*
	# Links to the headers, which would be right if the packages were installed.
	rm -f "$work/lib/modules/$release/"{build,source}
	pack_modules "$work" "$release" "$work/modules.cpio"
	rm -rf "${work:?}"/{boot,etc,usr/share}

	cat >"$work/facts" <<-END
	kernel_name='$name'
	kernel_arch='$processor_linux'
	kernel_release='$release'
	kernel_kdir='$final/usr/src/linux-headers-$release'
	kernel_image='$final/vmlinux'
	kernel_modules='$final/lib/modules/$release'
	kernel_initrd='$final/modules.cpio'
	kernel_debian='$debian'
	kernel_processor='$foreign'
	END
}
