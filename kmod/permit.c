// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions: which credentials may do what with a space.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/user_namespace.h>

#include "permit.h"
#include "space.h"

/*
 * Modules can ask for capabilities and groups of the current credentials only, so
 * let those of the file's opener be current for the question.
 */

/* A capability in the initial user namespace. */
static bool permit_cred_capable(const struct cred *cred, int cap)
{
	const struct cred *saved = override_creds(cred);
	bool ret = capable(cap);

	revert_creds(saved);

	return ret;
}

/* Either of those that act as any owner.  To know is not to use: nothing is audited. */
static bool permit_cred_acts_as_owner(const struct cred *cred)
{
	const struct cred *saved = override_creds(cred);
	bool ret = ns_capable_noaudit(&init_user_ns, CAP_DAC_OVERRIDE) ||
		   ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);

	revert_creds(saved);

	return ret;
}

static bool permit_cred_in_group(const struct cred *cred, kgid_t group)
{
	const struct cred *saved = override_creds(cred);
	bool ret = in_group_p(group);

	revert_creds(saved);

	return ret;
}

/**
 * lockmgr_may_administrate() - whether somebody may do what is for the owner
 * @owner: the space's owner
 * @cred: who
 */
bool lockmgr_may_administrate(kuid_t owner, const struct cred *cred)
{
	return uid_eq(cred->fsuid, owner) || permit_cred_capable(cred, CAP_SYS_ADMIN);
}

/**
 * lockmgr_may_create() - whether somebody may make a space of this kind
 * @args: the space, and who
 */
bool lockmgr_may_create(const struct lockmgr_space_args *args)
{
	if (uid_eq(args->owner, args->cred->fsuid) && permit_cred_in_group(args->cred, args->group))
		return true;

	return permit_cred_capable(args->cred, CAP_SYS_ADMIN);
}

/**
 * lockmgr_space_permits() - whether the permission bits let somebody in
 * @space: the space
 * @cred: who
 * @want: MAY_READ to inspect, MAY_WRITE to use, or both
 */
bool lockmgr_space_permits(const struct lockmgr_space *space, const struct cred *cred, int want)
{
	umode_t mode = space->mode;

	if (uid_eq(cred->fsuid, space->owner))
		mode >>= 6;
	else if (permit_cred_in_group(cred, space->group))
		mode >>= 3;

	if (WARN_ON_ONCE(!want))
		return false;

	return (mode & want) == want || permit_cred_capable(cred, CAP_DAC_OVERRIDE);
}

/**
 * lockmgr_space_class() - as what somebody uses a space
 * @space: the space
 * @cred: who
 *
 * Limits are not shared by those of different classes, so that the weaker cannot shut
 * the stronger out.
 */
enum lockmgr_class lockmgr_space_class(const struct lockmgr_space *space, const struct cred *cred)
{
	if (uid_eq(cred->fsuid, space->owner))
		return LOCKMGR_CLASS_OWNER;
	if (permit_cred_acts_as_owner(cred))
		return LOCKMGR_CLASS_CAPABLE;

	return permit_cred_in_group(cred, space->group) ? LOCKMGR_CLASS_GROUP :
							  LOCKMGR_CLASS_OTHERS;
}

/*
 * Where the kernel's 64-bit atomic operations are the processor's own, as user space's
 * are; where memory looks the same from both; and where all processors see a store at
 * once, as lockmgr_holder_lives() expects.
 */
#define CAN_SHARE_WORDS \
	(IS_ENABLED(CONFIG_X86_64) || IS_ENABLED(CONFIG_ARM64) || IS_ENABLED(CONFIG_S390) || \
	 (IS_ENABLED(CONFIG_RISCV) && IS_ENABLED(CONFIG_64BIT)))

/**
 * lockmgr_space_may_be_mapped() - whether user space may write to the space's records
 * @space: the space
 *
 * Only where the permission bits let in one user: whoever writes there could do damage to
 * all others.
 */
bool lockmgr_space_may_be_mapped(const struct lockmgr_space *space)
{
	return CAN_SHARE_WORDS && !(space->mode & 077);
}

/**
 * lockmgr_may_map() - whether somebody may write to the space's records
 * @space: the space
 * @cred: who; may use the space
 *
 * Only the owner.  Others are let in by a capability alone, and go through the kernel.
 */
bool lockmgr_may_map(const struct lockmgr_space *space, const struct cred *cred)
{
	return lockmgr_space_may_be_mapped(space) && uid_eq(cred->fsuid, space->owner);
}
