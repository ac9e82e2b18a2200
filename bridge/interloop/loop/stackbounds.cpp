// SPDX-License-Identifier: MIT
#include <interloop/loop/stackbounds.h>

#include <interloop/loop/sanitizers.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <pthread.h>

namespace interloop {

StackBounds::StackBounds()
{
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    void *lowest = nullptr;
    std::size_t size = 0;
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
    *this = StackBounds(lowest, size);
    adoptFakeStack();
}

StackBounds::StackBounds(const void *lowest, std::size_t size)
    : m_lowest(static_cast<const char *>(lowest)),
      m_highest(m_lowest + size)
{
    constexpr std::size_t reserve = 256 * 1024;
    m_lowestUseful = m_lowest + std::min(reserve, size / 4);
}

void StackBounds::adoptFakeStack() noexcept
{
    m_fakeStack = sanitizers::fakeStack();
}

bool StackBounds::contains(const void *address) const noexcept
{
    const std::less<const void *> isBelow;
    return !isBelow(address, m_lowest) && isBelow(address, m_highest);
}

const void *StackBounds::addressOf(const void *object) const noexcept
{
    const void *address = sanitizers::realAddress(m_fakeStack, object);
    return contains(address) ? address : nullptr;
}

} // namespace interloop
