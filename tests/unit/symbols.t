#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# symbols.t [LIBRARY]: the shared library exports what the header declares, and nothing else.
# Run from the top directory.

library=${1:-build/lib/liblockmgr.so}
header=include/lockmgr.h
map=libuser/liblockmgr.map
failed=0

ok()
{
	if [ "$1" = "$2" ]; then
		echo "ok $3 - $4"
		return
	fi
	echo "not ok $3 - $4"
	printf '%s\n' "expected:" "$1" "found:" "$2" | sed 's/^/# /'
	failed=1
}

declared=$(cpp -P -Iinclude "$header" |
	   grep -o '\<lockmgr_[a-z_]*(' | tr -d '(' | sort)
exported=$(nm -D --defined-only "$library" | sed -n 's/.* T //p' |
	   sed 's/@.*//' | sort -u)
others=$(nm -D --defined-only "$library" | grep -v ' T lockmgr_' |
	 sed 's/^[^ ]* //')
versions=$(nm -D --defined-only "$library" | sed -n 's/.* T \(.*\)@@/\1 /p' | sort)
mapped=$(awk '/^LOCKMGR/ { version = $1 } /^\tlockmgr_/ { print substr($1, 1, length($1) - 1), version }' \
	 "$map" | sort)
named=$(sed -n 's/^\(LOCKMGR[_.0-9]*\) .*/A \1/p' "$map" | sort)
old=$(nm -D --defined-only "$library" | sed -n 's/.* T \([a-z_0-9]*@[^@]*\)$/\1/p' | sort)
soname=$(objdump -p "$library" | sed -n 's/ *SONAME *//p')
needed=$(objdump -p "$library" | sed -n 's/ *NEEDED *//p')

echo 1..6
ok "$declared" "$exported" 1 "every declared function is exported, no other"
ok "$named" "$others" 2 "nothing but functions and versions are exported"
ok "$mapped" "$versions" 3 "every function has the version that the map gives it"
ok "liblockmgr.so.1" "$soname" 4 "the soname is that of ABI 1"
ok "libc.so.6" "$needed" 5 "libc is all that is needed at run time"
ok "lockmgr_list@LOCKMGR_0.1" "$old" 6 "what older programs were linked with is there"
exit $failed
