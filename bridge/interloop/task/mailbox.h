// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

/*
 * The one door through which other threads reach a scheduler. Thread-safe, all of it.
 *
 * A mailbox outlives its scheduler: whoever holds it can still ask, and learns that the end has come. That makes it a
 * scheduler's identity too, for handles that may be asked after the end or on a wrong thread.
 */

namespace interloop {

class INTERLOOP_EXPORT Mailbox
{
public:
    using Letter = std::function<void()>;

    // `wake` is called, under the lock, when the box was empty: it makes the owner's thread look.
    explicit Mailbox(std::function<void()> wake) : m_wake(std::move(wake)) { }

    // Puts a function in, to be called on the owner's thread. False after the end; the function is then destroyed here.
    bool put(Letter letter);

    // The same for an answer that a task of the owner's waits for: taken until `end`.
    bool putAnswer(Letter letter);

    // Owner's thread: all that came since the last call, in order.
    std::vector<Letter> take();

    // Owner's thread, once: nothing but answers is accepted any more.
    void close();

    // Owner's thread, once: the last task has ended. Nothing is accepted any more, and `wake` is not called again.
    void end();

    bool isClosed() const;

private:
    void append(Letter letter);

    mutable std::mutex m_mutex;
    std::vector<Letter> m_letters;
    std::function<void()> m_wake; // empty: ended
    bool m_isClosed = false;
};

} // namespace interloop
