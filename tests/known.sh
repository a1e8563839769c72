# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Checkers that need not be asked again. Sourced after tests/vm/lib.sh.

clean=$(lockmgr_cache)/lint
mkdir -p "$clean"
find "$clean" -type f -mtime +30 -delete

# unless_known KEY COMMAND...: runs a checker, and prints what it finds. Checkers take minutes, so
# that one has found nothing is noted in the cache, under all that its findings depend on: KEY, the
# command and its functions. check-all asks each checker again.
unless_known()
{
	local key said status=0

	key=$({ declare -f && printf '%s\n' "$@"; } | sha256sum | cut -c 1-64)
	if [[ ! ${LOCKMGR_THOROUGH-} && -e $clean/$key ]]; then
		touch "$clean/$key"
		return
	fi
	said=$("${@:2}" 2>&1) || status=$?
	if [[ $status == 0 && ! $said ]]; then
		: >"$clean/$key"
		return
	fi
	printf '%s\n' "${said:-ended with status $status}"
	return 1
}

# contents_of FILE|DIRECTORY...: a checksum of all that is there.
contents_of()
{
	find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
}
