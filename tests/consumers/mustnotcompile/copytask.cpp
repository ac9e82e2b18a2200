// SPDX-License-Identifier: MIT
// error: deleted
#include <interloop/task/task.h>

interloop::Task<int> copyTask(interloop::Task<int> task)
{
#ifdef MUST_NOT_COMPILE
    return task = interloop::Task<int>(task);
#else
    return task;
#endif
}
