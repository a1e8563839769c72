// SPDX-License-Identifier: LGPL-2.1-or-later
/* Views: private memory that looks like the segment, backed by a space. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <lockmgr.h>

#include "marker.h"
#include "note.h"
#include "refuse.h"
#include "segment.h"
#include "view.h"

/* A process has one view, and for a moment a second one while it renumbers. */
#define VIEWS_MAX	8

/**
 * struct view - a mapping, and its space
 * @base: address of the mapping; NULL: this view is not in use.  Set when all else is set;
 *	unset when the handle is closed, before the memory is unmapped
 * @size: size of the mapping in bytes
 * @segment: the same address as @base
 * @groups: number of the segment's groups
 * @mgr: the handle on the space; it owns the locks that this process holds, but
 * @trier: the handle on the space that owns the locks in @tried; NULL until a lock is tried
 * @marker: the file, and the id of the lock that guards allocations
 * @loaded: the bitmaps as they were when that lock was acquired; that lock guards them, as
 *	it does the bitmaps of the segment
 * @tried: bitmaps of the locks that were acquired by trying
 */
struct view {
	char *_Atomic           base;
	size_t                  size;
	struct segment         *segment;
	uint32_t                groups;
	struct lockmgr         *mgr;
	struct lockmgr *_Atomic trier;
	struct marker           marker;
	uint32_t               *loaded;
	_Atomic uint32_t       *tried;
};

static struct view views[VIEWS_MAX];
static pthread_mutex_t views_mutex = PTHREAD_MUTEX_INITIALIZER;

/* ------------------------------------------------------------------------
 * Spaces
 */

static const char *reason(int error)
{
	switch (error) {
	case -ENODEV:
		return "there is no /dev/lockmgr.\n"
		       "Is the module loaded (modprobe lockmgr)? Does a container have the device?";
	case -EPROTONOSUPPORT:
		return "the module is of another major version than this library";
	default:
		return strerror(-error);
	}
}

static struct lockmgr_space_info info_of(struct lockmgr *mgr, const char *name)
{
	struct lockmgr_space_info info = { .size = sizeof(info) };
	int ret;

	ret = lockmgr_info(mgr, &info);
	if (ret)
		refuse("cannot look at the space %s: %s", name, reason(ret));
	return info;
}

/* @flags: of enum lockmgr_open_flags.  NULL if there is no such space. */
static struct lockmgr *open_space(const char *name, uint32_t flags)
{
	struct lockmgr_options options = LOCKMGR_OPTIONS_INIT;
	struct lockmgr *mgr;
	int ret;

	options.flags = flags;
	ret = lockmgr_open(&mgr, name, &options);
	if (ret == -ENOENT)
		return NULL;
	if (ret)
		refuse("cannot open the space %s: %s", name, reason(ret));
	return mgr;
}

/*
 * What a podman waits for goes through the kernel (LOCKMGR_OPEN_NO_MAP): it is some tens of
 * locks in a session, and without shared memory no stray write can overwrite a lock.
 */
static void open_view(struct view *view, uint32_t flags)
{
	view->mgr = open_space(view->marker.name, flags | LOCKMGR_OPEN_NO_MAP);
}

/*
 * The handle for locks that are tried.  Podman tries locks only to report which are held: each
 * of num_locks, one after the other.  These are thousands of calls, so this handle maps the
 * records, and most of them need no system call.
 */
static struct lockmgr *trier_of(struct view *view)
{
	struct lockmgr *mgr = atomic_load_explicit(&view->trier, memory_order_acquire);

	if (mgr)
		return mgr;

	pthread_mutex_lock(&views_mutex);
	mgr = view->trier;
	if (!mgr)
		mgr = open_space(view->marker.name, 0);
	if (!mgr || info_of(mgr, view->marker.name).generation != view->marker.generation)
		refuse("the space %s has been removed while this podman ran", view->marker.name);
	atomic_store_explicit(&view->trier, mgr, memory_order_release);
	pthread_mutex_unlock(&views_mutex);
	return mgr;
}

