// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/waiter.h>

#include <cstddef>
#include <stdexcept>

/*
 * What of a Queue<T> does not depend on the type: who waits, and whether it is closed.
 */

namespace interloop {

// The queue takes no item any more, or has none left. asyncio's QueueShutDown.
class INTERLOOP_EXPORT QueueClosed : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

class INTERLOOP_EXPORT QueueBase
{
public:
    static constexpr std::size_t unbounded = 0;

    QueueBase(const QueueBase &) = delete;
    QueueBase &operator=(const QueueBase &) = delete;

    std::size_t maximumSize() const noexcept { return m_maximumSize; }

    // No more items: whoever waits for room gets QueueClosed. What is in the queue can still be taken; then comes the
    // end, also for those who wait for an item. Does nothing a second time. Only queues.
    void close() noexcept;
    bool isClosed() const noexcept { return m_isClosed; }

protected:
    explicit QueueBase(std::size_t maximumSize) noexcept : m_maximumSize(maximumSize) { }
    ~QueueBase(); // whoever still waits gets a std::runtime_error

    void addGetter(Waiter &waiter) noexcept { m_getters.append(waiter); }
    bool hasGetter() const noexcept { return !m_getters.isEmpty(); }
    Waiter &firstGetter() const noexcept { return m_getters.first(); }
    void wakeFirstGetter() noexcept { m_getters.takeFirst().wake(); }

    void addPutter(Waiter &waiter) noexcept { m_putters.append(waiter); }
    bool hasPutter() const noexcept { return !m_putters.isEmpty(); }
    Waiter &firstPutter() const noexcept { return m_putters.first(); }
    void wakeFirstPutter() noexcept { m_putters.takeFirst().wake(); }

private:
    List<Waiter> m_getters; // empty unless the queue is empty and open
    List<Waiter> m_putters; // empty unless the queue is full and open
    std::size_t m_maximumSize;
    bool m_isClosed = false;
};

[[noreturn]] INTERLOOP_EXPORT void throwPutIntoClosed();
[[noreturn]] INTERLOOP_EXPORT void throwGetFromClosed();

} // namespace interloop
