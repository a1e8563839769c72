# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # who sources it sets and reads variables
#
# The machine of tests/vm/run as User Mode Linux, a process of the host. Sourced by
# tests/vm/run, whose variables describe it.

machine_kind=uml
needed_commands=(setarch)

# Leaves the command line in $machine. The kernel gets the two ends of the port as
# descriptors 3 and 4, and the console as 5.
describe_machine()
{
	# With randomised addresses, it would need memory for the gaps between them, too.
	# shellcheck disable=SC2206,SC2054 # words of a kernel's command line
	machine=(setarch -R "$here/with-port" "$dir/port" "$dir/console.log" "$kernel_image"
		"mem=${memory}M" "initrd=$dir/initrd" "uml_dir=$dir"
		con=null con0=null,fd:5 ssl=null ssl0=fd:4,fd:3 console=tty0 noreboot
		$kernel_parameters)
	[[ ! $interactive ]] || machine+=("ssl1=fd:0,fd:1")
}
