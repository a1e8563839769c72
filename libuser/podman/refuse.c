// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ends a process that cannot have all of its locks in lockmgr. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "refuse.h"

/* The exit status of Podman itself if it fails before a container runs. */
#define EXIT_REFUSED	125

void refuse(const char *format, ...)
{
	char text[1024];
	size_t length;
	va_list args;

	length = (size_t)snprintf(text, sizeof(text), "lockmgr-podman: ");
	va_start(args, format);
	vsnprintf(text + length, sizeof(text) - length - 1, format, args);
	va_end(args);
	length = strlen(text);
	text[length++] = '\n';
	/* No stdio: another thread may be in it, or may have been killed there. */
	if (write(STDERR_FILENO, text, length) < 0)
		_exit(EXIT_REFUSED);
	_exit(EXIT_REFUSED);
}
