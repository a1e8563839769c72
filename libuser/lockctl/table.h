/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_TABLE_H
#define LOCKCTL_TABLE_H

#include <stdint.h>

#include "columns.h"
#include "command.h"
#include "space.h"

struct lock;
struct table;

struct table *table_new(const char *name, const struct column *columns, size_t count,
			const struct arguments *args);
bool table_is_json(const struct table *table);
bool table_is_for_people(const struct arguments *args);
void table_row(struct table *table);
void table_row_below(struct table *table);
void table_text(struct table *table, size_t column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void table_command(struct table *table, size_t column, const char *command);
void table_number(struct table *table, size_t column, uint64_t number);
void table_duration(struct table *table, size_t column, uint64_t ns);
void table_boolean(struct table *table, size_t column, bool value);
void table_note(struct table *table, size_t column, const struct lock *lock);
void table_space(struct table *table, size_t column, const struct space *space);
void table_alert(struct table *table);
size_t table_rows(const struct table *table);
void table_print(struct table *table);

#endif /* LOCKCTL_TABLE_H */
