// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/bridge.h>

#include <QCoreApplication>
#include <QEvent>
#include <QEventLoop>
#include <QObject>

#include <functional>

/*
 * What the peers run on: Qt without a bridge, and a posted event as the cheapest way to come back.
 */

namespace interloop::bench {

// The bridge hears of every iteration of Qt's dispatcher; a peer must not pay for that.
inline void endBridge()
{
    if (Bridge::exists())
        Bridge::current().close();
}

// Calls a function from a posted event.
class Poster final : public QObject
{
public:
    explicit Poster(std::function<void()> function) : m_function(std::move(function)) { }
    void post() { QCoreApplication::postEvent(this, new QEvent(QEvent::User)); }
    bool event(QEvent *event) override
    {
        if (event->type() != QEvent::User)
            return QObject::event(event);
        m_function();
        return true;
    }

private:
    std::function<void()> m_function;
};

} // namespace interloop::bench
