// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/qt/signallistener.h>
#include <interloop/task/feed.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

/*
 * The emissions of a signal as an asynchronous sequence, for consumers that must not miss any:
 *
 *     auto readings = signalsOf(sensor, &Sensor::measured, 1000);
 *     for (auto reading = co_await readings.next(); reading; reading = co_await readings.next())
 *         use(*reading);
 *
 * It listens from the call on, and keeps what nobody has taken yet, up to its capacity. Nothing is lost within that. At
 * one emission more it stops listening: what was kept is delivered, then SignalOverflow is thrown, then it has ended.
 */

namespace interloop {

// More emissions than a sequence keeps: the consumer is too slow. The message names the signal and the bound.
class INTERLOOP_EXPORT SignalOverflow : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

// The untyped part of a sequence.
class INTERLOOP_EXPORT SignalFeedBase : public SignalListener
{
public:
    virtual ~SignalFeedBase() = default;

    void open();

    // An end that the consumer wanted.
    void close() noexcept;

    using SignalListener::stopListening;

protected:
    SignalFeedBase(SignalSource source, std::size_t capacity);

    // No more emissions. Allowed in a slot.
    void fail(std::exception_ptr error) noexcept;
    std::exception_ptr overflow() const;
    std::string describeSignal() const { return "signal " + source().name(); }

private:
    virtual void endFeed(std::exception_ptr error) noexcept = 0;
    void signalEnded(std::exception_ptr error) noexcept override { fail(std::move(error)); }

    std::size_t m_capacity;
};

template<typename Item>
class SignalFeed : public SignalFeedBase, public Feed<Item>
{
public:
    template<typename... Values>
    void receive(const Values &...values) noexcept
    {
        try {
            if (!this->offer(Item(values...)))
                fail(overflow());
        } catch (...) {
            fail(std::current_exception());
        }
    }
    std::string describe() const override { return describeSignal(); }

protected:
    SignalFeed(SignalSource source, std::size_t capacity)
        : SignalFeedBase(std::move(source), capacity), Feed<Item>(capacity)
    {
    }

private:
    void endFeed(std::exception_ptr error) noexcept override { Feed<Item>::end(std::move(error)); }
};

template<typename Signal>
class SignalFeedOf final : public SignalFeed<typename SignalParts<Signal>::Stored>
{
    using Feed = SignalFeed<typename SignalParts<Signal>::Stored>;

public:
    SignalFeedOf(SignalSource source, Signal signal, std::size_t capacity)
        : Feed(std::move(source), capacity), m_signal(signal)
    {
    }

private:
    void connectSignal(QObject *sender, QObject *receiver, SignalGuard guard) override
    {
        connectListener<Feed>(sender, m_signal, receiver, std::move(guard));
    }

    Signal m_signal;
};

template<typename Item>
class SignalNextAwaiter final : public FeedNext<Item>
{
public:
    explicit SignalNextAwaiter(std::shared_ptr<SignalFeed<Item>> feed) noexcept
        : FeedNext<Item>(*feed), m_feed(std::move(feed))
    {
    }

    std::optional<Item> await_resume()
    {
        if (m_feed->hasEnded())
            m_feed->stopListening(); // what ended it in a slot could not
        return FeedNext<Item>::await_resume();
    }

private:
    std::shared_ptr<SignalFeed<Item>> m_feed; // the sequence may be gone when the waiter goes on
};

// What SignalSequence::next() returns.
template<typename Item>
class [[nodiscard]] SignalNext
{
public:
    using Value = std::optional<Item>;
    using InterloopAwaitable = void;

    explicit SignalNext(std::shared_ptr<SignalFeed<Item>> feed) noexcept : m_feed(std::move(feed)) { }
    SignalNextAwaiter<Item> operator co_await() const noexcept { return SignalNextAwaiter<Item>(m_feed); }

private:
    std::shared_ptr<SignalFeed<Item>> m_feed;
};

// T is void, the signal's one value, or a std::tuple of its values. Belongs to the thread that made it; movable.
template<typename T>
class [[nodiscard]] SignalSequence
{
public:
    using Item = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

    explicit SignalSequence(std::shared_ptr<SignalFeed<Item>> feed) noexcept : m_feed(std::move(feed)) { }
    SignalSequence(SignalSequence &&other) noexcept = default;
    SignalSequence &operator=(SignalSequence &&other) noexcept
    {
        SignalSequence taken(std::move(other));
        std::swap(m_feed, taken.m_feed);
        return *this;
    }
    ~SignalSequence() // as close()
    {
        if (m_feed)
            m_feed->close();
    }

    // The oldest emission that is kept, or the next one; empty at the end, then and ever after. Several tasks may wait,
    // first come, first served.
    // Starts: when awaited. Resumes: from the ready queue, at once when an emission is kept. Cancel: at once, unless an
    // emission has been handed over already: that one is returned; nothing is lost.
    // Throws once, when nothing is kept any more: SignalOverflow; SenderDestroyed when the sender has died or was null; a
    // std::runtime_error when somebody else has cut the connection; what copying an argument threw.
    SignalNext<Item> next() const { return SignalNext<Item>(feed()); }

    // How many emissions are kept now.
    std::size_t size() const { return feed()->size(); }

    // Disconnects. What is kept can still be taken; then comes the end, also for those who wait.
    void close() { feed()->close(); }

private:
    const std::shared_ptr<SignalFeed<Item>> &feed() const
    {
        if (!m_feed)
            throw std::logic_error("an empty SignalSequence: moved from");
        return m_feed;
    }

    std::shared_ptr<SignalFeed<Item>> m_feed; // null: moved from
};

// Listens to `signal` from now on; the values are as signalOf() gives them. Throws std::invalid_argument when `capacity`
// is 0. `sender` is not owned; it may live in any thread, and must be alive now, or null. From another thread emissions
// come through the event queue of this one: the bound counts them from there on.
template<typename Object, typename Signal>
    requires SignalOfObject<Signal, Object>
SignalSequence<typename SignalParts<Signal>::Value> signalsOf(const Object *sender, Signal signal, std::size_t capacity)
{
    auto feed = std::make_shared<SignalFeedOf<Signal>>(SignalSource(sender, QMetaMethod::fromSignal(signal)), signal, capacity);
    feed->open();
    return SignalSequence<typename SignalParts<Signal>::Value>(std::move(feed));
}

} // namespace interloop
