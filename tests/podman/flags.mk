# SPDX-License-Identifier: GPL-2.0-only
#
# What does with locks what Podman does, what kills Podman, and the library that is put in.

podman_helpers := $(addprefix build/tests/podman/helpers/,segment die.so)
podman_preload := build/podman/liblockmgr-podman.so

.PHONY: podman-tests
# There is no such library for 32 bits.
all: podman-tests
podman-tests: $(podman_helpers) $(podman_preload)

build/tests/podman/helpers/segment: build/tests/podman/helpers/segment.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -pthread

build/tests/podman/helpers/die.o: FLAGS += -fPIC -Ilibuser/podman

build/tests/podman/helpers/die.so: build/tests/podman/helpers/die.o
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^ -pthread

-include build/tests/podman/helpers/segment.d build/tests/podman/helpers/die.d

# It builds the library too, as lockctl does, so one after the other.
$(podman_preload): $(LIBRARY) FORCE | $(lockctl_objects)
	@$(MAKE) --no-print-directory -C libuser/podman
