/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_NODE_H
#define LOCKMGR_NODE_H

#include <linux/types.h>

#include "resource.h"

void lockmgr_node_adjust(struct lockmgr_resource *resource);
void lockmgr_node_granted(struct lockmgr_resource *resource, bool died);
void lockmgr_node_wanted(struct lockmgr_resource *resource);
void lockmgr_node_ended(struct lockmgr_resource *resource, enum lockmgr_resource_op op,
			enum lockmgr_resource_mode mode);
void lockmgr_node_drop(struct lockmgr_resource *resource);
bool lockmgr_node_decide(struct lockmgr_resource *resource);
bool lockmgr_node_tells_death(struct lockmgr_resource *resource);

#endif /* LOCKMGR_NODE_H */
