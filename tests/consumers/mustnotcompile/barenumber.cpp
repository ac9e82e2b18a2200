// SPDX-License-Identifier: MIT
// error: could not convert|cannot convert|no matching|no viable
#include <interloop/task/sleep.h>

auto wait()
{
#ifdef MUST_NOT_COMPILE
    return interloop::sleepFor(5);
#else
    return interloop::sleepFor(std::chrono::milliseconds(5));
#endif
}
