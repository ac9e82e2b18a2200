// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>

#include <QByteArray>
#include <QList>

#include <cstddef>
#include <span>

/*
 * The bodies of Stream's writes. Each holds a reference to the handle, so that a stream may die under its writer.
 */

namespace interloop {

class File;
class StreamHandle;

Task<> writeFrom(UvRef<StreamHandle> stream, std::span<const std::byte> data);
Task<> writeBytes(UvRef<StreamHandle> stream, QByteArray data);
Task<> writeList(UvRef<StreamHandle> stream, QList<QByteArray> list);
Task<qint64> sendFrom(UvRef<StreamHandle> stream, const File &file, qint64 offset, qint64 count);
Task<> shutDown(UvRef<StreamHandle> stream);

} // namespace interloop