/* Allocate an id with a note, or without it if the module does not know notes. */
static int allocate(struct view *view, uint32_t id, const char *note)
{
	int ret = lockmgr_allocate_id_noted(view->mgr, id, note);

	return ret == -EOPNOTSUPP ? lockmgr_allocate_id(view->mgr, id) : ret;
}

/*
 * The lock that guards allocations is the last one of the space, so that all below it are
 * for Podman, and num_locks can be raised later.
 */
static void make_space(struct view *view, int fd)
{
	const char *name = view->marker.name;
	struct lockmgr_space_info info;
	int ret;

	open_view(view, LOCKMGR_OPEN_CREATE);
	info = info_of(view->mgr, name);
	view->marker.generation = info.generation;
	view->marker.own_lock = info.capacity - 1;

	ret = lockmgr_lock(view->mgr, view->marker.own_lock);
	if (ret >= 0 && marker_has_name(&view->marker))
		refuse("another podman has made /dev/shm/%s at the same time; run it again", name);
	/* The space may be older; but no number is in use when Podman creates a segment. */
	if (ret >= 0)
		ret = lockmgr_free_all(view->mgr);
	if (!ret)
		ret = allocate(view, view->marker.own_lock, "Podman: which numbers are in use");
	if (ret)
		refuse("cannot set up the space %s: %s", name, reason(ret));
	marker_write(fd, &view->marker);
	lockmgr_unlock(view->mgr, view->marker.own_lock);
}

static void find_space(struct view *view, int fd)
{
	const char *name = view->marker.name;
	struct lockmgr_space_info info = { 0 };

	marker_read(fd, &view->marker);
	open_view(view, 0);
	if (view->mgr)
		info = info_of(view->mgr, name);
	if (!view->mgr || info.generation != view->marker.generation ||
	    view->marker.own_lock >= info.capacity)
		refuse("the space %s is not the one that /dev/shm/%s was made with.\n"
		       "Somebody has removed that space. Stop all podmans, remove the file,\n"
		       "and run 'podman system renumber'.",
		       name, name);
}

/* ------------------------------------------------------------------------
 * Allocations
 */

typedef void (*allocated_fn)(struct view *view, uint32_t id);

/* Call a function for each id that Podman has allocated. */
static int walk_allocated(struct view *view, allocated_fn fn)
{
	struct lockmgr_lock_info locks[32];
	uint64_t cursor = 0;
	size_t count, i;
	int ret;

	while (cursor != LOCKMGR_LIST_END) {
		ret = lockmgr_list(view->mgr, LOCKMGR_LOCK_IS_ALLOCATED, &cursor, locks,
				   sizeof(locks) / sizeof(locks[0]), &count);
		if (ret)
			return ret;
		for (i = 0; i < count; i++)
			if (locks[i].id != view->marker.own_lock)
				fn(view, locks[i].id);
	}

	return 0;
}

static void mark_allocated(struct view *view, uint32_t id)
{
	const uint32_t group = id / SEGMENT_GROUP_LOCKS;

	if (group < view->groups)
		view->loaded[group] |= 1U << id % SEGMENT_GROUP_LOCKS;
}

static int load(struct view *view)
{
	uint32_t group;
	int ret;

	memset(view->loaded, 0, view->groups * sizeof(*view->loaded));
	ret = walk_allocated(view, mark_allocated);
	for (group = 0; group < view->groups; group++)
		view->segment->group[group].allocated = view->loaded[group];
	return ret;
}

static int store_group(struct view *view, uint32_t group)
{
	const uint32_t now = view->segment->group[group].allocated;
	const uint32_t changed = now ^ view->loaded[group];
	char note[LOCKMGR_LOCK_NOTE_SIZE];
	uint32_t bit;
	int ret = 0;

	if (!changed)
		return 0;

	note_from_process(note);
	for (bit = 0; bit < SEGMENT_GROUP_LOCKS && !ret; bit++) {
		const uint32_t id = group * SEGMENT_GROUP_LOCKS + bit;

		if (changed & now & 1U << bit)
			ret = allocate(view, id, note);
		else if (changed & 1U << bit)
			ret = lockmgr_free(view->mgr, id);
	}
	return ret;
}

