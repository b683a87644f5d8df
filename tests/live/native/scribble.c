// SPDX-License-Identifier: Apache-2.0
/*
 * A process that holds a lock of the kernel for long. scribble FILE BYTES
 * Writes that many bytes to the file's beginning in one call, again and again, until it is killed or a minute has passed: for
 * each call it has the file's inode locked, and all who write to the file wait.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t bytes = argc == 3 ? strtoul(argv[2], 0, 10) : 0;
	char *data = calloc(bytes, 1);
	int fd = argc == 3 ? open(argv[1], O_WRONLY | O_CREAT, 0600) : -1;

	if (!data || fd < 0)
		return 2;
	alarm(60);
	while (pwrite(fd, data, bytes, 0) == (ssize_t)bytes)
		;
	return 1;
}
