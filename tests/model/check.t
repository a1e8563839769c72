#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Checks lock.pml with Spin, and prints TAP: every state of each configuration must be
# right, and the property that a mutation breaks must find it. Needs spin and gcc. With
# LOCKMGR_THOROUGH in the environment, it checks the largest configurations, too.

set -euo pipefail
here=$(dirname "$(readlink -f "$0")")/../vm
# shellcheck source=tests/vm/lib.sh
. "$here/lib.sh"
here=$(readlink -f "$here/../model")
top=${here%/tests/model}

# Compiling takes half of the time; what the compiler sees changes only with the model.
compiler=(gcc)
if command -v ccache >/dev/null; then
	CCACHE_DIR=$(lockmgr_cache)/ccache
	export CCACHE_DIR
	compiler=(ccache gcc)
fi

# Limits for one test: seconds, and MB of memory.
seconds=${MODEL_TIMEOUT:-3600}
memory=4000

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
[[ ! ${LOCKMGR_THOROUGH:-} ]] || configurations+=("${long_configurations[@]}")

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

number=0
failed=0

ok()
{
	number=$((number + 1))
	printf 'ok %d - %s\n' "$number" "$1"
}

# not_ok NAME: prints the end of its standard input as diagnostics.
not_ok()
{
	number=$((number + 1))
	printf 'not ok %d - %s\n' "$number" "$1"
	tail -n 40 | sed 's/^/# /'
	failed=1
}

# verify PLACE OPTIMIZATION DEFINITION...: builds the checker in a directory of its own and
# runs it; leaves the checker's output in PLACE/output.
verify()
{
	local place=$1 optimization=$2 definition options=()

	shift 2

	for definition; do
		case $definition in
		kernel-only) ;;
		mapped) options+=(-DMAPPED) ;;
		*) options+=("-D$definition") ;;
		esac
	done

	mkdir -p "$place"
	cp "$here/lock.pml" "$place"
	(
		# The checker stores each state whole, so what it says of all states is a proof.
		cd "$place" &&
			spin -a "${options[@]}" lock.pml &&
			"${compiler[@]}" "$optimization" -w -DSAFETY -DCOLLAPSE \
				-DMEMLIM="$memory" -c pan.c &&
			gcc -o pan pan.o &&
			timeout --foreground "$seconds" ./pan -m100000 -n
	) >"$place/output" 2>&1 || echo "ended with status $?" >>"$place/output"
}

# Each checker uses one processor, so there is one for each.
start()
{
	while (($(jobs -rp | wc -l) >= $(nproc))); do
		wait -n || true
	done
	verify "$@" &
}

states_in()
{
	awk '/states, stored/ { print $1 }' <<<"$1"
}

# The checker found no error, and left nothing out.
is_proof()
{
	grep -q 'errors: 0$' <<<"$1" && [[ $(states_in "$1") ]] &&
		! grep -qE 'max search depth too small|Search not completed|out of memory|ended with' \
			<<<"$1"
}

# Prints each name() in comments of the model that is not a function of the code or of the
# model, and each that is not in the file that the comment names: "name(), path" or
# "name() in path".
find_strangers()
{
	local name file

	grep -o '[a-z_]\+()' "$here/lock.pml" | sort -u | while read -r name; do
		grep -qF "${name%)}" "$top"/kmod/*.[ch] "$top"/libuser/*.c ||
			grep -q "^inline ${name%)}" "$here/lock.pml" ||
			echo "$name is nowhere"
	done
	grep -oE '[a-z_]+\(\)(,| in) (kmod|libuser)/[a-z_]+\.c' "$here/lock.pml" |
		while read -r name file; do
			file=${file#in }
			grep -qF "${name%%)*}" "$top/$file" || echo "${name%,} is not in $file"
		done
}

for program in spin gcc; do
	if ! command -v "$program" >/dev/null; then
		echo "1..1"
		echo "not ok 1 - the model can be checked"
		echo "# $program is missing (Debian: apt install spin gcc libc6-dev)"
		exit 1
	fi
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo "1..$((1 + ${#configurations[@]} + ${#mutations[@]}))"

strangers=$(find_strangers)
if [[ ! $strangers ]]; then
	ok "the functions that the model names are there"
else
	not_ok "the functions that the model names are there" <<<"$strangers"
fi

for index in "${!configurations[@]}"; do
	read -ra definitions <<<"${configurations[index]}"
	start "$scratch/proof-$index" -O2 "${definitions[@]}"
done
for index in "${!mutations[@]}"; do
	read -r name property size <<<"${mutations[index]}"
	read -ra definitions <<<"$size"
	# The checker finds most mutations before better code would pay.
	start "$scratch/mutation-$index" -O1 "$name" "${definitions[@]}"
done
wait

for index in "${!configurations[@]}"; do
	configuration=${configurations[index]}
	output=$(<"$scratch/proof-$index/output")
	if is_proof "$output"; then
		ok "$configuration: all states are right ($(states_in "$output"))"
	else
		not_ok "$configuration: all states are right" <<<"$output"
	fi
done

for index in "${!mutations[@]}"; do
	read -r name property size <<<"${mutations[index]}"
	output=$(<"$scratch/mutation-$index/output")
	if grep -qE "${properties[$property]}" <<<"$output"; then
		ok "$name, $size: found by \"$property\" ($(states_in "$output") states)"
	else
		not_ok "$name, $size: found by \"$property\"" <<<"$output"
	fi
done

exit "$failed"
