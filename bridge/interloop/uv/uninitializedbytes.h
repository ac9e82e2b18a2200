// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/errors.h>

#include <QByteArray>
#include <uv.h>

#include <concepts>
#include <new>
#include <string>

namespace interloop {

// `count` bytes for a read to fill. Throws std::system_error (not_enough_memory) with the text of `describe` when there is
// no room for so many.
template<std::invocable Describe>
QByteArray uninitializedBytes(qsizetype count, Describe describe)
{
    try {
        return QByteArray(count, Qt::Uninitialized);
    } catch (const std::bad_alloc &) {
        throw uvError(UV_ENOMEM, describe());
    }
}

} // namespace interloop
