// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/queuewait.h>

#include <concepts>
#include <deque>
#include <optional>
#include <utility>

/*
 * Items from tasks that produce them to tasks that use them up, in order: asyncio's Queue. A maximum size makes
 * producers wait for consumers. T may be move-only.
 *
 *     for (;;) {
 *         const std::optional<Job> job = co_await jobs.next();
 *         if (!job)
 *             break; // closed, and nothing is left
 *         ...
 *     }
 *
 * Belongs to one thread. An item goes straight to the longest waiter. So while somebody waits for an item there is
 * none, and while somebody waits for room the queue is full.
 */

namespace interloop {

template<typename T>
class Queue : public QueueBase
{
public:
    // Without a maximum there is always room.
    explicit Queue(std::size_t maximumSize = unbounded) noexcept : QueueBase(maximumSize) { }

    // How many items could be taken now.
    std::size_t size() const noexcept { return m_items.size(); }
    bool isEmpty() const noexcept { return m_items.empty(); }
    bool isFull() const noexcept { return maximumSize() != unbounded && size() >= maximumSize(); }

    // Puts an item at the end of the queue, when there is room. Throws QueueClosed, and the item is gone.
    // Starts: at the await. Resumes: from the ready queue, in the order of waiting; at once when there is room.
    // Cancel: ends this wait at once, and the item is gone, unless the queue has taken it already.
    // g++ 12 destroys a temporary of an aggregate type in an await twice: name such an item and move it.
    QueuePut<T> put(T &&item) { return QueuePut<T>(*this, std::move(item)); }
    QueuePut<T> put(const T &item)
        requires std::copy_constructible<T>
    {
        return QueuePut<T>(*this, T(item));
    }

    // Takes the first item. Throws QueueClosed when the queue is closed and none is left.
    // Starts: at the await. Resumes: from the ready queue, in the order of waiting; at once when there is an item.
    // Cancel: ends this wait at once, unless an item has been handed over already: that one is returned.
    // In a race the loser's result is dropped, and with it an item that it got.
    WaitFor<QueueGetAwaiter<T>, Queue> get() noexcept { return WaitFor<QueueGetAwaiter<T>, Queue>(*this); }

    // As get(), but nothing instead of QueueClosed: for loops.
    WaitFor<QueueNextAwaiter<T>, Queue> next() noexcept { return WaitFor<QueueNextAwaiter<T>, Queue>(*this); }

    // False, and the item is untouched, when there is no room or the queue is closed. Allowed inside a raw libuv
    // callback, as close() is: both only queue.
    bool tryPut(T &&item) { return offer(item); }
    bool tryPut(const T &item)
        requires std::copy_constructible<T>
    {
        if (isClosed() || isFull())
            return false;
        T copy(item);
        return offer(copy);
    }

    // Takes the first item when there is one.
    std::optional<T> tryGet()
    {
        std::optional<T> item;
        take(item);
        return item;
    }

private:
    friend class QueuePutAwaiter<T>;
    friend class QueueTakeAwaiter<T>;

    // Moves the item to whoever waits for one, or into the queue. False: it could not go anywhere.
    bool offer(T &item)
    {
        if (isClosed())
            return false;
        if (hasGetter()) {
            static_cast<QueueTakeAwaiter<T> &>(firstGetter()).m_item.emplace(std::move(item));
            wakeFirstGetter();
            return true;
        }
        if (isFull())
            return false;
        m_items.push_back(std::move(item));
        return true;
    }

    // Moves the first item out, and that of whoever waits for room in. False: there is none.
    bool take(std::optional<T> &item)
    {
        if (isEmpty())
            return false;
        if (hasPutter()) {
            m_items.push_back(std::move(static_cast<QueuePutAwaiter<T> &>(firstPutter()).m_item));
            wakeFirstPutter();
        }
        item.emplace(std::move(m_items.front()));
        m_items.pop_front();
        return true;
    }

    std::deque<T> m_items; // in the order in which they were put
};

} // namespace interloop
