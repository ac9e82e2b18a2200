// SPDX-License-Identifier: MIT
// error: deleted|no matching
#include <interloop/loop/runsync.h>

int runNamedTask(interloop::Task<int> task)
{
#ifdef MUST_NOT_COMPILE
    return interloop::runSync(task);
#else
    return interloop::runSync(std::move(task));
#endif
}
