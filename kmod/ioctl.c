// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctl interface: copy in, check, call the core with kernel pointers, copy out.  Nothing
 * else in the module copies from or to user memory.  Beside this file, only device.c (open,
 * flush, release, fdinfo) and map.c (mmap) know of the device's struct file.
 */
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include <linux/lockmgr.h>

#include "attach.h"
#include "client.h"
#include "ioctl.h"
#include "list.h"
#include "names.h"
#include "note.h"
#include "space.h"

/* The ABI: these sizes never shrink, and these offsets never move. */
static_assert(sizeof(struct lockmgr_ioctl_version) == 24);
static_assert(sizeof(struct lockmgr_ioctl_attach) == 112);
static_assert(sizeof(struct lockmgr_ioctl_unlink) == 72);
static_assert(sizeof(struct lockmgr_ioctl_capacity) == 8);
static_assert(sizeof(struct lockmgr_ioctl_id) == 8);
static_assert(sizeof(struct lockmgr_ioctl_flags) == 8);
static_assert(sizeof(struct lockmgr_ioctl_lock) == 24);
static_assert(sizeof(struct lockmgr_ioctl_info) == 120);
static_assert(sizeof(struct lockmgr_ioctl_list) == 32);
static_assert(sizeof(struct lockmgr_ioctl_note) == 72);
static_assert(sizeof(struct lockmgr_lock_entry) == 128);
static_assert(sizeof(struct lockmgr_waiter_entry) == 64);
static_assert(sizeof(struct lockmgr_space_entry) == 128);
static_assert(offsetof(struct lockmgr_ioctl_attach, generation) == 88);
static_assert(offsetof(struct lockmgr_ioctl_info, generation) == 64);
static_assert(offsetof(struct lockmgr_lock_entry, token) == 40);
static_assert(offsetof(struct lockmgr_lock_entry, note) == 64);
static_assert(offsetof(struct lockmgr_waiter_entry, token) == 40);
static_assert(LOCKMGR_COMM_SIZE == TASK_COMM_LEN);

union arguments {
	struct lockmgr_ioctl_version version;
	struct lockmgr_ioctl_attach attach;
	struct lockmgr_ioctl_unlink unlink;
	struct lockmgr_ioctl_capacity capacity;
	struct lockmgr_ioctl_info info;
	struct lockmgr_ioctl_id id;
	struct lockmgr_ioctl_flags flags;
	struct lockmgr_ioctl_lock lock;
	struct lockmgr_ioctl_list list;
	struct lockmgr_ioctl_note note;
};

static struct lockmgr_client *ioctl_client_of(struct file *file)
{
	return file->private_data;
}

/* For commands that need an attached file. */
static struct lockmgr_space *ioctl_space_of(struct file *file)
{
	return lockmgr_client_space(ioctl_client_of(file));
}

static int ioctl_version(struct file *file, union arguments *args)
{
	args->version = (struct lockmgr_ioctl_version) {
		.major		= LOCKMGR_VERSION_MAJOR,
		.minor		= LOCKMGR_VERSION_MINOR,
		.patch		= LOCKMGR_VERSION_PATCH,
		.features	= LOCKMGR_FEATURES,
	};

	return 0;
}

/* User and group ids are those in the opener's user namespace. */
static int ioctl_to_kuid(struct file *file, u32 owner, kuid_t *uid)
{
	*uid = owner == LOCKMGR_ID_CALLER ? file->f_cred->fsuid :
					    make_kuid(file->f_cred->user_ns, owner);

	return uid_valid(*uid) ? 0 : -EINVAL;
}

static int ioctl_to_kgid(struct file *file, u32 group, kgid_t *gid)
{
	*gid = group == LOCKMGR_ID_CALLER ? file->f_cred->fsgid :
					    make_kgid(file->f_cred->user_ns, group);

	return gid_valid(*gid) ? 0 : -EINVAL;
}

