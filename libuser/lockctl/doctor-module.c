// SPDX-License-Identifier: LGPL-2.1-or-later
/* Checks of the module: built for this kernel, loadable, loaded? */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <libkmod.h>
#include <linux/capability.h>
#include <lockmgr.h>

#include "doctor.h"
#include "system.h"

#define MODULE		"lockmgr"

/* Where DKMS looks for the source, and where the loaded module shows its version. */
#define SOURCE		"/usr/src/lockmgr-" LOCKMGR_VERSION
#define LOADED_VERSION	"/sys/module/lockmgr/version"

/* Keys that the DKMS of a distribution generates, and signs the modules that it builds with. */
static const char *const machine_keys[] = {
	"/var/lib/dkms/mok.pub",
	"/var/lib/shim-signed/mok/MOK.der",
};

#define TEXT_SIZE	64

#define MODULES_DISABLED \
	": kernel.modules_disabled is 1: no module is loaded or unloaded until the next start"

/**
 * struct module - what libkmod knows of the module
 * @context: libkmod's context
 * @module: libkmod's module; NULL: libkmod could not look it up
 */
struct module {
	struct kmod_ctx *context;
	struct kmod_module *module;
};

/* Keeps libkmod from printing its own messages about what is missing; doctor reports that. */
static void ignore_message(void *data, int priority, const char *file, int line,
			   const char *function, const char *format, va_list arguments)
{
	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	(void)function;
	(void)format;
	(void)arguments;
}

static void module_find(struct module *module)
{
	module->module = NULL;
	module->context = kmod_new(NULL, NULL);
	if (!module->context)
		return;
	kmod_set_log_fn(module->context, ignore_message, NULL);
	if (kmod_module_new_from_name(module->context, MODULE, &module->module))
		module->module = NULL;
}

static void module_forget(struct module *module)
{
	if (module->module)
		kmod_module_unref(module->module);
	if (module->context)
		kmod_unref(module->context);
}

/* The file that modprobe would load; NULL: none. */
static const char *module_path(const struct module *module)
{
	return module->module ? kmod_module_get_path(module->module) : NULL;
}

