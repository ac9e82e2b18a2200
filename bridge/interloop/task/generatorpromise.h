// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/bodyscopes.h>
#include <interloop/task/promise.h>

#include <memory>
#include <optional>
#include <source_location>
#include <utility>

/*
 * What an AsyncGenerator's coroutine carries. Each await of an item runs the body as a child of the awaiting coroutine
 * would be run, from where it was; a co_yield ends that as a task's end does.
 */

namespace interloop {

// What next() gives: an std::optional<T>, empty at the end; a pointer, null at the end, for an AsyncGenerator<T &>.
template<typename T>
using GeneratorItem = std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::optional<T>>;

template<typename T>
class AsyncGenerator;

// The body, apart from its items.
class INTERLOOP_EXPORT GeneratorBody
{
public:
    // The body is about to run as a part of `chain`. Throws std::logic_error when it does already.
    void begin(Chain &chain);

    // The body has come to a co_yield or to its end.
    void suspend(Chain &chain) noexcept { m_scopes.leave(chain); }

    // Whoever awaited it goes on.
    void finish() noexcept { m_isBusy = false; }

    // The generator goes. False: the body is not at rest, and whoever awaits it has to destroy the coroutine.
    bool release() noexcept
    {
        m_isOrphaned = true;
        return !m_isBusy;
    }
    bool isOrphaned() const noexcept { return m_isOrphaned; }

private:
    BodyScopes m_scopes;
    bool m_isBusy = false; // from an await's begin until its awaiter goes on
    bool m_isOrphaned = false;
};

template<typename T>
class GeneratorPromise final : public ResultPromise<GeneratorItem<T>>
{
public:
    explicit GeneratorPromise(std::source_location origin = std::source_location::current()) noexcept
        : ResultPromise<GeneratorItem<T>>(origin)
    {
    }
    AsyncGenerator<T> get_return_object() noexcept;

    class Suspension
    {
    public:
        Suspension() noexcept = default;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<GeneratorPromise> self) const noexcept
        {
            self.promise().body.suspend(self.promise().chain());
            PromiseBase::FinalAwaiter().await_suspend(self);
        }
        void await_resume() const noexcept { }
    };
    Suspension final_suspend() const noexcept { return Suspension(); }

    template<std::convertible_to<T> U>
        requires(!std::is_reference_v<T>)
    Suspension yield_value(U &&value)
    {
        this->m_slot.setValue(std::in_place, std::forward<U>(value));
        return Suspension();
    }
    Suspension yield_value(T value) noexcept
        requires std::is_reference_v<T>
    {
        this->m_slot.setValue(std::addressof(value));
        return Suspension();
    }
    void return_void() { this->m_slot.setValue(); } // no item

    GeneratorBody body;
};

} // namespace interloop
