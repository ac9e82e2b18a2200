// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/queuebase.h>

#include <optional>
#include <utility>

/*
 * The waits of a Queue<T>: for room, with the item that needs it, and for an item.
 */

namespace interloop {

template<typename T>
class Queue;

template<typename T>
class QueuePutAwaiter final : public Waiter
{
public:
    QueuePutAwaiter(Queue<T> &queue, T &&item) : m_queue(queue), m_item(std::move(item)) { }
    void await_resume() const { throwUnlessGranted(); }
    std::string describe() const override { return "room in a queue"; }

private:
    friend class Queue<T>;

    Begun begin() override // throws QueueClosed
    {
        if (m_queue.isClosed())
            throwPutIntoClosed();
        if (m_queue.offer(m_item))
            return Begun::Ready;
        m_queue.addPutter(*this);
        return Begun::Waiting;
    }

    Queue<T> &m_queue;
    T m_item; // the queue takes it before it wakes the waiter
};

// What Queue::put returns.
template<typename T>
class QueuePut
{
public:
    using Value = void;
    using InterloopAwaitable = void;

    QueuePut(Queue<T> &queue, T &&item) : m_queue(&queue), m_item(std::move(item)) { }
    QueuePutAwaiter<T> operator co_await() && { return QueuePutAwaiter<T>(*m_queue, std::move(m_item)); }
    void operator co_await() & = delete; // an item can be put once: co_await std::move(put)

private:
    Queue<T> *m_queue;
    T m_item;
};

template<typename T>
class QueueTakeAwaiter : public Waiter
{
public:
    std::string describe() const override { return "an item of a queue"; }

protected:
    explicit QueueTakeAwaiter(Queue<T> &queue) noexcept : m_queue(queue) { }
    ~QueueTakeAwaiter() = default;

    std::optional<T> m_item; // the wait is over and there is none: the queue is closed

private:
    friend class Queue<T>;

    Begun begin() override
    {
        if (m_queue.take(m_item) || m_queue.isClosed())
            return Begun::Ready;
        m_queue.addGetter(*this);
        return Begun::Waiting;
    }

    Queue<T> &m_queue;
};

template<typename T>
class QueueGetAwaiter final : public QueueTakeAwaiter<T>
{
public:
    explicit QueueGetAwaiter(Queue<T> &queue) noexcept : QueueTakeAwaiter<T>(queue) { }
    T await_resume()
    {
        this->throwUnlessGranted();
        if (!this->m_item)
            throwGetFromClosed();
        return *std::move(this->m_item);
    }
};

template<typename T>
class QueueNextAwaiter final : public QueueTakeAwaiter<T>
{
public:
    explicit QueueNextAwaiter(Queue<T> &queue) noexcept : QueueTakeAwaiter<T>(queue) { }
    std::optional<T> await_resume()
    {
        this->throwUnlessGranted();
        return std::move(this->m_item);
    }
};

} // namespace interloop
