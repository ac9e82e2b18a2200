// SPDX-License-Identifier: MIT
// error: nodiscard|unused-result
#include <interloop/task/task.h>

interloop::Task<> work();

void startAndForget()
{
#ifdef MUST_NOT_COMPILE
    work();
#else
    static_cast<void>(work());
#endif
}
