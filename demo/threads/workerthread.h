// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/waits.h>
#include <demo/threads/crossings.h>

#include <QPointer>
#include <QThread>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>

class Recorder;

/*
 * A second thread with a bridge of its own, whose functions block as the window's slots do: an ActionRunner's, for a
 * workbench. What it shall do is posted to it, what it says is posted back, and both are written down. This object
 * belongs to the window's thread, as do its signals.
 *
 * It runs from construction to destruction, which ends the waits there, lets them unwind, closes the bridge and joins.
 */

class WorkerThread final : public QThread
{
    Q_OBJECT

public:
    WorkerThread();
    ~WorkerThread() override;

    interloop::BridgeRemote bridge() const { return *m_worker; }
    const std::shared_ptr<Crossings> &crossings() const noexcept { return m_crossings; }

    // Calls `function` there, with the thread's own waits. It may block with runSync, beside others.
    void ask(const QString &what, std::function<void(Waits &)> function);

    void perform(int action, const QString &inputs); // of the workbench's: it blocks there
    void cancel(int waitId);
    void cancelNewest();
    void blockNaively(std::chrono::milliseconds duration); // sleeps there: nothing else goes on in the thread

    // Whether the thread's loop shall turn a wheel, 30 times a second, and how often it has. Stands still with the thread.
    void setTurning(bool isTurning);
    int turns() const noexcept { return m_turns; }

    const Recorder *recorder() const noexcept { return m_recorder; } // of the thread's loop, as long as this lives

Q_SIGNALS:
    void actionStarted(int action, int waitId);
    void actionTold(int action, const QString &text);
    void actionFinished(int action, const QString &result);
    void actionFailed(int action, const QString &sentence);
    void actionCancelled(int action);
    void waitsChanged(const QList<WaitInfo> &waits);
    void blockedChanged(bool isBlocked); // naively
    void failed(const QString &sentence); // an error that nobody took there

private:
    class Inside; // what lives in the thread

    void run() override;
    void listenTo(Inside &inside);
    void askInside(const QString &what, std::function<void(Inside &)> function);
    void tell(const QString &what, std::function<void(WorkerThread &)> function); // there: `function` is called here
    void sleepNaively(std::chrono::milliseconds duration);

    const std::shared_ptr<Crossings> m_crossings = std::make_shared<Crossings>();
    const interloop::BridgeRemote m_window;
    const QPointer<WorkerThread> m_self = this; // the other thread hands copies of it round, and looks into none
    std::promise<interloop::BridgeRemote> m_started;
    std::optional<interloop::BridgeRemote> m_worker;
    Inside *m_inside = nullptr; // set and used there
    const Recorder *m_recorder = nullptr; // set there before the thread has started, for the window's
    std::atomic<int> m_turns = 0;

    std::mutex m_mutex;
    std::condition_variable m_ending;
    std::atomic<bool> m_isEnding = false; // set under the mutex
};
