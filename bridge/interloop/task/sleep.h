// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/waitoperation.h>

#include <chrono>

/*
 * Waiting for time to pass, and letting others go first.
 *
 * Starts: at the await. Resumes: from the ready queue; equal deadlines in the order in which they were started.
 * Cancel: at once.
 */

namespace interloop {

class INTERLOOP_EXPORT SleepAwaiter final : public WaitOperation, private Timer
{
public:
    explicit SleepAwaiter(std::chrono::nanoseconds delay) noexcept : m_delay(delay) { }
    explicit SleepAwaiter(TimePoint deadline) noexcept : m_deadline(deadline) { }
    void await_resume() const { throwIfCancelled(); }
    std::string describe() const override { return "a timer"; }

private:
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    void expire() override { complete(); }

    std::chrono::nanoseconds m_delay = {};
    TimePoint m_deadline = TimePoint::min(); // min(): m_delay after the await begins
};

// What sleepFor and sleepUntil return: a time to be awaited, once or several times.
template<typename Time>
class Sleep
{
public:
    using Value = void;
    using InterloopAwaitable = void;

    explicit Sleep(Time time) noexcept : m_time(time) { }
    SleepAwaiter operator co_await() const noexcept { return SleepAwaiter(m_time); }

private:
    Time m_time;
};

class INTERLOOP_EXPORT YieldAwaiter final : public WaitOperation
{
public:
    template<TaskPromise Promise>
    bool await_suspend(std::coroutine_handle<Promise> coroutine)
    {
        return suspendReady(coroutine, coroutine.promise().chain());
    }
    void await_resume() const { throwIfCancelled(); }
    std::string describe() const override { return "its next turn"; }

private:
    Begun begin() override;
    bool abandon(CancelMode mode) override;
};

class Yield
{
public:
    using Value = void;
    using InterloopAwaitable = void;

    Yield() noexcept = default; // declared: no aggregate (g++ 12 destroys temporaries of such types twice)
    YieldAwaiter operator co_await() const noexcept { return YieldAwaiter(); }
};

// Waits for `delay`, counted from the await, never less. Zero or negative: as `yield`.
inline Sleep<std::chrono::nanoseconds> sleepFor(std::chrono::nanoseconds delay) noexcept
{
    return Sleep(delay);
}

// Waits until the monotonic clock shows `deadline`, never less. A deadline that has passed: as `yield`.
inline Sleep<TimePoint> sleepUntil(TimePoint deadline) noexcept
{
    return Sleep(deadline);
}

// Lets everything that is ready now go first.
inline Yield yield() noexcept
{
    return Yield();
}

} // namespace interloop