static int store(struct view *view)
{
	uint32_t group;
	int ret = 0;

	for (group = 0; group < view->groups && !ret; group++)
		ret = store_group(view, group);
	return ret;
}

/* ------------------------------------------------------------------------
 * Locks
 */

static uint32_t id_of(struct view *view, const pthread_mutex_t *mutex)
{
	uint32_t id;

	if (!segment_find(view->segment, view->groups, mutex, &id))
		refuse("this podman has a mutex where the segments that are known here have none");
	return id == SEGMENT_OWN_LOCK ? view->marker.own_lock : id;
}

/* Podman fills in the header before it initialises the first mutex, so check the header here. */
int view_mutex_init(struct view *view, const pthread_mutex_t *mutex)
{
	if (!segment_is_valid(view->segment, view->groups))
		refuse("this podman makes a segment that is not known here.\n"
		       "(magic %#x, version %u, %u locks in %u groups)",
		       view->segment->magic, view->segment->version, view->segment->locks,
		       view->segment->groups);
	id_of(view, mutex);
	return 0;
}

/*
 * A process that removes the file, as renumbering does after a change of num_locks, gives all
 * numbers another meaning.  Later processes have another file, so the inode shows it.
 */
static void check_marker(struct view *view)
{
	if (!marker_is_there(&view->marker))
		refuse("/dev/shm/%s has been removed or replaced while this podman ran.\n"
		       "Its numbers may stand for something else by now. Run the command again.",
		       view->marker.name);
}

/* For the lock that guards allocations, fill in the bitmaps. */
static int acquired(struct view *view, uint32_t id, int ret)
{
	const int result = ret == LOCKMGR_OWNER_DIED ? EOWNERDEAD : -ret;

	if (ret < 0 || id != view->marker.own_lock)
		return result;

	ret = load(view);
	if (ret) {
		lockmgr_unlock(view->mgr, id);
		return -ret;
	}
	return result;
}

int view_mutex_lock(struct view *view, const pthread_mutex_t *mutex)
{
	const uint32_t id = id_of(view, mutex);
	const int ret = lockmgr_lock(view->mgr, id);

	if (ret >= 0)
		check_marker(view);
	return acquired(view, id, ret);
}

/* The word of @tried that has the lock's bit. */
static _Atomic uint32_t *tried_word(struct view *view, uint32_t id, uint32_t *bit)
{
	*bit = 1U << id % SEGMENT_GROUP_LOCKS;
	return &view->tried[id / SEGMENT_GROUP_LOCKS];
}

/* The report needs only the number, not what it stands for, so the marker is not checked. */
int view_mutex_trylock(struct view *view, const pthread_mutex_t *mutex)
{
	const uint32_t id = id_of(view, mutex);
	_Atomic uint32_t *word;
	uint32_t bit;
	int ret;

	if (id == view->marker.own_lock)
		return acquired(view, id, lockmgr_trylock(view->mgr, id));

	ret = lockmgr_trylock(trier_of(view), id);
	if (ret >= 0) {
		word = tried_word(view, id, &bit);
		atomic_fetch_or(word, bit);
	}
	return acquired(view, id, ret);
}

/* Only the holder of a lock changes its bit. */
static bool was_tried(struct view *view, uint32_t id)
{
	_Atomic uint32_t *word;
	uint32_t bit;

	if (id == view->marker.own_lock || !view->trier)
		return false;
	word = tried_word(view, id, &bit);
	return atomic_fetch_and(word, ~bit) & bit;
}

