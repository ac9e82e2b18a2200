// SPDX-License-Identifier: MIT
#include <interloop/task/waiter.h>

#include <stdexcept>

namespace interloop {

bool Waiter::abandon(CancelMode)
{
    unlink();
    return true;
}

std::exception_ptr destroyedError(const std::string &primitive)
{
    return std::make_exception_ptr(std::runtime_error(primitive + " was destroyed while a task waited for it"));
}

} // namespace interloop
