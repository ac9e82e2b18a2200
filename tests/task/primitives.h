// SPDX-License-Identifier: MIT
#pragma once

#include <tests/task/virtualscheduler.h>

#include <interloop/task/astask.h>

#include <QTest>

#include <iterator>
#include <map>
#include <random>
#include <set>

/*
 * What the tests of the synchronisation primitives share.
 */

namespace interloop::test {

// Awaits, and notes how that ends: "a", "a cancelled", "a: <what the error says>".
template<Awaitable A>
Task<> noteEnd(std::string name, A awaitable)
{
    try {
        static_cast<void>(co_await forAwait(awaitable));
        note(name);
    } catch (const Cancelled &) {
        note(name + " cancelled");
        throw;
    } catch (const std::exception &e) {
        note(name + ": " + e.what());
    }
}

// As above, but notes "a has it" and then lets the others go first: a cancellation that came too late for the wait
// itself is thrown there.
template<Awaitable A>
Task<> noteEndAfterYield(std::string name, A awaitable)
{
    const auto body = [](std::string name, A awaitable) -> Task<> {
        static_cast<void>(co_await forAwait(awaitable));
        note(name + " has it");
        co_await yield();
    };
    return noteEnd(name, body(name, std::move(awaitable)));
}

// What a task waits for, in words.
template<typename T>
QString waitOf(const TaskHandle<T> &handle)
{
    const Operation *operation = handle.state().waiting();
    return operation ? QString::fromStdString(operation->describe()) : QString("nothing");
}

// One seeded run of random operations against a model: the tasks that take part, and the first thing that is not as the
// model says. A task calls `begin` first and `end` last.
class Torture
{
public:
    explicit Torture(VirtualScheduler &loop, unsigned seed) : m_loop(loop), m_random(seed), m_seed(seed) { }

    // Empty when all was as the model says.
    QString failure() const { return m_failure; }

protected:
    // 0 ... end - 1
    int below(int end) { return int(m_random() % unsigned(end)); }

    void require(bool isTrue, const std::string &what)
    {
        if (!isTrue && m_failure.isEmpty())
            m_failure = QString("seed %1: %2").arg(m_seed).arg(QString::fromStdString(what));
    }

    // Spawns `body(*this, id)`; ids count up.
    template<typename Self, typename... Args>
    void add(Task<> (*body)(Self &, int, Args...), Args... args)
    {
        m_tasks.emplace(m_next, spawn(body(static_cast<Self &>(*this), m_next, args...)));
        ++m_next;
    }
    void begin(int id) { m_begun.insert(id); }
    void end(int id)
    {
        m_tasks.erase(id);
        m_begun.erase(id);
    }
    bool hasTasks() const { return !m_tasks.empty(); }

    // Cancels one of the tasks, which may have been cancelled before; -1 when it had not begun, and never will.
    int cancelSomebody()
    {
        if (m_tasks.empty())
            return -1;
        const auto chosen = std::next(m_tasks.begin(), below(int(m_tasks.size())));
        const int id = chosen->first;
        chosen->second.cancel();
        if (m_begun.contains(id))
            return id;
        m_tasks.erase(chosen);
        return -1;
    }

    void cancelAll()
    {
        for (const auto &[id, handle] : m_tasks)
            handle.cancel();
    }

    // Up to five of the operations that are ready.
    void step()
    {
        for (int steps = below(6); steps > 0 && m_loop.hasReady(); --steps)
            m_loop.step();
    }

    VirtualScheduler &m_loop;

private:
    std::map<int, TaskHandle<>> m_tasks; // not ended
    int m_next = 0;
    std::set<int> m_begun; // and not ended
    std::mt19937 m_random;
    unsigned m_seed;
    QString m_failure;
};

inline void addSeeds()
{
    QTest::addColumn<unsigned>("seed");
    for (unsigned seed = 1; seed <= 5; ++seed)
        QTest::addRow("seed %u", seed) << seed;
}

// Runs 10,000 operations of a torture with the row's seed; what failed.
template<typename T>
QString tortureFailure(VirtualScheduler &loop)
{
    QFETCH(unsigned, seed);
    T torture(loop, seed);
    torture.run(10'000);
    return torture.failure();
}

} // namespace interloop::test
