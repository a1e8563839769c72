/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: users, spaces, clients and threads, without files and
 * processes. When a test ends, all of its own are gone.
 */
#ifndef LOCKMGR_FIXTURE_H
#define LOCKMGR_FIXTURE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/lockmgr.h>

#include "quota.h"
#include "space.h"
#include "wait.h"

struct lockmgr_client;
struct lockmgr_namespace;

/* The owner of what the tests make; nobody else has spaces under that number. */
#define FIXTURE_OWNER	KUIDT_INIT(64001)
#define FIXTURE_GROUP	KGIDT_INIT(64002)
/* A user who is neither the owner nor in the group. */
#define FIXTURE_OTHER	KUIDT_INIT(64003)
#define FIXTURE_NOGROUP	KGIDT_INIT(64004)

/* How long to wait for something that is sure to happen. */
#define FIXTURE_PATIENCE	(600 * HZ)

void fixture_limit(struct kunit *test, unsigned int *limit, unsigned int value);
struct lockmgr_payers *fixture_payers(struct kunit *test);
long fixture_charged(const struct lockmgr_payers *payers, enum lockmgr_charge what);
struct user_namespace *fixture_namespace(struct kunit *test, struct user_namespace *parent,
					 kuid_t owner);
struct cred *fixture_cred(struct kunit *test, kuid_t user, kgid_t group);

struct lockmgr_namespace *fixture_ipc(void);
struct lockmgr_space_args fixture_args(const char *name);
struct lockmgr_client *fixture_unattached(struct kunit *test);
int fixture_attach(struct kunit *test, struct lockmgr_client *client,
		   const struct lockmgr_space_args *args);
struct lockmgr_client *fixture_client(struct kunit *test, const char *space);
int fixture_unlink(const char *name, kuid_t owner, const struct cred *cred);
void fixture_close(struct kunit *test, struct lockmgr_client *client);

struct lockmgr_record *fixture_record(struct kunit *test, struct lockmgr_client *client, u32 id);
u64 fixture_word(struct lockmgr_client *client, u32 id);

/**
 * struct fixture_call - a lock call in a thread of its own
 * @client: the client for which the thread calls
 * @id: the lock
 * @deadline: until when; KTIME_MAX: indefinitely
 * @ticket: as lockmgr_lock()
 * @task: the thread
 * @done: the call has returned
 * @again: the thread shall call once more, or end
 * @over: it shall end
 * @ret: what the call returned
 */
struct fixture_call {
	struct lockmgr_client *client;
	u32 id;
	ktime_t deadline;
	u64 ticket;
	struct task_struct *task;
	struct completion done;
	struct completion again;
	bool over;
	int ret;
};

struct fixture_call *fixture_call(struct kunit *test, struct lockmgr_client *client, u32 id,
				  ktime_t deadline, u64 ticket);
struct fixture_call *fixture_waiting(struct kunit *test, struct lockmgr_client *client, u32 id);
void fixture_call_again(struct fixture_call *call, u64 ticket);
void fixture_signal(struct fixture_call *call);
int fixture_result(struct kunit *test, struct fixture_call *call);

u32 fixture_waiters(struct lockmgr_client *client, u32 id);
void fixture_await_waiters(struct kunit *test, struct lockmgr_client *client, u32 id, u32 count);
void fixture_stay_on_one_cpu(struct kunit *test);

struct task_struct *fixture_thread(struct kunit *test);
struct lockmgr_waiter *fixture_queue(struct kunit *test, struct lockmgr_client *client, u32 id,
				     struct task_struct *task);

#endif /* LOCKMGR_FIXTURE_H */
