// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/generatorpromise.h>

#include <utility>

/*
 * A coroutine that gives many results, one at a time, and may wait between them: Python's async generator.
 *
 *     AsyncGenerator<QByteArray> lines(TcpSocket &socket);   // co_yield line; co_await socket.read(...);
 *
 *     auto all = lines(socket);
 *     for (auto line = co_await all.next(); line; line = co_await all.next())
 *         use(*line);
 *
 * That is the form of the loop: g++ 12 miscompiles a co_await in a condition. (And it destroys the temporary aggregate
 * of a `co_yield Item{...}` twice: name it, then move it.) The body runs as a part of whatever task awaits next(), and
 * only then; between two items it does nothing. Destroyed half-way, a generator destroys what its body holds; the body
 * does not go on, so clean-up that waits belongs behind the consumer's loop. Loops and deep nests need no stack; only a
 * nest that is destroyed half-way does, as nested objects do (g++ -O2: 80 bytes a level).
 */

namespace interloop {

[[noreturn]] INTERLOOP_EXPORT void throwEmptyGenerator();

// The next item of a generator, to be awaited.
template<typename T>
class GeneratorNext
{
public:
    using Value = GeneratorItem<T>;
    using InterloopAwaitable = void;
    using Handle = std::coroutine_handle<GeneratorPromise<T>>;

    class Awaiter;

    explicit GeneratorNext(Handle handle) noexcept : m_handle(handle) { }
    Awaiter operator co_await() const noexcept { return Awaiter(m_handle); }

private:
    Handle m_handle;
};

template<typename T>
class GeneratorNext<T>::Awaiter
{
public:
    explicit Awaiter(Handle handle) noexcept : m_handle(handle) { }

    bool await_ready() const noexcept { return m_handle.done(); }

    template<TaskPromise Parent>
    bool await_suspend(std::coroutine_handle<Parent> parent)
    {
        Chain &chain = parent.promise().chain();
        m_handle.promise().body.begin(chain);
        m_hasRun = true;
        return m_handle.promise().startChild(m_handle, parent, chain);
    }

    Value await_resume()
    {
        if (!m_hasRun)
            return Value();
        const Finish finish(m_handle);
        Value item = m_handle.promise().slot().take();
        if constexpr (std::is_reference_v<T>) {
            if (m_handle.promise().body.isOrphaned())
                item = nullptr; // what it refers to may go with the body
        }
        return item;
    }

private:
    // At the end of the await, also when it throws.
    class Finish
    {
    public:
        explicit Finish(Handle handle) noexcept : m_handle(handle) { }
        ~Finish()
        {
            m_handle.promise().body.finish();
            if (m_handle.promise().body.isOrphaned())
                m_handle.destroy();
        }

    private:
        Handle m_handle;
    };

    Handle m_handle;
    bool m_hasRun = false; // false: the generator has come to its end before
};

template<typename T>
class [[nodiscard]] AsyncGenerator
{
    static_assert(!std::is_void_v<T> && !std::is_rvalue_reference_v<T>, "an item is a value or an lvalue reference");

public:
    using Item = GeneratorItem<T>;
    using promise_type = GeneratorPromise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    AsyncGenerator() noexcept = default; // empty: next() throws std::logic_error
    explicit AsyncGenerator(Handle handle) noexcept : m_handle(handle) { }
    AsyncGenerator(AsyncGenerator &&other) noexcept : m_handle(std::exchange(other.m_handle, {})) { }
    AsyncGenerator &operator=(AsyncGenerator &&other) noexcept
    {
        AsyncGenerator taken(std::move(other));
        std::swap(m_handle, taken.m_handle);
        return *this;
    }
    ~AsyncGenerator()
    {
        if (m_handle && m_handle.promise().body.release())
            m_handle.destroy();
    }

    // The next item, moved out; empty at the end, then and ever after. What the body throws comes out here, once, and
    // is its end too.
    // Starts: when awaited, where the body was; one await at a time, else std::logic_error. Resumes: at the body's next
    // co_yield or its end, directly. Cancel: reaches whatever the body waits for; the body unwinds, and has then ended.
    // Buffers: an item by reference lives until the next await, or as long as the body says.
    GeneratorNext<T> next() const
    {
        if (!m_handle)
            throwEmptyGenerator();
        return GeneratorNext<T>(m_handle);
    }

private:
    Handle m_handle;
};

template<typename T>
AsyncGenerator<T> GeneratorPromise<T>::get_return_object() noexcept
{
    return AsyncGenerator<T>(std::coroutine_handle<GeneratorPromise>::from_promise(*this));
}

} // namespace interloop
