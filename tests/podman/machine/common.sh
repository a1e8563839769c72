# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # who sources it reads variables
#
# What the tests with Podman have in common. Sourced in the tree's root. From the
# environment:
#
#	LOCKMGR_SCALE	how much of what is done many times (1)

# shellcheck source=tests/packages/tap.sh
. /run/scene/tap.sh

preload=/usr/local/lib/liblockmgr-podman.so
space=libpod_lock
facts=/sys/class/misc/lockmgr/spaces/0:$space
helpers=/usr/local/lib/helpers
# The id of the lock that guards allocations is allocated, too.
own=1

export LD_LIBRARY_PATH=/usr/local/lib

# podman ARGUMENT...: with its locks in lockmgr. plain ARGUMENT...: with its own.
podman()
{
	LD_PRELOAD=$preload /usr/bin/podman "$@"
}

# begin_podman ARGUMENT...: in the background; its process, and no shell around it, is $begun.
begin_podman()
{
	LD_PRELOAD=$preload /usr/bin/podman "$@" &
	begun=$!
}

plain()
{
	/usr/bin/podman "$@"
}

# configure NUM_LOCKS [podman|plain]: which of them conmon starts in the end. Its children get
# no more of the environment than is here.
configure()
{
	local library=

	[[ ${2:-podman} == plain ]] || library="\"LD_PRELOAD=$preload\","
	mkdir -p /etc/containers
	cat >/etc/containers/containers.conf <<-END
	[containers]
	cgroups = "disabled"
	netns = "none"
	init = false
	[engine]
	num_locks = $1
	cgroup_manager = "cgroupfs"
	events_logger = "file"
	runtime = "crun"
	conmon_env_vars = [
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		$library
	]
	[engine.runtimes]
	crun = ["/usr/local/bin/crun"]
	END
	printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
		>/etc/containers/storage.conf
}

# The runtime, which hangs in starting a container from /run/hang on until /run/go-on: before
# or after it has started it, as that file says.  It has the name that podman knows: others
# would not do without cgroups.
install_runtime()
{
	cat >/usr/local/bin/crun <<-'END'
	#!/bin/bash
	hang()
	{
		touch /run/stuck-in-start
		while [[ ! -e /run/go-on ]]; do
			sleep 0.2
		done
	}
	[[ -e /run/hang && " $* " == *" start "* ]] || exec /usr/bin/crun "$@"
	when=$(</run/hang)
	[[ $when != before ]] || hang
	/usr/bin/crun "$@"
	status=$?
	[[ $when != after ]] || hang
	exit "$status"
	END
	chmod +x /usr/local/bin/crun
}

# runtime_hangs before|after
runtime_hangs()
{
	rm -f /run/go-on /run/stuck-in-start
	echo "$1" >/run/hang
}

# Whoever is stuck goes on, and nobody gets stuck again.
runtime_goes_on()
{
	touch /run/go-on
}

# A root for containers: busybox.
make_rootfs()
{
	mkdir -p /srv/root/{bin,dev,proc,sys,etc,tmp,run,host}
	cp /bin/busybox /srv/root/bin/
	ln -sf busybox /srv/root/bin/sh
}

# create NAME [OPTION...]
create()
{
	podman create --name "$@" --rootfs /srv/root /bin/busybox sleep 1000000
}

# scaled NUMBER: for this run, 1 at least.
scaled()
{
	awk -v number="$1" -v scale="${LOCKMGR_SCALE:-1}" \
		'BEGIN { number = int(number * scale); print (number > 1 ? number : 1) }'
}

# number_of CONTAINER: its lock's.
number_of()
{
	podman container inspect --format '{{.LockNumber}}' "$1"
}

allocated()
{
	echo $(($(<"$facts/allocated") - own))
}

none_allocated()
{
	[[ $(allocated) == 0 ]]
}

# One that cleans up may be on its way.
no_podman_runs()
{
	! pgrep -x podman
}

# What docs/podman.md says of changing back, once nothing runs.
change_back()
{
	podman rm -fa -t 0 && podman volume rm -fa || return
	wait_for no_podman_runs
	rm "/dev/shm/$space" && lockctl unlink "$space" || return
	plain system renumber && plain volume create back || return
	[[ $(od -An -tx2 -N2 "/dev/shm/$space") == " 87d1" && ! -e $facts ]]
}

# wait_for COMMAND...: until it succeeds.
wait_for()
{
	while ! "$@" >/dev/null 2>&1; do
		sleep 0.2
	done
}
