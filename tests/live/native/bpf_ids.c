// SPDX-License-Identifier: Apache-2.0
/* Prints the id of each eBPF program, map and link that the kernel has: `prog 12`, one a line. Needs root. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int list(const char *kind, int command)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	while (syscall(SYS_bpf, command, &attr, sizeof(attr)) == 0) {
		printf("%s %u\n", kind, attr.next_id);
		attr.start_id = attr.next_id;
	}
	return errno == ENOENT ? 0 : 1;
}

int main(void)
{
	if (list("prog", BPF_PROG_GET_NEXT_ID) || list("map", BPF_MAP_GET_NEXT_ID) || list("link", BPF_LINK_GET_NEXT_ID)) {
		perror("bpf");
		return 1;
	}
	return 0;
}
