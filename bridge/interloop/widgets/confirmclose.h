// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/runsync.h>

#include <QCloseEvent>
#include <QPointer>
#include <QWidget>

#include <exception>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

/*
 * A closeEvent that waits: for a save, or for the user's answer.
 *
 *     void closeEvent(QCloseEvent *event) override { confirmClose(this, event, saveOrAsk()); }
 *
 * The window closes when the task, a Task<bool>, returns true, and stays open in every other case. Until then it is
 * open and alive; what else asks it to close is ignored, and a quit() waits for the answer: after "yes" the application
 * quits, after "no" it does not, and when the window dies nobody has said "no".
 *
 * It nests. Qt reads the event as soon as closeEvent returns, and with it all who asked: close() returns whether the
 * window is closed, quit() whether all windows are, a session's end whether it may go on. So it returns after the waits
 * that are begun on top of it meanwhile, and those that nest beneath it return after it.
 */

namespace interloop {

class PendingClose;

// The untyped body: from closeEvent's begin to its end.
class CloseWait final
{
public:
    CloseWait(QWidget *window, QCloseEvent *event);
    ~CloseWait();
    CloseWait(const CloseWait &) = delete;
    CloseWait &operator=(const CloseWait &) = delete;

    bool isFirst() const noexcept { return m_pending != nullptr; } // no other is under way for this window
    RunOptions options() const noexcept;

    void answered(bool mayClose);
    void failed(Outcome outcome, std::exception_ptr error);

private:
    QCloseEvent *m_event;
    QPointer<QWidget> m_window;
    std::unique_ptr<PendingClose> m_pending; // null: another one is under way
    bool m_mayClose = false;
};

template<typename T>
void discard(Task<T> &task) noexcept
{
    task.reset();
}

template<Awaitable A>
void discard(A &) noexcept
{ }

// Runs `awaitable`, of bool, to its end and accepts or ignores `event`. Throws nothing. Call it on the application's
// thread, as the last thing in a closeEvent: the window may be dead when it returns, which then is the end of `this`.
// While one is under way for this window, another ignores its event and runs nothing.
// An exception of the task's goes to the unhandled-error hook; Cancelled is silent. exit() ends the wait with Quit; the
// event is ignored, so that nothing else is asked to close and the exit code stays. A wait that is refused goes to the
// hook; the window stays open, unless the thread's bridge has ended, when none will ever be possible.
template<Awaitable A>
void confirmClose(QWidget *window, QCloseEvent *event, A awaitable,
                  std::source_location location = std::source_location::current()) noexcept
{
    static_assert(std::is_same_v<AwaitResult<A>, bool>, "whether the window may close");
    CloseWait wait(window, event);
    if (!wait.isFirst()) {
        discard(awaitable);
        return;
    }
    const Result<bool> result = tryRunSync(std::move(awaitable), wait.options(), location);
    if (result)
        wait.answered(result.value());
    else
        wait.failed(result.outcome(), result.error());
}

} // namespace interloop
