// SPDX-License-Identifier: Apache-2.0
/*
 * The first program in the portable file. It reads the whole file that it is in, checks it, unpacks its parts into files in
 * memory, and becomes Deno, which runs one of them. Because it becomes it, and starts nothing, the process keeps its id,
 * its streams, its signals and its end.
 *
 * The file: this program, a zstd stream, a trailer. In the stream, part after part: a header, then the bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>
#include <zstd.h>

/* Since Linux 6.3. Where it is not known, every file in memory may be executed. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Exit status: failed; not possible, or not to be trusted. */
enum { FAILED = 1, REFUSED = 3 };

enum { NAME_BYTES = 56, PARTS_MOST = 64, DIGEST_BYTES = 32 };

/* The first bytes of the trailer. */
#define MAGIC "ALPS-ONE"

struct trailer {
	char magic[8];
	uint64_t payload_at;
	uint64_t payload_bytes;
	/* Of everything before it. */
	unsigned char digest[DIGEST_BYTES];
};

struct part_header {
	char name[NAME_BYTES];
	uint64_t bytes;
};

_Static_assert(sizeof(struct trailer) == 56, "as scripts/compile/portable.ts writes it");
_Static_assert(sizeof(struct part_header) == 64, "as scripts/compile/portable.ts writes it");

struct part {
	char name[NAME_BYTES];
	int fd;
};

static char own_path[4096] = "alps-agent";

static _Noreturn void fail(int status, const char *what, const char *why)
{
	fprintf(stderr, "alps-agent: %s: %s\n", what, why);
	exit(status);
}

static _Noreturn void refuse(const char *why)
{
	char what[sizeof(own_path) + 32];

	snprintf(what, sizeof(what), "cannot run %s", own_path);
	fail(REFUSED, what, why);
}

/* The whole file, read once: what is checked is what is run, whatever happens to the file meanwhile. */
static unsigned char *read_file(size_t *bytes)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		refuse(errno == ENOENT ? "/proc is not mounted" : strerror(errno));

	size_t size = (size_t)status.st_size, done = 0;
	unsigned char *content = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (content == MAP_FAILED)
		fail(FAILED, "cannot read itself", strerror(errno));
	while (done < size) {
		ssize_t n = read(fd, content + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail(FAILED, "cannot read itself", strerror(errno));
		if (n == 0)
			refuse("it is being written to");
		done += (size_t)n;
	}
	close(fd);
	*bytes = size;
	return content;
}

static struct trailer check(const unsigned char *content, size_t bytes)
{
	struct trailer trailer;
	unsigned char digest[DIGEST_BYTES];
	SHA256_CTX context;

	if (bytes < sizeof(trailer))
		refuse("the file is incomplete; copy it again");
	memcpy(&trailer, content + bytes - sizeof(trailer), sizeof(trailer));
	if (memcmp(trailer.magic, MAGIC, sizeof(trailer.magic)) != 0)
		refuse("the file is incomplete, or its end was altered; copy it again");
	SHA256_Init(&context);
	SHA256_Update(&context, content, bytes - DIGEST_BYTES);
	SHA256_Final(digest, &context);
	if (memcmp(digest, trailer.digest, DIGEST_BYTES) != 0)
		refuse("the file was altered: its SHA-256 is not what it was built with; copy it again");
	return trailer;
}

static int make_memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, 0);
	if (fd < 0)
		fail(REFUSED, "cannot make a file in memory", errno == EACCES ?
		     "this machine forbids executing one; set /proc/sys/vm/memfd_noexec to 0 or 1" : strerror(errno));
	return fd;
}

static void write_all(int fd, const unsigned char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail(FAILED, "cannot write a file in memory", strerror(errno));
		data += n;
		bytes -= (size_t)n;
	}
}

/* Takes the stream's bytes as they come: headers are collected, what follows them goes into files. */
struct unpacker {
	struct part parts[PARTS_MOST];
	unsigned count;
	struct part_header header;
	size_t header_bytes;
	uint64_t missing;
};

static void unpack(struct unpacker *to, const unsigned char *data, size_t bytes)
{
	while (bytes > 0) {
		if (to->missing > 0) {
			size_t n = bytes < to->missing ? bytes : (size_t)to->missing;

			write_all(to->parts[to->count - 1].fd, data, n);
			to->missing -= n;
			data += n;
			bytes -= n;
			continue;
		}

		size_t wanted = sizeof(to->header) - to->header_bytes, n = bytes < wanted ? bytes : wanted;

		memcpy((char *)&to->header + to->header_bytes, data, n);
		to->header_bytes += n;
		data += n;
		bytes -= n;
		if (to->header_bytes == sizeof(to->header)) {
			if (to->count == PARTS_MOST)
				refuse("it has too many parts");

			struct part *part = &to->parts[to->count++];

			to->header.name[NAME_BYTES - 1] = '\0';
			memcpy(part->name, to->header.name, NAME_BYTES);
			part->fd = make_memory_file(part->name);
			to->missing = to->header.bytes;
			to->header_bytes = 0;
		}
	}
}

