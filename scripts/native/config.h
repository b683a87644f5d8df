/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What elfutils' configure would have found out on Linux with glibc. libelf is compiled without it: it wants m4 and more,
 * which only the other libraries of elfutils need. Compression of sections by zstd is left out; eBPF objects have none.
 */
#define _GNU_SOURCE 1
#define HAVE_DECL_MEMPCPY 1
#define HAVE_DECL_MEMRCHR 1
#define HAVE_DECL_POWEROF2 1
#define HAVE_DECL_RAWMEMCHR 1
#define HAVE_DECL_REALLOCARRAY 1
#define HAVE_ERR_H 1
#define HAVE_FALLTHROUGH 1
#define HAVE_GCC_STRUCT 1
#define HAVE_VISIBILITY 1
#include <eu-config.h>
