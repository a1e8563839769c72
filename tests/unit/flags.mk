# SPDX-License-Identifier: GPL-2.0-only
# old.o is a part of the shared library only; the tests are linked with the static one.
build/tests/unit/inspection: build/lib/old.o
build/tests/unit/inspection: LDFLAGS += build/lib/old.o
build/lib/old.o: build/lib/liblockmgr.a
# The fake module of fake.h takes the place of the real one.
build/tests/unit/%: LDFLAGS += -Wl,--wrap=ioctl,--wrap=mmap64,--wrap=open64,--wrap=__open64_2,--wrap=close
