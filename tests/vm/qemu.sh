# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # who sources it reads and sets variables
#
# What our machines on QEMU have in common, whatever they boot. Sourced.

# shellcheck source-path=SCRIPTDIR source=processors.sh
. "$here/processors.sh"

# For any kernel. It takes a timer that comes late, on a busy host, for none; and what looks
# for hung tasks, processors and work must not find those that are only slow.
qemu_parameters="cryptomgr.notests random.trust_cpu=on
	watchdog_thresh=60 workqueue.watchdog_thresh=600 rcupdate.rcu_cpu_stall_timeout=300
	sysctl.kernel.hung_task_timeout_secs=600"

# The file in which tests/vm/run notes whether KVM boots a machine: one for each boot of
# the host.
kvm_answer()
{
	printf '%s\n' "$(lockmgr_cache)/kvm-$(</proc/sys/kernel/random/boot_id)"
}

# begin_machine IMAGE [PROCESSOR]: leaves the beginning of the command in $machine.
begin_machine()
{
	use_processor "${2:-amd64}"
	qemu_parameters+=" console=$processor_console"
	machine=("${processor_qemu[@]}"
		-nodefaults -no-user-config -display none -no-reboot -kernel "$1"
	)
}

# The frequency of the host's time stamp counter, in kHz; nothing on other architectures.
host_ticks()
{
	[[ $(uname -m) == x86_64 ]] || return 0
	gcc -O2 -o "$dir/ticks" "$here/ticks.c"
	"$dir/ticks"
	rm "$dir/ticks"
}

# add_processors kvm|emulated|counting: the host's; emulated ones; or one for amd64 whose clock
# counts the instructions that it executes, two nanoseconds each.
add_processors()
{
	local ticks

	case $1 in
	kvm)
		machine+=(-accel kvm -cpu host)
		qemu_parameters+=" no_timer_check"
		return
		;;
	emulated)
		machine+=(-accel "tcg,thread=multi")
		[[ $processor == amd64 ]] || return 0
		ticks=$(host_ticks)
		;;
	counting)
		machine+=(-accel "tcg,thread=single" -icount "shift=1")
		# Its time stamp counter counts these nanoseconds.
		ticks=1000000
		;;
	esac
	machine+=(-cpu max)
	qemu_parameters+=" no_timer_check"
	# Emulated processors all count the host's ticks. The kernel's test
	# whether they agree takes one that runs late for one that does not,
	# and falls back to the HPET: a device, a microsecond a look.
	qemu_parameters+=" tsc=reliable"
	# Nor can the kernel measure the counter's frequency while its timers come late.
	[[ ! $ticks ]] || qemu_parameters+=" tsc_early_khz=$ticks"
}
