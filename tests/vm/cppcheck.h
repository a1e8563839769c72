/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simpler definitions of what cppcheck does not understand, of the kernel's macros and of the
 * compiler's language. They are never compiled.
 */
/* The register that a variable is in. */
#define __asm__(name)
#define DECLARE_EVENT_CLASS(...)
#define DEFINE_EVENT(...)
#define TRACE_EVENT(...)
#define xa_for_each(array, index, entry) \
	for (entry = first_of(array, &index); entry; entry = next_of(array, &index))
#define xa_for_each_start(array, index, entry, start) \
	for (entry = first_of(array, &index, start); entry; entry = next_of(array, &index))
#define xa_for_each_marked(array, index, entry, mark) \
	for (entry = first_of(array, &index); entry; entry = next_of(array, &index, mark))
#define hash_for_each_possible(table, entry, member, key) \
	for (entry = first_of(table, key); entry; entry = next_of(table, entry))
#define hash_for_each_safe(table, bucket, next, entry, member) \
	for (entry = first_of(table, &bucket); entry; entry = next_of(table, next))
#define list_for_each_entry(entry, list, member) \
	for (entry = first_of(list); entry; entry = next_of(entry))
#define list_for_each_entry_safe(entry, next, list, member) \
	for (entry = first_of(list); entry; entry = next_of(next))
#define hlist_for_each_entry(entry, list, member) \
	for (entry = first_of(list); entry; entry = next_of(entry))
