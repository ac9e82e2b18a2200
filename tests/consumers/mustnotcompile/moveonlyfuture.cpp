// SPDX-License-Identifier: MIT
// error: must be copyable
#include <interloop/task/future.h>
#include <interloop/task/task.h>

#include <memory>

#ifdef MUST_NOT_COMPILE
using Result = std::unique_ptr<int>;
#else
using Result = std::shared_ptr<int>;
#endif

interloop::Task<Result> waitFor(interloop::Future<Result> future)
{
    co_return co_await std::move(future);
}
