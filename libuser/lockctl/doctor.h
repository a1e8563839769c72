/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_DOCTOR_H
#define LOCKCTL_DOCTOR_H

enum verdict {
	VERDICT_OK,
	/* It works, but the user should know something. */
	VERDICT_NOTE,
	VERDICT_BAD,
	/* Cannot be checked while an earlier check is bad. */
	VERDICT_UNKNOWN,
};

/* Room for a detail, and for a command. */
#define FINDING_SIZE	256

/**
 * struct finding - the result of one check
 * @what: the thing
 * @verdict: whether it is
 * @detail: what was seen
 * @remedy: the command that mends it; empty: none is needed, or known
 */
struct finding {
	const char *what;
	enum verdict verdict;
	char detail[FINDING_SIZE];
	char remedy[FINDING_SIZE];
};

void finding_set(struct finding *finding, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void finding_add(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_remedy(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Checks of the module, by libkmod: doctor-module.c. */
void check_module_file(struct finding *finding);
void check_signature(struct finding *finding);
void check_loaded(struct finding *finding);

/* Checks of the device: doctor-device.c. */
void check_node(struct finding *finding);
void check_permission(struct finding *finding);
void check_version(struct finding *finding);
void check_spaces(struct finding *finding);

#endif /* LOCKCTL_DOCTOR_H */
