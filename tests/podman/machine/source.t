#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A podman built from Debian 12's source, with the lock manager in libuser/podman/libpod and
# lock_type = "lockmgr", in Debian 12's tree: in a machine of its own. From the environment:
#
#	KERNEL	on which kernel (debian12)

set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."
# shellcheck source=tests/packages/lib.sh
. tests/packages/lib.sh

same "files of the lock manager are as gofmt has them" "$(gofmt -l libuser/podman/libpod)" ""

out=$PWD/build/podman/machine/source
tree=$(tests/podman/tree bookworm)
built=$(tests/podman/build)
rm -rf "$out"
mkdir -p "$out"
# There, the root that this machine had is below /old.
cat >"$out/source-with-podman" <<-END
cp "/old$built"/{podman,lock.test} /usr/local/bin/
exec bash /run/scene/source
END
status=0
tests/vm/run --kernel "${KERNEL:-debian12}" --dir "$out" --timeout 7200 --memory 3072 -- \
	tests/podman/machine/session "$tree" "$out/source-with-podman" || status=$?
touch "$out"/results/{tap,errors}
# It has said why it does not come to its end.
grep -q '^1\.\.' "$out/results/tap" || tail -n 20 "$out/results/errors" | sed 's/^/# /'
pass_on podman_source "$out/results/tap"
ok "machine for source ends as it should" test "$status" -lt 2
done_testing
