// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of the device's commands: what each checks, in which order, and what it does.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

/**
 * struct rule - what a command requires
 * @size: the size of its struct
 * @number: its number
 * @readable: the file must be open for reading
 * @writable: the file must be open for writing
 * @attached: the file must be attached
 */
struct rule {
	uint32_t size;
	uint32_t number;
	bool readable;
	bool writable;
	bool attached;
};

#define RULE(name, readable, writable, attached) \
	[VERB_##name] = { \
		_IOC_SIZE(LOCKMGR_IOC_##name), LOCKMGR_IOC_##name, readable, writable, attached \
	}

static const struct rule rules[VERBS] = {
	RULE(VERSION, false, false, false),
	RULE(ATTACH, false, false, false),
	RULE(UNLINK, false, true, false),
	RULE(CAPACITY, false, true, true),
	RULE(INFO, false, false, true),
	RULE(ALLOCATE, false, true, true),
	RULE(ALLOCATE_ID, false, true, true),
	RULE(RETRIEVE, false, false, true),
	RULE(FREE, false, true, true),
	RULE(FREE_ALL, false, true, true),
	RULE(LOCK, false, true, true),
	RULE(UNLOCK, false, true, true),
	RULE(LIST_LOCKS, true, false, true),
	RULE(LIST_WAITERS, true, false, true),
	RULE(SET_NOTE, false, true, true),
	RULE(ALLOCATE_NOTED, false, true, true),
	RULE(ALLOCATE_ID_NOTED, false, true, true),
};

uint32_t model_native_size(enum verb verb)
{
	return rules[verb].size;
}

/* ------------------------------------------------------------------------
 * The struct
 */

static uint32_t size_of(const struct op *op)
{
	return op->args[ARG_SIZE] == SIZE_NATIVE ? rules[op->verb].size : op->args[ARG_SIZE];
}

static bool is_readable(enum memory memory)
{
	return memory == MEMORY_GOOD || memory == MEMORY_READONLY;
}

static long check_file(struct model *model, const struct op *op,
		       const struct model_client *client)
{
	const struct rule *rule = &rules[op->verb];

	if (size_of(op) < rule->size)
		return -EINVAL;
	if ((rule->readable && !client->readable) || (rule->writable && !client->writable))
		return -EBADF;
	if (rule->attached && !model_may_use(model, op, client))
		return -ENOTCONN;

	return 0;
}

static long check_struct(const struct op *op)
{
	const struct rule *rule = &rules[op->verb];

	if (!(_IOC_DIR(rule->number) & _IOC_WRITE))
		return 0;
	if (!is_readable(op->args[ARG_MEMORY]))
		return -EFAULT;
	if (op->args[ARG_SURPLUS] && size_of(op) > rule->size)
		return -E2BIG;

	return 0;
}

static bool can_be_told(const struct op *op)
{
	return !(_IOC_DIR(rules[op->verb].number) & _IOC_READ) ||
	       op->args[ARG_MEMORY] == MEMORY_GOOD;
}

/* ------------------------------------------------------------------------
 * Permissions
 */

static bool may_administrate(const struct model_client *client, uint32_t owner)
{
	return client->opener == WHO_ROOT || personas[client->opener].uid == owner;
}

static bool is_member(enum who who, uint32_t group)
{
	const struct persona *persona = &personas[who];

	return persona->gid == group || (persona->extra_group && persona->extra_group == group);
}

static bool permits(const struct model_space *space, const struct model_client *client)
{
	uint32_t want = (client->readable ? 4 : 0) | (client->writable ? 2 : 0);
	uint32_t bits = space->mode;

	if (personas[client->opener].uid == space->owner)
		bits >>= 6;
	else if (is_member(client->opener, space->group))
		bits >>= 3;

	return client->opener == WHO_ROOT || (bits & want) == want;
}

/* ------------------------------------------------------------------------
 * Spaces
 */

static bool is_good_name(enum space_name name)
{
	return name < SPACES_GOOD;
}

static uint32_t owner_of(const struct op *op, const struct model_client *client)
{
	uint32_t owner = op->args[ARG_OWNER];

	return owner == LOCKMGR_ID_CALLER ? personas[client->opener].uid : owner;
}

static int find_space(struct model *model, enum space_name name, uint32_t owner)
{
	int i;

	for (i = 0; i < SPACES_MAX; i++) {
		const struct model_space *space = &model->spaces[i];

		if (space->exists && space->linked && space->name == name &&
		    space->owner == owner)
			return i;
	}

	return NONE;
}

static long create_space(struct model *model, const struct op *op,
			 const struct model_client *client, int *number)
{
	uint32_t owner = owner_of(op, client), group = op->args[ARG_GROUP];
	uint32_t capacity = op->args[ARG_CAPACITY];
	int i = 0;

	if (group == LOCKMGR_ID_CALLER)
		group = personas[client->opener].gid;
	if (capacity > LOCKMGR_CAPACITY_MAX)
		return -EINVAL;
	if (client->opener != WHO_ROOT && (owner != personas[client->opener].uid ||
					   !is_member(client->opener, group)))
		return -EPERM;

	while (model->spaces[i].exists)
		i++;
	*number = i;
	memset(&model->spaces[i], 0, sizeof(model->spaces[i]));
	model->spaces[i].name = op->args[ARG_SPACE];
	model->spaces[i].owner = owner;
	model->spaces[i].group = group;
	model->spaces[i].mode = op->args[ARG_MODE] ? op->args[ARG_MODE] : 0600;
	model->spaces[i].capacity = capacity ? capacity : LOCKMGR_CAPACITY_MAX;

	return 0;
}

static long check_attach(const struct op *op, const struct model_client *client)
{
	uint64_t flags = op->args[ARG_ATTACH_FLAGS];

	if (flags > 15 || op->args[ARG_RESERVED] || op->args[ARG_TOKEN] ||
	    op->args[ARG_GENERATION] || op->args[ARG_MODE] > 0777 ||
	    !is_good_name(op->args[ARG_SPACE]))
		return -EINVAL;
	if (flags & LOCKMGR_ATTACH_EXCL && !(flags & LOCKMGR_ATTACH_CREATE))
		return -EINVAL;
	if (flags & LOCKMGR_ATTACH_CREATE && !client->writable)
		return -EBADF;
	if (!client->readable && !client->writable)
		return -EBADF;
	if (client->space != NONE)
		return -EISCONN;

	return 0;
}

static long do_attach(struct model *model, const struct op *op, struct model_client *client,
		      struct outcome *outcome)
{
	uint64_t flags = op->args[ARG_ATTACH_FLAGS];
	long ret = check_attach(op, client);
	int number;

	if (ret)
		return ret;
	number = find_space(model, op->args[ARG_SPACE], owner_of(op, client));
	if (number != NONE && flags & LOCKMGR_ATTACH_EXCL)
		return -EEXIST;
	if (number != NONE && !permits(&model->spaces[number], client))
		return -EACCES;
	if (number == NONE) {
		if (!(flags & LOCKMGR_ATTACH_CREATE))
			return -ENOENT;
		ret = create_space(model, op, client, &number);
		if (ret)
			return ret;
		outcome->created = true;
	}
	/* If it cannot return its result, the space that it made is gone again. */
	if (!can_be_told(op))
		return -EFAULT;

	model->spaces[number].exists = true;
	if (outcome->created)
		model->spaces[number].linked = true;
	model->spaces[number].clients++;
	client->space = number;
	client->detect = flags & LOCKMGR_ATTACH_DETECT_DEADLOCK;
	client->ends = flags & LOCKMGR_ATTACH_ENDS_WITH_PROCESS;
	client->attached_by = model_being(model, model_thread(model, op));

	return 0;
}

static long do_unlink(struct model *model, const struct op *op, struct model_client *client)
{
	struct model_space *space;
	int number;

	if (op->args[ARG_FLAGS] || !is_good_name(op->args[ARG_SPACE]))
		return -EINVAL;
	number = find_space(model, op->args[ARG_SPACE], owner_of(op, client));
	if (number == NONE)
		return -ENOENT;
	space = &model->spaces[number];
	if (!may_administrate(client, space->owner))
		return -EPERM;
	space->linked = false;
	space->exists = space->clients;

	return 0;
}

/* ------------------------------------------------------------------------
 * Ids
 */

static const struct model_id *find_id(const struct model_space *space, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < space->id_count; i++)
		if (space->ids[i].id == id)
			return &space->ids[i];

	return NULL;
}

