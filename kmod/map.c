// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps records into user space, for programs that acquire and release locks without a
 * system call; and, in the page after the records, the clock that these programs read.
 *
 * A mapping holds a reference to the file, and so keeps its client, the space and the pages:
 * pages are removed only while the space has no client that can lock.  The kernel does not trust
 * what user space writes there: see lock.c.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "client.h"
#include "clock.h"
#include "compat.h"
#include "exit.h"
#include "map.h"
#include "process.h"
#include "record.h"
#include "space.h"

#define RECORD_PAGES	(LOCKMGR_CAPACITY_MAX / LOCKMGR_PAGE_RECORDS)

/*
 * Maps only pages in which the client has locked a lock by a system call.  Its death looks
 * through exactly these.  And nothing needs to be allocated or charged here, where a failure
 * could only be reported by a signal.
 */
static vm_fault_t map_records_fault(struct vm_fault *fault)
{
	struct lockmgr_client *client = fault->vma->vm_file->private_data;
	struct lockmgr_record *page = lockmgr_client_page(client, fault->pgoff);

	if (!page)
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(fault->vma, fault->address, page_to_pfn(virt_to_page(page)));
}

/*
 * The kernel asks for the name of a mapping when it decides what goes into a core dump.  That
 * tells the module that the process may be about to write one.  The mapping has no name.
 */
static const char *map_records_name(struct vm_area_struct *vma)
{
	lockmgr_process_dumps_core(vma->vm_file->private_data);

	return NULL;
}

static const struct vm_operations_struct records_ops = {
	.fault = map_records_fault,
	.name = map_records_name,
};

static int map_records(struct lockmgr_client *client, struct vm_area_struct *vma)
{
	int ret;

	if (vma_pages(vma) > RECORD_PAGES - vma->vm_pgoff)
		return -EINVAL;

	if (client->process) {
		ret = lockmgr_exit_watch(vma->vm_mm);
		if (ret)
			return ret;
		lockmgr_process_note_mm(client, vma->vm_mm);
	} else {
		WRITE_ONCE(client->mapped, true);
	}

	vma->vm_ops = &records_ops;

	return 0;
}

static vm_fault_t map_clock_fault(struct vm_fault *fault)
{
	return vmf_insert_pfn(fault->vma, fault->address, page_to_pfn(lockmgr_clock_page()));
}

static const struct vm_operations_struct clock_ops = {
	.fault = map_clock_fault,
};

static int map_clock(struct vm_area_struct *vma)
{
	if (vma->vm_pgoff != RECORD_PAGES || vma_pages(vma) != 1)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;

	vm_flags_clear(vma, VM_MAYWRITE);
	vma->vm_ops = &clock_ops;

	return 0;
}

static int map_check(struct file *file, const struct vm_area_struct *vma)
{
	struct lockmgr_client *client = file->private_data;

	if (!lockmgr_client_is_usable(client))
		return -ENOTCONN;
	if (!(file->f_mode & FMODE_WRITE) || vma->vm_flags & VM_EXEC ||
	    !client->may_map)
		return -EACCES;

	return vma->vm_flags & VM_SHARED ? 0 : -EINVAL;
}

/**
 * lockmgr_map() - the mmap operation of the device
 * @file: the open file
 * @vma: the new mapping
 *
 * Return: 0, -EACCES, -EINVAL, -ENOMEM or -ENOTCONN
 */
int lockmgr_map(struct file *file, struct vm_area_struct *vma)
{
	int ret = map_check(file, vma);

	if (!ret)
		ret = vma->vm_pgoff < RECORD_PAGES ? map_records(file->private_data, vma) :
						     map_clock(vma);
	if (ret)
		return ret;

	/*
	 * VM_IO keeps madvise() from undoing VM_DONTCOPY.  VM_PFNMAP prevents references to the
	 * pages.  Somebody with a reference could write to a page after the mapping is gone, and
	 * the client's death could not mend that.
	 */
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTDUMP | VM_DONTEXPAND);
	vm_flags_clear(vma, VM_MAYEXEC);

	return 0;
}
