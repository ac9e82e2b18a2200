// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>

#include <QByteArray>

#include <cstddef>
#include <span>

/*
 * Random bytes fit for keys, from the operating system, by libuv's thread pool: the thread does not stop for megabytes
 * of them, nor early after the machine has booted, when there may be none yet. For a few bytes QRandomGenerator::system()
 * is quicker. libuv manual, "uv_random".
 */

namespace interloop {

// `count` random bytes. Throws std::system_error: invalid_argument when `count` is negative or over 2,147,483,647.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; a request that has begun runs on in the pool.
INTERLOOP_EXPORT Task<QByteArray> randomBytes(qsizetype count);

// Fills `buffer`, at most 2,147,483,647 bytes.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once when the pool has not begun, else when it has
// filled the buffer. Buffers: must live until the task has ended.
INTERLOOP_EXPORT Task<> randomBytes(std::span<std::byte> buffer);

} // namespace interloop
