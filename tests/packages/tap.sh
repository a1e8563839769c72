# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Tests in bash, as TAP. Sourced on the host and in machines.

number=0
failed=0

# ok NAME COMMAND...: a test, which passes if the command succeeds. If it fails, the end of
# its output is printed.
ok()
{
	local name=$1 output status=0

	shift
	number=$((number + 1))
	output=$("$@" 2>&1) || status=$?
	if ((status == 0)); then
		printf 'ok %d - %s\n' "$number" "$name"
		return
	fi
	printf 'not ok %d - %s\n' "$number" "$name"
	printf '%s\n' "${output:-ended with status $status}" | tail -n 60 | sed 's/^/# /'
	failed=1
}

# same NAME SEEN EXPECTED: a test, which passes if both texts are the same.
same()
{
	ok "$1" diff -u --label expected --label seen <(printf '%s\n' "$3") <(printf '%s\n' "$2")
}

# pass_on NAME TAP-FILE: prints the tests of another program as tests of this one. Fails if the
# other program did not run to its end.
pass_on()
{
	local line ended=

	while IFS= read -r line; do
		case $line in
		1..*) ended=yes ;;
		'ok '* | 'not ok '*)
			number=$((number + 1))
			[[ $line != 'not ok '* ]] || failed=1
			printf '%s %d - %s\n' "${line%%ok *}ok" "$number" "${line#* - }"
			;;
		*) printf '# %s\n' "${line#\# }" ;;
		esac
	done <"$2"
	[[ $ended ]] || ok "tests_for_$1_come_to_their_end" false
}

# note_built PROCESSOR DEBIAN RELEASE NAME: for tests/tried, if a check asks for it.
note_built()
{
	printf '%s\t%s\t%s\t%s\tbuilt\n' "$@" >>"${LOCKMGR_TRIED:-/dev/null}"
}

# in_parts COMMAND NAME...: runs the command for each name. In it, $failed says whether a test of
# that part has failed, not whether one before it has.
in_parts()
{
	local command=$1 name some_failed=$failed

	shift
	for name; do
		failed=0
		"$command" "$name"
		some_failed=$((some_failed | failed))
	done
	failed=$some_failed
}

done_testing()
{
	printf '1..%d\n' "$number"
	exit "$failed"
}
