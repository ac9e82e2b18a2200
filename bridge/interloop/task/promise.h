// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/chain.h>
#include <interloop/task/framepool.h>
#include <interloop/task/slot.h>

#include <concepts>
#include <coroutine>
#include <type_traits>

/*
 * What every Task's coroutine carries: its chain, whom to continue, and the result.
 *
 * Awaiting a task starts it inside `await_suspend`, up to `maximumInlineDepth` deep, beyond that from the base of the
 * resume; an end is continued from there too. So the stack is flat in loops and in deep chains, whatever the compiler
 * does about tail calls.
 */

namespace interloop {

template<typename T>
class Task;

class PromiseBase
{
public:
    static void *operator new(std::size_t size) { return allocateFrame(size); }
    static void operator delete(void *frame, std::size_t size) noexcept { freeFrame(frame, size); }

    // REQUIRES: started
    Chain &chain() const noexcept { return *m_chain; }

    // The coroutine's function.
    const std::source_location &origin() const noexcept { return m_origin; }
    bool isStarted() const noexcept { return m_chain; }

    // The chain of `coroutine`, which is a Task's; nullptr when it has not been started.
    static Chain *chainOf(std::coroutine_handle<> coroutine) noexcept
    {
        return std::coroutine_handle<PromiseBase>::from_address(coroutine.address()).promise().m_chain;
    }

    // Starts the task as the outermost one of `chain`, here and now.
    void startRoot(std::coroutine_handle<> self, Chain &chain)
    {
        m_chain = &chain;
        chain.resume(self);
    }

    // Starts the task as a part of the awaiting one. False: it has ended already, the awaiting one goes on.
    bool startChild(std::coroutine_handle<> self, std::coroutine_handle<> parent, Chain &chain)
    {
        m_chain = &chain;
        m_continuation = parent;
        if (chain.m_inlineDepth == maximumInlineDepth) [[unlikely]] {
            chain.m_next = self;
            m_state = State::Suspended;
            return true;
        }
        m_state = State::StartedInline;
        ++chain.m_inlineDepth;
        self.resume();
        --chain.m_inlineDepth;
        if (m_state == State::EndedInline)
            return false;
        m_state = State::Suspended;
        return true;
    }

    std::suspend_always initial_suspend() const noexcept { return {}; }

    class FinalAwaiter
    {
    public:
        bool await_ready() const noexcept { return false; }
        template<std::derived_from<PromiseBase> Promise>
        void await_suspend(std::coroutine_handle<Promise> self) const noexcept
        {
            self.promise().end();
        }
        void await_resume() const noexcept { }
    };
    FinalAwaiter final_suspend() const noexcept { return FinalAwaiter(); }

protected:
    explicit PromiseBase(std::source_location origin) noexcept : m_origin(origin) { }
    ~PromiseBase() = default;

    // The coroutine awaits something at `location`.
    void setLocation(std::source_location location) const noexcept { m_chain->setLocation(location); }

private:
    static constexpr unsigned char maximumInlineDepth = 16;
    enum class State : unsigned char { Suspended, StartedInline, EndedInline };

    void end() noexcept
    {
        if (m_state == State::StartedInline)
            m_state = State::EndedInline;
        else if (m_continuation)
            m_chain->m_next = m_continuation;
        else
            m_chain->markDone();
    }

    Chain *m_chain = nullptr; // nullptr: not started
    std::coroutine_handle<> m_continuation; // null: the outermost task of its chain
    std::source_location m_origin;
    State m_state = State::Suspended;
};

template<typename Promise>
concept TaskPromise = std::derived_from<Promise, PromiseBase>;

// What can be awaited in a Task: what this library makes. Anything else would resume the task behind its chain's back;
// complete a Future<T> from it instead.
template<typename T>
concept Awaitable = requires(T &&awaitable) {
    typename std::remove_cvref_t<T>::InterloopAwaitable;
};

// An await inside this library on behalf of the user's: in messages it stands for the place that the user awaits at.
template<typename T>
concept KeepsLocation = requires { typename std::remove_cvref_t<T>::InterloopKeepsLocation; };

template<typename T>
class ResultPromise : public PromiseBase
{
public:
    Slot<T> &slot() noexcept { return m_slot; }
    void unhandled_exception() noexcept { m_slot.setException(std::current_exception()); }

    template<Awaitable A>
    A &&await_transform(A &&awaitable, std::source_location location = std::source_location::current()) const noexcept
    {
        if constexpr (!KeepsLocation<A>)
            this->setLocation(location);
        return static_cast<A &&>(awaitable);
    }

protected:
    explicit ResultPromise(std::source_location origin) noexcept : PromiseBase(origin) { }

    Slot<T> m_slot;
};

template<typename T>
class Promise final : public ResultPromise<T>
{
public:
    explicit Promise(std::source_location origin = std::source_location::current()) noexcept : ResultPromise<T>(origin)
    {
        static_assert(alignof(Promise) <= 2 * sizeof(void *), "a coroutine's frame has no room for an over-aligned result");
    }
    Task<T> get_return_object() noexcept;

    template<typename U = T>
        requires std::convertible_to<U, T>
    void return_value(U &&value)
    {
        this->m_slot.setValue(std::forward<U>(value));
    }
};

template<>
class Promise<void> final : public ResultPromise<void>
{
public:
    explicit Promise(std::source_location origin = std::source_location::current()) noexcept : ResultPromise<void>(origin) { }
    Task<void> get_return_object() noexcept;
    void return_void() noexcept { m_slot.setValue(); }
};

} // namespace interloop
