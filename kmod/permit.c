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
 * Modules can check the capabilities and groups of the current credentials only.  So the
 * functions below make those of the file's opener current for the check.
 */

/* Whether @cred has a capability in the initial user namespace. */
static bool permit_cred_capable(const struct cred *cred, int cap)
{
	const struct cred *saved = override_creds(cred);
	bool ret = capable(cap);

	revert_creds(saved);

	return ret;
}

/*
 * Whether @cred has one of the capabilities to act as any owner.  This only finds the class
 * and grants nothing, so it is not audited.
 */
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
 * lockmgr_may_administrate() - whether somebody may do what only the owner may do
 * @owner: the space's owner
 * @cred: the credentials to check
 */
bool lockmgr_may_administrate(kuid_t owner, const struct cred *cred)
{
	return uid_eq(cred->fsuid, owner) || permit_cred_capable(cred, CAP_SYS_ADMIN);
}

/**
 * lockmgr_may_create() - whether somebody may make a space with this owner and group
 * @args: the space, and the credentials to check
 */
bool lockmgr_may_create(const struct lockmgr_space_args *args)
{
	if (uid_eq(args->owner, args->cred->fsuid) && permit_cred_in_group(args->cred, args->group))
		return true;

	return permit_cred_capable(args->cred, CAP_SYS_ADMIN);
}

/**
 * lockmgr_space_permits() - whether the permission bits, or a capability, let somebody in
 * @space: the space
 * @cred: the credentials to check
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
 * lockmgr_space_class() - the class of somebody among the users of a space
 * @space: the space
 * @cred: the credentials to check
 *
 * Different classes do not share a limit on clients, so that the weaker cannot shut the
 * stronger out.
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
 * Architectures where user space may share words with the kernel: where the kernel's 64-bit
 * atomic operations are the processor's own instructions, as user space's are; where kernel and
 * user space see the same memory by their different addresses; and where a store becomes visible
 * to all other processors at once, as lockmgr_holder_lives() expects.
 */
#define CAN_SHARE_WORDS \
	(IS_ENABLED(CONFIG_X86_64) || IS_ENABLED(CONFIG_ARM64) || IS_ENABLED(CONFIG_S390) || \
	 (IS_ENABLED(CONFIG_RISCV) && IS_ENABLED(CONFIG_64BIT)))

/**
 * lockmgr_space_may_be_mapped() - whether user space may write to the space's records
 * @space: the space
 *
 * Only where the permission bits let in nobody but the owner: whoever writes there can do damage
 * to all other users of the space.
 */
bool lockmgr_space_may_be_mapped(const struct lockmgr_space *space)
{
	return CAN_SHARE_WORDS && !(space->mode & 077);
}

/**
 * lockmgr_may_map() - whether somebody may write to the space's records
 * @space: the space
 * @cred: the credentials to check, of somebody who may use the space
 *
 * Only the owner may.  All others use such a space by a capability only, and go through the
 * kernel.
 */
bool lockmgr_may_map(const struct lockmgr_space *space, const struct cred *cred)
{
	return lockmgr_space_may_be_mapped(space) && uid_eq(cred->fsuid, space->owner);
}
