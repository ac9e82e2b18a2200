// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>

/*
 * Posted QEvent::Quit, which QEventLoop::exec() would remove without a word: the last window closed, quit() from
 * another thread.
 */

namespace interloop {

// Sees the Quit events that reach the application while it lives.
class QuitWatch final : public QObject
{
public:
    QuitWatch(); // REQUIRES: isPossible()
    ~QuitWatch();

    // Whether this is the application's thread: no other has Quit events.
    static bool isPossible();

    // Delivers a Quit that is posted already. Whether there was one.
    static bool deliverPostedQuit();

    bool hasSeenQuit() const noexcept { return m_hasSeenQuit; }

private:
    bool eventFilter(QObject *object, QEvent *event) override;

    bool m_hasSeenQuit = false;
};

} // namespace interloop
