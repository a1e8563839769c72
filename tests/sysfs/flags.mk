# SPDX-License-Identifier: GPL-2.0-only
# For raw.h.
build/tests/sysfs/%.o: CPPFLAGS += -Itests/uapi
