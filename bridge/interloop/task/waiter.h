// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/waitoperation.h>

#include <exception>
#include <string>
#include <utility>

/*
 * A wait for a synchronisation primitive: a node in the primitive's list of waiters, first come, first served.
 *
 * The awaiter itself is the node, so that waiting allocates nothing. What is waited for is handed to the first waiter
 * before it is woken, and nobody can come in between; from then on it is that waiter's, and a cancellation that comes
 * later is thrown by its next await. A waiter that is cancelled first leaves the list, and nothing is lost.
 */

namespace interloop {

class INTERLOOP_EXPORT Waiter : public WaitOperation
{
public:
    void wake() override { complete(); }

    // Wakes the waiter, out of its list, with an error: what it waited for is gone.
    void fail(std::exception_ptr error) noexcept
    {
        setError(std::move(error));
        complete();
    }

protected:
    Waiter() noexcept = default;
    ~Waiter() = default;

    bool abandon(CancelMode mode) override; // leaves the list

    void setError(std::exception_ptr error) noexcept { m_error = std::move(error); }

    // Throws Cancelled, or the error.
    void throwUnlessGranted() const
    {
        throwIfCancelled();
        if (m_error) [[unlikely]]
            std::rethrow_exception(m_error);
    }

private:
    std::exception_ptr m_error; // null: nothing went wrong
};

// The error for those who wait for `primitive` ("an event") when it is destroyed: a std::runtime_error.
INTERLOOP_EXPORT std::exception_ptr destroyedError(const std::string &primitive);

// For a primitive's destructor: an error for whoever still waits.
template<typename Node>
void failAll(List<Node> &waiters, const char *primitive)
{
    if (waiters.isEmpty())
        return;
    const std::exception_ptr error = destroyedError(primitive);
    while (!waiters.isEmpty())
        waiters.takeFirst().fail(error);
}

// What `event.wait()` and its like return: a wait to be awaited, once or several times, while the primitive lives.
template<typename Awaiter, typename Primitive>
class WaitFor
{
public:
    using Value = decltype(std::declval<Awaiter &>().await_resume());
    using InterloopAwaitable = void;

    explicit WaitFor(Primitive &primitive) noexcept : m_primitive(&primitive) { }
    Awaiter operator co_await() const noexcept { return Awaiter(*m_primitive); }

private:
    Primitive *m_primitive;
};

} // namespace interloop
