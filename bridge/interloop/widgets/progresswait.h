// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/astask.h>
#include <interloop/task/progress.h>

#include <QString>
#include <QtGlobal>

#include <chrono>
#include <memory>
#include <utility>

QT_BEGIN_NAMESPACE
class QObject;
class QWidget;
QT_END_NAMESPACE

/*
 * What stands between a task and its progress dialog while withProgress waits. It lies on the stack that waits, as the
 * dialog may be in use there until the wait has returned; the task's side shows and hides.
 */

namespace interloop {

class Chain;
class ProgressView;

class ProgressOptions
{
public:
    ProgressOptions() = default;

    // How long a task may take before it is worth a window; 400 ms unless told. Zero or negative: the next turn.
    ProgressOptions &delay(std::chrono::milliseconds delay) noexcept
    {
        m_delay = delay;
        return *this;
    }

    // Of the dialog's window; the application's display name unless told.
    ProgressOptions &title(const QString &title)
    {
        m_title = title;
        return *this;
    }

    std::chrono::milliseconds delay() const noexcept { return m_delay; }
    const QString &title() const noexcept { return m_title; }

private:
    std::chrono::milliseconds m_delay = std::chrono::milliseconds(400);
    QString m_title; // null: not told
};

class ProgressWait final
{
public:
    ProgressWait(QWidget *parent, const QString &text, const ProgressOptions &options);
    ~ProgressWait();
    ProgressWait(const ProgressWait &) = delete;
    ProgressWait &operator=(const ProgressWait &) = delete;

    // Awaits `awaitable` and has it shown meanwhile. REQUIRES: awaited once, in a chain of its own, while this lives
    template<Awaitable A>
    Task<AwaitResult<A>> show(A awaitable)
    {
        const Showing showing(*m_view);
        co_return co_await m_progress.follow(std::move(awaitable));
    }

private:
    // From the task's start to its end.
    class Showing
    {
    public:
        explicit Showing(ProgressView &view);
        ~Showing();
        Showing(const Showing &) = delete;
        Showing &operator=(const Showing &) = delete;

    private:
        ProgressView &m_view;
    };

    Progress m_progress;
    std::unique_ptr<ProgressView> m_view;
};

// The parent as a context, where its type need not be known.
QObject *parentObject(QWidget *parent) noexcept;

} // namespace interloop
