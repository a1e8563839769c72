#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.t [MODEL...]: checks the models here, or only these, with Spin, and prints TAP: every
# state of each configuration must be right, and the property that a mutation breaks must find
# it. MODEL.pml is the model, MODEL.sh says what to check of it. Needs spin and gcc. With
# LOCKMGR_THOROUGH in the environment, it checks the largest configurations, too, and runs every
# checker, also those whose output is in the cache.

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

# What the files of the models say.
models=()
kinds=()
titles=()
patterns=()
sizes=()
optimizations=()
hashes=()

# add KIND TITLE PATTERN OPTIMIZATION SIZE: one checker to run, for $model; the hash table of its
# states has 2^$hash entries.
add()
{
	models+=("$model")
	kinds+=("$1")
	titles+=("$model: $2")
	patterns+=("$3")
	optimizations+=("$4")
	hashes+=("$hash")
	sizes+=("$5")
}

# read_cases MODEL: runs MODEL.sh, which says in which sizes to check MODEL.pml, and which
# mutations it has.
read_cases()
{
	local model=$1 configuration mutation name property size
	local configurations=() long_configurations=() mutations=()
	local proof_optimization=-O2 mutation_optimization=-O1 hash=24
	local -A properties=()

	# shellcheck source=/dev/null
	. "$here/$model.sh"

	[[ ! ${LOCKMGR_THOROUGH:-} ]] || configurations+=("${long_configurations[@]}")
	for configuration in "${configurations[@]}"; do
		add proof "$configuration" '' "$proof_optimization" "$configuration"
	done
	for mutation in "${mutations[@]}"; do
		read -r name property size <<<"$mutation"
		add mutation "$name, $size: found by \"$property\"" "${properties[$property]}" \
			"$mutation_optimization" "$name $size"
	done
}

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

# run_checker PLACE OPTIMIZATION HASH OPTION...: builds the checker of PLACE/model.pml there, and
# runs it; leaves its output in PLACE/output.
run_checker()
{
	local place=$1 optimization=$2 hash=$3 options=("${@:4}")

	(
		# The checker stores each state whole, so what it says of all states is a proof.
		cd "$place" &&
			spin -a "${options[@]}" model.pml &&
			"${compiler[@]}" "$optimization" -w -DSAFETY -DCOLLAPSE \
				-DMEMLIM="$memory" -c pan.c &&
			gcc -o pan pan.o &&
			timeout --foreground "$seconds" ./pan -m100000 -n -w"$hash"
	) >"$place/output" 2>&1 || echo "ended with status $?" >>"$place/output"
}

# key_of PLACE OPTIMIZATION HASH OPTION...: a name for all that the checker's output depends on.
key_of()
{
	{
		cat "$1/model.pml"
		declare -f run_checker
		printf '%s\n' "${@:2}" "$seconds" "$memory" "$versions"
	} | sha256sum | cut -c 1-64
}

# The same model and the same checker have the same states. So outputs are kept: each file begins
# with the checksum of the rest.
recall()
{
	[[ ! ${LOCKMGR_THOROUGH:-} && -e $outputs/$1 ]] &&
		tail -n +2 "$outputs/$1" >"$2" &&
		[[ $(sha256sum <"$2") == "$(head -n 1 "$outputs/$1")" ]] &&
		touch "$outputs/$1"
}

# A checker that ran out of time or memory may do better the next time.
remember()
{
	! grep -qE 'out of memory|ended with' "$2" || return 0
	{ sha256sum <"$2" && cat "$2"; } >"$outputs/$1.$BASHPID"
	mv "$outputs/$1.$BASHPID" "$outputs/$1"
}

# verify PLACE MODEL OPTIMIZATION HASH DEFINITION...: leaves the checker's output in PLACE/output.
verify()
{
	local place=$1 model=$2 optimization=$3 hash=$4 definition key options=()

	shift 4

	for definition; do
		case $definition in
		kernel-only) ;;
		mapped) options+=(-DMAPPED) ;;
		*) options+=("-D$definition") ;;
		esac
	done

	mkdir -p "$place"
	cp "$here/$model.pml" "$place/model.pml"
	key=$(key_of "$place" "$optimization" "$hash" "${options[@]}")
	if ! recall "$key" "$place/output"; then
		run_checker "$place" "$optimization" "$hash" "${options[@]}"
		remember "$key" "$place/output"
	fi
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

# find_strangers MODEL: prints each name() in comments of the model that is not a function of
# the code or of the model, and each that is not in the file that the comment names:
# "name(), path" or "name() in path".
find_strangers()
{
	local model=$here/$1.pml name file

	{ grep -o '\b[a-z_]\+()' "$model" || true; } | sort -u | while read -r name; do
		grep -qF "${name%)}" "$top"/kmod/*.[ch] "$top"/libuser/*.c ||
			grep -q "^inline ${name%)}" "$model" ||
			echo "$name is nowhere"
	done
	{ grep -oE '[a-z_]+\(\)(,| in) (kmod|libuser)/[a-z_]+\.c' "$model" || true; } |
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

versions=$(spin -V && gcc --version)
outputs=$(lockmgr_cache)/models
mkdir -p "$outputs"
find "$outputs" -type f -mtime +30 -delete
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if (($# == 0)); then
	for model in "$here"/*.pml; do
		model=${model##*/}
		set -- "$@" "${model%.pml}"
	done
fi
for model; do
	read_cases "$model"
done

echo "1..$(($# + ${#models[@]}))"

for model; do
	title="$model: the functions that the model names are there"
	strangers=$(find_strangers "$model")
	if [[ ! $strangers ]]; then
		ok "$title"
	else
		not_ok "$title" <<<"$strangers"
	fi
done

for index in "${!models[@]}"; do
	read -ra definitions <<<"${sizes[index]}"
	start "$scratch/$index" "${models[index]}" "${optimizations[index]}" "${hashes[index]}" \
		"${definitions[@]}"
done
wait

for index in "${!models[@]}"; do
	title=${titles[index]}
	output=$(<"$scratch/$index/output")
	if [[ ${kinds[index]} == proof ]]; then
		if is_proof "$output"; then
			ok "$title: all states are right ($(states_in "$output"))"
		else
			not_ok "$title: all states are right" <<<"$output"
		fi
	elif grep -qE "${patterns[index]}" <<<"$output"; then
		ok "$title ($(states_in "$output") states)"
	else
		not_ok "$title" <<<"$output"
	fi
done

exit "$failed"
