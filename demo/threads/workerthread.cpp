// SPDX-License-Identifier: MIT
#include <demo/threads/workerthread.h>

#include <demo/monitor/recorder.h>
#include <demo/parts/errorsentence.h>
#include <demo/workbench/runner.h>

#include <interloop/interloop.h>

#include <QTimer>

#include <utility>

using namespace std::chrono_literals;
using Direction = Crossing::Direction;

class WorkerThread::Inside
{
public:
    QString titleOf(int action) const { return actions.at(action).title; }

    const QList<Action> actions = workbenchActions();
    Waits waits;
    ActionRunner runner = ActionRunner(waits);
    QTimer wheel;
    Recorder recorder;
};

WorkerThread::WorkerThread() : m_window(interloop::Bridge::current().remote())
{
    setObjectName(QStringLiteral("worker"));
    std::future<interloop::BridgeRemote> started = m_started.get_future();
    start();
    m_worker = started.get();
}

WorkerThread::~WorkerThread()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    m_ending.notify_all();
    quit();
    wait();
}

void WorkerThread::run()
{
    Inside inside;
    m_inside = &inside;
    interloop::Bridge &bridge = interloop::Bridge::current();
    bridge.setSlowStepThreshold(0ms); // it is slow when it is told to be, and the page says so
    bridge.setHeldBackThreshold(1h); // likewise
    bridge.setUnhandledErrorHandler([this](const QString &text, std::exception_ptr error) {
        const QString sentence = error ? errorSentence(error) : text;
        tell(tr("an error"), [sentence](WorkerThread &self) { Q_EMIT self.failed(sentence); });
    });
    listenTo(inside);
    m_recorder = &inside.recorder;
    m_started.set_value(bridge.remote());
    exec();
    bridge.close(); // while what the waits refer to is still there
}

void WorkerThread::listenTo(Inside &inside)
{
    connect(&inside.wheel, &QTimer::timeout, &inside.wheel, [this] { ++m_turns; });
    connect(&inside.waits, &Waits::changed, &inside.waits, [this](const QList<WaitInfo> &waits) {
        tell(tr("its waits"), [waits](WorkerThread &self) { Q_EMIT self.waitsChanged(waits); });
    });
    ActionRunner *runner = &inside.runner;
    connect(runner, &ActionRunner::started, runner, [this, &inside](int action, int waitId) {
        tell(tr("%1 has begun").arg(inside.titleOf(action)),
             [action, waitId](WorkerThread &self) { Q_EMIT self.actionStarted(action, waitId); });
    });
    connect(runner, &ActionRunner::output, runner, [this, &inside](int action, const QString &text) {
        tell(tr("%1 says something").arg(inside.titleOf(action)),
             [action, text](WorkerThread &self) { Q_EMIT self.actionTold(action, text); });
    });
    connect(runner, &ActionRunner::finished, runner, [this, &inside](int action, const QString &result) {
        tell(tr("%1 is done").arg(inside.titleOf(action)),
             [action, result](WorkerThread &self) { Q_EMIT self.actionFinished(action, result); });
    });
    connect(runner, &ActionRunner::failed, runner, [this, &inside](int action, const QString &sentence) {
        tell(tr("%1 has failed").arg(inside.titleOf(action)),
             [action, sentence](WorkerThread &self) { Q_EMIT self.actionFailed(action, sentence); });
    });
    connect(runner, &ActionRunner::cancelled, runner, [this, &inside](int action) {
        tell(tr("%1 is cancelled").arg(inside.titleOf(action)),
             [action](WorkerThread &self) { Q_EMIT self.actionCancelled(action); });
    });
}

void WorkerThread::askInside(const QString &what, std::function<void(Inside &)> function)
{
    cross(*m_worker, m_crossings, Direction::ToWorker, what, [this, function = std::move(function)] {
        if (!m_isEnding) // else a wait that it began would count as clean-up, which takes its time
            function(*m_inside);
    });
}

void WorkerThread::ask(const QString &what, std::function<void(Waits &)> function)
{
    askInside(what, [function = std::move(function)](Inside &inside) { function(inside.waits); });
}

void WorkerThread::tell(const QString &what, std::function<void(WorkerThread &)> function)
{
    cross(m_window, m_crossings, Direction::ToWindow, what, [self = m_self, function = std::move(function)] {
        if (self)
            function(*self);
    });
}

void WorkerThread::perform(int action, const QString &inputs)
{
    const QString title = workbenchActions().at(action).title;
    askInside(tr("begin %1").arg(title), [action, inputs](Inside &inside) { inside.runner.run(action, inputs); });
}

void WorkerThread::cancel(int waitId)
{
    ask(tr("cancel a wait"), [waitId](Waits &waits) { waits.cancel(waitId); });
}

void WorkerThread::blockNaively(std::chrono::milliseconds duration)
{
    ask(tr("block naively"), [this, duration](Waits &) {
        tell(tr("I block"), [](WorkerThread &self) { Q_EMIT self.blockedChanged(true); });
        sleepNaively(duration);
        tell(tr("I go on"), [](WorkerThread &self) { Q_EMIT self.blockedChanged(false); });
    });
}

void WorkerThread::sleepNaively(std::chrono::milliseconds duration)
{
    std::unique_lock lock(m_mutex);
    m_ending.wait_for(lock, duration, [this] { return m_isEnding.load(); });
}

void WorkerThread::cancelNewest()
{
    ask(tr("cancel the newest wait"), [](Waits &waits) { waits.cancelNewest(); });
}

void WorkerThread::setTurning(bool isTurning)
{
    askInside(isTurning ? tr("turn the wheel") : tr("stop the wheel"), [isTurning](Inside &inside) {
        if (isTurning)
            inside.wheel.start(33ms);
        else
            inside.wheel.stop();
    });
}
