// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/waiter.h>

/*
 * A meeting point: so many tasks wait for each other, and then all go on. asyncio's Barrier.
 *
 * Belongs to one thread. It can be used again at once: whoever arrives after the last one of a round is the first of
 * the next. A task that is cancelled while it waits has not arrived; the others go on waiting until the round is full.
 */

namespace interloop {

class Barrier;

class INTERLOOP_EXPORT BarrierAwaiter final : public Waiter
{
public:
    explicit BarrierAwaiter(Barrier &barrier) noexcept : m_barrier(barrier) { }
    int await_resume() const;
    std::string describe() const override { return "a barrier"; }

private:
    friend class Barrier;

    Begun begin() override;
    bool abandon(CancelMode mode) override;

    Barrier &m_barrier;
    int m_index = 0; // valid when the round is full
};

class INTERLOOP_EXPORT Barrier
{
public:
    // Throws std::invalid_argument when there is no party.
    explicit Barrier(int parties);
    ~Barrier(); // whoever still waits gets a std::runtime_error
    Barrier(const Barrier &) = delete;
    Barrier &operator=(const Barrier &) = delete;

    // How many make a round.
    int parties() const noexcept { return m_parties; }

    // How many of this round have arrived.
    int waiting() const noexcept { return m_waiting; }

    // Gives the index of the arrival in its round, from 0: each of a round gets another one.
    // Starts: at the await. Resumes: from the ready queue, in the order of arrival; the last one goes on at once.
    // Cancel: ends this wait at once, as if the task had not arrived, unless the round is full already.
    WaitFor<BarrierAwaiter, Barrier> wait() noexcept { return WaitFor<BarrierAwaiter, Barrier>(*this); }

private:
    friend class BarrierAwaiter;

    void openUp() noexcept; // all parties have arrived

    List<BarrierAwaiter> m_waiters;
    int m_parties;
    int m_waiting = 0; // the length of m_waiters
};

} // namespace interloop
