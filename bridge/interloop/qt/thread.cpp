// SPDX-License-Identifier: MIT
#include <interloop/qt/thread.h>

#include <interloop/qt/objectwatch.h>

#include <QThread>

namespace interloop {

namespace {

Task<> waitForEnd(SignalSource source)
{
    ObjectWatch watch(std::move(source));
    if (watch.object<QThread>() == QThread::currentThread())
        watch.fail("a thread cannot wait for its own end");
    bool hasFinished = false;
    watch.on(&QThread::finished, [&hasFinished] { hasFinished = true; });
    if (!watch.object<QThread>()->isRunning()) {
        if (!watch.object<QThread>()->isFinished())
            watch.fail("the thread has not been started");
        co_return;
    }
    while (!hasFinished)
        co_await watch.next();
}

} // namespace

Task<> awaitFinished(QThread *thread)
{
    return waitForEnd(SignalSource(thread, QMetaMethod::fromSignal(&QThread::finished)));
}

} // namespace interloop
