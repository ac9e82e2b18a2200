// SPDX-License-Identifier: MIT
// error: deleted
#include <interloop/task/task.h>

interloop::Task<int> one();

interloop::Task<int> awaitNamedTask()
{
    interloop::Task<int> task = one();
#ifdef MUST_NOT_COMPILE
    co_return co_await task;
#else
    co_return co_await std::move(task);
#endif
}
