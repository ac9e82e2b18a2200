// SPDX-License-Identifier: MIT
// error: static assertion|copy
#include <interloop/task/spawn.h>

#include <memory>

interloop::Task<std::unique_ptr<int>> take(interloop::TaskHandle<std::unique_ptr<int>> handle)
{
#ifdef MUST_NOT_COMPILE
    co_return co_await handle;
#else
    co_return co_await std::move(handle);
#endif
}
