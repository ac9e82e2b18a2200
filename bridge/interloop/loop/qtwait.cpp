// SPDX-License-Identifier: MIT
#include <interloop/loop/qtwait.h>

#include <interloop/loop/canceltimer.h>
#include <interloop/loop/pump.h>
#include <interloop/loop/quitwatch.h>
#include <interloop/loop/runoptions.h>
#include <interloop/loop/runtarget.h>

#include <QAbstractEventDispatcher>
#include <QEventLoop>
#include <QThread>

#include <cxxabi.h>
#include <limits>

namespace interloop {

namespace {

// What exec() of a wait's returns when the wait has ended it. It is no exit code of an application's.
constexpr int leftByWait = std::numeric_limits<int>::min();

// Out of line, so that the string takes no room on the waiting stack.
[[gnu::noinline, gnu::cold]] void reportStranger(Pump &pump)
{
    pump.report(Report::UnhandledError, "a plain slot threw through Qt's event loop", std::current_exception());
}

class QtWait
{
public:
    QtWait(Pump &pump, SyncFrame &frame, RunTarget &target, const RunOptions &options);
    ~QtWait();

    void run();

private:
    // How the event loop is run. Qt refuses exec() from a quit on, until the outermost one has returned.
    enum class Mode : unsigned char { Exec, ProcessEvents };

    void exec();
    void processEvents();
    void quitBegins();
    void cancelFramesBeneath();
    void goOnAfterQuit();
    template<typename Step>
    void guard(Step step);

    Pump &m_pump;
    SyncFrame &m_frame;
    RunTarget &m_target;
    QEventLoop m_loop;
    QEventLoop::ProcessEventsFlags m_flags;
    ExceptionState m_exceptionsBeneath;
    QuitWatch *m_quitWatch; // nullptr: this thread has no Quit events, or a refusal of exec() tells of them
    unsigned m_quitsBefore = 0; // valid with m_quitWatch
    CancelTimer m_cleanUpLimit; // started when only clean-up may go on
    Mode m_mode = Mode::Exec;
    bool m_hasRun = false; // exec() has worked once, so that a refusal now means a quit since
};

QtWait::QtWait(Pump &pump, SyncFrame &frame, RunTarget &target, const RunOptions &options)
    : m_pump(pump), m_frame(frame), m_target(target),
      m_flags(options.input() == Input::Exclude ? QEventLoop::ExcludeUserInputEvents : QEventLoop::AllEvents),
      m_exceptionsBeneath(std::exchange(pump.here().exceptionsBeneath, ExceptionState::current())),
      m_quitWatch(pump.loopLevel() == 0 ? pump.quitWatch() : nullptr),
      m_cleanUpLimit(target, pump.isClosing() ? Outcome::Cancelled : Outcome::Quit)
{
    frame.setLoopLevel(pump.loopLevel());
    if (m_quitWatch) {
        m_quitWatch->start();
        m_quitsBefore = m_quitWatch->seen();
    }
    if (pump.isClosing() || pump.isEndingParked())
        m_cleanUpLimit.start(pump.limits().shutdownLimit);
}

QtWait::~QtWait()
{
    if (m_quitWatch)
        m_quitWatch->stop();
    m_pump.here().exceptionsBeneath = m_exceptionsBeneath;
    m_pump.oweWakeUp();
}

void QtWait::run()
{
    m_pump.arm();
    while (!m_target.isDone()) {
        if (m_mode == Mode::Exec)
            exec();
        else
            processEvents();
    }
}

// Runs a step of Qt's. An exception that comes out of it is a stranger's: no task's ever does.
template<typename Step>
void QtWait::guard(Step step)
{
    m_target.setEventLoop(&m_loop);
    try {
        step();
    } catch (const abi::__forced_unwind &) {
        throw; // the thread is being cancelled
    } catch (...) {
        reportStranger(m_pump);
    }
    m_target.setEventLoop(nullptr);
}

void QtWait::exec()
{
    const bool hasDeliveredQuit = m_pump.quitWatch() && m_pump.quitWatch()->deliverPostedQuit();
    if (m_target.isDone())
        return;
    if (!m_pump.quitWatch()) // GLib's would sleep on events that are posted already; looking for a Quit prevents that
        QAbstractEventDispatcher::instance()->wakeUp();
    const unsigned turns = m_pump.qtTurns();
    bool hasThrown = true;
    bool isTold = false; // to end, by the application's quit or the thread's
    const Pump::WaitLoop outer = m_pump.exchangeWaitLoop(Pump::WaitLoop(&m_loop, m_frame.loopLevel() + 1));
    const bool mustOuterLeave = m_pump.exchangeLeaveRequest(false);
    guard([&] {
        isTold = m_loop.exec(m_flags) != leftByWait;
        hasThrown = false;
    });
    m_pump.exchangeWaitLoop(outer);
    const bool mustPump = m_pump.exchangeLeaveRequest(mustOuterLeave);
    if (m_pump.qtTurns() != turns) {
        m_hasRun = true;
        m_pump.setQuitDeadline(TimePoint::min()); // exec() works: no earlier quit is in force
        m_pump.forgetQuit();
    }
    if (mustPump)
        m_pump.pump();
    if (m_target.isDone()) {
        if (isTold)
            quitBegins(); // too late for this wait, which has its result
        return;
    }
    if (hasThrown || mustPump)
        return; // after a quit the next exec() is refused
    m_mode = Mode::ProcessEvents;
    if (m_hasRun || hasDeliveredQuit || m_target.isOlderThanQuit()) {
        m_target.cancel(Outcome::Quit);
        quitBegins();
    } else if (m_frame.loopLevel() > 0) {
        goOnAfterQuit();
    } // else: Qt remembers an exit() that came outside any exec(); it means nothing to this wait
}

// The quit came before this wait began: it is clean-up, and has the shutdown limit.
void QtWait::goOnAfterQuit()
{
    if (m_pump.quitDeadline() == TimePoint::min()) // else those beneath that are not clean-up have been cancelled
        quitBegins();
    m_cleanUpLimit.start(m_pump.quitDeadline() - m_pump.now());
}

// It ends the waits that exist. Later ones share the shutdown limit.
void QtWait::quitBegins()
{
    m_pump.setQuitDeadline(m_pump.now() + m_pump.limits().shutdownLimit);
    cancelFramesBeneath();
}

void QtWait::cancelFramesBeneath()
{
    for (SyncFrame *frame = m_frame.below(); frame; frame = frame->below())
        frame->target()->cancel(Outcome::Quit);
    m_pump.cancelParked(Outcome::Quit);
}

void QtWait::processEvents()
{
    guard([this] { m_loop.processEvents(m_flags | QEventLoop::WaitForMoreEvents); });
    if (m_quitWatch && m_quitWatch->seen() != m_quitsBefore)
        m_target.cancel(Outcome::Quit);
}

} // namespace

void leave(QEventLoop &loop)
{
    if (loop.isRunning())
        loop.exit(leftByWait);
    else // it does not run, or has been told to return: nothing may keep it
        QAbstractEventDispatcher::instance()->interrupt();
}

void waitInQt(Pump &pump, SyncFrame &frame, RunTarget &target, const RunOptions &options)
{
    QtWait(pump, frame, target, options).run();
}

} // namespace interloop
