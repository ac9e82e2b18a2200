// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/progress.h>
#include <interloop/task/spawn.h>

#include <QElapsedTimer>
#include <QList>
#include <QMetaType>
#include <QObject>
#include <QString>
#include <QTimer>

#include <functional>

/*
 * The waits of one thread's slots, as they began: what the list shows and what Cancel ends. A slot makes a Wait, and
 * blocks for what it watches:
 *
 *     Wait wait(waits, tr("Fetch"));
 *     const HttpReply reply = runSync(wait.watch(httpGet(url, 5s)));
 */

class Wait;

// A wait as it was when asked: a value, for lists in any thread.
class WaitInfo
{
public:
    WaitInfo() = default;

    QString text() const; // in a line: what it is and how far

    int id = 0; // of no other wait of this process
    QString title;
    QString detail; // what its task says about its progress; may be empty
    int minimum = 0; // with maximum and value: the task's progress; from 0 to 0: nobody knows how much there is to do
    int maximum = 0;
    int value = 0;
    qint64 heldBack = -1; // in ms: since its task ended, with other waits on top; -1: not held back
};

class Waits final : public QObject
{
    Q_OBJECT

public:
    Waits();

    QList<WaitInfo> all() const; // oldest first
    int deepest() const noexcept { return m_deepest; } // how many there ever were at once

    // Ends the newest one, that of the id, or all. What was ended: its title; empty or 0 when there was nothing to end.
    QString cancelNewest();
    QString cancel(int id);
    int cancelAll();

Q_SIGNALS:
    // One began or ended; also twenty times a second while there are any. In this object's thread.
    void changed(const QList<WaitInfo> &waits);

private:
    friend class Wait;
    void tell(); // changed

    QList<Wait *> m_waits;
    QTimer m_refresh; // while something waits
    int m_deepest = 0;
};

// One wait, from before its runSync until after it: lives in the slot that waits.
class Wait
{
public:
    Wait(Waits &waits, const QString &title);
    ~Wait();
    Wait(const Wait &) = delete;
    Wait &operator=(const Wait &) = delete;

    int id() const noexcept { return m_id; }

    // `task` as something that Cancel can end, whose Progress is shown, and whose own end is noticed, even while runSync
    // is held back.
    template<typename T>
    interloop::Task<T> watch(interloop::Task<T> task);

private:
    friend class Waits;
    class EndMark;

    WaitInfo info() const;
    bool cancel() const;

    Waits &m_waits;
    int m_id;
    QString m_title;
    interloop::Progress m_progress;
    std::function<bool()> m_cancel;
    QElapsedTimer m_sinceEnd; // invalid: its task has not ended
};

class Wait::EndMark
{
public:
    explicit EndMark(Wait &wait) : m_wait(wait) { }
    ~EndMark() { m_wait.m_sinceEnd.start(); }

private:
    Wait &m_wait;
};

template<typename T>
interloop::Task<T> Wait::watch(interloop::Task<T> task)
{
    const EndMark mark(*this);
    interloop::TaskHandle<T> handle = interloop::spawn(m_progress.follow(std::move(task)), m_title.toStdString());
    m_cancel = [handle] { return handle.cancel(); };
    co_return co_await std::move(handle);
}

Q_DECLARE_METATYPE(WaitInfo)
