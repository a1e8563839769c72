# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # who sources it sets and reads variables
#
# The machine of tests/vm/run on QEMU. Sourced by tests/vm/run, whose variables describe it.

# shellcheck source-path=SCRIPTDIR source=qemu.sh
. "$here/qemu.sh"

machine_kind=qemu
use_processor "${kernel_processor:-amd64}"
needed_commands=("${processor_qemu[0]}")

# A host may have /dev/kvm and still boot no guest with it. So try it, once for each boot of
# the host.
kvm_works()
{
	local answer result=no
	answer=$(kvm_answer)

	[[ -w /dev/kvm ]] || return 1
	if [[ ! -e $answer ]]; then
		say "trying whether KVM boots a machine"
		rm -f "$(lockmgr_cache)"/kvm-*
		: >"$dir/probe"
		make_initrd "$dir/probe.cpio" "$dir/probe"
		# In a shell of its own, which does not report a crash.
		(timeout --kill-after=1 5 "${machine[@]}" \
			-accel kvm -cpu host -m 512 -initrd "$dir/probe.cpio" \
			-append "console=ttyS0 panic=-1 quiet" \
			-serial "file:$dir/probe.log" </dev/null || true) >/dev/null 2>&1
		! grep -qs 'lockmgr-vm: booted' "$dir/probe.log" || result=yes
		rm -f "$dir"/probe*
		printf '%s\n' "$result" >"$answer"
		[[ $result == yes ]] || say "it does not: emulating the processor"
	fi
	[[ $(<"$answer") == yes ]]
}

# Leaves QEMU's command line in $machine.
describe_machine()
{
	local processors=emulated

	begin_machine "$kernel_image" "$kernel_processor"
	if [[ $count_instructions ]]; then
		processors=counting
	elif [[ ! $kernel_processor && ${LOCKMGR_ACCEL-} != tcg ]] && kvm_works; then
		processors=kvm
	fi
	add_processors "$processors"
	machine+=(
		-smp "$smp" -m "$memory" -initrd "$dir/initrd"
		-append "$qemu_parameters sysctl.kernel.hung_task_panic=1 $kernel_parameters"
		-serial "file:$dir/console.log"
		-device virtio-rng
		-fsdev "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p,fsdev=host,mount_tag=host"
		-fsdev "local,id=results,path=$dir/results,security_model=none,multidevs=remap"
		-device "virtio-9p,fsdev=results,mount_tag=results"
		-device virtio-serial
		-chardev "pipe,id=port,path=$dir/port"
		-device "virtserialport,chardev=port,name=lockmgr"
	)
	if [[ $system ]]; then
		machine+=(-fsdev "local,id=system,path=$system,security_model=none,readonly=on,multidevs=remap"
			-device "virtio-9p,fsdev=system,mount_tag=system")
	fi
	if [[ $interactive ]]; then
		machine+=(-chardev "stdio,id=terminal,signal=off"
			-device "virtconsole,chardev=terminal")
	fi
}
