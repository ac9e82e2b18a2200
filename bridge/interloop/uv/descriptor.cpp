// SPDX-License-Identifier: MIT
#include <interloop/uv/descriptor.h>

#include <fcntl.h>
#include <uv.h>

#include <cerrno>

namespace interloop {

int duplicate(int descriptor) noexcept
{
    constexpr int firstFree = 3;
    const int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, firstFree);
    return copy < 0 ? uv_translate_sys_error(errno) : copy;
}

} // namespace interloop
