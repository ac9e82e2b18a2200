// SPDX-License-Identifier: MIT
#include <interloop/task/timeout.h>

#include <string>

namespace interloop {

void rethrowAsTimeout(const CancelScope &scope, const Cancelled &cancelled, std::chrono::nanoseconds limit)
{
    if (scope.outcome() != Outcome::TimedOut || !scope.isOwn(cancelled))
        throw;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
    throw TimeoutError("timed out after " + std::to_string(milliseconds) + " ms");
}

} // namespace interloop
