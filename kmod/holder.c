// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a record to the holder of the lock: the client that holds it, and the thread that
 * acquired it.
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

/* How far the time in a record may lie before the acquisition, since its clock is coarse; in ns. */
#define CLOCK_SLACK	(100 * NSEC_PER_MSEC)

/**
 * lockmgr_record_snapshot() - a record's word, and the time that goes with it
 * @record: the record, which may change at any time
 *
 * A thread that acquires a lock writes the time after the word.  So the time can be the
 * previous holder's for a moment; it is advisory.
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
 * Return: the client, valid under RCU; NULL if no client holds the lock, or its holder is dead
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
 * A client releases a lock by unlocking it or by its death, which looks at all locks in the
 * pages that the client has used.  If a word in any other page has the client's token, the
 * client did not write it; and in pages that its death has passed, nobody releases anything.
 */
bool lockmgr_holder_lives(struct lockmgr_space *space, u32 id, u64 word)
{
	unsigned long number = lockmgr_id_to_page(id);
	struct lockmgr_client *client;
	bool lives;

	rcu_read_lock();
	client = lockmgr_holder_client(space, word);
	/*
	 * Orders the word, which the caller has read, before what follows.  Pairs with
	 * client_note_progress() and client_use_page() in client.c, and with each
	 * compare-and-swap in lock.c that acquires a lock.
	 */
	smp_mb();
	lives = client && number >= READ_ONCE(client->progress) && xa_load(&client->pages, number);
	rcu_read_unlock();

	return lives;
}

/*
 * Whether a thread began before the lock was acquired.  If not, it has only got the thread
 * number of the holder, which is gone.  The time in the record comes from a coarse clock, whose
 * ticks are late on a busy host: hence CLOCK_SLACK, in which a number is not used again.
 */
static bool holder_is_older(struct pid *thread, u64 since)
{
	struct task_struct *task = pid_task(thread, PIDTYPE_PID);

	return task && task->start_time <= since + CLOCK_SLACK;
}

/*
 * Where user space writes words, it can write any thread's number.  By that it must not learn
 * anything about other users, nor make one of them look like a holder.  So such a number counts
 * only if it is a thread of the process that opened the file, or of that process's user.
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
 * lockmgr_holder_thread() - the thread that acquired a lock
 * @space: the lock's space; @client may be leaving it, so it cannot be taken from there
 * @client: the client that holds the lock
 * @record: a snapshot of the lock's record
 *
 * Return: the thread, valid under RCU; NULL if it is gone, or the word cannot be believed
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
