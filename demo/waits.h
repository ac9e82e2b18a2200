// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/spawn.h>

#include <QElapsedTimer>
#include <QList>
#include <QObject>

#include <functional>

/*
 * The window's waits, as they began: what the list shows and what Cancel ends.
 */

class Wait;

class Waits final : public QObject
{
    Q_OBJECT

public:
    const QList<Wait *> &all() const noexcept { return m_waits; } // oldest first
    int deepest() const noexcept { return m_deepest; } // how many there ever were at once

    // Ends the newest one. Its title, or an empty text when there was nothing to end.
    QString cancelNewest();

Q_SIGNALS:
    void changed();

private:
    friend class Wait;

    QList<Wait *> m_waits;
    int m_deepest = 0;
};

// One wait, from before its runSync until after it: lives in the slot that waits.
class Wait
{
public:
    Wait(Waits &waits, QString title);
    ~Wait();
    Wait(const Wait &) = delete;
    Wait &operator=(const Wait &) = delete;

    // `task` as something that Cancel can end and whose own end is noticed, even while runSync is held back.
    template<typename T>
    interloop::Task<T> watch(interloop::Task<T> task);

    void setDetail(const QString &detail) { m_detail = detail; } // how far it is
    QString text() const; // for the list

private:
    friend class Waits;
    class EndMark;

    Waits &m_waits;
    QString m_title;
    QString m_detail;
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
    interloop::TaskHandle<T> handle = interloop::spawn(std::move(task), m_title.toStdString());
    m_cancel = [handle] { return handle.cancel(); };
    co_return co_await std::move(handle);
}
