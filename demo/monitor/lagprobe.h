// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/lagrecord.h>

#include <QTimer>

#include <chrono>
#include <memory>

/*
 * How late an event loop is: the loop of the thread that the probe is made in.
 *
 * A timer is due every 10 ms (100 wake-ups a second). Each due moment is a sample, and its lag the time until the loop
 * got round to it. Moments that passed while the loop was held up are samples as well, though the timer fires once for
 * all of them: a block of 300 ms gives thirty, of 300, 290, 280, ... ms, as somebody who clicks at any time feels it,
 * and not a single one among many zeros. What falls between two due moments is not seen, so a maximum may be 10 ms
 * short.
 *
 * On a machine with other work to do a thread also waits for a processor. The kernel says for how long (Linux:
 * /proc/thread-self/schedstat); the program's own lag is what remains without it. Where the kernel does not say, they
 * are equal. Neither knows of time that a virtual machine's host has taken, nor that others wait for a processor while
 * this thread waits for them: Qt waits in each frame for the X server's answer, and in large ones for threads that help
 * it to paint.
 */

class LagProbe final
{
public:
    static constexpr std::chrono::milliseconds interval{10};

    LagProbe(); // begins; lives and dies in its thread
    ~LagProbe();
    LagProbe(const LagProbe &) = delete;
    LagProbe &operator=(const LagProbe &) = delete;

    const std::shared_ptr<LagRecord> &record() const noexcept { return m_record; }

    // What fires every 10 ms, for others who want to be called as often.
    QTimer &timer() noexcept { return m_timer; }

private:
    void sample();
    std::chrono::nanoseconds runDelay() const; // so far; zero when the kernel does not say

    QTimer m_timer;
    std::shared_ptr<LagRecord> m_record = std::make_shared<LagRecord>();
    std::chrono::steady_clock::time_point m_due;
    int m_schedstat; // -1: there is none
    std::chrono::nanoseconds m_runDelay{};
};
