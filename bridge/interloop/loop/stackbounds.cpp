// SPDX-License-Identifier: MIT
#include <interloop/loop/stackbounds.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <pthread.h>

#if defined(__SANITIZE_ADDRESS__)
#define INTERLOOP_HAS_FAKE_STACK
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INTERLOOP_HAS_FAKE_STACK
#endif
#endif
#ifdef INTERLOOP_HAS_FAKE_STACK
#include <sanitizer/asan_interface.h>
#endif

namespace interloop {

namespace {

// The place on the real stack of what AddressSanitizer keeps elsewhere; else `address` itself.
const void *realAddress(const void *address) noexcept
{
#ifdef INTERLOOP_HAS_FAKE_STACK
    void *fakeStack = __asan_get_current_fake_stack(); // nullptr: locals are where they belong
    if (const void *real = __asan_addr_is_in_fake_stack(fakeStack, const_cast<void *>(address), nullptr, nullptr))
        return real;
#endif
    return address;
}

} // namespace

StackBounds::StackBounds()
{
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    void *lowest = nullptr;
    std::size_t size = 0;
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);

    constexpr std::size_t reserve = 256 * 1024;
    m_lowest = static_cast<const char *>(lowest);
    m_highest = m_lowest + size;
    m_lowestUseful = m_lowest + std::min(reserve, size / 4);
}

bool StackBounds::contains(const void *address) const noexcept
{
    const std::less<const void *> isBelow;
    return !isBelow(address, m_lowest) && isBelow(address, m_highest);
}

const void *StackBounds::addressOf(const void *object) const noexcept
{
    const void *address = realAddress(object);
    return contains(address) ? address : nullptr;
}

} // namespace interloop
