// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/resumeorder.h>
#include <interloop/task/scheduler.h>

#include <QTest>
#include <QtGlobal>

#include <cstdint>
#include <memory>
#include <optional>

/*
 * Tests that must not depend on the order in which tasks that are ready at the same time go on.
 *
 *     RandomOrder order; // INTERLOOP_TEST_SEED=7 ./tst_cache
 *
 * Each pass over this thread's ready queue is shuffled: what is ready when it begins; what becomes ready meanwhile waits
 * for the next one. The same seed gives the same order, always, for a program in which only tasks and a VirtualClock
 * decide what becomes ready when. When the test function fails, the seed is printed.
 */

namespace interloop {

// What the environment variable INTERLOOP_TEST_SEED says.
inline std::optional<std::uint64_t> seedFromEnvironment()
{
    bool isNumber = false;
    const qulonglong seed = qEnvironmentVariable("INTERLOOP_TEST_SEED").toULongLong(&isNumber, 0);
    return isNumber ? std::optional<std::uint64_t>(seed) : std::nullopt;
}

// Puts another order in force on this thread's scheduler for as long as it lives.
class OrderScope
{
public:
    explicit OrderScope(ResumeOrder order)
        : m_mailbox(currentScheduler().mailbox()), m_outer(currentScheduler().exchangeOrder(order))
    {
        ++inForce;
    }
    ~OrderScope()
    {
        --inForce;
        Scheduler *scheduler = existingScheduler();
        if (scheduler && scheduler->mailbox() == m_mailbox)
            scheduler->exchangeOrder(m_outer);
    }
    OrderScope(const OrderScope &) = delete;
    OrderScope &operator=(const OrderScope &) = delete;

    // Whether somebody on this thread has said in which order tasks resume.
    static bool isInForce() noexcept { return inForce > 0; }

private:
    static inline thread_local int inForce = 0;

    std::shared_ptr<Mailbox> m_mailbox; // whose order it is
    ResumeOrder m_outer;
};

class RandomOrder
{
public:
    // With the seed from the environment; when that has none, the order stays as it is.
    RandomOrder() : RandomOrder(seedFromEnvironment()) { }
    explicit RandomOrder(std::uint64_t seed) : RandomOrder(std::optional(seed)) { }
    ~RandomOrder()
    {
        if (m_seed && QTest::currentTestFailed())
            qWarning("the order was random: INTERLOOP_TEST_SEED=%llu", static_cast<unsigned long long>(*m_seed));
    }
    RandomOrder(const RandomOrder &) = delete;
    RandomOrder &operator=(const RandomOrder &) = delete;

private:
    explicit RandomOrder(std::optional<std::uint64_t> seed) : m_seed(seed)
    {
        if (seed)
            m_scope.emplace(ResumeOrder(*seed));
    }

    std::optional<std::uint64_t> m_seed;
    std::optional<OrderScope> m_scope;
};

// First come, first served, whatever the environment says: for a test whose subject is that order.
class FifoOrder
{
public:
    FifoOrder() : m_scope(ResumeOrder()) { }

private:
    OrderScope m_scope;
};

} // namespace interloop
