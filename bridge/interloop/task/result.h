// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/slot.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

/*
 * How a wait ended, as a value: for callers that must not throw (virtual overrides, event filters, C callbacks), and
 * for failures that are routine.
 *
 * Invariant: a Result whose outcome is Value holds a value; any other outcome holds an exception that says why. A
 * default value is never one of the ways out.
 */

namespace interloop {

// Every way out of a wait.
enum class Outcome : unsigned char {
    Value, // the task returned
    Exception, // the task threw
    TimedOut, // RunOptions::timeout passed
    Cancelled, // somebody cancelled the task, or its caller
    Quit, // the application or the thread was told to end
    ContextDestroyed, // the object given as context died
    Refused, // the wait never began: see Refusal
};

// Why a wait did not begin.
enum class Refusal : unsigned char {
    InsideLibuvCallback, // uv_run is on the stack: libuv's loop is not re-entrant (libuv manual, "uv_run")
    WrongThread, // the task belongs to another thread
    TooDeep, // Bridge::setMaximumDepth waits are on top of each other already, or setMaximumParked stacks are parked
    StackLow, // the stack that the call is made on is nearly used up
    NoSuspend, // a guard of the caller's refuses waits
    Deadlock, // the wait could only end after itself
    NoApplication, // there is no QCoreApplication
    ShuttingDown, // this thread's bridge has ended, or is about to
};

INTERLOOP_EXPORT const char *nameOf(Outcome outcome) noexcept;
INTERLOOP_EXPORT const char *nameOf(Refusal refusal) noexcept;

// What an exception says, for a person: what(), the name of the outcome for Cancelled, "unknown exception" otherwise.
INTERLOOP_EXPORT std::string errorText(const std::exception_ptr &error);

// How `error` ended a wait: the outcome of a Cancelled, TimedOut for a TimeoutError, else Exception.
INTERLOOP_EXPORT Outcome outcomeOf(const std::exception_ptr &error) noexcept;

// Whether `error` is a Cancelled. An outcome alone does not tell: TimedOut may also stand for a TimeoutError.
INTERLOOP_EXPORT bool isCancellation(const std::exception_ptr &error) noexcept;

// Throws what `error` holds if that is a cancellation of the task it was thrown in.
INTERLOOP_EXPORT void rethrowOwnCancellation(const std::exception_ptr &error);

template<typename T = void>
class [[nodiscard]] Result
{
public:
    using Value = T;

    // A Result that holds what `slot` holds. REQUIRES: slot is settled
    Result(Outcome outcome, Slot<T> slot) noexcept(std::is_nothrow_move_constructible_v<Slot<T>>)
        : m_slot(std::move(slot)), m_outcome(outcome)
    {
    }

    // REQUIRES: error, and outcome is not Value
    Result(Outcome outcome, std::exception_ptr error) noexcept : m_outcome(outcome)
    {
        m_slot.setException(std::move(error));
    }

    Outcome outcome() const noexcept { return m_outcome; }
    explicit operator bool() const noexcept { return m_outcome == Outcome::Value; }

    // The value; where there is none, the exception is thrown. The rvalue form moves it out.
    decltype(auto) value() const & { return m_slot.get(); }
    T value() && { return m_slot.take(); }

    // The exception, or null when there is a value.
    std::exception_ptr error() const noexcept { return m_slot.exception(); }

    // What error() says, for a person; empty when there is a value.
    std::string errorString() const { return m_slot.exception() ? errorText(m_slot.exception()) : std::string(); }

private:
    Slot<T> m_slot;
    Outcome m_outcome;
};

} // namespace interloop
