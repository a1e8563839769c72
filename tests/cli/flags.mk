# SPDX-License-Identifier: GPL-2.0-only
#
# The unit tests get lockctl's parts that need neither a module nor libsmartcols; the
# processes that lockctl looks at are a program of their own.

lockctl_parts   := allocations cycle directory duration memory number report space text
lockctl_objects := $(lockctl_parts:%=build/lockctl/%.o)
lockctl_units   := $(patsubst tests/%.c,build/tests/%,$(wildcard tests/cli/*.c))

all: build/tests/cli/helpers/actor

build/tests/cli/helpers/actor: build/tests/cli/helpers/actor.o $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -pthread

-include build/tests/cli/helpers/actor.d

$(lockctl_units): $(lockctl_objects)
$(lockctl_units): LDFLAGS += $(lockctl_objects)
$(lockctl_units:%=%.o): CPPFLAGS += -Ilibuser/lockctl

# It builds the library too, so one after the other.
$(lockctl_objects) &: $(LIBRARY) FORCE
	@$(MAKE) --no-print-directory -C libuser/lockctl
