# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # check.t uses all of these
#
# What check.t checks of cluster-ids.pml.

# What differs from the default size in cluster-ids.pml: N=2 IDS=2 OPS=2 FREES=1 CUTS=1 JOINS=0.
configurations=(
	'OPS=2'
	'JOINS=1'
	'N=3 OPS=1 FREES=0'
)
# Each takes up to some minutes, so these run only if LOCKMGR_THOROUGH is set.
long_configurations=(
	'OPS=3 FREES=2'
	'JOINS=1 CUTS=2'
	'N=3 OPS=1'
	'N=3 OPS=1 IDS=1 JOINS=1'
)

# The properties, by what Spin prints when one is violated.
declare -A properties=(
	[twice]='assertion violated +!\(given\[id'
	[kept]='assertion violated .*&copy\['
	[known]='assertion violated .*\(copy\['
)

# These checkers run for a second or two: better code would not pay.
proof_optimization=-O0
mutation_optimization=-O0
hash=20

# The mutation, the property that finds it, and the size.
mutations=(
	'UNACKNOWLEDGED		kept		FREES=0'
	'RECOVERY_IGNORED	known		N=3 OPS=1 FREES=0'
	'TOKEN_GIVEN_EARLY	twice		N=3 OPS=1 FREES=0'
	'MESSAGE_GIVEN_EARLY	known		CUTS=0'
	'UNREAD			known		CUTS=0'
	'JOINED_WITHOUT_TOKEN	known		JOINS=1'
	'JOINED_UNREAD		known		JOINS=1'
)
