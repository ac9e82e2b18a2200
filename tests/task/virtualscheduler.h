// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/errors.h>
#include <interloop/task/scheduler.h>
#include <interloop/task/sleep.h>
#include <interloop/task/spawn.h>
#include <interloop/task/syncframe.h>
#include <interloop/test/randomorder.h>

#include <QStringList>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

/*
 * The loop of the kernel's own tests: driven by hand, with a clock that stands still while anything is ready and
 * otherwise jumps to the next deadline. It records what is reported, and what the tests note.
 *
 * INTERLOOP_TEST_SEED makes it take what is ready in a random order. Each test program includes this header once: it defines currentScheduler().
 */

namespace interloop::test {

using namespace std::chrono_literals;

class VirtualScheduler final : public Scheduler
{
public:
    VirtualScheduler() : Scheduler(std::make_shared<Mailbox>([] { })), m_outer(std::exchange(active, this)) { }
    ~VirtualScheduler()
    {
        mailbox()->close();
        active = m_outer;
    }

    static VirtualScheduler &current()
    {
        if (!active)
            throw std::logic_error("there is no VirtualScheduler on this thread");
        return *active;
    }
    static VirtualScheduler *existing() noexcept { return active; }

    // The next operation; when none is ready, the letters from other threads, else the clock jumps to the next
    // deadline. False: nothing is left to do.
    bool step()
    {
        if (hasReady()) {
            runNext();
            return true;
        }
        const auto letters = mailbox()->take();
        for (const Mailbox::Letter &letter : letters)
            letter();
        if (!letters.empty())
            return true;
        if (timers().isEmpty())
            return false;
        m_now = std::max(m_now, timers().firstDeadline());
        timers().expireUntil(m_now);
        return true;
    }

    void run()
    {
        while (step()) { }
    }

    // Everything that is ready, while the clock stands still. Returns how many operations ran.
    int runReady()
    {
        const std::uint64_t before = takenCount();
        while (hasReady())
            runNext();
        return int(takenCount() - before);
    }

    // Everything that is due up to `time`, counted from the start; the clock then shows that time.
    void runUntil(std::chrono::nanoseconds time)
    {
        while (hasReady() || (!timers().isEmpty() && timers().firstDeadline() <= TimePoint(time)))
            step();
        m_now = TimePoint(time);
    }

    // Runs until `task` has ended and nothing is left to do; its value or its exception.
    template<typename T>
    T runTask(Task<T> task)
    {
        const TaskHandle<T> handle = spawn(std::move(task), "main");
        run();
        if (!handle.isDone())
            throw std::logic_error("nothing is left to do, and the task has not ended");
        handle.state().markSeen();
        return handle.state().slot().take();
    }

    TimePoint now() const override { return m_now; }
    std::chrono::nanoseconds elapsed() const { return m_now.time_since_epoch(); }

    // Clock in seconds, as it stands behind each note: "0.5".
    QString time() const { return QString::number(std::chrono::duration<double>(elapsed()).count()); }

    void note(const std::string &text) { m_notes.append(QString::fromStdString(text) + '@' + time()); }
    QStringList takeNotes() { return std::exchange(m_notes, {}); }

    // "unhandled: task 'load' failed ...: what the exception says"
    QStringList takeReports() { return std::exchange(m_reports, {}); }

    // The loop accepts no new task from now on.
    void refuseNewTasks() { m_isOpen = false; }

    // What must not be there when a test function has ended; empty when all is well.
    QStringList leftovers() const
    {
        QStringList left;
        if (taskCount() > 0 || !tasks().isEmpty())
            left += QString("%1 live tasks").arg(taskCount());
        if (hasReady())
            left += "the ready queue is not empty";
        if (!timers().isEmpty())
            left += "the timer queue is not empty";
        if (currentChain())
            left += "a current task";
        for (const QString &report : m_reports)
            left += "unexpected report: " + report;
        return left;
    }

    const TimerQueue &timers() const { return const_cast<VirtualScheduler *>(this)->Scheduler::timers(); }
    using Scheduler::timers;
    using Scheduler::takenCount;

