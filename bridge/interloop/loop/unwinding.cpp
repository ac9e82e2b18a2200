// SPDX-License-Identifier: MIT
#include <interloop/loop/unwinding.h>

#include <cstring>
#include <cxxabi.h>

namespace interloop {

// Itanium C++ ABI, "Exception Handling", 2.2.2: __cxa_eh_globals begins with the stack of caught exceptions and the
// number of uncaught ones.
void ExceptionState::read(const char *globals) noexcept
{
    std::memcpy(&m_caught, globals, sizeof(m_caught));
    std::memcpy(&m_uncaught, globals + sizeof(m_caught), sizeof(m_uncaught));
}

ExceptionState ExceptionState::current() noexcept
{
    ExceptionState state;
    state.read(reinterpret_cast<const char *>(abi::__cxa_get_globals()));
    return state;
}

ExceptionState ExceptionState::exchange() const noexcept
{
    char *globals = reinterpret_cast<char *>(abi::__cxa_get_globals());
    ExceptionState before;
    before.read(globals);
    std::memcpy(globals, &m_caught, sizeof(m_caught));
    std::memcpy(globals + sizeof(m_caught), &m_uncaught, sizeof(m_uncaught));
    return before;
}

bool ExceptionState::isUnwindingSince(const ExceptionState &base) noexcept
{
    const ExceptionState now = current();
    return now.m_caught != base.m_caught || now.m_uncaught > base.m_uncaught;
}

} // namespace interloop
