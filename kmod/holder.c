// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a record to whoever holds the lock: its client, and the thread that took
 * it.
 */
#include <linux/cred.h>
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/time64.h>

#include "client.h"
#include "holder.h"
#include "permit.h"
#include "record.h"
#include "space.h"

/* How much older the time in a record may be than what it says, in ns. */
#define CLOCK_SLACK	(100 * NSEC_PER_MSEC)

/**
 * lockmgr_record_snapshot() - a record's word, and the time that goes with it
 * @record: the record, which moves at any time
 *
 * A holder writes the time after the word.  So the time can be its predecessor's
 * for a moment; it is advisory.
 */
struct lockmgr_record lockmgr_record_snapshot(const struct lockmgr_record *record)
{
	struct lockmgr_record snapshot;

	snapshot.word = READ_ONCE(record->word);
	snapshot.since = READ_ONCE(record->since);

	return snapshot;
}

/**
 * lockmgr_holder_client() - the client that holds a lock
 * @space: the lock's space
 * @word: the lock's word
 *
 * Return: the client, valid under RCU; NULL if nobody holds the lock, or nobody
 * who lives
 */
struct lockmgr_client *lockmgr_holder_client(struct lockmgr_space *space, u64 word)
{
	u32 token = lockmgr_word_token(word);

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the client may go away");

	return token ? xa_load(&space->clients, token) : NULL;
}

/**
 * lockmgr_holder_lives() - whether the client that holds a lock will release it
 * @space: the lock's space
 * @id: the lock
 * @word: the lock's word
 *
 * By unlocking it or by its death, which looks at all locks in the pages that the
 * client has used.  A word with a client's token in another page is nothing that the
 * client wrote; and where a death has been already, nobody releases anything.
 */
bool lockmgr_holder_lives(struct lockmgr_space *space, u32 id, u64 word)
{
	unsigned long number = lockmgr_id_to_page(id);
	struct lockmgr_client *client;
	bool lives;

	rcu_read_lock();
	client = lockmgr_holder_client(space, word);
	/*
	 * Between the word, which the caller has read, and what follows.  Pairs with
	 * client_note_progress() and client_use_page() in client.c, and with each
	 * compare-and-swap in lock.c that acquires a lock.
	 */
	smp_mb();
	lives = client && number >= READ_ONCE(client->progress) && xa_load(&client->pages, number);
	rcu_read_unlock();

	return lives;
}

/*
 * The number may have gone to another thread since: a thread that began after
 * the lock was acquired did not acquire it.  The time may come from a clock that only ticks, late
 * on a busy host; in that time, a number does not come round.
 */
static bool holder_is_older(struct pid *thread, u64 since)
{
	struct task_struct *task = pid_task(thread, PIDTYPE_PID);

	return task && task->start_time <= since + CLOCK_SLACK;
}

/*
 * Where user space writes words, it may name any thread there is.  It shall learn
 * nothing of other users by that, and make none of them seem to hold a lock: so only
 * threads of the process that opened the file are believed in, and of its user.
 */
static bool holder_may_be_named(const struct lockmgr_space *space,
				const struct lockmgr_client *client, struct pid *thread)
{
	struct task_struct *task = pid_task(thread, PIDTYPE_PID);

	if (!lockmgr_space_may_be_mapped(space))
		return true;

	return task && (task_tgid(task) == client->opener ||
			uid_eq(__task_cred(task)->euid, client->opener_uid));
}

/**
 * lockmgr_holder_thread() - the thread that took a lock
 * @space: the lock's space; not to be had from the client, which may be leaving it
 * @client: the client that holds it
 * @record: a snapshot of its record
 *
 * Return: the thread, valid under RCU; NULL if it is gone, or not to be believed
 */
struct pid *lockmgr_holder_thread(const struct lockmgr_space *space,
				  const struct lockmgr_client *client,
				  const struct lockmgr_record *record)
{
	u32 tid = lockmgr_word_tid(record->word);
	struct pid *thread;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the thread may go away");

	thread = tid ? find_pid_ns(tid, ns_of_pid(client->opener)) : NULL;
	if (!thread || !holder_may_be_named(space, client, thread) ||
	    !holder_is_older(thread, record->since))
		return NULL;

	return thread;
}
