# SPDX-License-Identifier: GPL-2.0-only
# The fake module of fake.h takes the place of the real one.
# Of the shared library only.
build/tests/unit/inspection: build/lib/old.o
build/tests/unit/inspection: LDFLAGS += build/lib/old.o
build/lib/old.o: build/lib/liblockmgr.a
build/tests/unit/%: LDFLAGS += -Wl,--wrap=ioctl,--wrap=mmap64,--wrap=open64,--wrap=__open64_2,--wrap=close
