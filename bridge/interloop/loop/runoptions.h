// SPDX-License-Identifier: MIT
#pragma once

#include <QtGlobal>

#include <chrono>

QT_BEGIN_NAMESPACE
class QObject;
QT_END_NAMESPACE

/*
 * How a blocking wait may end besides with its task, and what the user may do meanwhile.
 */

namespace interloop {

// Whether windows take mouse and keyboard events during a wait.
enum class Input : unsigned char {
    Allow, // they do: Cancel buttons and Esc must work
    Exclude, // they wait until the wait is over, which nests
};

// How a wait keeps its stack.
enum class Wait : unsigned char {
    Park, // off the thread, where that is possible: waits then end in any order. Elsewhere as Nest
    Nest, // in an event loop on top of it: the wait returns after those that are begun on top of it meanwhile
};

class RunOptions
{
public:
    RunOptions() noexcept = default;

    // Cancels the task after `limit` and ends the wait with TimedOut. Zero or negative: at the first suspension.
    RunOptions &timeout(std::chrono::nanoseconds limit) noexcept
    {
        m_timeout = limit;
        m_hasTimeout = true;
        return *this;
    }

    // Cancels the task when `object` is destroyed and ends the wait with ContextDestroyed. nullptr: no context.
    RunOptions &context(QObject *object) noexcept
    {
        m_context = object;
        return *this;
    }

    RunOptions &input(Input input) noexcept
    {
        m_input = input;
        return *this;
    }

    RunOptions &wait(Wait wait) noexcept
    {
        m_wait = wait;
        return *this;
    }

    bool hasTimeout() const noexcept { return m_hasTimeout; }
    std::chrono::nanoseconds timeout() const noexcept { return m_timeout; }
    QObject *context() const noexcept { return m_context; }
    Input input() const noexcept { return m_input; }
    Wait wait() const noexcept { return m_wait; }

private:
    std::chrono::nanoseconds m_timeout = {};
    QObject *m_context = nullptr; // not owned
    bool m_hasTimeout = false;
    Input m_input = Input::Allow;
    Wait m_wait = Wait::Park;
};

} // namespace interloop
