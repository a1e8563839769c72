/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: attaching, waits, hand-offs, deaths of holders, and deadlocks.  Acquiring a lock
 * without waiting, and releasing it without a hand-off, are not traced.
 *
 * A space is named like its directory in sysfs.  Numbers of threads are those in the initial PID
 * namespace, as in all traces.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lockmgr

#if !defined(LOCKMGR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LOCKMGR_TRACE_H

#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uidgid.h>

#include "client.h"
#include "record.h"
#include "space.h"
#include "wait.h"

/* clang-format off */

DECLARE_EVENT_CLASS(lockmgr_lock,
	TP_PROTO(const struct lockmgr_client *client, u32 id),
	TP_ARGS(client, id),
	TP_STRUCT__entry(
		__field(u32, owner)
		__array(char, space, LOCKMGR_NAME_SIZE)
		__field(u32, token)
		__field(u32, lock)
	),
	TP_fast_assign(
		__entry->owner = __kuid_val(client->space->owner);
		memcpy(__entry->space, client->space->name, LOCKMGR_NAME_SIZE);
		__entry->token = client->token;
		__entry->lock = id;
	),
	TP_printk("space=%u:%s token=%u lock=%u", __entry->owner, __entry->space,
		  __entry->token, __entry->lock)
);

/* A client died while it held the lock. */
DEFINE_EVENT(lockmgr_lock, lockmgr_owner_died,
	TP_PROTO(const struct lockmgr_client *client, u32 id),
	TP_ARGS(client, id)
);

/* The lock call fails, because waiting would have closed a cycle. */
DEFINE_EVENT(lockmgr_lock, lockmgr_deadlock,
	TP_PROTO(const struct lockmgr_client *client, u32 id),
	TP_ARGS(client, id)
);

/* A file has been attached. */
TRACE_EVENT(lockmgr_attach,
	TP_PROTO(const struct lockmgr_client *client),
	TP_ARGS(client),
	TP_STRUCT__entry(
		__field(u32, owner)
		__array(char, space, LOCKMGR_NAME_SIZE)
		__field(u32, token)
		__field(bool, created)
	),
	TP_fast_assign(
		__entry->owner = __kuid_val(client->space->owner);
		memcpy(__entry->space, client->space->name, LOCKMGR_NAME_SIZE);
		__entry->token = client->token;
		__entry->created = client->created;
	),
	TP_printk("space=%u:%s token=%u created=%d", __entry->owner, __entry->space,
		  __entry->token, __entry->created)
);

/* The current thread has entered the queue. */
TRACE_EVENT(lockmgr_wait_start,
	TP_PROTO(const struct lockmgr_waiter *waiter),
	TP_ARGS(waiter),
	TP_STRUCT__entry(
		__field(u32, owner)
		__array(char, space, LOCKMGR_NAME_SIZE)
		__field(u32, token)
		__field(u32, lock)
		__field(u32, holder)
	),
	TP_fast_assign(
		__entry->owner = __kuid_val(waiter->client->space->owner);
		memcpy(__entry->space, waiter->client->space->name, LOCKMGR_NAME_SIZE);
		__entry->token = waiter->client->token;
		__entry->lock = waiter->id;
		__entry->holder = lockmgr_word_token(READ_ONCE(waiter->record->word));
	),
	TP_printk("space=%u:%s token=%u lock=%u holder=%u", __entry->owner, __entry->space,
		  __entry->token, __entry->lock, __entry->holder)
);

/* It has left the queue: with the lock (0 or LOCKMGR_OWNER_DIED, 1), or without (an errno). */
TRACE_EVENT(lockmgr_wait_end,
	TP_PROTO(const struct lockmgr_waiter *waiter, int result, s64 duration),
	TP_ARGS(waiter, result, duration),
	TP_STRUCT__entry(
		__field(u32, owner)
		__array(char, space, LOCKMGR_NAME_SIZE)
		__field(u32, token)
		__field(u32, lock)
		__field(int, result)
		__field(s64, duration)
	),
	TP_fast_assign(
		__entry->owner = __kuid_val(waiter->client->space->owner);
		memcpy(__entry->space, waiter->client->space->name, LOCKMGR_NAME_SIZE);
		__entry->token = waiter->client->token;
		__entry->lock = waiter->id;
		__entry->result = result;
		__entry->duration = duration;
	),
	TP_printk("space=%u:%s token=%u lock=%u result=%d duration=%lld", __entry->owner,
		  __entry->space, __entry->token, __entry->lock, __entry->result,
		  __entry->duration)
);

/* A release hands the lock off to the first waiter. */
TRACE_EVENT(lockmgr_handoff,
	TP_PROTO(const struct lockmgr_client *client, const struct lockmgr_waiter *waiter),
	TP_ARGS(client, waiter),
	TP_STRUCT__entry(
		__field(u32, owner)
		__array(char, space, LOCKMGR_NAME_SIZE)
		__field(u32, token)
		__field(u32, lock)
		__field(u32, next_token)
		__field(pid_t, next_tid)
	),
	TP_fast_assign(
		__entry->owner = __kuid_val(client->space->owner);
		memcpy(__entry->space, client->space->name, LOCKMGR_NAME_SIZE);
		__entry->token = client->token;
		__entry->lock = waiter->id;
		__entry->next_token = waiter->client->token;
		__entry->next_tid = waiter->task->pid;
	),
	TP_printk("space=%u:%s token=%u lock=%u next_token=%u next_tid=%d", __entry->owner,
		  __entry->space, __entry->token, __entry->lock, __entry->next_token,
		  __entry->next_tid)
);

/* clang-format on */

#endif /* LOCKMGR_TRACE_H */

/* Kbuild adds this directory to the include path, so that trace.h is found. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
