# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # who sources it reads variables
#
# Packages of all releases of Debian, whichever of them this machine has: through apt with
# its own lists and settings, which leaves the machine's as they are. Sourced after lib.sh.

# Debian 12, Debian 13, testing and unstable.
releases=(bookworm trixie testing unstable)

# What use_release was called with: the release, and a processor other than this machine's.
release_used=
release_foreign=

# Those on which users and developers have lockmgr.
supported_releases=(bookworm trixie)

# The release of the machine's own system, by its name.
host_release()
{
	local VERSION_CODENAME=

	[[ ! -r /etc/os-release ]] || . /etc/os-release
	printf '%s\n' "$VERSION_CODENAME"
}

# The kernels of tests/vm/kernel for which this machine's own compiler builds modules, the ordinary
# one first.
own_kernels()
{
	case $(host_release) in
	trixie) printf '%s\n' debian13 debian13-rt ;;
	*) printf '%s\n' debian12 debian12-backports debian12-rt ;;
	esac
}

# check_release RELEASE: ends the script if there is no release of that name.
check_release()
{
	[[ " ${releases[*]} " == *" $1 "* ]] ||
		die "unknown release '$1'; there are: ${releases[*]}"
}

# Each release, with its updates and backports; for a processor other than this machine's,
# as it was released: that is all that mirrors have for sure.
release_suites()
{
	[[ ! $release_foreign ]] || { echo "$1" && return; }
	case $1 in
	testing | unstable) echo "$1" ;;
	*) echo "$1" "$1-updates" "$1-backports" ;;
	esac
}

# mirror_of ENDING: the address that ends so, of those from which the machine's own apt gets
# packages; nothing if there is none.
mirror_of()
{
	local ending=$1

	# shellcheck disable=SC2016 # apt's variable
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		sed 's,/*$,,' | grep -m 1 "/$ending\$" || true
}

# release_sources RELEASE [KIND]: KIND is "deb", or "deb-src".
release_sources()
{
	local release=$1 kind=${2:-deb} suite mirror security
	local options="[arch=amd64${release_foreign:+,$release_foreign}"

	options+=' signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'

	mirror=$(mirror_of debian)
	security=$(mirror_of debian-security)
	[[ $mirror ]] || die "apt has no archive of Debian to get other releases from"
	for suite in $(release_suites "$release"); do
		printf '%s %s %s %s main\n' "$kind" "$options" "$mirror" "$suite"
	done
	case $release/$security in
	testing/* | unstable/* | */) ;;
	*) [[ $release_foreign ]] || printf '%s %s %s %s-security main\n' "$kind" "$options" "$security" "$release" ;;
	esac
}

# fresh_sources RELEASE: those of a new system, which gets no backports.
fresh_sources()
{
	release_sources "$1" | grep -v -- '-backports '
}

# use_release RELEASE [source|ARCHITECTURE]: from now on, apt in this shell means that release,
# and knows its source packages if they are asked for, or also the packages for that processor.
use_release()
{
	local release=$1 kind=${2-} sources settings

	release_used=$release
	release_foreign=${kind#source}

	# The machine's own apt is asked for the mirror, whatever was used before.
	unset APT_CONFIG
	sources=$(release_sources "$release"
		[[ $kind != source ]] || release_sources "$release" deb-src)
	private_apt=$(lockmgr_cache)/apt/$release${kind:+-$kind}
	mkdir -p "$private_apt"/{lists/partial,cache/archives/partial}
	[[ $(cat "$private_apt/sources.list" 2>/dev/null) == "$sources" ]] || {
		printf '%s\n' "$sources" >"$private_apt/sources.list.new"
		mv "$private_apt/sources.list.new" "$private_apt/sources.list"
		rm -f "$private_apt/updated"
	}
	# Take over whether dates are checked, and the proxy, from this machine's settings; but
	# no others: some machines have apt's cache of the lists turned off, and then each query
	# takes long.
	settings=$(apt-config dump Acquire | grep -E '::(Check-Valid-Until|Check-Date|Proxy|Proxy-Auto-Detect) ') ||
		true
	cat >"$private_apt/apt.conf.$$" <<-END
	Dir::State::Lists "$private_apt/lists";
	Dir::State::status "/dev/null";
	Dir::Cache "$private_apt/cache";
	Dir::Etc::main "/dev/null";
	Dir::Etc::parts "/dev/null";
	Dir::Etc::sourcelist "$private_apt/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	APT::Architecture "amd64";
	APT::Architectures { "amd64"; ${release_foreign:+\"$release_foreign\";} };
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	$settings
	END
	mv "$private_apt/apt.conf.$$" "$private_apt/apt.conf"
	export APT_CONFIG=$private_apt/apt.conf
}

# Fetches the lists of the release in use if they are missing or a day old. If that
# fails, old lists are used. Runs in a subshell, so that the lock is released at its end.
release_lists()
(
	exec {lock}>"$private_apt/lock"
	flock "$lock"
	[[ ! $(find "$private_apt" -maxdepth 1 -name updated -mmin -1440) ]] || return 0
	if apt_update; then
		touch "$private_apt/updated"
	elif [[ ! -e $private_apt/updated ]]; then
		return 1
	fi
)

# All headers packages for amd64 that there are: ordinary, cloud and RT.
release_headers()
{
	apt-cache search --names-only \
		'^linux-headers-[0-9]+\.[0-9]+\.[0-9]+([+-][^-]+)?(-cloud|-rt)?-amd64$' |
		awk '{ print $1 }' | sort -V
}

# release_kernels [-rt]: the ordinary kernels of the release in use, or those with PREEMPT_RT, the
# newest one last.
release_kernels()
{
	release_headers | sed -nE "s/^linux-headers-([^-]+(-[0-9]+)?${1-}-amd64)\$/\1/p"
}

# Options of apt on this machine that a new tree needs, too.
tree_apt_options()
{
	apt-config dump Acquire | sed -n '/::\(Check-Valid-Until\|Check-Date\|Proxy\) /s/^/--aptopt=/p'
}

# make_system DIRECTORY RELEASE SCRIPT PACKAGE...: a system of that release with these packages, with
# apt as a user finds it. Root then runs the script with the directory as its argument.
make_system()
{
	local directory=$1 release=$2 script=$3 options=()

	shift 3
	need_commands mmdebstrap
	mapfile -t options < <(tree_apt_options)
	fresh_sources "$release" | as_root mmdebstrap --quiet --variant=minbase --skip=cleanup/apt \
		"${options[@]}" --include="$(IFS=, && printf '%s' "$*")" \
		--customize-hook="sh '$script' \"\$1\"" "$release" "$directory" - >&2
}

# make_tree DIRECTORY ARCHITECTURES PACKAGES OPTION...: the release in use for these processors
# (lists with commas), with these packages, without what people read, and without what only apt
# and a boot need.
make_tree()
{
	local tree=$1 architectures=$2 packages=$3 options=()

	shift 3
	need_commands mmdebstrap
	mapfile -t options < <(tree_apt_options)
	release_sources "$release_used" | as_root mmdebstrap --quiet \
		--architectures="$architectures" "${options[@]}" "$@" \
		--dpkgopt=path-exclude='/usr/share/man/*' \
		--dpkgopt=path-exclude='/usr/share/doc/*' \
		--dpkgopt=path-exclude='/usr/share/locale/*' \
		--include="$packages" "$release" "$tree" - >&2
	as_root rm -rf "$tree"/{var/cache,var/lib/apt,dev}
	as_root mkdir "$tree/dev"
}
