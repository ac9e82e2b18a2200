// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QScopeGuard>
#include <QTextStream>
#include <QTimer>

/*
 * Four ways to give up waiting: a limit inside a task, a part of a task that may be left out, a limit for a blocking
 * call, and somebody who cancels. Each time the task is unwound first: its destructors have run when the wait ends.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// Needs no code for being cancelled: the await throws, and what it holds is given back.
Task<int> measure(QTextStream &out)
{
    const auto closeDevice = qScopeGuard([&out] { out << "  the device is closed" << Qt::endl; });
    co_await sleepFor(1h); // it never answers
    co_return 42;
}

template<typename T>
void tell(QTextStream &out, const char *who, const Result<T> &result)
{
    out << who << ": " << nameOf(result.outcome()) << ", " << QString::fromStdString(result.errorString()) << Qt::endl;
}

Task<> withLimit(QTextStream &out)
{
    try {
        co_await withTimeout(50ms, measure(out));
    } catch (const TimeoutError &error) {
        out << "withTimeout: " << error.what() << Qt::endl;
    }
}

// The same without an exception: what comes after the scope goes on.
Task<> leaveOut(QTextStream &out)
{
    CancelScope scope(50ms);
    const Result<int> measured = co_await scope.run(measure(out));
    tell(out, "CancelScope", measured);
}

// In a function that must return, and may not throw.
void blockForAWhile(QTextStream &out)
{
    const Result<int> measured = tryRunSync(measure(out), RunOptions().timeout(50ms));
    tell(out, "RunOptions().timeout", measured);
}

// Whoever has the handle may cancel: a button, another task, a signal's slot.
void cancelFromOutside(QTextStream &out)
{
    const TaskHandle<int> measuring = spawn(measure(out), "measuring");
    QTimer::singleShot(50ms, [measuring] { measuring.cancel(); });
    tell(out, "TaskHandle::cancel", tryRunSync(measuring));
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    runSync(withLimit(out));
    runSync(leaveOut(out));
    blockForAWhile(out);
    cancelFromOutside(out);
    Bridge::current().close();
    return 0;
}
