// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of all locks in use in the reader's IPC namespace, with their holders, waiters and
 * notes, for root.  ABI/debugfs-lockmgr describes it.
 *
 * A reader has a reference to the space that it is showing, so the space may be unlinked
 * and lose its clients meanwhile.  The table shows one row at a time, with the locks that
 * lockmgr_list_locks() lists, and so is preemptible.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/timekeeping.h>

#include <linux/lockmgr.h>

#include "debugfs.h"
#include "list.h"
#include "namespace.h"
#include "space.h"

#define IN_USE \
	(LOCKMGR_ENTRY_ALLOCATED | LOCKMGR_ENTRY_HELD | LOCKMGR_ENTRY_WAITED | LOCKMGR_ENTRY_DIED)

/**
 * struct table - how far a reader has come
 * @row: number of the current row; 0 is the line with the names of the columns
 * @status: 1 if there is such a row, 0 if the table has ended, or -EINTR
 * @space: the row's space, with a reference; NULL before the first and after the last
 * @lock: the row's lock
 * @next_lock: cursor for the locks that follow
 * @waiter: the row's waiter, if @is_waiter
 * @next_waiter: cursor for the waiters that follow; LOCKMGR_CURSOR_END: none
 * @is_waiter: whether the row shows a waiter, not a lock
 */
struct table {
	loff_t row;
	int status;
	struct lockmgr_space *space;
	struct lockmgr_lock_entry lock;
	u64 next_lock;
	struct lockmgr_waiter_entry waiter;
	u64 next_waiter;
	bool is_waiter;
};

static void debugfs_begin(struct table *table)
{
	if (table->space)
		lockmgr_space_put(table->space);
	*table = (struct table) { .status = 1, .next_waiter = LOCKMGR_CURSOR_END };
}

/* Go to the next of the lock's waiters.  Returns 1, 0 if there is none, or -EINTR. */
static int debugfs_next_waiter(struct table *table)
{
	int ret;

	if (table->next_waiter == LOCKMGR_CURSOR_END)
		return 0;

	ret = lockmgr_list_waiters(table->space, table->lock.id, &table->next_waiter,
				   &table->waiter, 1);
	table->is_waiter = ret > 0;

	return ret;
}

/* Go to the next lock of the space.  Returns likewise. */
static int debugfs_next_lock(struct table *table)
{
	int ret;

	if (!table->space || table->next_lock == LOCKMGR_CURSOR_END)
		return 0;

	lockmgr_space_pin(table->space);
	ret = lockmgr_list_locks(table->space, IN_USE, &table->next_lock, &table->lock, 1);
	lockmgr_space_unpin(table->space);

	table->is_waiter = false;
	table->next_waiter = ret > 0 && table->lock.waiters ? 0 : LOCKMGR_CURSOR_END;

	return ret;
}

static bool debugfs_next_space(struct table *table)
{
	do {
		table->space = lockmgr_space_next(table->space);
	} while (table->space && !lockmgr_namespace_is_current(table->space->namespace));
	table->next_lock = 0;

	return table->space;
}

/* Go to the next row. */
static void debugfs_advance(struct table *table)
{
	table->row++;
	do {
		table->status = debugfs_next_waiter(table) ?: debugfs_next_lock(table);
	} while (!table->status && debugfs_next_space(table));
}

static void *debugfs_row_of(struct table *table)
{
	if (table->status < 0)
		return ERR_PTR(table->status);

	return table->status ? table : NULL;
}

static void *debugfs_start_table(struct seq_file *file, loff_t *pos)
{
	struct table *table = file->private;

	if (*pos < table->row)
		debugfs_begin(table);
	while (table->row < *pos && table->status > 0)
		debugfs_advance(table);

	return debugfs_row_of(table);
}

static void *debugfs_next_row(struct seq_file *file, void *row, loff_t *pos)
{
	struct table *table = row;

	debugfs_advance(table);
	*pos = table->row;

	return debugfs_row_of(table);
}

static void debugfs_stop_table(struct seq_file *file, void *row)
{
}

/* In seconds.  User space may have written any time into a record. */
static void debugfs_show_age(struct seq_file *file, u64 since)
{
	u64 now = ktime_get_ns();
	u64 ms = since && since < now ? div_u64(now - since, NSEC_PER_MSEC) : 0;
	u32 rest;
	u64 seconds = div_u64_rem(ms, MSEC_PER_SEC, &rest);

	seq_printf(file, " %llu.%03u", seconds, rest);
}

