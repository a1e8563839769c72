# SPDX-License-Identifier: GPL-2.0-only
#
# `make help` lists the targets. How to build the module itself is in Kbuild, which the kernel's
# build system reads instead of this file.

PREFIX ?= /usr/local
DESTDIR ?=
UDEVRULESDIR ?= $(PREFIX)/lib/udev/rules.d
MODULESLOADDIR ?= $(PREFIX)/lib/modules-load.d
INSTALL ?= install
# The kernel for virtual machines and `module`: one of those that tests/vm/kernel knows. If empty,
# `module` builds for the running kernel, and `demo`, `shell`, `bench` and `stress` run that of this
# system's release of Debian, or else of Debian 12.
KERNEL ?=
KDIR ?= /lib/modules/$(shell uname -r)/build
# What `check` runs, and on which kernels. If empty: all tests, on the kernels of tests/check.
TESTS ?=
KERNELS ?=
# What `bench` measures in the machine: names of tests/bench/main.c. If empty: everything.
PARTS ?=
# How long `stress` and `fuzz` run.
SECONDS ?= 300

all_kernels = debug oldest debian12 debian12-rt debian12-backports debian13 debian13-rt \
	newest newest-rt kcsan arm64 arm64-16k arm64-armhf armhf s390x
own_kernel = $(or $(filter debian12 debian13,$(shell . /etc/os-release && echo $$ID$$VERSION_ID)),debian12)
vm_kernel = $(or $(KERNEL),$(own_kernel))
# Kernels of other releases need compilers in a tree.
vm_packages = build vm $(if $(filter $(own_kernel)%,$(vm_kernel)),,newest)
# Build in parallel, unless the caller has passed -j.
jobs = $(if $(filter -j% --jobs%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all
all: lib lockctl examples $(if $(wildcard $(KDIR)/Makefile),module)
	$(if $(wildcard $(KDIR)/Makefile),,@echo 'No headers for the running kernel: the module is left out.')

.PHONY: help
help:
	@echo 'lockmgr: inter-process mutexes, managed by a Linux kernel module. Targets:'
	@echo '  all        library, lockctl, examples, and the module if the running kernel has headers'
	@echo '  module     the module for the running kernel, for KDIR=..., or for KERNEL=debian12 etc.'
	@echo '  lib        the library, into build/lib'
	@echo '  lockctl    the command, into build/lockctl'
	@echo '  podman     the library that Podman loads for its locks, into build/podman'
	@echo '  examples   the examples for the library'
	@echo '  demo       shows on real processes what lockmgr does, in a virtual machine'
	@echo '  check      all tests; TESTS="tests/lib/alloc ..." and KERNELS="debian12 ..." choose'
	@echo '  check-quick  only the quickest tests, on User Mode Linux: after each edit'
	@echo '  check-all  all tests on more kernels, one of them with KCSAN, and with packages'
	@echo '             and Podman; takes hours'
	@echo '  coverage   which lines and branches of module and library the tests reach'
	@echo '  fuzz       random ioctl sequences, checked against a model; SECONDS=300, SEED=...'
	@echo '  stress     thousands of processes that lock, allocate and die; SECONDS=300'
	@echo '  lint       only the static checks of `check`'
	@echo '  bench      measurements, in a virtual machine; PARTS="uncontended ..." chooses'
	@echo '  docs       the library'\''s API as HTML, into build/docs; needs Doxygen'
	@echo '  shell      a shell in a virtual machine with the module loaded; KERNEL=debian13 etc.'
	@echo '  check-packages  the Debian packages and the installation steps in README, on a'
	@echo '             fresh Debian in a virtual machine'
	@echo '  check-hosts  what developers type, on fresh systems of Debian 12 and 13'
	@echo '  next-kernel  the newest kernel that Debian has: build, boot, tests, a verdict'
	@echo '  tried      adds what the last check was built for and ran on to the table in README'
	@echo '  check-podman  Podman of Debian 12 and 13 with its locks in lockmgr, in virtual machines'
	@echo '  install    installs everything, the module only if the running kernel has headers;'
	@echo '             PREFIX=..., DESTDIR=...; in parts: install-lib, install-lockctl,'
	@echo '             install-module, install-config'
	@echo '  install-podman  installs the library for Podman, which `install` leaves out'
	@echo '  uninstall  removes what these installed'
	@echo '  clean      removes build/'

.PHONY: module
module:
	@tests/vm/module $(or $(KERNEL),$(KDIR))

.PHONY: lib
lib:
	@$(MAKE) --no-print-directory $(jobs) -C libuser

.PHONY: lockctl
lockctl: lib
	@$(MAKE) --no-print-directory $(jobs) -C libuser/lockctl

.PHONY: podman
podman: lib
	@$(MAKE) --no-print-directory $(jobs) -C libuser/podman

.PHONY: examples
examples: lib
	@$(MAKE) --no-print-directory $(jobs) -C libuser examples

.PHONY: demo
demo:
	@tests/vm/install-deps $(vm_packages)
	@echo 'demo: building the module for kernel $(vm_kernel), the library and the demo'
	@tests/vm/module $(vm_kernel) >/dev/null
	@$(MAKE) --silent --no-print-directory $(jobs) -C libuser
	@$(MAKE) --silent --no-print-directory $(jobs) -C libuser/lockctl
	@$(MAKE) --silent --no-print-directory $(jobs) -C libuser/podman
	@$(MAKE) --silent --no-print-directory $(jobs) -C tests/demo
	@echo 'demo: booting kernel $(vm_kernel) in a virtual machine'
	@tests/vm/run --kernel $(vm_kernel) \
		--env "DEMO_PODMAN_TREE=$$(tests/podman/tree --cached trixie)" -- build/demo/demo

.PHONY: check
check:
	@tests/vm/install-deps
	@TESTS='$(TESTS)' KERNELS='$(KERNELS)' tests/check

.PHONY: check-quick
check-quick:
	@tests/vm/install-deps build vm kernel check
	@QUICK=yes TESTS='$(TESTS)' tests/check

.PHONY: check-all
check-all:
	@tests/vm/install-deps
	@tests/vm/install-deps system
	@TESTS='$(TESTS)' KERNELS='$(all_kernels)' BOTH_WAYS='$(all_kernels)' PACKAGES=yes \
		HEADERS=yes HOSTS=yes PODMAN=yes THOROUGH=yes tests/check

.PHONY: next-kernel
next-kernel:
	@tests/vm/install-deps build vm newest check
	@tests/next-kernel

# Adds what the last check wrote down to the table in README.
.PHONY: tried
tried:
	@tests/tried --write README.md --save docs/tried.tsv docs/tried.tsv build/check/tried

.PHONY: check-packages
check-packages:
	@tests/vm/install-deps build vm packages system
	@tests/tap-run --timeout 21600 tests/packages/*.t tests/packages/*/*.t

.PHONY: check-podman
check-podman:
	@tests/vm/install-deps build vm newest podman
	@$(MAKE) --silent --no-print-directory $(jobs) -C libuser
	@$(MAKE) --silent --no-print-directory $(jobs) -C libuser/lockctl
	@$(MAKE) --silent --no-print-directory -f tests/Makefile podman-tests
	@KERNEL='$(KERNEL)' tests/tap-run --timeout 54000 tests/podman/machine/*.t

.PHONY: check-hosts
check-hosts:
	@tests/vm/install-deps newest
	@tests/tap-run --timeout 54000 tests/hosts/hosts.t

.PHONY: coverage
coverage:
	@tests/vm/install-deps
	@tests/coverage

.PHONY: fuzz
fuzz:
	@tests/vm/install-deps
	@tests/fuzz/run '$(SECONDS)' '$(SEED)'

.PHONY: stress
stress:
	@tests/vm/install-deps $(vm_packages) check
	@KERNEL='$(vm_kernel)' LOCKMGR_STRESS_SECONDS='$(SECONDS)' tests/stress/run

.PHONY: lint
lint:
	@tests/vm/install-deps build vm newest check
	@tests/lint

.PHONY: bench
bench:
	@tests/vm/install-deps $(vm_packages) bench
	@KERNEL='$(vm_kernel)' tests/bench/run $(PARTS)

# Only on Debian can install-deps install a missing Doxygen.
.PHONY: docs
docs:
	@command -v doxygen >/dev/null || tests/vm/install-deps docs
	@mkdir -p build/docs
	@LOCKMGR_VERSION=$$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$$/\1/p' dkms.conf) \
		doxygen docs/Doxyfile
	@echo 'docs: build/docs/html/index.html'

.PHONY: shell
shell:
	@tests/vm/install-deps $(vm_packages) shell
	@tests/vm/module $(vm_kernel) >/dev/null
	@$(MAKE) --silent --no-print-directory $(jobs) -C libuser
	@$(MAKE) --silent --no-print-directory $(jobs) -C libuser/lockctl
	@echo 'shell: booting kernel $(vm_kernel) in a virtual machine; "exit" ends it'
	@tests/vm/run --kernel $(vm_kernel) --interactive -- tests/vm/with-tools

.PHONY: install install-lib install-lockctl install-module install-config install-podman
install: install-lib install-lockctl install-config \
	 $(if $(wildcard $(KDIR)/Makefile),install-module)

install-lib: lib
	$(MAKE) --no-print-directory -C libuser install DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)'

install-lockctl: lockctl
	$(MAKE) --no-print-directory -C libuser/lockctl install DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)'

install-podman: podman
	$(MAKE) --no-print-directory -C libuser/podman install DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)'

# What `uname -r` prints on the kernel that KDIR belongs to, which need not be the running one.
# Not taken from include/config, where Debian's 6.1 has something else.
utsrelease = $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	'$(KDIR)/include/generated/utsrelease.h' 2>/dev/null)
release = $(or $(utsrelease),$(shell uname -r))
installed_module = $(DESTDIR)/lib/modules/$(release)/updates/lockmgr.ko
install-module: module
	$(INSTALL) -D -m 644 build/kmod/running/lockmgr.ko '$(installed_module)'
	$(if $(DESTDIR),,depmod '$(release)')

# Makes the system load the module at each start, and sets the mode of the device node.
install-config:
	$(INSTALL) -d '$(DESTDIR)$(UDEVRULESDIR)' '$(DESTDIR)$(MODULESLOADDIR)'
	$(INSTALL) -m 644 kmod/60-lockmgr.rules '$(DESTDIR)$(UDEVRULESDIR)/'
	$(INSTALL) -m 644 kmod/modules-load.conf '$(DESTDIR)$(MODULESLOADDIR)/lockmgr.conf'

.PHONY: uninstall
uninstall:
	$(MAKE) --no-print-directory -C libuser uninstall DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)'
	$(MAKE) --no-print-directory -C libuser/lockctl uninstall DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)'
	$(MAKE) --no-print-directory -C libuser/podman uninstall DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)'
	rm -f '$(DESTDIR)$(UDEVRULESDIR)/60-lockmgr.rules' \
		'$(DESTDIR)$(MODULESLOADDIR)/lockmgr.conf' '$(installed_module)'
	$(if $(DESTDIR),,$(if $(wildcard /lib/modules/$(release)),depmod '$(release)'))

.PHONY: clean
clean:
	rm -rf build