    void report(Report kind, const std::string &text, std::exception_ptr error) noexcept override
    {
        QString line = kind == Report::UnhandledError ? "unhandled: " : kind == Report::NeverAwaited ? "never awaited: "
            : kind == Report::NotJoined ? "not joined: " : "other: ";
        line += QString::fromStdString(text);
        if (error)
            line += ": " + QString::fromStdString(errorText(error));
        m_reports.append(line);
    }

    // Waits on the stack are refused from now on.
    void refuseNestedWaits() { m_mayNest = false; }

    void runNested(PromiseBase &task, std::coroutine_handle<> coroutine) override
    {
        if (!m_mayNest)
            throw RunSyncError(Refusal::TooDeep, "the virtual loop does not nest");
        NestedTarget target(*this);
        const SyncFrame frame(*this, nullptr, target);
        task.startRoot(coroutine, target);
        while (!target.isDone()) {
            if (!step())
                qFatal("nothing is left to do, and a wait on the stack has not ended");
        }
    }

    void requireOpen() const override
    {
        if (!m_isOpen)
            throw RunSyncError(Refusal::ShuttingDown, "the virtual loop accepts no new task");
    }

private:
    class NestedTarget final : public Chain
    {
    public:
        explicit NestedTarget(VirtualScheduler &scheduler) : Chain(scheduler) { }
        Kind kind() const noexcept override { return Kind::Wait; }
        std::string name() const override { return "a wait on the stack"; }
    };

    void wake() override { }

    void runNext()
    {
        beginPass();
        runFirst();
    }

    static inline thread_local VirtualScheduler *active = nullptr;

    VirtualScheduler *m_outer;
    TimePoint m_now{};
    QStringList m_notes;
    QStringList m_reports;
    bool m_isOpen = true;
    bool m_mayNest = true;
    RandomOrder m_order;
};

inline void note(const std::string &text)
{
    VirtualScheduler::current().note(text);
}

// Spawns a task and lets it go on until it waits: tasks started so arrive in the order of the calls, in whatever order
// they are resumed.
template<typename T>
TaskHandle<T> start(Task<T> task, std::string name = {})
{
    const TaskHandle<T> handle = spawn(std::move(task), std::move(name));
    VirtualScheduler::current().runReady();
    return handle;
}

// For notes that may come in any order, when tasks are resumed in a random one: sorted then.
inline QStringList unordered(QStringList notes)
{
    if (VirtualScheduler::current().isOrderRandom())
        notes.sort();
    return notes;
}

// Notes its beginning and its end, or how else it ends.
inline Task<> sleeper(std::string name, std::chrono::nanoseconds delay)
{
    note("Start " + name);
    try {
        co_await sleepFor(delay);
        note("End " + name);
    } catch (const Cancelled &) {
        note("Cancelled " + name);
        throw;
    }
}

template<typename T>
Task<T> valueAfter(std::chrono::nanoseconds delay, T value)
{
    co_await sleepFor(delay);
    co_return value;
}

inline Task<> failAfter(std::chrono::nanoseconds delay, std::string text)
{
    co_await sleepFor(delay);
    throw std::runtime_error(text);
}

// How a task has ended: "value", "cancelled", or what its exception says.
template<typename T>
QString endOf(const TaskHandle<T> &handle)
{
    if (!handle.isDone())
        return "not done";
    if (handle.state().outcome() == Outcome::Value)
        return "value";
    if (handle.isCancelled())
        return "cancelled";
    handle.state().markSeen();
    return QString::fromStdString(errorText(handle.state().slot().exception()));
}

// What calling `function` throws: its text, "cancelled (...)", or "nothing".
template<typename Function>
QString thrownBy(Function &&function)
{
    try {
        function();
        return "nothing";
    } catch (...) {
        return QString::fromStdString(errorText(std::current_exception()));
    }
}

// Ends a test function's loop. What it left behind; each test function has a loop of its own, and must leave nothing.
inline QStringList end(std::optional<VirtualScheduler> &loop)
{
    const QStringList left = loop->leftovers();
    loop.reset();
    return left;
}

} // namespace interloop::test

namespace interloop {

Scheduler &currentScheduler()
{
    return test::VirtualScheduler::current();
}

Scheduler *existingScheduler() noexcept
{
    return test::VirtualScheduler::existing();
}

} // namespace interloop
