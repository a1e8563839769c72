# SPDX-License-Identifier: GPL-2.0-only
# The fake module of fake.h takes the place of the real one.
build/tests/unit/%: LDFLAGS += -Wl,--wrap=ioctl,--wrap=mmap64
