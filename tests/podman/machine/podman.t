#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian's podman, as it is in the archive, with its locks in lockmgr: each part in a machine
# of its own, with a stock kernel (tests/podman/machine/session). From the environment:
#
#	PARTS	what to run: scripts beside this one, with Debian 13's podman, or with that
#		of the release that is named after an @ ("root hard hang rootless nested
#		times root@bookworm")
#	KERNEL	on which kernels ("debian12 newest")
#	LOCKMGR_SCALE	how much of what is done many times (1)

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh

out=$PWD/build/podman/machine

# run_part KERNEL PART[@RELEASE]
run_part()
{
	local kernel=$1 part=${2%@*} dir=$out/$1/$2 release=trixie status=0 tree
	local options=()

	[[ $2 != *@* ]] || release=${2#*@}
	# What compares times must not count what the host does meanwhile.
	[[ $part != times ]] || options+=(--count-instructions)
	tree=$(tests/podman/tree "$release")
	rm -rf "$dir"
	tests/vm/run --kernel "$kernel" --dir "$dir" --timeout 14400 --memory 3072 \
		"${options[@]}" --env "LOCKMGR_SCALE=${LOCKMGR_SCALE:-1}" -- \
		tests/podman/machine/session "$tree" "$part" || status=$?
	touch "$dir"/results/{tap,errors}
	# A part that does not come to its end has said why there.
	grep -q '^1\.\.' "$dir/results/tap" || tail -n 20 "$dir/results/errors" | sed 's/^/# /'
	pass_on "podman_$2_with_$kernel" "$dir/results/tap"
	ok "machine for $2 with $kernel ends as it should" test "$status" -lt 2
}

for kernel in ${KERNEL:-debian12 newest}; do
	for part in ${PARTS:-root hard hang rootless nested times root@bookworm}; do
		run_part "$kernel" "$part"
	done
done
done_testing
