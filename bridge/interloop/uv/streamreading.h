// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>

#include <QByteArray>

#include <cstddef>
#include <span>

/*
 * The bodies of Stream's reads. Each holds a reference to the handle, so that a stream may die under its reader.
 */

namespace interloop {

class StreamHandle;

Task<QByteArray> readBytes(UvRef<StreamHandle> stream, qsizetype maximum);
Task<std::size_t> readInto(UvRef<StreamHandle> stream, std::span<std::byte> buffer);
Task<QByteArray> readCount(UvRef<StreamHandle> stream, qsizetype count);
Task<std::size_t> readFull(UvRef<StreamHandle> stream, std::span<std::byte> buffer);
Task<QByteArray> readUntil(UvRef<StreamHandle> stream, QByteArray separator, qsizetype limit);
Task<QByteArray> readToEnd(UvRef<StreamHandle> stream, qsizetype limit);

// Throws unless the stream is open and this is its thread.
void requireOpenStream(const char *operation, const UvRef<StreamHandle> &stream);

} // namespace interloop
