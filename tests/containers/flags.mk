# SPDX-License-Identifier: GPL-2.0-only
# For raw.h and files.h.
build/tests/containers/%.o: CPPFLAGS += -Itests/uapi -Itests/sysfs
