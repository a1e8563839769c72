# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # $here is where who sources it lies
#
# What the scripts here have in common. Sourced after `set -euo pipefail`.

# The directory of the apt in use, if it is not the machine's own: see releases.sh.
private_apt=

# depmod and friends live in sbin, which is not on every user's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Messages for people go to stderr: stdout belongs to what a script prints for
# other scripts, or to the command that runs in the machine.
say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Without this, a command substitution would go on after a failure in it.
shopt -s inherit_errexit

die()
{
	say "$*"
	exit 1
}

# attempt COMMAND...: leaves the command's status in $attempted. A failure anywhere inside
# ends the command, which it would not after `if` or before `||`.
attempt()
{
	set +e
	(set -e && "$@")
	attempted=$?
	set -e
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

apt_update()
{
	if [[ $private_apt ]]; then
		say "fetching the package lists of ${private_apt##*/}"
		apt-get -qq update >&2
		return
	fi
	say "fetching the package lists (apt-get update)"
	as_root apt-get -qq update >&2
}

# deb_identity PACKAGE[:ARCHITECTURE]: "package version sha256" of apt's candidate. Fails if
# apt knows no such package.
deb_identity()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | awk -v package="$1" '
		/^Version:/ { version = $2 }
		/^SHA256:/  { print package, version, $2; found = 1; exit }
		END { exit !found }'
}

# deb_download DIR < identities: downloads the packages into DIR and checks them against
# their sums. Prints the files' paths.
deb_download()
{
	local dir=$1 package version sum file

	while read -r package version sum; do
		# Otherwise apt would download as the user _apt, who may not
		# write to a private cache.
		(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root \
			download "$package=$version" >&2)
		# apt escapes the epoch's colon in file names.
		file=$(find "$dir" -name "${package%:*}_${version//:/%3a}_*.deb")
		sha256sum --check --status <<<"$sum  $file" ||
			die "$package: the downloaded file has a wrong checksum"
		printf '%s\n' "$file"
	done
}

# A cache entry is a directory that is complete once it has its manifest, which is
# written last: path, size, time and link target of every file. So an interrupted download,
# a deleted file or a truncated one is noticed without reading all files.
cache_listing()
{
	find "$1" ! -type d ! -name '.manifest*' -printf '%P %s %T@ %l\n' |
		LC_ALL=C sort
}

cache_seal()
{
	cache_listing "$1" >"$1/.manifest.new"
	mv "$1/.manifest.new" "$1/.manifest"
}

cache_intact()
{
	[[ -s $1/.manifest ]] && cache_listing "$1" | cmp -s - "$1/.manifest"
}

# cache_answer STORE: the file that names the store's newest entry, as these scripts see it.
# Its name depends on the scripts and on this machine's release, since those of another tree or
# machine may use the same store at the same time, and look for another entry.
cache_answer()
{
	local scripts

	scripts=$(cd "$here" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
		cat /etc/os-release)
	printf '%s/answer-%s\n' "$1" "$(sha256sum <<<"$scripts" | cut -c 1-16)"
}

# cache_is_fresh ANSWER: asking apt takes seconds, so an answer is valid for a day, or until
# the package lists change.
cache_is_fresh()
{
	local answer=$1

	[[ -s $answer && -n $(find "$answer" -mmin -1440) ]] || return
	[[ ! ${private_apt:-/var/lib/apt}/lists -nt $answer ]]
}

# cache_entries STORE: its entries, the newest first.
cache_entries()
{
	find "$1" -mindepth 1 -maxdepth 1 -type d ! -name '*.new' \
		-printf '%T@ %p\n' | sort -rn | cut -d' ' -f2-
}

# cache_newest STORE: prints the newest entry that is not damaged, if there is one.
cache_newest()
{
	local entry

	for entry in $(cache_entries "$1"); do
		if cache_intact "$entry"; then
			printf '%s\n' "$entry"
			return
		fi
	done
}

# cache_renew STORE ASK MAKE ANSWER: as cache_find, asking apt in any case; leaves the entry's
# path in the file ANSWER.
cache_renew()
{
	local store=$1 ask=$2 make=$3 answer=$4 reply identities entry work

	is_debian || die "Debian's packages are needed: this works on Debian only"
	reply=$("$ask")
	identities=$(tail -n +2 <<<"$reply")
	entry=$store/$(head -n 1 <<<"$reply")-$(sha256sum <<<"$identities" | cut -c 1-16)

	# The caller has the lock of the store, so unfinished entries are left from interrupted
	# runs.
	find "$store" -mindepth 1 -maxdepth 1 -type d -name '*.new' -exec rm -rf {} +
	if ! cache_intact "$entry"; then
		[[ ! -d $entry ]] || say "$entry is damaged: making it again"
		work=$entry.new
		mkdir "$work"
		"$make" "$work" "$entry" "$identities"
		cache_seal "$work"
		rm -rf "$entry"
		mv -T "$work" "$entry"
	fi
	printf '%s\n' "$entry" >"$answer.new"
	mv "$answer.new" "$answer"
	find "$store" -maxdepth 1 -name 'answer-*' -mmin +1440 -delete
	# The entry before the newest stays, since another process may be using it.
	cache_entries "$store" | tail -n +3 | tr '\n' '\0' | xargs -0r rm -rf
}

# cache_find STORE ASK MAKE: prints the directory of the store's newest entry, and makes it
# first if it is missing.
#
# ASK prints the name of the newest entry, and one line for each thing of which
# it is made; MAKE WORK ENTRY LINES makes it in WORK, which is then renamed to ENTRY. Only
# one process at a time works on a store. If ASK or MAKE fails, also after apt has fetched its
# lists again, the newest entry in the store is used.
cache_find()
{
	local store=$1 lock entry answer

	mkdir -p "$store"
	answer=$(cache_answer "$store")
	exec {lock}>"$store/lock"
	flock "$lock"
	if cache_is_fresh "$answer" && cache_intact "$(<"$answer")"; then
		cat "$answer"
		return
	fi
	attempt cache_renew "$@" "$answer"
	# There may be no lists yet, or old ones with versions that the servers no longer
	# have.
	if ((attempted != 0)); then
		attempt apt_update
		attempt cache_renew "$@" "$answer"
	fi
	if ((attempted == 0)); then
		cat "$answer"
		return
	fi
	entry=$(cache_newest "$store")
	if [[ $entry ]]; then
		say "cannot make the newest version now: using ${entry##*/} from the cache"
		printf '%s\n' "$entry"
		return
	fi
	die "cannot make an entry of $store: a message above says why, or apt has no such package"
}
