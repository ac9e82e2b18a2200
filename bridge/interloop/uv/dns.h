// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/address.h>

#include <QList>

/*
 * Names to addresses, by the system's resolver on libuv's thread pool.
 */

namespace interloop {

// All addresses of `host`, in the resolver's order, each with `port`; never empty. A numeric host needs no resolver.
// Throws std::system_error that names the host: invalid_argument for a host that cannot be one or a port out of range,
// libuv's EAI codes when there is no such host.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; a request that has begun runs on in the pool.
INTERLOOP_EXPORT Task<QList<SocketAddress>> resolve(QString host, int port = 0);

} // namespace interloop
