// SPDX-License-Identifier: MIT
#include <interloop/loop/unwinding.h>

#include <cstring>
#include <cxxabi.h>

namespace interloop {

// Itanium C++ ABI, "Exception Handling", 2.2.2: __cxa_eh_globals begins with the stack of caught exceptions and the
// number of uncaught ones.
ExceptionState ExceptionState::current() noexcept
{
    ExceptionState state;
    const char *globals = reinterpret_cast<const char *>(abi::__cxa_get_globals());
    std::memcpy(&state.m_caught, globals, sizeof(state.m_caught));
    std::memcpy(&state.m_uncaught, globals + sizeof(state.m_caught), sizeof(state.m_uncaught));
    return state;
}

bool ExceptionState::isUnwindingSince(const ExceptionState &base) noexcept
{
    const ExceptionState now = current();
    return now.m_caught != base.m_caught || now.m_uncaught > base.m_uncaught;
}

} // namespace interloop
