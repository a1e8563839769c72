# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # who sources it sets and reads variables
#
# The machine as QEMU has it. Sourced by tests/vm/run, whose variables say how
# it shall be.

machine_kind=qemu
needed_commands=(qemu-system-x86_64)

# /dev/kvm may be there and never boot a guest. So one is booted, once for
# every boot of this host.
kvm_works()
{
	local answer result=no
	answer=$(lockmgr_cache)/kvm-$(</proc/sys/kernel/random/boot_id)

	[[ -w /dev/kvm ]] || return 1
	if [[ ! -e $answer ]]; then
		say "trying whether KVM boots a machine"
		rm -f "$(lockmgr_cache)"/kvm-*
		: >"$dir/probe"
		make_initrd "$dir/probe.cpio" "$dir/probe"
		# In a shell of its own, which is told not to report a crash.
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

# Leaves the command in $machine.
describe_machine()
{
	machine=(qemu-system-x86_64
		-nodefaults -no-user-config -display none -no-reboot
		-M q35 -kernel "$kernel_image"
	)
	if [[ ${LOCKMGR_ACCEL-} != tcg ]] && kvm_works; then
		machine+=(-accel kvm -cpu host)
	else
		machine+=(-accel "tcg,thread=multi" -cpu max)
		# Emulated processors all count the host's ticks. The kernel's test
		# whether they agree takes one that runs late for one that does not,
		# and falls back to the HPET: a device, a microsecond a look.
		kernel_parameters+=" tsc=reliable"
	fi
	# The kernel takes a timer that comes late, on a busy host, for none.
	machine+=(
		-smp "$smp" -m "$memory" -initrd "$dir/initrd"
		-append "console=ttyS0 cryptomgr.notests no_timer_check random.trust_cpu=on
			watchdog_thresh=60 sysctl.kernel.hung_task_panic=1 $kernel_parameters"
		-serial "file:$dir/console.log"
		-device virtio-rng-pci
		-fsdev "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p-pci,fsdev=host,mount_tag=host"
		-fsdev "local,id=results,path=$dir/results,security_model=none,multidevs=remap"
		-device "virtio-9p-pci,fsdev=results,mount_tag=results"
		-device virtio-serial-pci
		-chardev "pipe,id=port,path=$dir/port"
		-device "virtserialport,chardev=port,name=lockmgr"
	)
	if [[ $interactive ]]; then
		machine+=(-chardev "stdio,id=terminal,signal=off"
			-device "virtconsole,chardev=terminal")
	fi
}
