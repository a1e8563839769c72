# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts here have in common. Sourced after `set -euo pipefail`.

# depmod and friends live in sbin, which is not on every user's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Messages for people go to stderr: stdout belongs to what a script prints for
# other scripts, or to the command that runs in the machine.
say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$*"
	exit 1
}

lockmgr_cache()
{
	printf '%s/lockmgr\n' "${XDG_CACHE_HOME:-$HOME/.cache}"
}

is_debian()
{
	[[ -r /etc/debian_version ]] &&
		command -v apt-get >/dev/null && command -v dpkg >/dev/null
}

as_root()
{
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "not root and no sudo, cannot run: $*"
	fi
}

need_commands()
{
	local command missing=()

	for command; do
		command -v "$command" >/dev/null || missing+=("$command")
	done
	((${#missing[@]} == 0)) ||
		die "missing: ${missing[*]} (tests/vm/install-deps installs what is needed)"
}

# Package lists are fetched at most once a script: a second time would bring
# the same again.
apt_lists_fetched=
apt_update()
{
	[[ -z $apt_lists_fetched ]] || return 0
	apt_lists_fetched=yes
	say "fetching the package lists (apt-get update)"
	as_root apt-get -qq update >&2
}

# deb_identity PACKAGE: "package version sha256" of apt's candidate. Fails if
# apt knows no such package.
deb_identity()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | awk '
		/^Package:/ { package = $2 }
		/^Version:/ { version = $2 }
		/^SHA256:/  { print package, version, $2; found = 1; exit }
		END { exit !found }'
}

# deb_download DIR < identities: brings the packages into DIR, checked against
# the sums that apt stated. Prints the files' paths.
deb_download()
{
	local dir=$1 package version sum file

	while read -r package version sum; do
		# apt drops to the user _apt for downloads, who may not write to
		# a private cache.
		(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root \
			download "$package=$version" >&2) || return
		# apt escapes the epoch's colon in file names.
		file=$(find "$dir" -name "${package}_${version//:/%3a}_*.deb")
		sha256sum --check --status <<<"$sum  $file" || {
			say "$package: the downloaded file has a wrong checksum"
			return 1
		}
		printf '%s\n' "$file"
	done
}

# A cache entry is a directory that is complete once it has its manifest,
# written last: path, size and time of every file. So an interrupted download,
# a deleted file or a truncated one is noticed, without reading them all.
cache_listing()
{
	find "$1" ! -type d ! -name .manifest -printf '%P %s %T@ %l\n' |
		LC_ALL=C sort
}

cache_seal()
{
	cache_listing "$1" >"$1/.manifest.new"
	sed -i '/^\.manifest\.new /d' "$1/.manifest.new"
	mv "$1/.manifest.new" "$1/.manifest"
}

cache_intact()
{
	[[ -s $1/.manifest ]] && cache_listing "$1" | cmp -s - "$1/.manifest"
}
