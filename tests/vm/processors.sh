# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # who sources it reads variables
#
# The processors that there are machines for, or compilers. Sourced.

# processor_of KERNEL: for which processor a kernel of tests/vm/kernel is, or the programs that
# run on it.
processor_of()
{
	case $1 in
	arm64-armhf) echo armhf ;;
	arm64 | arm64-16k | armhf | i386 | ppc64el | riscv64 | s390x) echo "${1%-16k}" ;;
	*) echo amd64 ;;
	esac
}

# use_processor NAME: sets, for a processor by Debian's name for it:
#
#	processor		NAME
#	processor_debian	the release of Debian that there is for it here
#	processor_linux		what Linux calls it: ARCH=
#	processor_triplet	what GNU calls it: the compilers' names begin so
#	processor_libraries	where its libraries are, below /usr/lib
#	processor_qemu		QEMU's command for a machine with it, of which there is nothing yet
#				but the machine; empty: the module is built for it, not booted
#	processor_console	the kernel's console there
#	processor_bus		the kernel's module for devices there
use_processor()
{
	processor=$1
	processor_debian=trixie
	processor_qemu=()
	processor_console=ttyS0
	processor_bus=virtio_pci
	case $1 in
	amd64)
		processor_debian=bookworm
		processor_linux=x86_64
		processor_triplet=x86_64-linux-gnu
		processor_qemu=(qemu-system-x86_64 -M q35)
		;;
	arm64)
		processor_linux=arm64
		processor_triplet=aarch64-linux-gnu
		# The default way to sign pointers takes most of an emulated processor's time.
		processor_qemu=(qemu-system-aarch64 -M virt -cpu "max,pauth-impdef=on")
		processor_console=ttyAMA0
		;;
	armhf)
		processor_linux=arm
		processor_triplet=arm-linux-gnueabihf
		processor_qemu=(qemu-system-arm -M virt -cpu max)
		processor_console=ttyAMA0
		;;
	s390x)
		processor_debian=bookworm
		processor_linux=s390
		processor_triplet=s390x-linux-gnu
		processor_qemu=(qemu-system-s390x -M s390-ccw-virtio -cpu max)
		processor_console=ttysclp0
		processor_bus=
		;;
	i386)
		processor_debian=bookworm
		processor_linux=i386
		processor_triplet=i686-linux-gnu
		;;
	ppc64el)
		processor_debian=bookworm
		processor_linux=powerpc
		processor_triplet=powerpc64le-linux-gnu
		;;
	riscv64)
		processor_linux=riscv
		processor_triplet=riscv64-linux-gnu
		;;
	*)
		die "unknown processor '$1'"
		;;
	esac
	processor_libraries=${processor_triplet/#i686/i386}
}
