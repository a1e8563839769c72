// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of records in memory: who may map them, which pages there are, and what
 * writing to them causes.
 */
#include <errno.h>

#include "model.h"

#define PAGE_RECORDS	256
#define PAGES		(LOCKMGR_CAPACITY_MAX / PAGE_RECORDS)

static bool has_used(const struct model_client *client, uint32_t page)
{
	uint32_t i;

	for (i = 0; i < client->page_count; i++)
		if (client->pages[i] == page)
			return true;

	return false;
}

void model_use_page(struct model_client *client, uint32_t id)
{
	uint32_t page = id / PAGE_RECORDS;

	if (!has_used(client, page))
		client->pages[client->page_count++] = page;
}

bool model_may_map(const struct model_client *client, const struct model_space *space)
{
	return client->readable && client->writable && !(space->mode & 077) &&
	       personas[client->opener].uid == space->owner;
}

/* What it returns to map a record and to touch it. */
static long check_record(struct model *model, const struct op *op,
			 const struct model_client *client, uint32_t id)
{
	uint32_t page = id / PAGE_RECORDS;

	if (!client->readable || !client->writable)
		return -EACCES;
	if (!model_may_use(model, op, client))
		return -ENOTCONN;
	if (!model_may_map(client, model_space_of(model, client)))
		return -EACCES;
	/* That is the clock, which nobody may write; after it there is nothing. */
	if (page >= PAGES)
		return page == PAGES ? -EACCES : -EINVAL;

	return has_used(client, page) ? 0 : -EFAULT;
}

/* Once a record is overwritten, a waiter might return at any time or never. */
static bool is_waited_for(struct model *model, int space)
{
	int i;

	for (i = 0; i < PROCESSES * THREADS; i++) {
		struct model_thread *thread = &model->processes[i / THREADS].threads[i % THREADS];

		if (thread->waits && model->clients[thread->client].space == space)
			return true;
	}

	return false;
}

static long scribble(struct model *model, int number, struct outcome *outcome)
{
	struct model_space *space = &model->spaces[number];

	outcome->skip = is_waited_for(model, number);
	if (!outcome->skip) {
		space->wild = true;
		space->lock_count = 0;
	}

	return 0;
}

void model_memory(struct model *model, const struct op *op, uint64_t now,
		  struct outcome *outcome)
{
	struct model_client *client = model_file(model, op);
	int number = client ? client - model->clients : NONE;
	uint32_t id = op->args[ARG_ID];

	outcome->skip = !client;
	if (outcome->skip)
		return;
	outcome->result = check_record(model, op, client, id);
	if (outcome->result)
		return;

	if (op->verb == VERB_SCRIBBLE)
		outcome->result = scribble(model, client->space, outcome);
	else if (model->spaces[client->space].wild)
		outcome->wild = true;
	else if (op->verb == VERB_TAKE)
		outcome->result = model_do_take(model, model_thread(model, op), number, id, now);
	else
		outcome->result = model_do_release(model, number, id, outcome);
}
