// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/progress.h>
#include <interloop/task/waitoperation.h>

#include <QFuture>
#include <QString>

#include <utility>

/*
 * The wait for a QFuture, whatever its type: what is behind awaitFuture.
 *
 * A QFutureWatcher tells of the end, in an event of the bridge's thread: a future has room for one continuation only, and
 * that is left to others. It says nothing that is not looked up in the future itself, so that an end which came before, in
 * between or from another thread is the same thing.
 */

namespace interloop {

class FutureEvents;

class INTERLOOP_EXPORT FutureWait : public WaitOperation
{
public:
    std::string describe() const final { return "a QFuture"; }

    FutureWait(const FutureWait &) = delete;
    FutureWait &operator=(const FutureWait &) = delete;

protected:
    explicit FutureWait(QFuture<void> future) noexcept : m_future(std::move(future)) { }
    ~FutureWait();

    // Throws how the wait ended, or the future, when that is not as it should be.
    void throwUnlessFinished() const;

    // As above, and when the future has no first result.
    void throwUnlessResult() const;

    // QFuture::takeResult() was called.
    void resultTaken();

private:
    friend class FutureEvents;

    Begun begin() final;
    bool abandon(CancelMode mode) final;
    void skip() final;
    void passOnProgress();

    QFuture<void> m_future;
    FutureEvents *m_events = nullptr; // owned; nullptr: there was nothing to wait for
    Progress m_progress = Progress::current(); // the awaiting task's
    int m_minimum = 0; // this and what follows: what m_progress was told last
    int m_maximum = 0;
    int m_value = 0;
    QString m_text;
};

} // namespace interloop
