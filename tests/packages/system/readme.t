#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# README's section on installing, typed line by line on a fresh Debian of each release, in a new
# machine for each way; then README's example; then the commands that remove everything.
# readme-session types them. From the environment:
#
#	RELEASES	on which releases ("bookworm trixie")

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh
# shellcheck source=tests/vm/releases.sh
. tests/vm/releases.sh

out=build/packages/readme
ways=('Debian packages' 'DKMS, without packages' 'Just make')

# commands HEADING: the indented lines of a section, up to the next heading of any level.
commands()
{
	awk -v title="$1" '
		/^##/ { inside = $0 == title }
		!inside { next }
		sub(/^    /, "") { print; apart = 0; next }
		NF && !apart { print ""; apart = 1 }' README.md
}

# The first of such paragraphs installs, the last removes.
first() { awk 'BEGIN { RS = "" } NR == 1'; }
last() { awk 'BEGIN { RS = "" } { text = $0 } END { print text }'; }

write_job()
{
	local job=$1 way=$2

	copy_tree "$job/lockmgr"
	cp tests/packages/{tap.sh,system/readme-session} "$job/"
	commands "### $way" | first >"$job/install"
	commands "### $way" | last >"$job/remove"
	commands '## Install' | first >"$job/verify"
	# shellcheck disable=SC2016 # no commands
	sed -n '/^```c$/,/^```$/{/^```/!p}' README.md >"$job/example.c"
	commands '## Use the library' | first >"$job/compile"
}

as_root rm -rf "$out"
for release in ${RELEASES:-${supported_releases[*]}}; do
	for way in "${ways[@]}"; do
		dir=$out/$release/${way%%[ ,]*}
		mkdir -p "$dir/job"
		write_job "$dir/job" "$way"
		in_system "$way, on $release" "$dir" --release "$release" -- \
			bash readme-session "$version"
	done
done
done_testing