bool model_is_allocated(const struct model_space *space, uint32_t id)
{
	return find_id(space, id);
}

enum note model_note_of(const struct model_space *space, uint32_t id)
{
	const struct model_id *found = find_id(space, id);

	return found ? found->note : NOTE_NONE;
}

static void add_id(struct model_space *space, uint32_t id, enum note note)
{
	uint32_t i = space->id_count++;

	for (; i && space->ids[i - 1].id > id; i--)
		space->ids[i] = space->ids[i - 1];
	space->ids[i] = (struct model_id) { id, note };
}

static void remove_id(struct model_space *space, uint32_t id)
{
	uint32_t i = 0;

	while (space->ids[i].id != id)
		i++;
	memmove(&space->ids[i], &space->ids[i + 1],
		(--space->id_count - i) * sizeof(space->ids[0]));
}

static long do_capacity(const struct op *op, struct model_client *client,
			struct model_space *space)
{
	uint32_t capacity = op->args[ARG_CAPACITY];

	if (op->args[ARG_FLAGS])
		return -EINVAL;
	if (!may_administrate(client, space->owner))
		return -EPERM;
	if (capacity > LOCKMGR_CAPACITY_MAX)
		return -EINVAL;
	if (!capacity)
		capacity = LOCKMGR_CAPACITY_MAX;
	if (space->id_count && space->ids[space->id_count - 1].id >= capacity)
		return -EBUSY;
	space->capacity = capacity;
	model_mark(space, capacity);

