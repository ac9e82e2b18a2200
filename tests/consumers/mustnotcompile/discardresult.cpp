// SPDX-License-Identifier: MIT
// error: nodiscard|unused-result
#include <interloop/task/result.h>

interloop::Result<int> tryWork();

void ignoreOutcome()
{
#ifdef MUST_NOT_COMPILE
    tryWork();
#else
    static_cast<void>(tryWork().outcome());
#endif
}
