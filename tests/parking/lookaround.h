// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QString>
#include <QTimer>

/*
 * How does a wait wait? One that says so itself: while it lasts, the event loop looks at the stacks.
 *
 *     interloop::connect(&source, &Source::fired, this, [&] { way = lookAround(); });
 */

namespace interloop::test {

// "parked" or "nested"; otherwise what was found instead, or how the wait was refused.
// REQUIRES: no other wait is going on
inline QString lookAround(RunOptions options = RunOptions())
{
    const Bridge &bridge = Bridge::current();
    Future<QString> found;
    QTimer::singleShot(0, QCoreApplication::instance(), [&bridge, found]() mutable {
        found.setResult(QStringLiteral("depth %1, parked %2").arg(bridge.depth()).arg(bridge.parked()));
    });
    const Result<QString> text = tryRunSync(found, options);
    if (!text)
        return QString::fromStdString(text.errorString());
    if (text.value() == QStringLiteral("depth 0, parked 1"))
        return QStringLiteral("parked");
    if (text.value() == QStringLiteral("depth 1, parked 0"))
        return QStringLiteral("nested");
    return text.value();
}

} // namespace interloop::test
