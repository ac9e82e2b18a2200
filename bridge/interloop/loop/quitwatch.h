// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>

/*
 * Posted QEvent::Quit, which QEventLoop::exec() would remove without a word: the last window closed, quit() from
 * another thread. Only the application's thread has them.
 */

namespace interloop {

class QuitWatch final : public QObject
{
public:
    // Whether this is the application's thread.
    static bool isPossible();

    // Delivers a Quit that is posted already. Whether there was one.
    bool deliverPostedQuit();

    // Sees the Quit events that reach the application until the matching stop(). Calls nest.
    void start();
    void stop();

    // How many Quit events have been seen.
    unsigned seen() const noexcept { return m_seen; }

private:
    bool eventFilter(QObject *object, QEvent *event) override;

    int m_watching = 0; // start() without stop()
    unsigned m_seen = 0;
};

} // namespace interloop
