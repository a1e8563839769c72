/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_SUITES_H
#define LOCKMGR_SUITES_H

#include <kunit/test.h>

/* One for each file of kmod/, and named after it. */
extern struct kunit_suite lockmgr_alloc_suite;
extern struct kunit_suite lockmgr_client_suite;
extern struct kunit_suite lockmgr_namespace_suite;
extern struct kunit_suite lockmgr_deadlock_suite;
extern struct kunit_suite lockmgr_holder_suite;
extern struct kunit_suite lockmgr_list_suite;
extern struct kunit_suite lockmgr_count_suite;
extern struct kunit_suite lockmgr_lock_contention_suite;
extern struct kunit_suite lockmgr_lock_mapped_suite;
extern struct kunit_suite lockmgr_lock_suite;
extern struct kunit_suite lockmgr_lock_wait_suite;
extern struct kunit_suite lockmgr_permit_suite;
extern struct kunit_suite lockmgr_process_suite;
extern struct kunit_suite lockmgr_quota_suite;
extern struct kunit_suite lockmgr_record_suite;
extern struct kunit_suite lockmgr_space_suite;
extern struct kunit_suite lockmgr_wait_suite;

#endif /* LOCKMGR_SUITES_H */
