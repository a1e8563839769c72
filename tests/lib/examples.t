#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs every example of the library.

cd "$(dirname "$0")/../.." || exit 1
sources=$(echo libuser/examples/*.c)
number=0

for source in $sources; do
	name=$(basename "$source" .c)
	number=$((number + 1))

	output=$(timeout 600 "build/examples/$name" 2>&1)
	status=$?
	if [ "$status" -eq 0 ]; then
		echo "ok $number - ${name}_example_ends_well"
	else
		echo "not ok $number - ${name}_example_ends_well"
		echo "# status $status"
		echo "$output" | sed 's/^/# /'
	fi
done

echo "1..$number"
