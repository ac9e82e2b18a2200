// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/result.h>

#include <stdexcept>
#include <system_error>

/*
 * What a wait can throw besides the task's own exceptions.
 *
 * `Cancelled` is no std::exception, so that `catch (const std::exception &)` in the middle of a task does not swallow
 * a cancellation (asyncio learned this in Python 3.8).
 */

namespace interloop {

class INTERLOOP_EXPORT Cancelled
{
public:
    // Whom the cancellation was meant for.
    enum class Whom : unsigned char {
        Self, // the task it is thrown in
        Awaited, // what that task waited for; the task itself may go on
    };

    explicit Cancelled(Outcome outcome = Outcome::Cancelled, Whom whom = Whom::Self) noexcept
        : m_outcome(outcome), m_whom(whom)
    {
    }

    // Cancelled, Quit, ContextDestroyed or, inside a run with a timeout, TimedOut.
    Outcome outcome() const noexcept { return m_outcome; }
    Whom whom() const noexcept { return m_whom; }

private:
    Outcome m_outcome;
    Whom m_whom;
};

class INTERLOOP_EXPORT TimeoutError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

// A wait that was refused. The message names what was refused and why.
class INTERLOOP_EXPORT RunSyncError : public std::runtime_error
{
public:
    RunSyncError(Refusal reason, const std::string &text);
    Refusal reason() const noexcept { return m_reason; }

private:
    Refusal m_reason;
};

// The object whose signal or result was awaited is gone.
class INTERLOOP_EXPORT SenderDestroyed : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

// libuv's error codes (negative, as libuv returns them). A code that stands for an errno compares equal to its
// std::errc: `e.code() == std::errc::connection_refused`. Source: libuv manual, "Error handling".
INTERLOOP_EXPORT const std::error_category &uvCategory() noexcept;

// A std::system_error for libuv's `code`; `what` names the operation and its object: "connect 127.0.0.1:1".
INTERLOOP_EXPORT std::system_error uvError(int code, const std::string &what);

} // namespace interloop
