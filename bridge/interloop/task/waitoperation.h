// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/chain.h>
#include <interloop/task/promise.h>

#include <coroutine>

/*
 * The base of everything a task can await except another task: begins a wait, remembers how it ended, resumes.
 *
 * A derived awaiter provides `begin`, which starts the work and says whether there is something to wait for, and
 * `await_resume`, which calls `throwIfCancelled` first. Whoever brings the end calls `complete`, exactly once.
 */

namespace interloop {

class INTERLOOP_EXPORT WaitOperation : public Operation
{
public:
    bool await_ready() const noexcept { return false; }

    template<TaskPromise Promise>
    bool await_suspend(std::coroutine_handle<Promise> coroutine)
    {
        return suspend(coroutine, coroutine.promise().chain());
    }

    void run() final;
    void cancel(CancelMode mode) override;
    bool isOver() const noexcept final { return m_state != State::Waiting; }

protected:
    enum class Begun : unsigned char {
        Waiting, // complete() will be called
        Ready, // there is nothing to wait for; the coroutine goes on at once
    };

    WaitOperation() noexcept = default;
    ~WaitOperation() = default;

    // Starts the work. Not called when a cancellation is pending.
    virtual Begun begin() = 0;

    // A cancellation has come before the result: undo what begin() started. True: it is undone, and the wait ends here.
    // False: complete() will still be called.
    virtual bool abandon(CancelMode mode) = 0;

    // The await was not begun, as a cancellation was pending already.
    virtual void skip() { }

    // The wait is over: queues the chain. Allowed inside a raw libuv callback.
    void complete() noexcept;

    // complete(), but the awaiter gets Cancelled.
    void completeCancelled() noexcept;

    // Throws Cancelled when that is how the wait ended.
    void throwIfCancelled() const
    {
        if (m_state == State::Cancelled) [[unlikely]]
            throwCancelled();
    }

    // suspend() for a wait that is over when it begins, and only lets others go first.
    bool suspendReady(std::coroutine_handle<> coroutine, Chain &chain)
    {
        if (chain.isCancelPending()) [[unlikely]]
            return suspend(coroutine, chain);
        m_chain = &chain;
        m_coroutine = coroutine;
        m_state = State::Completed;
        chain.setWaiting(this);
        chain.scheduler().post(*this);
        return true;
    }

    Chain &chain() const noexcept { return *m_chain; }

private:
    enum class State : unsigned char { New, Waiting, Completed, Cancelled };

    bool suspend(std::coroutine_handle<> coroutine, Chain &chain);
    [[noreturn]] void throwCancelled() const;

    std::coroutine_handle<> m_coroutine;
    Chain *m_chain = nullptr;
    State m_state = State::New;
    Outcome m_outcome = Outcome::Value; // what Cancelled will say, once m_state is Cancelled
};

// Awaits an operation where it lies, for what is looked at afterwards: `co_await inPlace(operation)`. (g++ 12 copies
// an awaiter that it gets by reference.)
template<typename Waited>
class InPlaceAwaiter
{
public:
    explicit InPlaceAwaiter(Waited &operation) noexcept : m_operation(operation) { }
    bool await_ready() const noexcept { return false; }
    template<TaskPromise Promise>
    bool await_suspend(std::coroutine_handle<Promise> coroutine)
    {
        return m_operation.await_suspend(coroutine);
    }
    decltype(auto) await_resume() { return m_operation.await_resume(); }

private:
    Waited &m_operation;
};

template<typename Waited>
class InPlace
{
public:
    using InterloopAwaitable = void;
    using InterloopKeepsLocation = void;

    explicit InPlace(Waited &operation) noexcept : m_operation(operation) { }
    InPlaceAwaiter<Waited> operator co_await() const noexcept { return InPlaceAwaiter<Waited>(m_operation); }

private:
    Waited &m_operation;
};

template<typename Waited>
InPlace<Waited> inPlace(Waited &operation) noexcept
{
    return InPlace<Waited>(operation);
}

} // namespace interloop
