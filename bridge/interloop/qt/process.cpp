// SPDX-License-Identifier: MIT
#include <interloop/qt/process.h>

#include <interloop/qt/objectwatch.h>

#include <QProcess>

#include <optional>

namespace interloop {

namespace {

// A process that does not run: has it ended, or what else?
void requireEnded(const ObjectWatch &watch, const QProcess &process)
{
    if (process.error() == QProcess::FailedToStart)
        watch.fail(process.program().toStdString() + ": " + process.errorString().toStdString());
    if (!process.isOpen())
        watch.fail("the process has not been started");
}

int exitCodeOf(const ObjectWatch &watch, int code, QProcess::ExitStatus status)
{
    if (status == QProcess::CrashExit)
        watch.fail("the process crashed");
    return code;
}

// Called at the process's signals, of which the first to tell counts.
class Ends
{
public:
    std::optional<int> code;
    QProcess::ExitStatus status = QProcess::NormalExit;
    std::optional<std::string> failure; // to start
};

void noteFailure(Ends &ends, const ObjectWatch &watch, QProcess::ProcessError error)
{
    if (error != QProcess::FailedToStart || ends.code || ends.failure)
        return;
    const auto *process = watch.object<QProcess>();
    ends.failure = process->program().toStdString() + ": " + process->errorString().toStdString();
}

Task<> waitForStart(SignalSource source)
{
    ObjectWatch watch(std::move(source));
    watch.requireOwnThread();
    bool hasStarted = false;
    Ends ends;
    watch.on(&QProcess::started, [&hasStarted] { hasStarted = true; });
    watch.on(&QProcess::errorOccurred, [&](QProcess::ProcessError error) { noteFailure(ends, watch, error); });
    const auto *process = watch.object<QProcess>();
    if (process->state() == QProcess::NotRunning)
        requireEnded(watch, *process);
    if (process->state() != QProcess::Starting)
        co_return;
    while (!hasStarted && !ends.failure)
        co_await watch.next();
    if (ends.failure)
        watch.fail(*ends.failure);
}

Task<int> waitForEnd(SignalSource source)
{
    ObjectWatch watch(std::move(source));
    watch.requireOwnThread();
    Ends ends;
    watch.on(&QProcess::finished, [&ends](int code, QProcess::ExitStatus status) {
        if (ends.code || ends.failure)
            return;
        ends.code = code;
        ends.status = status;
    });
    watch.on(&QProcess::errorOccurred, [&](QProcess::ProcessError error) { noteFailure(ends, watch, error); });
    const auto *process = watch.object<QProcess>();
    if (process->state() == QProcess::NotRunning) {
        requireEnded(watch, *process);
        co_return exitCodeOf(watch, process->exitCode(), process->exitStatus());
    }
    while (!ends.code && !ends.failure)
        co_await watch.next();
    if (ends.failure)
        watch.fail(*ends.failure);
    co_return exitCodeOf(watch, *ends.code, ends.status);
}

} // namespace

Task<> awaitStarted(QProcess *process)
{
    return waitForStart(SignalSource(process, QMetaMethod::fromSignal(&QProcess::started)));
}

Task<int> awaitFinished(QProcess *process)
{
    return waitForEnd(SignalSource(process, QMetaMethod::fromSignal(&QProcess::finished)));
}

} // namespace interloop
