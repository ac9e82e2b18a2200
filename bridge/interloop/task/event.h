// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/waiter.h>

/*
 * A flag that tasks wait for: asyncio's Event. For "it has happened", told to any number of tasks; a Future when it
 * also carries a result.
 *
 * Belongs to one thread. While it is set nobody waits for it.
 */

namespace interloop {

class Event;

class INTERLOOP_EXPORT EventAwaiter final : public Waiter
{
public:
    explicit EventAwaiter(Event &event) noexcept : m_event(event) { }
    void await_resume() const { throwUnlessGranted(); }
    std::string describe() const override { return "an event"; }

private:
    Begun begin() override;

    Event &m_event;
};

class INTERLOOP_EXPORT Event
{
public:
    Event() noexcept = default; // not set
    ~Event(); // whoever still waits gets a std::runtime_error
    Event(const Event &) = delete;
    Event &operator=(const Event &) = delete;

    // Wakes all who wait, also when clear() follows before they go on.
    // Only queues: allowed inside a raw libuv callback.
    void set() noexcept;
    void clear() noexcept { m_isSet = false; }
    bool isSet() const noexcept { return m_isSet; }

    // Starts: at the await. Resumes: from the ready queue, in the order of waiting; at once when the event is set.
    // Cancel: ends this wait at once; the event and its other waiters are untouched.
    WaitFor<EventAwaiter, Event> wait() noexcept { return WaitFor<EventAwaiter, Event>(*this); }

private:
    friend class EventAwaiter;

    List<EventAwaiter> m_waiters;
    bool m_isSet = false;
};

} // namespace interloop
