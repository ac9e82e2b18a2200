// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/errors.h>
#include <interloop/task/slot.h>
#include <interloop/task/waitoperation.h>

#include <memory>
#include <utility>

/*
 * How a callback completes a wait: asyncio's Future. Somebody settles it, once; any number of tasks await it.
 *
 * Settling only queues the waiters, so it is allowed inside a raw libuv callback. All copies of a Future refer to the
 * same state; when the last one goes and nothing has been settled, its waiters get an error instead of waiting for
 * ever. A copy that a suspended coroutine holds counts: `co_await std::move(future)` when the callback has its own.
 */

namespace interloop {

// What does not depend on the type. Belongs to one thread.
class INTERLOOP_EXPORT FutureState
{
public:
    bool isSettled() const noexcept { return m_isSettled; }
    void addWaiter(Operation &waiter) noexcept { m_waiters.append(waiter); }

    // The result is there: wakes the waiters, in order.
    void settle() noexcept;

protected:
    FutureState() noexcept = default;
    ~FutureState() = default;

private:
    List<Operation> m_waiters;
    bool m_isSettled = false;
};

template<typename T>
class FutureStateOf final : public FutureState
{
public:
    Slot<T> slot;
};

template<typename T>
class FutureAwaiter final : public WaitOperation
{
public:
    explicit FutureAwaiter(std::shared_ptr<FutureStateOf<T>> state) noexcept : m_state(std::move(state)) { }

    T await_resume()
    {
        throwIfCancelled();
        return m_state->slot.get();
    }
    void wake() override { complete(); }
    std::string describe() const override { return "a Future"; }

private:
    Begun begin() override
    {
        if (m_state->isSettled())
            return Begun::Ready;
        m_state->addWaiter(*this);
        return Begun::Waiting;
    }
    bool abandon(CancelMode) override
    {
        unlink();
        return true;
    }

    std::shared_ptr<FutureStateOf<T>> m_state;
};

template<typename T = void>
class Future
{
    static_assert(!std::is_object_v<T> || std::is_copy_constructible_v<T>,
                  "each waiter gets a copy of the result: T must be copyable");

public:
    using Value = T;
    using InterloopAwaitable = void;

    // Unsettled.
    Future() : m_guard(std::make_shared<Guard>()) { }

    // Each returns false, and does nothing, when the future is settled already.
    template<typename... U>
    bool setResult(U &&...value)
    {
        if (isDone())
            return false;
        guard().state->slot.setValue(std::forward<U>(value)...);
        guard().state->settle();
        return true;
    }

    // REQUIRES: error
    bool setException(std::exception_ptr error) { return guard().fail(std::move(error)); }

    // Its waiters get Cancelled.
    bool cancel()
    {
        return setException(std::make_exception_ptr(Cancelled(Outcome::Cancelled, Cancelled::Whom::Awaited)));
    }

    bool isDone() const { return guard().state->isSettled(); }

    // Starts: nothing. Resumes: from the ready queue, in the order of waiting; at once when settled.
    // Cancel: ends this wait at once; the future and its other waiters are untouched. The result is copied.
    FutureAwaiter<T> operator co_await() const & { return FutureAwaiter<T>(guard().state); }

    // As above, and gives this copy up, so that its callback's disappearance is noticed.
    FutureAwaiter<T> operator co_await() &&
    {
        std::shared_ptr<FutureStateOf<T>> state = guard().state;
        m_guard.reset();
        return FutureAwaiter<T>(std::move(state));
    }

private:
    // Shared by the copies of the future, not by its waiters: dies with the last one who could settle it.
    class Guard
    {
    public:
        Guard() : state(std::make_shared<FutureStateOf<T>>()) { }
        ~Guard()
        {
            fail(std::make_exception_ptr(std::runtime_error("a Future was dropped before it was settled")));
        }
        Guard(const Guard &) = delete;
        Guard &operator=(const Guard &) = delete;

        bool fail(std::exception_ptr error) noexcept
        {
            if (state->isSettled())
                return false;
            state->slot.setException(std::move(error));
            state->settle();
            return true;
        }

        std::shared_ptr<FutureStateOf<T>> state;
    };

    Guard &guard() const
    {
        if (!m_guard)
            throw std::logic_error("an empty Future: moved from, or given up by co_await std::move(future)");
        return *m_guard;
    }

    std::shared_ptr<Guard> m_guard; // null: given up
};

} // namespace interloop
