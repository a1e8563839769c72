// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching a file: it becomes a client of a space, which is found by its name or made.
 *
 * A new space gets its first client before it gets its name, so nobody can find the space before
 * that client has been added.  And others see the file attached only after the caller has
 * received the result of the call; until then, all of it can be undone.
 */
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/sched/signal.h>

#include "attach.h"
#include "client.h"
#include "names.h"
#include "namespace.h"
#include "permit.h"
#include "process.h"
#include "space.h"
#include "trace.h"

static int attach_to_existing(struct lockmgr_client *client, const struct lockmgr_space_args *args)
{
	struct lockmgr_space *space = lockmgr_name_find(args);
	int ret;

	if (IS_ERR(space))
		return PTR_ERR(space);

	ret = lockmgr_space_add_client(space, client, args);
	if (ret)
		lockmgr_space_put(space);

	return ret;
}

/* Returns -EAGAIN if somebody else has made a space of that name first. */
static int attach_to_new(struct lockmgr_client *client, const struct lockmgr_space_args *args)
{
	struct lockmgr_space *space = lockmgr_space_create(args);
	int ret;

	if (IS_ERR(space))
		return PTR_ERR(space);

	ret = lockmgr_space_add_client(space, client, args);
	if (ret) {
		lockmgr_space_put(space);
		return ret;
	}

	ret = lockmgr_name_give(space);
	if (ret)
		lockmgr_space_remove_client(client);
	client->created = !ret;

	return ret;
}

/* Each step takes names_lock by itself, so that no memory is allocated under it: see space.c. */
static int attach_by_name(struct lockmgr_client *client, const struct lockmgr_space_args *args)
{
	int ret;

	if (lockmgr_namespace_has_ended(args->namespace))
		return -ENOENT;

	do {
		ret = attach_to_existing(client, args);
		if (ret == -ENOENT && args->create)
			ret = attach_to_new(client, args);
		if (fatal_signal_pending(current))
			break;
	} while (ret == -EAGAIN);

	return ret == -EAGAIN ? -EINTR : ret;
}

static void attach_undo(struct lockmgr_client *client)
{
	if (client->created)
		lockmgr_name_take_back(client->joined);
	lockmgr_space_remove_client(client);
	client->created = false;
}

/**
 * lockmgr_attach_begin() - begin to attach a file
 * @client: the file's client, locked
 * @args: which space, and what for
 * @detect: its lock calls fail rather than close a cycle of waits
 * @ends_with_process: it ends with the calling process
 *
 * If this succeeds, lockmgr_attach_finish() must follow.
 *
 * Return: 0, -EACCES, -EDQUOT, -EEXIST, -EINTR, -EINVAL, -ENOENT, -ENOMEM, -EPERM
 * or -EUSERS
 */
int lockmgr_attach_begin(struct lockmgr_client *client, const struct lockmgr_space_args *args,
			 bool detect, bool ends_with_process)
{
	int ret;

	lockdep_assert_held(&client->lock);

	client->detect = detect;
	ret = attach_by_name(client, args);
	if (ret)
		return ret;
	client->may_map = lockmgr_may_map(client->joined, args->cred);

	if (ends_with_process)
		ret = lockmgr_process_add(client);
	if (ret)
		attach_undo(client);

	return ret;
}

/**
 * lockmgr_attach_finish() - finish attaching a file, or undo it
 * @client: the file's client, locked, after lockmgr_attach_begin()
 * @told: whether the caller has received the result; if not, attaching is undone
 */
void lockmgr_attach_finish(struct lockmgr_client *client, bool told)
{
	lockdep_assert_held(&client->lock);

	if (!told) {
		lockmgr_process_remove(client);
		attach_undo(client);
		return;
	}
	/* Pairs with lockmgr_client_space(). */
	smp_store_release(&client->space, client->joined);
	trace_lockmgr_attach(client);
}
