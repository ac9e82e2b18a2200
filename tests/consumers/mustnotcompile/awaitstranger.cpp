// SPDX-License-Identifier: MIT
// error: no matching|constraint
#include <interloop/task/future.h>
#include <interloop/task/task.h>

interloop::Task<> awaitWhatIsNoAwaitableOfThisLibrary(interloop::Future<> future)
{
#ifdef MUST_NOT_COMPILE
    static_cast<void>(future);
    co_await std::suspend_always();
#else
    co_await std::move(future);
#endif
}