static bool module_is_loaded(const struct module *module)
{
	const int state = module->module ? kmod_module_get_initstate(module->module) : -1;

	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/* Read a field of the module's file; returns whether the file has the field. */
static bool module_field(const struct module *module, const char *key, char value[TEXT_SIZE])
{
	struct kmod_list *fields = NULL, *field;
	bool found = false;

	if (!module->module || kmod_module_get_info(module->module, &fields) < 0)
		return false;
	kmod_list_foreach(field, fields) {
		if (found || strcmp(kmod_module_info_get_key(field), key))
			continue;
		snprintf(value, TEXT_SIZE, "%s", kmod_module_info_get_value(field));
		found = true;
	}
	kmod_module_info_free_list(fields);
	return found;
}

/* Read the first line of a file; returns whether there is one. */
static bool read_line(const char *path, char line[TEXT_SIZE])
{
	FILE *file = fopen(path, "re");
	bool good;

	if (!file)
		return false;
	good = fgets(line, TEXT_SIZE, file);
	fclose(file);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good;
}

/* Suggest how to build the module, depending on which headers and sources are installed. */
static void suggest_build(struct finding *finding, const char *release)
{
	char headers[sizeof(((struct utsname *)0)->release) + TEXT_SIZE], command[FINDING_SIZE];

	snprintf(headers, sizeof(headers), "/lib/modules/%s/build/Makefile", release);
	if (!access(headers, F_OK) && !access(SOURCE, F_OK))
		finding_remedy(finding, "dkms install lockmgr/%s -k %s", LOCKMGR_VERSION, release);
	else if (!access(headers, F_OK))
		finding_add(finding, ": build it from its source, as README says");
	else if (system_headers_command(SYSTEM_RELEASE, release, command, sizeof(command)))
		finding_remedy(finding, "%s", command);
	else
		finding_add(finding, ": install the package with this kernel's headers");
}

/* The module was loaded by insmod from a file that modprobe does not find: install it. */
static void suggest_install(struct finding *finding, const char *release)
{
	if (!access(SOURCE, F_OK))
		suggest_build(finding, release);
	else
		finding_add(finding, "; in its source tree, 'make install-module' installs it");
}

/*
 * Whether even root cannot load modules here: a container engine has dropped CAP_SYS_MODULE
 * from the bounding set, or root is root only in a user namespace.
 */
static bool is_in_container(void)
{
	FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned int inside = 0, outside = 0, count = UINT_MAX;

	if (file) {
		if (fscanf(file, "%u %u %u", &inside, &outside, &count) != 3)
			count = UINT_MAX;
		fclose(file);
	}
	return outside || count != UINT_MAX || prctl(PR_CAPBSET_READ, CAP_SYS_MODULE) == 0;
}

static bool is_blacklisted(const struct module *module)
{
	struct kmod_config_iter *entry = kmod_config_get_blacklists(module->context);
	bool found = false;

	while (entry && !found && kmod_config_iter_next(entry))
		found = !strcmp(kmod_config_iter_get_key(entry), MODULE);
	kmod_config_iter_free_iter(entry);
	return found;
}

/* Say why the module cannot, or should not, be loaded here; returns whether there is a reason. */
static bool loading_is_forbidden(struct finding *finding, const struct module *module)
{
	const char *instead = module->module ? kmod_module_get_install_commands(module->module) :
					       NULL;
	char value[TEXT_SIZE];

	if (is_in_container())
		finding_add(finding, ": this is a container; its host must load it");
	else if (read_line("/proc/sys/kernel/modules_disabled", value) && *value == '1')
		finding_add(finding, "%s", MODULES_DISABLED);
	else if (instead && *instead)
		finding_add(finding, ": modprobe.d runs '%s' instead", instead);
	else if (module->context && is_blacklisted(module))
		finding_add(finding, ": modprobe.d or the command line blacklists it");
	else
		return false;
	return true;
}

/* Whether the first word of the file's vermagic names another kernel. */
static bool is_for_other(const struct module *module, const char *release, char other[TEXT_SIZE])
{
	if (!module_field(module, "vermagic", other))
		return false;
	other[strcspn(other, " ")] = '\0';
	return strncmp(other, release, TEXT_SIZE - 1) != 0;
}

/** check_module_file() - is it built for this kernel? */
void check_module_file(struct finding *finding)
{
	char installed[TEXT_SIZE], loaded[TEXT_SIZE], other[TEXT_SIZE];
	struct module module;
	struct utsname kernel;
	const char *path;

	uname(&kernel);
	module_find(&module);
	path = module_path(&module);
	if (!path) {
		finding_set(finding, module_is_loaded(&module) ? VERDICT_NOTE : VERDICT_BAD,
			    "not installed for kernel %s%s", kernel.release,
			    module_is_loaded(&module) ? ": it will be missing after a reboot" : "");
		if (module_is_loaded(&module))
			suggest_install(finding, kernel.release);
		else
			suggest_build(finding, kernel.release);
	} else if (is_for_other(&module, kernel.release, other)) {
		finding_set(finding, VERDICT_BAD, "%s is built for kernel %s, this is %s", path,
			    other, kernel.release);
		suggest_build(finding, kernel.release);
	} else if (module_field(&module, "version", installed) &&
		   read_line(LOADED_VERSION, loaded) && strcmp(installed, loaded)) {
		finding_set(finding, VERDICT_NOTE, "%s is version %s, but %s is loaded", path,
			    installed, loaded);
		if (!loading_is_forbidden(finding, &module))
			finding_remedy(finding, "sh -c 'modprobe -r lockmgr && modprobe lockmgr'");
	} else {
		finding_set(finding, VERDICT_OK, "%s", path);
	}
	module_forget(&module);
}

/* Whether a line of /proc/keys is a certificate for that name. */
static bool is_key_of(const char *line, const char *signer)
{
	const char *found = strstr(line, " asymmetri ");

	found = found ? strstr(found, signer) : NULL;
	return found && found[strlen(signer)] == ':';
}

/* Searches the keys that the caller may see; root sees those that the kernel trusts. */
static bool is_key_known(const char *signer)
{
	FILE *keys = fopen("/proc/keys", "re");
	char *line = NULL;
	size_t size = 0;
	bool known = false;

	while (keys && !known && getline(&line, &size, keys) > 0)
		known = is_key_of(line, signer);
	free(line);
	if (keys)
		fclose(keys);
	return known;
}

/* mokutil asks for a password; the firmware asks for it again at the next boot. */
static void suggest_enrolling(struct finding *finding)
{
	size_t i;

	for (i = 0; i < sizeof(machine_keys) / sizeof(machine_keys[0]); i++) {
		if (access(machine_keys[i], F_OK))
			continue;
		finding_remedy(finding, "mokutil --import %s", machine_keys[i]);
		return;
	}
}

static void judge_signer(struct finding *finding, const char *signer)
{
	if (is_key_known(signer)) {
		finding_set(finding, VERDICT_OK, "signed by %s", signer);
	} else if (geteuid()) {
		finding_set(finding, VERDICT_UNKNOWN,
			    "signed by %s: only root can see whether the kernel has that key",
			    signer);
	} else {
		finding_set(finding, VERDICT_BAD, "signed by %s: the kernel does not have that key",
			    signer);
		suggest_enrolling(finding);
	}
}

/** check_signature() - does the module have a signature if the kernel requires one? */
void check_signature(struct finding *finding)
{
	char enforced[TEXT_SIZE], signer[TEXT_SIZE];
	struct module module;

	module_find(&module);
	if (module_is_loaded(&module)) {
		finding_set(finding, VERDICT_OK, "the kernel has accepted the module");
	} else if (!read_line("/sys/module/module/parameters/sig_enforce", enforced) ||
		   *enforced != 'Y') {
		finding_set(finding, VERDICT_OK, "the kernel does not require one");
	} else if (!module_path(&module)) {
		finding_set(finding, VERDICT_UNKNOWN, "there is no module");
	} else if (module_field(&module, "signer", signer)) {
		judge_signer(finding, signer);
	} else {
		finding_set(finding, VERDICT_BAD,
			    "the kernel loads only signed modules (Secure Boot)");
		finding_add(finding, ": README says how to sign this one");
	}
	module_forget(&module);
}

/** check_loaded() - has the kernel loaded it? */
void check_loaded(struct finding *finding)
{
	char version[TEXT_SIZE];
	struct module module;

	module_find(&module);
	if (module_is_loaded(&module) && read_line(LOADED_VERSION, version)) {
		finding_set(finding, VERDICT_OK, "version %s", version);
	} else if (module_path(&module)) {
		finding_set(finding, VERDICT_BAD, "the module is not loaded");
		if (!loading_is_forbidden(finding, &module))
			finding_remedy(finding, "modprobe lockmgr");
	} else {
		finding_set(finding, VERDICT_BAD, "there is no module to load");
	}
	module_forget(&module);
}
