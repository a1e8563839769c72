# SPDX-License-Identifier: GPL-2.0-only
#
# The unit tests are linked with the parts of lockctl that need neither a module nor
# libsmartcols. The helpers are separate programs: the processes that lockctl looks at, and the
# terminal that it runs on.

lockctl_parts   := allocations cycle directory duration memory note number proc report space system task text
lockctl_objects := $(lockctl_parts:%=build/lockctl/%.o)
lockctl_units   := $(patsubst tests/%.c,build/tests/%,$(wildcard tests/cli/*.c))

programs: build/tests/cli/helpers/actor build/tests/cli/helpers/terminal build/tests/cli/helpers/late.so

build/tests/cli/helpers/actor: build/tests/cli/helpers/actor.o $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -pthread

build/tests/cli/helpers/terminal: build/tests/cli/helpers/terminal.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lutil

build/tests/cli/helpers/late.so: tests/cli/helpers/late.c
	$(CC) $(CFLAGS) -fPIC $(LDFLAGS) -shared -o $@ $<

-include build/tests/cli/helpers/actor.d build/tests/cli/helpers/terminal.d

$(lockctl_units): $(lockctl_objects)
$(lockctl_units): LDFLAGS += $(lockctl_objects)
$(lockctl_units:%=%.o): CPPFLAGS += -Ilibuser/lockctl

# This make builds the library, too, so it must not run while the library is being built.
$(lockctl_objects) &: $(LIBRARY) FORCE
	@$(MAKE) --no-print-directory -C libuser/lockctl
