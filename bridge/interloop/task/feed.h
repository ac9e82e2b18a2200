// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/queue.h>

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>

/*
 * What lies behind an asynchronous sequence of things that happen outside the program: what has come and nobody has
 * taken yet, up to a bound, who waits for more, and how it ended.
 *
 * Nothing is lost in silence: what does not fit is for the owner to tell, by an end with an error. What was kept is
 * delivered first, then the error, once, and then the sequence is at its end for ever.
 */

namespace interloop {

template<typename Item>
class FeedNext;

template<typename Item>
class Feed
{
public:
    Feed(const Feed &) = delete;
    Feed &operator=(const Feed &) = delete;

    // What a consumer waits for.
    virtual std::string describe() const = 0;

    std::size_t size() const noexcept { return m_queue.size(); }
    bool hasEnded() const noexcept { return m_queue.isClosed(); }

    // Nothing more comes; the first end counts. No error: an end that the consumer wanted. Only queues; allowed inside a
    // raw libuv callback, as offer() is.
    void end(std::exception_ptr error = nullptr) noexcept
    {
        if (hasEnded())
            return;
        m_error = std::move(error);
        m_queue.close();
    }

protected:
    explicit Feed(std::size_t capacity) noexcept : m_queue(capacity) { }
    ~Feed() = default;

    // False: there is no room. Only queues. REQUIRES: !hasEnded()
    bool offer(Item &&item) noexcept
    {
        try {
            return m_queue.tryPut(std::move(item));
        } catch (...) {
            end(std::current_exception());
            return true;
        }
    }

private:
    friend class FeedNext<Item>;

    Queue<Item> m_queue;
    std::exception_ptr m_error; // null: none, or thrown already
};

// The wait for a feed's next item: the oldest that is kept, or the next that comes; nothing at the end. Await it in
// place, with a reference to the feed's owner beside it.
template<typename Item>
class FeedNext : public QueueTakeAwaiter<Item>
{
public:
    explicit FeedNext(Feed<Item> &feed) noexcept : QueueTakeAwaiter<Item>(feed.m_queue), m_feed(feed) { }

    std::optional<Item> await_resume()
    {
        this->throwUnlessGranted();
        if (!this->m_item && m_feed.m_error)
            std::rethrow_exception(std::exchange(m_feed.m_error, nullptr));
        return std::move(this->m_item);
    }
    std::string describe() const override { return m_feed.describe(); }

private:
    Feed<Item> &m_feed;
};

} // namespace interloop
