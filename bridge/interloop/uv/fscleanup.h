// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <uv.h>

#include <memory>

/*
 * Clean-up in the pool that nobody waits for.
 */

namespace interloop {

class PoolJob;
class Pump;

using RemoveFunction = int (*)(uv_loop_t *, uv_fs_t *, const char *, uv_fs_cb); // uv_fs_unlink or uv_fs_rmdir

// Removes `path`, on this thread's loop; the loop's end waits for it. What it fails with goes to the unhandled-error
// hook under the name of `operation`, except that there is no such file. The job is for those who want to wait for it.
std::shared_ptr<PoolJob> removeLater(Pump &pump, RemoveFunction function, const char *operation,
                                     const QByteArray &path) noexcept;

} // namespace interloop
