// SPDX-License-Identifier: GPL-2.0-only
/* lockctl doctor: the command by which each distribution installs a kernel's headers. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

#include "system.h"

static const char *headers_command(const char *os_release, const char *kernel)
{
	static char command[256];
	char path[] = "/tmp/lockctl-system-XXXXXX";
	const int fd = mkstemp(path);
	bool known;

	assert_int_not_equal(fd, -1);
	assert_true(dprintf(fd, "%s", os_release) >= 0);
	close(fd);
	known = system_headers_command(path, kernel, command, sizeof(command));
	unlink(path);
	return known ? command : "unknown";
}

static void each_system_has_its_command(void **state)
{
	static const struct {
		const char *os_release;
		const char *kernel;
		const char *command;
	} cases[] = {
		{ "ID=debian\n", "6.1.0-9-amd64", "apt install linux-headers-6.1.0-9-amd64" },
		{ "NAME=\"Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "6.8.0-1-generic",
		  "apt install linux-headers-6.8.0-1-generic" },
		{ "ID_LIKE='rhel centos fedora'\nID=\"rocky\"\n", "5.14.0-1.el9.x86_64",
		  "dnf install kernel-devel-5.14.0-1.el9.x86_64" },
		{ "ID=fedora\n", "6.11.5-300.fc41.x86_64",
		  "dnf install kernel-devel-6.11.5-300.fc41.x86_64" },
		{ "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", "6.4.0-150600.23-default",
		  "zypper install kernel-default-devel" },
		{ "ID=arch\n", "6.12.3-arch1-1", "pacman -S linux-headers" },
		{ "ID=manjaro\nID_LIKE=arch\n", "6.6.63-1-lts", "pacman -S linux-lts-headers" },
		{ "ID=alpine\n", "6.6.58-0-lts", "apk add linux-lts-dev" },
		/* ID counts more than ID_LIKE. */
		{ "ID_LIKE=fedora\nID=debian\n", "1", "apt install linux-headers-1" },
		{ "ID=gentoo\n", "6.6.58-gentoo", "unknown" },
		{ "ID=alpine\n", "6.6.58", "unknown" },
		{ "VERSION_ID=debian\n", "1", "unknown" },
		{ "", "1", "unknown" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(headers_command(cases[i].os_release, cases[i].kernel),
				    cases[i].command);
}

static void a_system_that_does_not_say_what_it_is_is_unknown(void **state)
{
	char command[256];

	(void)state;
	assert_false(system_headers_command("/none", "1", command, sizeof(command)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_system_has_its_command),
		cmocka_unit_test(a_system_that_does_not_say_what_it_is_is_unknown),
	};

	return harness_run(tests);
}
