// SPDX-License-Identifier: MIT
#include <interloop/qt/timer.h>

#include <interloop/qt/objectwatch.h>

#include <QPropertyNotifier>
#include <QTimer>

namespace interloop {

namespace {

Task<> waitForTimeout(SignalSource source)
{
    ObjectWatch watch(std::move(source));
    watch.requireOwnThread();
    bool hasFired = false;
    watch.on(&QTimer::timeout, [&hasFired] { hasFired = true; });
    // Nothing else tells of a stop. A single shot stops first and then fires: look when both have happened.
    const QPropertyNotifier stopped = watch.object<QTimer>()->bindableActive().addNotifier([&watch] { watch.ring(); });
    while (!hasFired) {
        if (!watch.object<QTimer>()->isActive())
            watch.fail("the timer is not active");
        co_await watch.next();
    }
}

} // namespace

Task<> awaitTimeout(QTimer *timer)
{
    return waitForTimeout(SignalSource(timer, QMetaMethod::fromSignal(&QTimer::timeout)));
}

} // namespace interloop
