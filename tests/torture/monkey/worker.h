// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QThread>

#include <functional>

/*
 * A thread with an event loop and a bridge of its own: it sends work to the GUI thread's bridge and waits in its own.
 */

namespace interloop::monkey {

class Worker : public QObject
{
    Q_OBJECT

public:
    explicit Worker(quint64 seed); // the GUI thread must have a bridge
    ~Worker() override; // tells the thread to quit, and waits for its end

    // Calls `function()` in the thread, soon; forgets it when the thread ends first.
    void run(std::function<void()> function);

Q_SIGNALS:
    void ticked(quint64 key); // sent by the thread

private:
    QThread m_thread;
    QObject *m_ticker; // lives, and dies, in the thread
};

} // namespace interloop::monkey
