/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOCKCTL_DOCTOR_H
#define LOCKCTL_DOCTOR_H

enum verdict {
	VERDICT_OK,
	/* It works, but something should be known. */
	VERDICT_NOTE,
	VERDICT_BAD,
	/* Cannot be told as long as something before it is bad. */
	VERDICT_UNKNOWN,
};

/* Room for what is found, and for a command. */
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

/* Of the module, by libkmod: doctor-module.c. */
void check_module_file(struct finding *finding);
void check_signature(struct finding *finding);
void check_loaded(struct finding *finding);

/* Of the way to it: doctor-device.c. */
void check_node(struct finding *finding);
void check_permission(struct finding *finding);
void check_version(struct finding *finding);
void check_spaces(struct finding *finding);

#endif /* LOCKCTL_DOCTOR_H */
