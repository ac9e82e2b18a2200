// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/astask.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

/*
 * How far a task has come, told by the task and shown by whoever listens. The two need not know each other: a task
 * reports to Progress::current(), which is nobody when nobody follows it.
 *
 *     Task<> copyAll(std::vector<Job> jobs)
 *     {
 *         Progress progress = Progress::current();
 *         progress.setRange(0, int(jobs.size()));
 *         for (std::size_t i = 0; i < jobs.size(); ++i) {
 *             co_await copy(jobs[i]);
 *             progress.setValue(int(i) + 1);
 *         }
 *     }
 *
 * The words are QProgressBar's and QPromise's. Copies are the same progress. Belongs to one thread.
 */

namespace interloop {

class Chain;
class ProgressState;

class INTERLOOP_EXPORT Progress
{
public:
    Progress(); // from 0 to 0, which says that nobody knows how much there is to do

    // The one that the running task has been told to report to by follow(). Elsewhere, in a pool thread for example, one
    // that ignores what it is told.
    static Progress current();

    // A maximum below the minimum becomes the minimum; the value is moved into the range.
    void setRange(int minimum, int maximum);

    // A value outside the range becomes the nearest one in it; any value is kept while the range is from 0 to 0.
    void setValue(int value);
    void setText(std::string text); // what is being done, for people; UTF-8

    int minimum() const noexcept;
    int maximum() const noexcept;
    int value() const noexcept;
    std::string text() const;

    // `changed` is called after each change, by whoever makes it: it must neither throw nor wait. Empty: nobody listens. One
    // that holds a copy of this progress keeps it until it is replaced.
    void setListener(std::function<void()> changed);

    // Awaits `awaitable`. Its task, what that awaits and what it spawns report to this progress, unless told otherwise.
    // Starts: when awaited. Resumes: where the inner task ends. Cancel: reaches the inner task.
    template<Awaitable A>
    Task<AwaitResult<A>> follow(A awaitable) const
    {
        return followed(*this, std::move(awaitable));
    }

private:
    // While it lives the running task reports to `progress`.
    class INTERLOOP_EXPORT Following
    {
    public:
        explicit Following(const Progress &progress);
        ~Following();
        Following(const Following &) = delete;
        Following &operator=(const Following &) = delete;

    private:
        std::shared_ptr<ProgressState> m_before;
        const Chain *m_chain;
    };

    explicit Progress(std::shared_ptr<ProgressState> state) noexcept : m_state(std::move(state)) { }

    template<Awaitable A>
    static Task<AwaitResult<A>> followed(Progress progress, A awaitable)
    {
        const Following following(progress);
        co_return co_await forAwait(awaitable);
    }

    std::shared_ptr<ProgressState> m_state; // null: ignores all
};

} // namespace interloop
