// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <exception>
#include <string>

/*
 * The way to the unhandled-error hook for code that may run when the thread's bridge has ended.
 */

namespace interloop {

// Tells the hook, or the log when this thread has no bridge. `error` may be null.
INTERLOOP_EXPORT void reportUnhandled(const std::string &text, std::exception_ptr error) noexcept;

} // namespace interloop
