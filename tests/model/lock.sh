# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # check.t uses all of these
#
# What check.t checks of lock.pml.

# The form, and what differs from the default size in lock.pml: N=2 ROUNDS=2 LEAVES=1
# DEATHS=1.
configurations=(
	'kernel-only ROUNDS=3 LEAVES=2 DEATHS=2'
	'kernel-only ROUNDS_OF_FIRST=6 LEAVES=2'
	'kernel-only N=3 ROUNDS=1'
	'mapped ROUNDS=3 LEAVES=2 DEATHS=2'
	'mapped N=3 LEAVES=0 DEATHS=0'
	'mapped SCRIBBLES=1 ROUNDS=1 DEATHS=0'
	'mapped SCRIBBLES=1 ROUNDS=1 LEAVES=0'
	'mapped CLOSES=2'
	'kernel-only MAX_BYPASSED=2 ROUNDS_OF_FIRST=6'
	'mapped MAX_BYPASSED=2 ROUNDS=3'
	# A waiter naps only if it is not due after its first look in vain.
	'mapped MAX_BYPASSED=2 ROUNDS=3 LEAVES=2 DEATHS=2'
	'mapped MAX_BYPASSED=3 ROUNDS=4'
	'mapped MAX_BYPASSED=2 SCRIBBLES=1 ROUNDS=1 DEATHS=0'
	'mapped MAX_BYPASSED=2 SCRIBBLES=1 ROUNDS=1 LEAVES=0'
	'mapped MAX_BYPASSED=2 CLOSES=2'
	'kernel-only FORGES=2 ROUNDS=3 LEAVES=2'
)
# Each takes minutes, so these run only if LOCKMGR_THOROUGH is set.
long_configurations=(
	'kernel-only N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 DEATHS=0'
	'kernel-only N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 LEAVES=0'
	'kernel-only N=3 LEAVES=0 DEATHS=0'
	'mapped N=3 ROUNDS=1'
	'mapped N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 DEATHS=0'
	'mapped N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 LEAVES=0'
	'mapped MAX_BYPASSED=2 N=3 ROUNDS=1 LEAVES=0'
	'mapped MAX_BYPASSED=2 N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 DEATHS=0'
	'kernel-only MAX_BYPASSED=2 N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 LEAVES=0'
	'kernel-only MAX_BYPASSED=2 N=3 ROUNDS=1 ROUNDS_OF_FIRST=6 LEAVES=0 DEATHS=0'
	'kernel-only FORGES=2 N=3 ROUNDS=1 DEATHS=0'
	'kernel-only FORGES=2 N=3 ROUNDS=1 ROUNDS_OF_FIRST=6 LEAVES=0 DEATHS=0'
	'mapped FORGES=2 N=3 ROUNDS=1 DEATHS=0'
)

# The properties, by what Spin prints when one is violated.
declare -A properties=(
	[exclusion]='assertion violated \(holder=='
	[I1]='assertion violated .*\|\|first'
	[ends]='invalid end state'
	[told]='assertion violated .*(due|pending)'
	[handed]='assertion violated .*strict==me'
	[bounded]='assertion violated .*passes'
	[closed]='assertion violated .*shut'
	[order]='assertion violated .*promised'
	[open]='assertion violated .*pending\|\|'
)

# The mutation, the property that finds it, the form, and the size.
mutations=(
	'WAKE_EARLY		ends		kernel-only'
	'STATE_LATE		ends		kernel-only'
	'SIGNAL_BEATS_GRANT	ends		kernel-only'
	'LEAVE_UNSEEN		I1		kernel-only N=3 ROUNDS=1 DEATHS=0'
	'LEAVE_SILENTLY		I1		mapped N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 DEATHS=0'
	'WAITERS_NOT_SET_AGAIN	handed		mapped ROUNDS=3'
	'NAP_FORGOTTEN		I1		kernel-only MAX_BYPASSED=2 N=3 ROUNDS=1'
	'NAP_FORGOTTEN		I1		mapped MAX_BYPASSED=2'
	'ALARM_FORGOTTEN		ends		mapped MAX_BYPASSED=2'
	'LEAVE_NAPPING		I1		mapped MAX_BYPASSED=2 N=3 ROUNDS=1 ROUNDS_OF_FIRST=2 DEATHS=0'
	'WAITERS_NOT_KEPT	I1		kernel-only N=3 ROUNDS=1'
	'WAITERS_NOT_KEPT	I1		mapped N=3 ROUNDS=1'
	'TOKEN_EARLY		exclusion	kernel-only'
	'TOKEN_EARLY		exclusion	mapped'
	'STALE_LIVENESS		exclusion	kernel-only'
	'STALE_LIVENESS		exclusion	mapped'
	'PASS_LATE		ends		mapped SCRIBBLES=1 ROUNDS=1 LEAVES=0 DEATHS=0'
	'MEND_FORGOTTEN		ends		mapped SCRIBBLES=1 ROUNDS=1 LEAVES=0 DEATHS=0'
	'COUNTED_LATE		ends		mapped SCRIBBLES=1 ROUNDS=1 LEAVES=0 DEATHS=0'
	'DIED_DROPPED		told		kernel-only'
	'DIED_FORGOTTEN		told		kernel-only'
	'HANDOFF_IGNORED	handed		kernel-only ROUNDS=3'
	'HANDOFF_IGNORED	handed		mapped ROUNDS=3'
	'RETURN_FORGOTTEN	handed		kernel-only'
	'RETURN_FORGOTTEN	handed		mapped'
	'TIME_IGNORED		handed		mapped MAX_BYPASSED=2 ROUNDS=3'
	'BYPASSED_IGNORED	bounded		kernel-only ROUNDS=1 ROUNDS_OF_FIRST=5'
	'FAST_PAST_WAITERS	bounded		kernel-only ROUNDS=1 ROUNDS_OF_FIRST=5'
	'CLOSED_FORGOTTEN	closed		mapped CLOSES=1'
	'OPEN_FORGOTTEN		open		mapped CLOSES=1'
	'TICKET_BELIEVED	order		kernel-only FORGES=1 N=3 ROUNDS=1 LEAVES=0 DEATHS=0'
	'TICKET_BELIEVED	order		mapped FORGES=1 N=3 ROUNDS=1 LEAVES=0 DEATHS=0'
	# Not a mutation, but a bound that is too low by one.
	'BOUND=1		bounded		kernel-only ROUNDS=1 ROUNDS_OF_FIRST=5'
)
