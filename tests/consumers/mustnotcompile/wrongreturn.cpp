// SPDX-License-Identifier: MIT
// error: return_value
#include <interloop/task/task.h>

#include <string>

interloop::Task<int> number()
{
#ifdef MUST_NOT_COMPILE
    co_return std::string("42");
#else
    co_return 42;
#endif
}
