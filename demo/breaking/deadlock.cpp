// SPDX-License-Identifier: MIT
#include <demo/breaking/breaking.h>

#include <demo/breaking/experiment.h>

#include <interloop/interloop.h>

#include <QElapsedTimer>

using interloop::Mutex;
using interloop::MutexGuard;
using interloop::runSync;
using interloop::Task;
using interloop::TaskHandle;

/*
 * Tasks that wait for each other.
 */

namespace {

//! [deadlock]
Task<> takeForkThenSpoon(Mutex &fork, Mutex &spoon)
{
    const MutexGuard first = co_await fork.lock();
    co_await interloop::yield();
    const MutexGuard second = co_await spoon.lock();
}

Task<> takeSpoonThenFork(Mutex &fork, Mutex &spoon)
{
    const MutexGuard first = co_await spoon.lock();
    co_await interloop::yield();
    const MutexGuard second = co_await fork.lock();
}
//! [deadlock]

class DeadlockEnd
{
public:
    DeadlockEnd() = default;

    QString refusal; // the chain of waits; empty: nobody was refused
    QStringList finished; // names of tasks
};

//! [deadlock]
Task<DeadlockEnd> lockInBothOrders()
{
    Mutex fork("fork");
    Mutex spoon("spoon");
    const TaskHandle<> anna = interloop::spawn(takeForkThenSpoon(fork, spoon), "Anna");
    const TaskHandle<> otto = interloop::spawn(takeSpoonThenFork(fork, spoon), "Otto");
    const auto results = co_await interloop::gatherResults(anna, otto);

    DeadlockEnd end;
    const auto look = [&end](const interloop::Result<> &result, const std::string &name) {
        if (result)
            end.finished << QString::fromStdString(name);
        else
            end.refusal = QString::fromStdString(result.errorString());
    };
    look(std::get<0>(results), anna.name());
    look(std::get<1>(results), otto.name());
    co_return end;
}
//! [deadlock]

} // namespace

//! [deadlock]
void BreakingPage::buildDeadlock()
{
    Wait wait(m_waits, tr("Two tasks that want each other's lock"));
    QElapsedTimer clock;
    clock.start();
    const DeadlockEnd end = runSync(wait.watch(lockInBothOrders()));
    if (end.refusal.isEmpty())
        tell(tr("Nobody was refused, and %1 got both locks.").arg(end.finished.join(QStringLiteral(", "))));
    else
        tell(tr("Refused after %1, instead of waiting for ever: \"%2\". The task that was not refused got both locks: "
                "%3.")
                     .arg(inWords(clock), end.refusal, end.finished.join(QStringLiteral(", "))));
}
//! [deadlock]
