/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of everything in the ABI.  Programs of 64 and of 32 bits include this file:
 * if all of it holds for both, they agree.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <assert.h>
#include <stddef.h>

#include <linux/lockmgr.h>

#define LAYOUT_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), "size of " #type)

#define LAYOUT_END(type, member) \
	(offsetof(struct type, member) + sizeof(((struct type *)0)->member))
#define LAYOUT_IS(type, member, begin, end) \
	(offsetof(struct type, member) == (begin) && LAYOUT_END(type, member) == (end))

/* A member lies where the former one ends: there is no implicit padding. */
#define LAYOUT_MEMBER(type, member, begin, end) \
	static_assert(LAYOUT_IS(type, member, begin, end), #type "." #member)

LAYOUT_MEMBER(lockmgr_record, word, 0, 8);
LAYOUT_MEMBER(lockmgr_record, since, 8, 16);
LAYOUT_SIZE(lockmgr_record, 16);

LAYOUT_MEMBER(lockmgr_ioctl_version, major, 0, 4);
LAYOUT_MEMBER(lockmgr_ioctl_version, minor, 4, 8);
LAYOUT_MEMBER(lockmgr_ioctl_version, patch, 8, 12);
LAYOUT_MEMBER(lockmgr_ioctl_version, reserved, 12, 16);
LAYOUT_MEMBER(lockmgr_ioctl_version, features, 16, 24);
LAYOUT_SIZE(lockmgr_ioctl_version, 24);

LAYOUT_MEMBER(lockmgr_ioctl_attach, name, 0, 64);
LAYOUT_MEMBER(lockmgr_ioctl_attach, flags, 64, 68);
LAYOUT_MEMBER(lockmgr_ioctl_attach, owner, 68, 72);
LAYOUT_MEMBER(lockmgr_ioctl_attach, group, 72, 76);
LAYOUT_MEMBER(lockmgr_ioctl_attach, mode, 76, 80);
LAYOUT_MEMBER(lockmgr_ioctl_attach, capacity, 80, 84);
LAYOUT_MEMBER(lockmgr_ioctl_attach, token, 84, 88);
LAYOUT_MEMBER(lockmgr_ioctl_attach, generation, 88, 96);
LAYOUT_MEMBER(lockmgr_ioctl_attach, map_size, 96, 104);
LAYOUT_MEMBER(lockmgr_ioctl_attach, reserved, 104, 112);
LAYOUT_SIZE(lockmgr_ioctl_attach, 112);

LAYOUT_MEMBER(lockmgr_ioctl_unlink, name, 0, 64);
LAYOUT_MEMBER(lockmgr_ioctl_unlink, owner, 64, 68);
LAYOUT_MEMBER(lockmgr_ioctl_unlink, flags, 68, 72);
LAYOUT_SIZE(lockmgr_ioctl_unlink, 72);

LAYOUT_MEMBER(lockmgr_ioctl_capacity, capacity, 0, 4);
LAYOUT_MEMBER(lockmgr_ioctl_capacity, flags, 4, 8);
LAYOUT_SIZE(lockmgr_ioctl_capacity, 8);

LAYOUT_MEMBER(lockmgr_ioctl_id, id, 0, 4);
LAYOUT_MEMBER(lockmgr_ioctl_id, flags, 4, 8);
LAYOUT_SIZE(lockmgr_ioctl_id, 8);

LAYOUT_MEMBER(lockmgr_ioctl_note, id, 0, 4);
LAYOUT_MEMBER(lockmgr_ioctl_note, flags, 4, 8);
LAYOUT_MEMBER(lockmgr_ioctl_note, note, 8, 72);
LAYOUT_SIZE(lockmgr_ioctl_note, 72);

LAYOUT_MEMBER(lockmgr_ioctl_flags, flags, 0, 4);
LAYOUT_MEMBER(lockmgr_ioctl_flags, reserved, 4, 8);
LAYOUT_SIZE(lockmgr_ioctl_flags, 8);

LAYOUT_MEMBER(lockmgr_ioctl_lock, id, 0, 4);
LAYOUT_MEMBER(lockmgr_ioctl_lock, flags, 4, 8);
LAYOUT_MEMBER(lockmgr_ioctl_lock, deadline, 8, 16);
LAYOUT_MEMBER(lockmgr_ioctl_lock, ticket, 16, 24);
LAYOUT_SIZE(lockmgr_ioctl_lock, 24);

LAYOUT_MEMBER(lockmgr_ioctl_info, name, 0, 64);
LAYOUT_MEMBER(lockmgr_ioctl_info, generation, 64, 72);
LAYOUT_MEMBER(lockmgr_ioctl_info, owner, 72, 76);
LAYOUT_MEMBER(lockmgr_ioctl_info, group, 76, 80);
LAYOUT_MEMBER(lockmgr_ioctl_info, mode, 80, 84);
LAYOUT_MEMBER(lockmgr_ioctl_info, flags, 84, 88);
LAYOUT_MEMBER(lockmgr_ioctl_info, capacity, 88, 92);
LAYOUT_MEMBER(lockmgr_ioctl_info, allocated, 92, 96);
LAYOUT_MEMBER(lockmgr_ioctl_info, clients, 96, 100);
LAYOUT_MEMBER(lockmgr_ioctl_info, token, 100, 104);
LAYOUT_MEMBER(lockmgr_ioctl_info, reserved, 104, 120);
LAYOUT_SIZE(lockmgr_ioctl_info, 120);

LAYOUT_MEMBER(lockmgr_lock_entry, id, 0, 4);
LAYOUT_MEMBER(lockmgr_lock_entry, flags, 4, 8);
LAYOUT_MEMBER(lockmgr_lock_entry, since, 8, 16);
LAYOUT_MEMBER(lockmgr_lock_entry, pid, 16, 20);
LAYOUT_MEMBER(lockmgr_lock_entry, tid, 20, 24);
LAYOUT_MEMBER(lockmgr_lock_entry, comm, 24, 40);
LAYOUT_MEMBER(lockmgr_lock_entry, token, 40, 44);
LAYOUT_MEMBER(lockmgr_lock_entry, waiters, 44, 48);
LAYOUT_MEMBER(lockmgr_lock_entry, reserved, 48, 64);
LAYOUT_MEMBER(lockmgr_lock_entry, note, 64, 128);
LAYOUT_SIZE(lockmgr_lock_entry, 128);

LAYOUT_MEMBER(lockmgr_waiter_entry, cookie, 0, 8);
LAYOUT_MEMBER(lockmgr_waiter_entry, since, 8, 16);
LAYOUT_MEMBER(lockmgr_waiter_entry, pid, 16, 20);
LAYOUT_MEMBER(lockmgr_waiter_entry, tid, 20, 24);
LAYOUT_MEMBER(lockmgr_waiter_entry, comm, 24, 40);
LAYOUT_MEMBER(lockmgr_waiter_entry, token, 40, 44);
LAYOUT_MEMBER(lockmgr_waiter_entry, flags, 44, 48);
LAYOUT_MEMBER(lockmgr_waiter_entry, reserved, 48, 64);
LAYOUT_SIZE(lockmgr_waiter_entry, 64);

LAYOUT_MEMBER(lockmgr_space_entry, name, 0, 64);
LAYOUT_MEMBER(lockmgr_space_entry, generation, 64, 72);
LAYOUT_MEMBER(lockmgr_space_entry, owner, 72, 76);
LAYOUT_MEMBER(lockmgr_space_entry, group, 76, 80);
LAYOUT_MEMBER(lockmgr_space_entry, mode, 80, 84);
LAYOUT_MEMBER(lockmgr_space_entry, capacity, 84, 88);
LAYOUT_MEMBER(lockmgr_space_entry, allocated, 88, 92);
LAYOUT_MEMBER(lockmgr_space_entry, held, 92, 96);
LAYOUT_MEMBER(lockmgr_space_entry, waiting, 96, 100);
LAYOUT_MEMBER(lockmgr_space_entry, clients, 100, 104);
LAYOUT_MEMBER(lockmgr_space_entry, reserved, 104, 128);
LAYOUT_SIZE(lockmgr_space_entry, 128);

LAYOUT_MEMBER(lockmgr_ioctl_list, entries, 0, 8);
LAYOUT_MEMBER(lockmgr_ioctl_list, entry_size, 8, 12);
LAYOUT_MEMBER(lockmgr_ioctl_list, count, 12, 16);
LAYOUT_MEMBER(lockmgr_ioctl_list, cursor, 16, 24);
LAYOUT_MEMBER(lockmgr_ioctl_list, filter, 24, 28);
LAYOUT_MEMBER(lockmgr_ioctl_list, id, 28, 32);
LAYOUT_SIZE(lockmgr_ioctl_list, 32);

/* The numbers: direction, size, 0xbc and the command. */
static_assert(LOCKMGR_IOC_VERSION == 0x8018bc00u, "VERSION");
static_assert(LOCKMGR_IOC_ATTACH == 0xc070bc01u, "ATTACH");
static_assert(LOCKMGR_IOC_UNLINK == 0x4048bc02u, "UNLINK");
static_assert(LOCKMGR_IOC_CAPACITY == 0x4008bc03u, "CAPACITY");
static_assert(LOCKMGR_IOC_INFO == 0x8078bc04u, "INFO");
static_assert(LOCKMGR_IOC_ALLOCATE == 0xc008bc05u, "ALLOCATE");
static_assert(LOCKMGR_IOC_ALLOCATE_ID == 0x4008bc06u, "ALLOCATE_ID");
static_assert(LOCKMGR_IOC_RETRIEVE == 0x4008bc07u, "RETRIEVE");
static_assert(LOCKMGR_IOC_FREE == 0x4008bc08u, "FREE");
static_assert(LOCKMGR_IOC_FREE_ALL == 0x4008bc09u, "FREE_ALL");
static_assert(LOCKMGR_IOC_LOCK == 0xc018bc0au, "LOCK");
static_assert(LOCKMGR_IOC_UNLOCK == 0x4008bc0bu, "UNLOCK");
static_assert(LOCKMGR_IOC_LIST_LOCKS == 0xc020bc0cu, "LIST_LOCKS");
static_assert(LOCKMGR_IOC_LIST_WAITERS == 0xc020bc0du, "LIST_WAITERS");
static_assert(LOCKMGR_IOC_LIST_SPACES == 0xc020bc0eu, "LIST_SPACES");
static_assert(LOCKMGR_IOC_SET_NOTE == 0x4048bc0fu, "SET_NOTE");
static_assert(LOCKMGR_IOC_ALLOCATE_NOTED == 0xc048bc10u, "ALLOCATE_NOTED");
static_assert(LOCKMGR_IOC_ALLOCATE_ID_NOTED == 0x4048bc11u, "ALLOCATE_ID_NOTED");

#endif /* LAYOUT_H */