static void debugfs_show_flags(struct seq_file *file, u32 flags)
{
	seq_printf(file, " %c%c%c%c",
		   flags & LOCKMGR_ENTRY_ALLOCATED ? 'a' : '-',
		   flags & LOCKMGR_ENTRY_DIED ? 'd' : '-',
		   flags & LOCKMGR_ENTRY_DEADLOCK ? 'c' : '-',
		   flags & LOCKMGR_ENTRY_DEADLINE ? 't' : '-');
}

/*
 * A command name and a note may contain any bytes.  They must not control the reader's terminal,
 * end the line, or look like another column.  So each byte that is not printable ASCII, and each
 * one in @also, becomes \xNN.
 */
static void debugfs_show_text(struct seq_file *file, const char *text, size_t size,
			      const char *also)
{
	size_t length = strnlen(text, size);

	seq_putc(file, ' ');
	if (!length)
		seq_putc(file, '-');
	else
		seq_escape_mem(file, text, length, ESCAPE_HEX | ESCAPE_NAP | ESCAPE_APPEND,
			       length == 1 && *text == '-' ? "-" : also);
}

/* One word, since another column follows. */
static void debugfs_show_command(struct seq_file *file, const char *comm)
{
	debugfs_show_text(file, comm, LOCKMGR_COMM_SIZE, "\\ ");
}

static void debugfs_show_note(struct seq_file *file, const char *note)
{
	debugfs_show_text(file, note, LOCKMGR_NOTE_SIZE, "\\");
	seq_putc(file, '\n');
}

static void debugfs_show_lock(struct seq_file *file, const struct lockmgr_lock_entry *lock)
{
	if (lock->flags & LOCKMGR_ENTRY_HELD) {
		seq_printf(file, " held %u %u %u", lock->token, lock->pid, lock->tid);
		debugfs_show_age(file, lock->since);
	} else {
		seq_puts(file, " free 0 0 0 0.000");
	}
	debugfs_show_flags(file, lock->flags);
	debugfs_show_command(file, lock->comm);
	debugfs_show_note(file, lock->note);
}

static void debugfs_show_waiter(struct seq_file *file, const struct lockmgr_waiter_entry *waiter)
{
	seq_printf(file, " waits %u %u %u", waiter->token, waiter->pid, waiter->tid);
	debugfs_show_age(file, waiter->since);
	debugfs_show_flags(file, waiter->flags);
	debugfs_show_command(file, waiter->comm);
	debugfs_show_note(file, "");
}

static int debugfs_show_row(struct seq_file *file, void *row)
{
	const struct table *table = row;

	if (!table->row) {
		seq_puts(file, "space lock state token pid tid seconds flags command note\n");
		return 0;
	}

	seq_printf(file, "%u:%s%s %u",
		   from_kuid_munged(seq_user_ns(file), table->space->owner), table->space->name,
		   READ_ONCE(table->space->linked) ? "" : "(unlinked)", table->lock.id);
	if (table->is_waiter)
		debugfs_show_waiter(file, &table->waiter);
	else
		debugfs_show_lock(file, &table->lock);

	return 0;
}

static const struct seq_operations table_ops = {
	.start	= debugfs_start_table,
	.next	= debugfs_next_row,
	.stop	= debugfs_stop_table,
	.show	= debugfs_show_row,
};

static int debugfs_open_table(struct inode *inode, struct file *file)
{
	struct table *table = __seq_open_private(file, &table_ops, sizeof(*table));

	if (!table)
		return -ENOMEM;
	debugfs_begin(table);

	return 0;
}

static int debugfs_release_table(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;

	debugfs_begin(seq->private);

	return seq_release_private(inode, file);
}

static const struct file_operations table_fops = {
	.owner		= THIS_MODULE,
	.open		= debugfs_open_table,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= debugfs_release_table,
};

static struct dentry *directory;

/* The module works without this, so errors are ignored. */
void __init lockmgr_debugfs_init(void)
{
	directory = debugfs_create_dir("lockmgr", NULL);
	debugfs_create_file("locks", 0400, directory, NULL, &table_fops);
}

void lockmgr_debugfs_exit(void)
{
	debugfs_remove(directory);
}