static void unpack_all(struct unpacker *to, const unsigned char *payload, size_t bytes)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	size_t room = 1 << 20, pending = 1;
	unsigned char *buffer = malloc(room);
	ZSTD_inBuffer in = { payload, bytes, 0 };

	if (!context || !buffer)
		fail(FAILED, "cannot unpack itself", strerror(ENOMEM));
	while (in.pos < in.size) {
		ZSTD_outBuffer out = { buffer, room, 0 };

		pending = ZSTD_decompressStream(context, &out, &in);
		if (ZSTD_isError(pending))
			fail(FAILED, "cannot unpack itself", ZSTD_getErrorName(pending));
		unpack(to, buffer, out.pos);
	}
	/* What is left of the last frame comes without input. */
	while (pending != 0) {
		ZSTD_outBuffer out = { buffer, room, 0 };

		pending = ZSTD_decompressStream(context, &out, &in);
		if (ZSTD_isError(pending) || (pending != 0 && out.pos == 0))
			refuse("its stream ends too early");
		unpack(to, buffer, out.pos);
	}
	if (to->missing != 0 || to->header_bytes != 0)
		refuse("its last part is incomplete");
	free(buffer);
	ZSTD_freeDCtx(context);
}

static int part_fd(const struct unpacker *from, const char *name)
{
	for (unsigned i = 0; i < from->count; i++)
		if (strcmp(from->parts[i].name, name) == 0)
			return from->parts[i].fd;
	refuse("a part of it is missing");
}

/*
 * Deno's own variables would change what the program does: they are kept under another name, for what it starts
 * (core/portable_process.ts gives them back). Deno's folder is one that there cannot be: it has nothing to keep there.
 */
static void keep_from_deno(void)
{
	static const char prefix[] = "_ALPS_KEPT_";

	for (char **entry = environ; *entry;) {
		char *value = strncmp(*entry, "DENO_", 5) == 0 ? strchr(*entry, '=') : NULL;

		if (!value) {
			entry++;
			continue;
		}

		size_t length = (size_t)(value - *entry);
		char *name = malloc(sizeof(prefix) + length);
		char *copy = strdup(value + 1);

		if (!name || !copy)
			fail(FAILED, "cannot start", strerror(ENOMEM));
		memcpy(name, prefix, sizeof(prefix) - 1);
		memcpy(name + sizeof(prefix) - 1, *entry, length);
		name[sizeof(prefix) - 1 + length] = '\0';
		unsetenv(name + sizeof(prefix) - 1);
		setenv(name, copy, 1);
		/* The list may be another one now. */
		entry = environ;
	}
	setenv("DENO_DIR", "/proc/self/none", 1);
	setenv("DENO_NO_UPDATE_CHECK", "1", 1);
}

static void set_environment(const struct unpacker *from)
{
	char parts[PARTS_MOST * (NAME_BYTES + 12)] = "";
	size_t used = 0;

	keep_from_deno();
	for (unsigned i = 0; i < from->count; i++)
		used += (size_t)snprintf(parts + used, sizeof(parts) - used, "%s%s=%d", i ? "," : "", from->parts[i].name,
					 from->parts[i].fd);
	setenv("_ALPS_AGENT_PARTS", parts, 1);
	setenv("_ALPS_AGENT_FILE", own_path, 1);
}

int main(int argc, char **argv)
{
	/* As with `deno run`; DENO_OPTIONS comes from the build, which gives `deno compile` the same permissions. */
	static char *const options[] = { "alps-agent", "run", DENO_OPTIONS };
	enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
	static struct unpacker unpacker;
	char program[64];
	size_t bytes;
	ssize_t length = readlink("/proc/self/exe", own_path, sizeof(own_path) - 1);

	if (length > 0)
		own_path[length] = '\0';

	unsigned char *content = read_file(&bytes);
	struct trailer trailer = check(content, bytes);

	if (trailer.payload_at > bytes || trailer.payload_bytes > bytes - trailer.payload_at)
		refuse("its trailer is wrong");
	unpack_all(&unpacker, content + trailer.payload_at, (size_t)trailer.payload_bytes);

	int deno = part_fd(&unpacker, "deno");
	char **arguments = calloc((size_t)argc + OPTIONS + 2, sizeof(*arguments));

	if (!arguments)
		fail(FAILED, "cannot start", strerror(ENOMEM));
	memcpy(arguments, options, sizeof(options));
	snprintf(program, sizeof(program), "/proc/self/fd/%d", part_fd(&unpacker, "agent.js"));
	arguments[OPTIONS] = program;
	for (int i = 1; i < argc; i++)
		arguments[OPTIONS + i] = argv[i];
	set_environment(&unpacker);
	fcntl(deno, F_SETFD, FD_CLOEXEC);
	fexecve(deno, arguments, environ);
	refuse(errno == EACCES || errno == EPERM ? "this machine does not let a file in memory be executed" :
						   strerror(errno));
}