	return 0;
}

static long do_allocate(const struct op *op, struct model_space *space,
			struct outcome *outcome)
{
	uint32_t id = 0;

	if (op->args[ARG_FLAGS] || op->args[ARG_ID] || op->args[ARG_NOTE] >= NOTES_GOOD)
		return -EINVAL;
	if (space->id_count >= space->capacity)
		return -ENOSPC;
	if (!can_be_told(op))
		return -EFAULT;
	while (model_is_allocated(space, id))
		id++;
	add_id(space, id, op->args[ARG_NOTE]);
	outcome->id = id;

	return 0;
}

static long do_id(const struct op *op, struct model_space *space)
{
	uint32_t id = op->args[ARG_ID];

	if (op->args[ARG_FLAGS] || id >= space->capacity || op->args[ARG_NOTE] >= NOTES_GOOD)
		return -EINVAL;

	switch (op->verb) {
	case VERB_ALLOCATE_ID:
	case VERB_ALLOCATE_ID_NOTED:
		if (model_is_allocated(space, id))
			return -EEXIST;
		add_id(space, id, op->args[ARG_NOTE]);
		return 0;
	case VERB_SET_NOTE:
		if (!model_is_allocated(space, id))
			return -ENOENT;
		remove_id(space, id);
		add_id(space, id, op->args[ARG_NOTE]);
		return 0;
	case VERB_FREE:
		if (!model_is_allocated(space, id))
			return -ENOENT;
		remove_id(space, id);
		return 0;
	default:
		return model_is_allocated(space, id);
	}
}

static long do_free_all(const struct op *op, struct model_client *client,
			struct model_space *space)
{
	if (op->args[ARG_FLAGS] || op->args[ARG_RESERVED])
		return -EINVAL;
	if (!may_administrate(client, space->owner))
		return -EPERM;
	space->id_count = 0;

	return 0;
}

/* ------------------------------------------------------------------------
 * Locks
 */

static uint64_t ticket_of(struct model *model, const struct model_thread *thread,
			  const struct op *op)
{
	const struct model_thread *threads = model->processes[op->process].threads;

	switch (op->args[ARG_TICKET]) {
	case TICKET_SAVED:
		return thread->saved_ticket;
	case TICKET_PASSED:
		return thread->passed_ticket;
	case TICKET_ONE:
		return 1;
	case TICKET_MAX:
		return UINT64_MAX;
	case TICKET_OTHER:
		return threads[THREADS - 1 - op->thread].saved_ticket;
	default:
		return 0;
	}
}

/* In a wild space, only calls that cannot wait for long make sense. */
static long lock_wildly(const struct op *op, struct model_client *client,
			struct outcome *outcome)
{
	bool try = op->args[ARG_LOCK_FLAGS] == LOCKMGR_LOCK_TRY;
	bool timed = op->args[ARG_LOCK_FLAGS] & LOCKMGR_LOCK_DEADLINE;

	outcome->wild = true;
	outcome->skip = !try && (!timed || op->args[ARG_DEADLINE] > DEADLINE_NEAR);
	if (!outcome->skip)
		model_use_page(client, op->args[ARG_ID]);

	return try ? -EBUSY : -ETIMEDOUT;
}

static long do_lock(struct model *model, const struct op *op, struct model_client *client,
		    uint64_t now, struct outcome *outcome)
{
	struct model_thread *thread = model_thread(model, op);
	const uint64_t known = LOCKMGR_LOCK_TRY | LOCKMGR_LOCK_DEADLINE |
			       LOCKMGR_LOCK_INTERRUPTIBLE;
	uint64_t flags = op->args[ARG_LOCK_FLAGS];
	enum deadline deadline = op->args[ARG_DEADLINE];

	if (flags & ~known || (flags & LOCKMGR_LOCK_TRY && flags != LOCKMGR_LOCK_TRY) ||
	    deadline == DEADLINE_NEGATIVE ||
	    (deadline != DEADLINE_ZERO && !(flags & LOCKMGR_LOCK_DEADLINE)) ||
	    op->args[ARG_ID] >= model_space_of(model, client)->capacity)
		return -EINVAL;

	thread->passed_ticket = ticket_of(model, thread, op);
	if (model_space_of(model, client)->wild)
		return lock_wildly(op, client, outcome);

	model_use_page(client, op->args[ARG_ID]);
	return model_do_lock(model, thread, op, client - model->clients, thread->passed_ticket,
			     now, outcome);
}