static int ioctl_to_space_args(struct file *file, const struct lockmgr_ioctl_attach *attach,
			       struct lockmgr_space_args *args)
{
	const u32 known = LOCKMGR_ATTACH_CREATE | LOCKMGR_ATTACH_EXCL |
			  LOCKMGR_ATTACH_DETECT_DEADLOCK |
			  LOCKMGR_ATTACH_ENDS_WITH_PROCESS;
	int want = 0;
	int ret;

	if (attach->token || attach->generation || attach->map_size || attach->reserved)
		return -EINVAL;
	if (attach->flags & ~known || attach->mode & ~0777 ||
	    !lockmgr_space_name_valid(attach->name))
		return -EINVAL;
	if (attach->flags & LOCKMGR_ATTACH_EXCL && !(attach->flags & LOCKMGR_ATTACH_CREATE))
		return -EINVAL;
	if (attach->flags & LOCKMGR_ATTACH_CREATE && !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	/* A file opened with access mode 3, for neither, would need no permission. */
	if (!(file->f_mode & (FMODE_READ | FMODE_WRITE)))
		return -EBADF;

	if (file->f_mode & FMODE_READ)
		want |= MAY_READ;
	if (file->f_mode & FMODE_WRITE)
		want |= MAY_WRITE;

	*args = (struct lockmgr_space_args) {
		.namespace	= ioctl_client_of(file)->namespace,
		.name		= attach->name,
		.mode		= attach->mode ?: 0600,
		.capacity	= attach->capacity,
		.create		= attach->flags & LOCKMGR_ATTACH_CREATE,
		.exclusive	= attach->flags & LOCKMGR_ATTACH_EXCL,
		.want		= want,
		.cred		= file->f_cred,
	};
	ret = ioctl_to_kuid(file, attach->owner, &args->owner);

	return ret ?: ioctl_to_kgid(file, attach->group, &args->group);
}

/* How many bytes of records can be mapped through the file; see map.c. */
static u64 ioctl_map_size(struct file *file)
{
	const fmode_t both = FMODE_READ | FMODE_WRITE;

	if ((file->f_mode & both) != both || !ioctl_client_of(file)->may_map)
		return 0;

	return LOCKMGR_CAPACITY_MAX * sizeof(struct lockmgr_record);
}

/* If this succeeds, the client stays locked until ioctl_finish_attach() unlocks it. */
static int ioctl_attach(struct file *file, union arguments *args)
{
	struct lockmgr_ioctl_attach *attach = &args->attach;
	struct lockmgr_client *client = ioctl_client_of(file);
	struct lockmgr_space_args space_args;
	int ret;

	ret = ioctl_to_space_args(file, attach, &space_args);
	if (ret)
		return ret;

	ret = mutex_lock_interruptible(&client->lock);
	if (ret)
		return -ERESTARTSYS;

	if (client->joined)
		ret = -EISCONN;
	else
		ret = lockmgr_attach_begin(client, &space_args,
					   attach->flags & LOCKMGR_ATTACH_DETECT_DEADLOCK,
					   attach->flags & LOCKMGR_ATTACH_ENDS_WITH_PROCESS);
	if (ret) {
		mutex_unlock(&client->lock);
		return ret;
	}

	attach->capacity = READ_ONCE(client->joined->ids.capacity);
	attach->token = client->token;
	attach->generation = client->joined->generation;
	attach->map_size = ioctl_map_size(file);

	return 0;
}

/* Others see the file attached only after the caller has received the result. */
static void ioctl_finish_attach(struct file *file, union arguments *args, bool told)
{
	struct lockmgr_client *client = ioctl_client_of(file);

	lockmgr_attach_finish(client, told);
	mutex_unlock(&client->lock);
}

static int ioctl_unlink(struct file *file, union arguments *args)
{
	struct lockmgr_ioctl_unlink *unlink = &args->unlink;
	kuid_t owner;
	int ret;

	if (unlink->flags || !lockmgr_space_name_valid(unlink->name))
		return -EINVAL;
	ret = ioctl_to_kuid(file, unlink->owner, &owner);

	if (ret)
		return ret;

	return lockmgr_space_unlink(ioctl_client_of(file)->namespace, owner, unlink->name,
				    file->f_cred);
}

static int ioctl_capacity(struct file *file, union arguments *args)
{
	if (args->capacity.flags)
		return -EINVAL;

	return lockmgr_space_set_capacity(ioctl_space_of(file), args->capacity.capacity,
					  file->f_cred);
}

static int ioctl_info(struct file *file, union arguments *args)
{
	lockmgr_space_info(ioctl_space_of(file), &args->info);
	args->info.token = ioctl_client_of(file)->token;

	return 0;
}

static int ioctl_allocate(struct file *file, union arguments *args)
{
	if (args->id.flags || args->id.id)
		return -EINVAL;

	return lockmgr_ids_allocate(&ioctl_space_of(file)->ids, &args->id.id,
				    lockmgr_client_is_favoured(ioctl_client_of(file)));
}

static void ioctl_finish_allocate(struct file *file, union arguments *args, bool told)
{
	if (!told)
		lockmgr_space_free(ioctl_space_of(file), args->id.id);
}

static int ioctl_allocate_id(struct file *file, union arguments *args)
{
	if (args->id.flags)
		return -EINVAL;

	return lockmgr_ids_allocate_id(&ioctl_space_of(file)->ids, args->id.id,
				       lockmgr_client_is_favoured(ioctl_client_of(file)));
}

static int ioctl_set_note(struct file *file, union arguments *args)
{
	const struct lockmgr_ioctl_note *note = &args->note;

	if (note->flags || !lockmgr_note_valid(note->note))
		return -EINVAL;

	return lockmgr_ids_set_note(&ioctl_space_of(file)->ids, note->id, note->note);
}

static int ioctl_allocate_noted(struct file *file, union arguments *args)
{
	struct lockmgr_ioctl_note *note = &args->note;

	if (note->flags || note->id || !lockmgr_note_valid(note->note))
		return -EINVAL;

	return lockmgr_ids_allocate_noted(&ioctl_space_of(file)->ids, &note->id,
					  lockmgr_client_is_favoured(ioctl_client_of(file)),
					  note->note);
}

static void ioctl_finish_allocate_noted(struct file *file, union arguments *args, bool told)
{
	if (!told)
		lockmgr_space_free(ioctl_space_of(file), args->note.id);
}

static int ioctl_allocate_id_noted(struct file *file, union arguments *args)
{
	const struct lockmgr_ioctl_note *note = &args->note;

	if (note->flags || !lockmgr_note_valid(note->note))
		return -EINVAL;

	return lockmgr_ids_allocate_id_noted(&ioctl_space_of(file)->ids, note->id,
					     lockmgr_client_is_favoured(ioctl_client_of(file)),
					     note->note);
}

static int ioctl_retrieve(struct file *file, union arguments *args)
{
	struct lockmgr_ids *ids = &ioctl_space_of(file)->ids;

	if (args->id.flags || args->id.id >= READ_ONCE(ids->capacity))
		return -EINVAL;

	return lockmgr_ids_test(ids, args->id.id);
}

static int ioctl_free(struct file *file, union arguments *args)
{
	if (args->id.flags)
		return -EINVAL;

	return lockmgr_space_free(ioctl_space_of(file), args->id.id);
}

static int ioctl_free_all(struct file *file, union arguments *args)
{
	if (args->flags.flags || args->flags.reserved)
		return -EINVAL;

	return lockmgr_space_free_all(ioctl_space_of(file), file->f_cred);
}

/* How far the caller's CLOCK_MONOTONIC is ahead of the kernel's. */
static s64 ioctl_clock_offset(void)
{
	struct timespec64 offset = {};

	timens_add_monotonic(&offset);

	return timespec64_to_ns(&offset);
}

static ktime_t ioctl_to_kernel_time(s64 time)
{
	s64 result;

	if (time == KTIME_MAX || check_sub_overflow(time, ioctl_clock_offset(), &result))
		return KTIME_MAX;

	return max(result, 0);
}

static int ioctl_lock(struct file *file, union arguments *args)
{
	const u32 known = LOCKMGR_LOCK_TRY | LOCKMGR_LOCK_DEADLINE | LOCKMGR_LOCK_INTERRUPTIBLE;
	struct lockmgr_ioctl_lock *lock = &args->lock;
	bool try = lock->flags & LOCKMGR_LOCK_TRY;
	bool timed = lock->flags & LOCKMGR_LOCK_DEADLINE;
	int ret;

	if (lock->flags & ~known || (try && lock->flags != LOCKMGR_LOCK_TRY))
		return -EINVAL;
	if (lock->deadline < 0 || (lock->deadline && !timed))
		return -EINVAL;

	ret = lockmgr_client_lock(ioctl_client_of(file), lock->id, !try,
				  timed ? ioctl_to_kernel_time(lock->deadline) : KTIME_MAX,
				  &lock->ticket);
	/* -ERESTARTNOHAND: EINTR only if a handler runs, so not after stopping or freezing. */
	if (ret == -ERESTARTSYS && lock->flags & LOCKMGR_LOCK_INTERRUPTIBLE)
		return -ERESTARTNOHAND;

	return ret;
}

static int ioctl_unlock(struct file *file, union arguments *args)
{
	if (args->id.flags)
		return -EINVAL;

	return lockmgr_client_unlock(ioctl_client_of(file), args->id.id);
}

/* Copy entries to the caller's array after the first @done, each in the caller's entry_size. */
static int ioctl_put_entries(const struct lockmgr_ioctl_list *list, u32 done,
			     const void *entries, size_t known, u32 count)
{
	char __user *to = u64_to_user_ptr(list->entries) + (u64)done * list->entry_size;
	size_t size = min_t(size_t, known, list->entry_size);
	u32 i;

	for (i = 0; i < count; i++) {
		if (copy_to_user(to, entries + i * known, size) ||
		    clear_user(to + size, list->entry_size - size))
			return -EFAULT;
		to += list->entry_size;
	}

	return 0;
}

/* The sizes of the first versions of these structs, and a size that none will ever exceed. */
#define LOCK_ENTRY_SIZE_MIN	64
#define WAITER_ENTRY_SIZE_MIN	64
#define SPACE_ENTRY_SIZE_MIN	128
#define ENTRY_SIZE_MAX		4096

static int ioctl_check_list(const struct lockmgr_ioctl_list *list, size_t min)
{
	if (list->entry_size < min || list->entry_size > ENTRY_SIZE_MAX ||
	    list->entry_size % sizeof(u64) || !list->count)
		return -EINVAL;

	return 0;
}

/**
 * struct list_kind - how to list one kind of thing
 * @entry_size: size of an entry, as this module knows it
 * @next: fills in at most @max entries from the cursor on; returns their number, or a negative
 *	errno
 */
struct list_kind {
	size_t entry_size;
	int (*next)(struct file *file, const struct lockmgr_ioctl_list *list, u64 *cursor,
		    void *entries, u32 max);
};

static int ioctl_fill_list(struct file *file, struct lockmgr_ioctl_list *list,
			   const struct list_kind *kind)
{
	u32 done = 0;
	int ret = 0;
	void *entries;

	entries = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;

	while (done < list->count && list->cursor != LOCKMGR_CURSOR_END) {
		u32 max = min_t(u32, list->count - done, PAGE_SIZE / kind->entry_size);

		ret = kind->next(file, list, &list->cursor, entries, max);
		if (ret < 0)
			break;
		if (ioctl_put_entries(list, done, entries, kind->entry_size, ret)) {
			ret = -EFAULT;
			break;
		}
		done += ret;
		/* A signal ends the list early: the caller gets what has been found so far. */
		if (signal_pending(current))
			break;
	}
	list->count = done;
	free_page((unsigned long)entries);

	return min(ret, 0);
}

static int ioctl_next_locks(struct file *file, const struct lockmgr_ioctl_list *list,
			    u64 *cursor, void *buffer, u32 max)
{
	struct lockmgr_lock_entry *entries = buffer;
	struct lockmgr_space *space = ioctl_space_of(file);
	int count, i;

	/* A client that cannot lock does not keep the pages of records, so pin them. */
	lockmgr_space_pin(space);
	count = lockmgr_list_locks(space, list->filter, cursor, entries, max);
	lockmgr_space_unpin(space);

	for (i = 0; i < count; i++)
		if (entries[i].since)
			entries[i].since += ioctl_clock_offset();

	return count;
}

static int ioctl_next_waiters(struct file *file, const struct lockmgr_ioctl_list *list,
			      u64 *cursor, void *buffer, u32 max)
{
	struct lockmgr_waiter_entry *entries = buffer;
	int count = lockmgr_list_waiters(ioctl_space_of(file), list->id, cursor, entries, max);
	int i;

	for (i = 0; i < count; i++)
		entries[i].since += ioctl_clock_offset();

	return count;
}

static int ioctl_next_spaces(struct file *file, const struct lockmgr_ioctl_list *list,
			     u64 *cursor, void *buffer, u32 max)
{
	return lockmgr_list_spaces(ioctl_client_of(file)->namespace, file->f_cred, cursor, buffer,
				   max);
}

static const struct list_kind locks_kind = {
	.entry_size	= sizeof(struct lockmgr_lock_entry),
	.next		= ioctl_next_locks,
};

static const struct list_kind waiters_kind = {
	.entry_size	= sizeof(struct lockmgr_waiter_entry),
	.next		= ioctl_next_waiters,
};

static const struct list_kind spaces_kind = {
	.entry_size	= sizeof(struct lockmgr_space_entry),
	.next		= ioctl_next_spaces,
};

static int ioctl_list_locks(struct file *file, union arguments *args)
{
	const u32 known = LOCKMGR_ENTRY_ALLOCATED | LOCKMGR_ENTRY_HELD |
			  LOCKMGR_ENTRY_WAITED | LOCKMGR_ENTRY_DIED;
	struct lockmgr_ioctl_list *list = &args->list;

	if (ioctl_check_list(list, LOCK_ENTRY_SIZE_MIN) || list->id || !list->filter ||
	    list->filter & ~known)
		return -EINVAL;

	return ioctl_fill_list(file, list, &locks_kind);
}

static int ioctl_list_waiters(struct file *file, union arguments *args)
{
	struct lockmgr_ioctl_list *list = &args->list;

	if (ioctl_check_list(list, WAITER_ENTRY_SIZE_MIN) || list->filter ||
	    list->id >= LOCKMGR_CAPACITY_MAX)
		return -EINVAL;

	return ioctl_fill_list(file, list, &waiters_kind);
}

static int ioctl_list_spaces(struct file *file, union arguments *args)
{
	struct lockmgr_ioctl_list *list = &args->list;

	if (ioctl_check_list(list, SPACE_ENTRY_SIZE_MIN) || list->filter || list->id)
		return -EINVAL;

	return ioctl_fill_list(file, list, &spaces_kind);
}

/**
 * struct command - how to run one command
 * @number: its number in the ABI, with the size of the struct as this module
 *	knows it
 * @size: the size of the struct's first version
 * @mode: how the file must be open
 * @attached: whether the file must be attached to a space
 * @run: runs it; returns what the call returns, or a negative errno
 * @resumes: the struct is copied out only if a signal ends the call, for the call that
 *	continues it; not if it succeeds
 * @finish: called after a successful run and the copy-out; @told says whether the caller has
 *	received the result
 */
struct command {
	unsigned int number;
	size_t size;
	fmode_t mode;
	bool attached;
	bool resumes;
	int (*run)(struct file *file, union arguments *args);
	void (*finish)(struct file *file, union arguments *args, bool told);
};

static const struct command commands[] = {
	[_IOC_NR(LOCKMGR_IOC_VERSION)] = {
		.number		= LOCKMGR_IOC_VERSION,
		.size		= 24,
		.run		= ioctl_version,
	},
	[_IOC_NR(LOCKMGR_IOC_ATTACH)] = {
		.number		= LOCKMGR_IOC_ATTACH,
		.size		= 112,
		.run		= ioctl_attach,
		.finish		= ioctl_finish_attach,
	},
	[_IOC_NR(LOCKMGR_IOC_UNLINK)] = {
		.number		= LOCKMGR_IOC_UNLINK,
		.size		= 72,
		.mode		= FMODE_WRITE,
		.run		= ioctl_unlink,
	},
	[_IOC_NR(LOCKMGR_IOC_CAPACITY)] = {
		.number		= LOCKMGR_IOC_CAPACITY,
		.size		= 8,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_capacity,
	},
	[_IOC_NR(LOCKMGR_IOC_INFO)] = {
		.number		= LOCKMGR_IOC_INFO,
		.size		= 120,
		.attached	= true,
		.run		= ioctl_info,
	},
	[_IOC_NR(LOCKMGR_IOC_ALLOCATE)] = {
		.number		= LOCKMGR_IOC_ALLOCATE,
		.size		= 8,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_allocate,
		.finish		= ioctl_finish_allocate,
	},
	[_IOC_NR(LOCKMGR_IOC_ALLOCATE_ID)] = {
		.number		= LOCKMGR_IOC_ALLOCATE_ID,
		.size		= 8,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_allocate_id,
	},
	[_IOC_NR(LOCKMGR_IOC_RETRIEVE)] = {
		.number		= LOCKMGR_IOC_RETRIEVE,
		.size		= 8,
		.attached	= true,
		.run		= ioctl_retrieve,
	},
	[_IOC_NR(LOCKMGR_IOC_FREE)] = {
		.number		= LOCKMGR_IOC_FREE,
		.size		= 8,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_free,
	},
	[_IOC_NR(LOCKMGR_IOC_FREE_ALL)] = {
		.number		= LOCKMGR_IOC_FREE_ALL,
		.size		= 8,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_free_all,
	},
	[_IOC_NR(LOCKMGR_IOC_LOCK)] = {
		.number		= LOCKMGR_IOC_LOCK,
		.size		= 24,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_lock,
		.resumes	= true,
	},
	[_IOC_NR(LOCKMGR_IOC_UNLOCK)] = {
		.number		= LOCKMGR_IOC_UNLOCK,
		.size		= 8,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_unlock,
	},
	[_IOC_NR(LOCKMGR_IOC_LIST_LOCKS)] = {
		.number		= LOCKMGR_IOC_LIST_LOCKS,
		.size		= 32,
		.mode		= FMODE_READ,
		.attached	= true,
		.run		= ioctl_list_locks,
	},
	[_IOC_NR(LOCKMGR_IOC_LIST_WAITERS)] = {
		.number		= LOCKMGR_IOC_LIST_WAITERS,
		.size		= 32,
		.mode		= FMODE_READ,
		.attached	= true,
		.run		= ioctl_list_waiters,
	},
	[_IOC_NR(LOCKMGR_IOC_LIST_SPACES)] = {
		.number		= LOCKMGR_IOC_LIST_SPACES,
		.size		= 32,
		.mode		= FMODE_READ,
		.run		= ioctl_list_spaces,
	},
	[_IOC_NR(LOCKMGR_IOC_SET_NOTE)] = {
		.number		= LOCKMGR_IOC_SET_NOTE,
		.size		= 72,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_set_note,
	},
	[_IOC_NR(LOCKMGR_IOC_ALLOCATE_NOTED)] = {
		.number		= LOCKMGR_IOC_ALLOCATE_NOTED,
		.size		= 72,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_allocate_noted,
		.finish		= ioctl_finish_allocate_noted,
	},
	[_IOC_NR(LOCKMGR_IOC_ALLOCATE_ID_NOTED)] = {
		.number		= LOCKMGR_IOC_ALLOCATE_ID_NOTED,
		.size		= 72,
		.mode		= FMODE_WRITE,
		.attached	= true,
		.run		= ioctl_allocate_id_noted,
	},
};

/* The command number contains the size of the struct as the caller knows it. */
static unsigned int ioctl_without_size(unsigned int number)
{
	return number & ~IOCSIZE_MASK;
}

static const struct command *ioctl_find_command(unsigned int number)
{
	const struct command *command;

	if (_IOC_NR(number) >= ARRAY_SIZE(commands))
		return NULL;
	command = &commands[array_index_nospec(_IOC_NR(number), ARRAY_SIZE(commands))];

	return ioctl_without_size(number) == ioctl_without_size(command->number) ? command : NULL;
}

#define COPY_WORDS_MAX	sizeof(struct lockmgr_ioctl_lock)

/*
 * For a few words, this costs less than the fixed cost of copy_from_user().  It reads 4 bytes at
 * a time: structs without a 64-bit member are aligned to 4 bytes only, and so are all structs of
 * 32-bit programs on some architectures; not all can read 8 bytes at such an address.
 */
static int ioctl_copy_words(u32 *to, const u32 __user *from, size_t count)
{
	while (count--)
		if (get_user(*to++, from++))
			return -EFAULT;

	return 0;
}

static int ioctl_copy_in(const struct command *command, union arguments *args,
			 const void __user *from, size_t size)
{
	size_t known = _IOC_SIZE(command->number);

	if (!(_IOC_DIR(command->number) & _IOC_WRITE)) {
		memset(args, 0, known);
		return 0;
	}
	if (size == known && size <= COPY_WORDS_MAX)
		return ioctl_copy_words((u32 *)args, from, size / sizeof(u32));

	return copy_struct_from_user(args, known, from, size);
}

static int ioctl_copy_out(const struct command *command, const union arguments *args,
			  void __user *to, size_t size)
{
	size_t known = min_t(size_t, size, _IOC_SIZE(command->number));

	if (!(_IOC_DIR(command->number) & _IOC_READ))
		return 0;
	if (copy_to_user(to, args, known))
		return -EFAULT;
	if (size > known && clear_user(to + known, size - known))
		return -EFAULT;

	return 0;
}

static long ioctl_run_command(const struct command *command, struct file *file,
			      void __user *argument, size_t size)
{
	union arguments args;
	int ret, fault;

	if (size < command->size)
		return -EINVAL;
	if ((file->f_mode & command->mode) != command->mode)
		return -EBADF;
	if (command->attached && !lockmgr_client_is_usable(ioctl_client_of(file)))
		return -ENOTCONN;

	fault = ioctl_copy_in(command, &args, argument, size);
	if (fault)
		return fault;

	ret = command->run(file, &args);
	if (command->resumes) {
		/* If this fails, the continued call has no ticket, and begins as a new one. */
		if (ret == -ERESTARTSYS || ret == -ERESTARTNOHAND)
			ioctl_copy_out(command, &args, argument, size);
		return ret;
	}
	if (ret < 0)
		return ret;

	fault = ioctl_copy_out(command, &args, argument, size);
	if (command->finish)
		command->finish(file, &args, !fault);

	return fault ?: ret;
}

/**
 * lockmgr_ioctl() - unlocked_ioctl of the device
 * @file: the open file
 * @number: LOCKMGR_IOC_*
 * @argument: address of the command's struct
 */
long lockmgr_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	const struct command *command = ioctl_find_command(number);

	if (!command)
		return -ENOTTY;

	return ioctl_run_command(command, file, (void __user *)argument, _IOC_SIZE(number));
}
