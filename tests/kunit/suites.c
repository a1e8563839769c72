// SPDX-License-Identifier: GPL-2.0-only
/*
 * The suites. They run when the module has been loaded and initialised: KUnit finds them
 * in a section of the module. The functions that they call come before them.
 */
#include "suites.h"

kunit_test_suites(&lockmgr_quota_suite,
		  &lockmgr_record_suite,
		  &lockmgr_alloc_suite,
		  &lockmgr_wait_suite,
		  &lockmgr_holder_suite,
		  &lockmgr_deadlock_suite,
		  &lockmgr_lock_suite,
		  &lockmgr_lock_wait_suite,
		  &lockmgr_lock_contention_suite,
		  &lockmgr_lock_mapped_suite,
		  &lockmgr_permit_suite,
		  &lockmgr_space_suite,
		  &lockmgr_namespace_suite,
		  &lockmgr_client_suite,
		  &lockmgr_process_suite,
		  &lockmgr_list_suite,
		  &lockmgr_count_suite);
