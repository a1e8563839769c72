/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOCKMGR_MAP_H
#define LOCKMGR_MAP_H

struct file;
struct vm_area_struct;

int lockmgr_map(struct file *file, struct vm_area_struct *vma);

#endif /* LOCKMGR_MAP_H */
