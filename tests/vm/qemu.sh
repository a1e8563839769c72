# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # who sources it reads variables
#
# What QEMU makes of each of our machines, whatever it boots. Sourced.

# For any kernel. It takes a timer that comes late, on a busy host, for none.
qemu_parameters="console=ttyS0 cryptomgr.notests no_timer_check random.trust_cpu=on
	watchdog_thresh=60"

# The file that says whether KVM boots a machine, once tests/vm/run has tried: for this
# boot of the host.
kvm_answer()
{
	printf '%s\n' "$(lockmgr_cache)/kvm-$(</proc/sys/kernel/random/boot_id)"
}

# begin_machine IMAGE: leaves the beginning of the command in $machine.
begin_machine()
{
	machine=(qemu-system-x86_64
		-nodefaults -no-user-config -display none -no-reboot
		-M q35 -kernel "$1"
	)
}

# add_processors yes|no: by KVM, or emulated.
add_processors()
{
	if [[ $1 == yes ]]; then
		machine+=(-accel kvm -cpu host)
		return
	fi
	machine+=(-accel "tcg,thread=multi" -cpu max)
	# Emulated processors all count the host's ticks. The kernel's test
	# whether they agree takes one that runs late for one that does not,
	# and falls back to the HPET: a device, a microsecond a look.
	qemu_parameters+=" tsc=reliable"
}
