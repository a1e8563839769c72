/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simpler definitions of macros of the kernel that cppcheck does not understand. They are
 * never compiled.
 */
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
