/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls made by hand, for threads that must not touch errno.
 */
#ifndef SYSTEM_CALL_H
#define SYSTEM_CALL_H

#include <sys/syscall.h>

static inline long system_call_6(long number, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");

	return ret;
}

static inline long system_call(long number, long a, long b, long c, long d, long e)
{
	return system_call_6(number, a, b, c, d, e, 0);
}

#endif /* SYSTEM_CALL_H */
