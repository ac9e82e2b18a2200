// SPDX-License-Identifier: MIT
#pragma once

#include <tests/task/virtualscheduler.h>

#include <interloop/task/astask.h>

#include <random>

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

// As above, but notes "a has it" and then lets the others go first: a cancellation that came too late for the wait itself
// is thrown there.
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

// One seeded run of random operations against a model. Collects the first thing that is not as the model says.
class Torture
{
public:
    explicit Torture(unsigned seed) : m_random(seed), m_seed(seed) { }

    // 0 ... end - 1
    int below(int end) { return int(m_random() % unsigned(end)); }

    void require(bool isTrue, const std::string &what)
    {
        if (!isTrue && m_failure.isEmpty())
            m_failure = QString("seed %1: %2").arg(m_seed).arg(QString::fromStdString(what));
    }

    // Empty when all was as the model says.
    QString failure() const { return m_failure; }

private:
    std::mt19937 m_random;
    unsigned m_seed;
    QString m_failure;
};

} // namespace interloop::test