static long do_unlock(struct model *model, const struct op *op, struct model_client *client,
		      uint64_t now, struct outcome *outcome)
{
	struct model_space *space = model_space_of(model, client);

	if (op->args[ARG_FLAGS])
		return -EINVAL;
	/* In a wild space, the model knows no locks, so it expects that this one is not held. */
	outcome->wild = space->wild;

	return model_do_unlock(model, client - model->clients, op->args[ARG_ID], now, outcome);
}

/* ------------------------------------------------------------------------
 * Lists
 */

static struct model_cursor *cursor_of(struct model *model, const struct op *op)
{
	struct model_thread *thread = model_thread(model, op);

	return op->verb == VERB_LIST_LOCKS ? &thread->locks : &thread->waiters;
}

bool model_cursor_known(struct model *model, const struct op *op)
{
	const struct model_cursor *cursor = cursor_of(model, op);

	return op->args[ARG_CURSOR] != CURSOR_LAST ||
	       (cursor->next && cursor->id == op->args[ARG_ID] &&
		cursor->space == model_file(model, op)->space);
}

uint64_t model_cursor_of(struct model *model, const struct op *op)
{
	switch (op->args[ARG_CURSOR]) {
	case CURSOR_LAST:
		return cursor_of(model, op)->next;
	case CURSOR_END:
		return LOCKMGR_CURSOR_END;
	default:
		return 0;
	}
}

void model_note_cursor(struct model *model, const struct op *op, uint64_t next)
{
	*cursor_of(model, op) = (struct model_cursor) {
		.space = model_file(model, op)->space,
		.id = op->args[ARG_ID],
		.next = next,
	};
}

/* The size of the first version of an entry, for both kinds of list. */
#define ENTRY_SIZE_FIRST	64

static long do_list(struct model *model, const struct op *op, struct outcome *outcome)
{
	uint64_t size = op->args[ARG_ENTRY_SIZE], filter = op->args[ARG_FILTER];
	bool locks = op->verb == VERB_LIST_LOCKS;

	outcome->wild = locks && model_space_of(model, model_file(model, op))->wild;
	/* The model cannot know how many the kernel will write there. */
	if (!model_cursor_known(model, op) ||
	    (outcome->wild && op->args[ARG_ENTRIES] != MEMORY_GOOD)) {
		outcome->skip = true;
		return 0;
	}
	if (size < ENTRY_SIZE_FIRST || size > 4096 || size % 8 ||
	    !op->args[ARG_COUNT])
		return -EINVAL;
	if (locks ? op->args[ARG_ID] || !filter || filter > 15 :
		    filter || op->args[ARG_ID] >= LOCKMGR_CAPACITY_MAX)
		return -EINVAL;

	/* The judge decides whether the entries can be written: it knows how many there are. */
	return can_be_told(op) ? 0 : -EFAULT;
}

long model_command(struct model *model, const struct op *op, uint64_t now,
		   struct outcome *outcome)
{
	struct model_client *client = model_file(model, op);
	struct model_space *space = model_space_of(model, client);
	long ret = check_file(model, op, client);

	if (!ret)
		ret = check_struct(op);
	if (ret)
		return ret;

	switch (op->verb) {
	case VERB_ATTACH:
		return do_attach(model, op, client, outcome);
	case VERB_UNLINK:
		return do_unlink(model, op, client);
	case VERB_CAPACITY:
		return do_capacity(op, client, space);
	case VERB_ALLOCATE:
	case VERB_ALLOCATE_NOTED:
		return do_allocate(op, space, outcome);
	case VERB_FREE_ALL:
		return do_free_all(op, client, space);
	case VERB_LOCK:
		return do_lock(model, op, client, now, outcome);
	case VERB_UNLOCK:
		return do_unlock(model, op, client, now, outcome);
	case VERB_LIST_LOCKS:
	case VERB_LIST_WAITERS:
		return do_list(model, op, outcome);
	case VERB_VERSION:
	case VERB_INFO:
		return can_be_told(op) ? 0 : -EFAULT;
	default:
		return do_id(op, space);
	}
}
