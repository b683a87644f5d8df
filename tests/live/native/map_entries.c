// SPDX-License-Identifier: Apache-2.0
/* map_entries ID... prints a line NAME COUNT for each eBPF hash map: how many entries it has now. Needs root. */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int count(unsigned int id)
{
	struct bpf_map_info info = {};
	union bpf_attr get = { .map_id = id }, ask = {}, next = {};
	char *key, *following;
	unsigned long entries = 0;
	int fd = bpf(BPF_MAP_GET_FD_BY_ID, &get);

	ask.info.bpf_fd = fd;
	ask.info.info_len = sizeof(info);
	ask.info.info = (unsigned long)&info;
	if (fd < 0 || bpf(BPF_OBJ_GET_INFO_BY_FD, &ask))
		return 1;
	key = calloc(1, info.key_size);
	following = calloc(1, info.key_size);
	next.map_fd = fd;
	next.next_key = (unsigned long)following;
	while (bpf(BPF_MAP_GET_NEXT_KEY, &next) == 0) {
		entries++;
		memcpy(key, following, info.key_size);
		next.key = (unsigned long)key;
	}
	printf("%s %lu\n", info.name, entries);
	free(key);
	free(following);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (count(atoi(argv[i]))) {
			perror(argv[i]);
			return 1;
		}
	return 0;
}