int view_mutex_unlock(struct view *view, const pthread_mutex_t *mutex)
{
	const uint32_t id = id_of(view, mutex);
	int stored, ret;

	stored = id == view->marker.own_lock ? store(view) : 0;
	ret = lockmgr_unlock(was_tried(view, id) ? view->trier : view->mgr, id);
	return ret ? -ret : -stored;
}

/* ------------------------------------------------------------------------
 * Mappings
 */

struct view *view_of(const void *address)
{
	const char *base;
	size_t i;

	for (i = 0; i < VIEWS_MAX; i++) {
		base = atomic_load_explicit(&views[i].base, memory_order_acquire);
		if (base && (const char *)address >= base &&
		    (size_t)((const char *)address - base) < views[i].size)
			return &views[i];
	}

	return NULL;
}

struct view *view_at(const void *address)
{
	struct view *view = address ? view_of(address) : NULL;

	return view && atomic_load(&view->base) == address ? view : NULL;
}

static struct view *unused_view(void)
{
	size_t i;

	for (i = 0; i < VIEWS_MAX; i++)
		if (!atomic_load(&views[i].base))
			return &views[i];
	refuse("this podman maps more than %d segments at once", VIEWS_MAX);
}

static void raise_locks(struct view *view, uint32_t id)
{
	const uint32_t locks = (id / SEGMENT_GROUP_LOCKS + 1) * SEGMENT_GROUP_LOCKS;

	if (view->segment->locks < locks)
		view->segment->locks = locks;
}

/*
 * Fill in the header.  If numbers beyond num_locks are in use, the header has more locks than
 * Podman expects: then Podman fails as it does with a segment of another size, or renumbers if
 * that is its command.
 */
static void begin(struct view *view)
{
	int ret;

	if (view->groups > view->marker.own_lock / SEGMENT_GROUP_LOCKS)
		refuse("num_locks is %u, and the space %s has room for %u.\n"
		       "Lower it; or raise locks_per_space of the module, and change over again.",
		       view->groups * SEGMENT_GROUP_LOCKS, view->marker.name,
		       view->marker.own_lock / SEGMENT_GROUP_LOCKS * SEGMENT_GROUP_LOCKS);

	segment_begin(view->segment, view->groups, view->groups * SEGMENT_GROUP_LOCKS);
	ret = walk_allocated(view, raise_locks);
	if (ret)
		refuse("cannot list the space %s: %s", view->marker.name, reason(ret));
}

static void *map_view(struct view *view, int fd, bool is_new, size_t size)
{
	void *address;

	view->size = size;
	view->groups = segment_groups(size);
	if (!view->groups)
		refuse("this podman maps %zu bytes, the size of no segment that is known here",
		       size);

	view->loaded = calloc(view->groups, sizeof(*view->loaded));
	view->tried = calloc(view->groups, sizeof(*view->tried));
	if (!view->loaded || !view->tried)
		goto no_memory;
	address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (address == MAP_FAILED)
		goto no_memory;

	view->segment = address;
	if (is_new)
		make_space(view, fd);
	else
		find_space(view, fd);
	begin(view);
	atomic_store_explicit(&view->base, address, memory_order_release);
	return address;

no_memory:
	free(view->tried);
	free(view->loaded);
	return MAP_FAILED;
}

void *view_map(const char *name, int fd, bool is_new, size_t size)
{
	struct view *view;
	void *address;

	pthread_mutex_lock(&views_mutex);
	view = unused_view();
	memset(&view->marker, 0, sizeof(view->marker));
	snprintf(view->marker.name, sizeof(view->marker.name), "%s", name);
	address = map_view(view, fd, is_new, size);
	pthread_mutex_unlock(&views_mutex);
	return address;
}

void view_unmap(struct view *view)
{
	pthread_mutex_lock(&views_mutex);
	if (view->trier)
		lockmgr_close(view->trier);
	view->trier = NULL;
	lockmgr_close(view->mgr);
	free(view->tried);
	free(view->loaded);
	atomic_store(&view->base, NULL);
	pthread_mutex_unlock(&views_mutex);
}
