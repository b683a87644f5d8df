/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to send, made once the plan has been read. */
#ifndef ALPS_TRANSPORTS_H
#define ALPS_TRANSPORTS_H

#include "plan.h"

/* HTTP, to a numeric address; NULL where it is none. */
const struct transport *http_transport(const char *host, const char *port);

/* Lines, over a Unix socket; NULL, with errno set, where it cannot be reached. */
const struct transport *line_transport(const char *path);

#endif
