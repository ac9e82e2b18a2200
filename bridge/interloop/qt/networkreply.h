// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/qt/objectwatch.h>
#include <interloop/task/task.h>

#include <QNetworkReply>
#include <QUrl>

#include <string>

/*
 * For a QNetworkReply that is there already. Not a part of interloop.h: whoever includes it links Qt6::Network.
 * Its bytes are awaited as any device's: see iodevice.h.
 */

namespace interloop {

// How a reply ended, remembered while it is there.
class ReplyEnd
{
public:
    ReplyEnd() = default;

    bool hasFinished() const noexcept { return m_hasFinished; }
    void note(const QNetworkReply &reply)
    {
        m_hasFinished = true;
        if (reply.error() != QNetworkReply::NoError)
            m_error = reply.url().toString().toStdString() + ": " + reply.errorString().toStdString();
    }
    void throwError(const ObjectWatch &watch) const
    {
        if (!m_error.empty())
            watch.fail(m_error);
    }

private:
    std::string m_error; // empty: none
    bool m_hasFinished = false;
};

inline Task<> waitForReply(SignalSource source)
{
    ObjectWatch watch(std::move(source));
    watch.requireOwnThread();
    ReplyEnd end;
    watch.on(&QNetworkReply::finished, [&] { end.note(*watch.object<QNetworkReply>()); });
    if (watch.object<QNetworkReply>()->isFinished())
        end.note(*watch.object<QNetworkReply>());
    while (!end.hasFinished())
        co_await watch.next();
    end.throwError(watch);
}

// The reply's end; at once when it has finished. The reply must live in this thread; it is not owned: delete it.
// Starts: when awaited. Resumes: from the ready queue. Cancel: at once; the reply goes on, abort() ends it. Buffers: none.
// Throws std::runtime_error, which names the URL, when the reply's error() is one, abort() included; the reply can still be
// asked for more. SenderDestroyed when it dies unfinished.
inline Task<> awaitFinished(QNetworkReply *reply)
{
    return waitForReply(SignalSource(reply, QMetaMethod::fromSignal(&QNetworkReply::finished)));
}

} // namespace interloop
