#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Checks lock.pml with Spin, as TAP: every state of each configuration, and that
# each mutation is found, by the property that it breaks. Needs spin and gcc. With
# LOCKMGR_THOROUGH in the environment, the largest configurations too.

set -euo pipefail
here=$(dirname "$(readlink -f "$0")")/../vm
# shellcheck source=tests/vm/lib.sh
. "$here/lib.sh"
here=$(readlink -f "$here/../model")
top=${here%/tests/model}

# Half of the time goes into compiling what differs from the last run only if the model does.
compiler=(gcc)
if command -v ccache >/dev/null; then
	CCACHE_DIR=$(lockmgr_cache)/ccache
	export CCACHE_DIR
	compiler=(ccache gcc)
fi

# For one test, and in MB for one test.
seconds=${MODEL_TIMEOUT:-3600}
memory=4000

# The form, and what differs from lock.pml's own size: N=2 ROUNDS=2 LEAVES=1
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
	# There are naps where the first time in vain is not often enough.
	'mapped MAX_BYPASSED=2 ROUNDS=3 LEAVES=2 DEATHS=2'
	'mapped MAX_BYPASSED=3 ROUNDS=4'
	'mapped MAX_BYPASSED=2 SCRIBBLES=1 ROUNDS=1 DEATHS=0'
	'mapped MAX_BYPASSED=2 SCRIBBLES=1 ROUNDS=1 LEAVES=0'
	'mapped MAX_BYPASSED=2 CLOSES=2'
	'kernel-only FORGES=2 ROUNDS=3 LEAVES=2'
)
# Minutes each, so only if LOCKMGR_THOROUGH is set.
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
	# No mutation, but a bound that is too low by one.
	'BOUND=1		bounded		kernel-only ROUNDS=1 ROUNDS_OF_FIRST=5'
)

number=0
failed=0

ok()
{
	number=$((number + 1))
	printf 'ok %d - %s\n' "$number" "$1"
}

# not_ok NAME: and its output as diagnostics.
not_ok()
{
	number=$((number + 1))
	printf 'not ok %d - %s\n' "$number" "$1"
	tail -n 40 | sed 's/^/# /'
	failed=1
}

# verify PLACE OPTIMIZATION DEFINITION...: builds the checker in a directory of its own and
# runs it; leaves what that says in PLACE/output.
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
		# Every state is stored whole: what it says of all states, is so.
		cd "$place" &&
			spin -a "${options[@]}" lock.pml &&
			"${compiler[@]}" "$optimization" -w -DSAFETY -DCOLLAPSE \
				-DMEMLIM="$memory" -c pan.c &&
			gcc -o pan pan.o &&
			timeout --foreground "$seconds" ./pan -m100000 -n
	) >"$place/output" 2>&1 || echo "ended with status $?" >>"$place/output"
}

# A checker uses one processor.
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

# Nothing found, and nothing left out.
is_proof()
{
	grep -q 'errors: 0$' <<<"$1" && [[ $(states_in "$1") ]] &&
		! grep -qE 'max search depth too small|Search not completed|out of memory|ended with' \
			<<<"$1"
}

# What comments of the model call a function is one, of the code or of the model; and in the
# file that they name, if they do: "name(), path" or "name() in path".
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
	# Most are found before better code would pay.
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
