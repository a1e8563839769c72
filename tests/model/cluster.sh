# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # check.t uses all of these
#
# What check.t checks of cluster.pml.

# What differs from the default size in cluster.pml: N=2 P=3 ROUNDS=1, and nothing else happens.
configurations=(
	'ROUNDS=2 LEAVES=1 DEATHS=1'
	'P=4 LEAVES=2 DEATHS=1'
	'P=4 LEAVES=1 CHANGES=1'
	'P=4 TURNS=2 CUTS=1'
	'CUTS=1 LEAVES=1 DEATHS=1 DROPS=1'
	'P=2 CUTS=2 JOINS=1 DEATHS=1'
	'N=3 CUTS=1 LEAVES=1'
	'N=3 CUTS=1 DEATHS=1'
	'N=3 CUTS=2'
	'N=3 CUTS=1 JOINS=1'
)
# Each takes minutes, or nearly, so these run only if LOCKMGR_THOROUGH is set.
long_configurations=(
	'P=2 ROUNDS=2 CUTS=2 JOINS=1 DEATHS=1'
	'N=3 CUTS=1 DEATHS=1 CHANGES=1'
	'N=3 CUTS=1 LEAVES=1 DEATHS=1 DROPS=1'
	'N=3 ROUNDS=2 CUTS=1'
	'N=3 P=4 CUTS=1 LEAVES=1'
)

# The properties, by what Spin prints when one is violated.
declare -A properties=(
	[exclusion]='assertion violated \(holder=='
	[closed]='assertion violated \(phase\['
	[told]='assertion violated .*pending'
	[ends]='assertion violated .*at\[i\]=='
	[bounded]='assertion violated \((after|passed)\['
	[used]='assertion violated \(served\['
)

# These checkers run for a second or two: better code would not pay.
proof_optimization=-O0
mutation_optimization=-O0
hash=20

# The mutation, the property that finds it, and the size.
mutations=(
	'FENCING_OFF		exclusion	P=2 CUTS=1'
	'PREP_LEAVES_OPEN	closed		CHANGES=1'
	'PREP_SKIPS_HELD	closed		CUTS=1'
	'GRANT_BEATS_RECOVERY	closed		CUTS=1'
	'FLAG_IGNORED		told		N=3 CUTS=1'
	'BLANK_IS_CLEAN		told		P=2 CUTS=1'
	'ROSTER_UNREAD		told		P=2 ROUNDS=2 CUTS=1 JOINS=1'
	'DIED_NOT_WRITTEN	told		P=2 DEATHS=1'
	'DIED_KEPT		told		P=2 ROUNDS=2 DEATHS=1'
	'DROPPED_WITH_NEWS	told		P=2 DROPS=1 DEATHS=1'
	'MARK_FORGOTTEN		ends		P=2'
	'BAST_WITHOUT_LOCK	ends		P=2'
	'WANTED_IGNORED		ends		P=2'
	'ASK_FORGOTTEN		ends		P=2'
	'ASK_AGAIN_FORGOTTEN	ends		P=3'
	'CANCELLED_UNSEEN	ends		LEAVES=1'
	'GRANT_IGNORED		ends		LEAVES=1'
	'REFUSAL_IGNORED	ends		LEAVES=1'
	'DONE_LEAVES_CLOSED	ends		CHANGES=1'
	'DONE_OPENS_ALL		ends		P=2 CHANGES=1'
	'DONE_WITHOUT_KICK	ends		CHANGES=1'
	'TURNS_IGNORED		bounded		P=4'
	'TURNS_RESET		bounded		N=3 P=4 CUTS=1'
	# Not mutations, but numbers that are too low by one.
	'TURNS=0		used		P=3'
	'BOUND=0		bounded		N=3'
)
