// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/runsync.h>
#include <interloop/task/progress.h>
#include <interloop/widgets/progresswait.h>

#include <QString>

#include <utility>

/*
 * runSync with a progress dialog, in one line: for what usually is quick, and must not look dead when it is not.
 *
 *     const Archive archive = withProgress(this, tr("Reading %1").arg(name), readArchive(path));
 *
 * The dialog comes after 400 ms; a task that ends sooner shows nothing. It is modal to `parent`'s window and shows what
 * the task tells Progress::current(): the bar its range and value, a busy one while the range is from 0 to 0, the label
 * its text, `text` while there is none. The Cancel button, Esc and closing the dialog cancel the task; while that
 * unwinds the dialog says so, and cannot cancel twice. Then the keyboard focus is where it was.
 *
 * Invariant: there is a dialog only while the task has not ended, and whoever can see one can end the wait.
 */

namespace interloop {

// Runs `awaitable` to its end and returns its result. Call it on the application's thread.
// `parent`: its death ends the wait (ContextDestroyed). nullptr: the dialog is a window of its own and blocks none.
// Throws what runSync throws: Cancelled also when the user cancels. A quit that closes the dialog ends the wait as
// Quit. Who deletes the dialog from outside has cancelled, too. The wait parks or nests as runSync's does. A
// handle's task goes on reporting to whom it did when it was spawned: its bar stays busy.
template<Awaitable A>
AwaitResult<A> withProgress(QWidget *parent, const QString &text, A awaitable,
                            const ProgressOptions &options = ProgressOptions(),
                            std::source_location location = std::source_location::current())
{
    const RunOptions run = RunOptions().context(parentObject(parent));
    requireRunnable(awaitable, run);
    ProgressWait wait(parent, text, options);
    return runSync(wait.show(std::move(awaitable)), run, location);
}

// The same for callers that must not throw: plain slots, virtual overrides, event filters.
template<Awaitable A>
Result<AwaitResult<A>> tryWithProgress(QWidget *parent, const QString &text, A awaitable,
                                       const ProgressOptions &options = ProgressOptions(),
                                       std::source_location location = std::source_location::current()) noexcept
{
    const RunOptions run = RunOptions().context(parentObject(parent));
    try {
        requireRunnable(awaitable, run);
    } catch (...) {
        return Result<AwaitResult<A>>(Outcome::Refused, std::current_exception());
    }
    ProgressWait wait(parent, text, options);
    return tryRunSync(wait.show(std::move(awaitable)), run, location);
}

} // namespace interloop
