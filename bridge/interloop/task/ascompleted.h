// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/astask.h>
#include <interloop/task/asyncgenerator.h>
#include <interloop/task/waitoperation.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

/*
 * Several tasks at once, each as soon as it has ended: asyncio's as_completed, as a loop.
 *
 *     auto pages = asCompleted(std::move(loads));   // std::vector<Task<Page>>, or of handles
 *     for (auto page = co_await pages.next(); page; page = co_await pages.next())
 *         show(co_await *page);                     // the result, or what the task has thrown
 *
 * The items are handles of tasks that have ended, in the order in which they did so; a vector of handles gives the same
 * handles back, so that a caller knows them. Leaving the loop early, by a break or an exception, leaves the others
 * running, as spawned tasks: what they refer to must outlive them. A failure that nobody has awaited goes to the
 * unhandled-error hook.
 */

namespace interloop {

class TaskState;

// The ends of several tasks, one after the other: the untyped body.
class INTERLOOP_EXPORT CompletionQueue
{
public:
    explicit CompletionQueue(std::size_t count);
    ~CompletionQueue();
    CompletionQueue(const CompletionQueue &) = delete;
    CompletionQueue &operator=(const CompletionQueue &) = delete;

    // In the order of the arguments. Keeps the task's state alive.
    void add(TaskState &task);

    // Whether somebody has not been given out yet.
    bool isEmpty() const noexcept { return m_given == m_count; }

    class Next;

private:
    // One task's end: in the task's list until then, in m_ended afterwards; in neither when it is no longer waited for.
    class Member final : public Operation
    {
    public:
        void run() override { }
        void wake() override { queue->memberEnded(*this); }

        CompletionQueue *queue = nullptr;
        TaskState *task = nullptr;
    };

    void memberEnded(Member &member) noexcept;
    const TaskState &firstPending() noexcept;

    std::unique_ptr<Member[]> m_members; // [0, m_count) are in use
    List<Operation> m_ended; // not given out yet, first to end first
    Next *m_next = nullptr; // nullptr: nobody waits
    std::size_t m_count = 0;
    std::size_t m_pending = 0; // have not ended
    std::size_t m_firstPending = 0; // those before it have ended
    std::size_t m_given = 0;
};

// Waits for the next end, and gives the place that it was added at. REQUIRES: !queue.isEmpty()
class INTERLOOP_EXPORT CompletionQueue::Next final : public WaitOperation
{
public:
    explicit Next(CompletionQueue &queue) noexcept : m_queue(queue) { }

    std::size_t await_resume();

    bool isOpen() const noexcept override { return false; }
    void collectNeeds(Needs &needs) const override;
    std::string describe() const override;

private:
    friend class CompletionQueue;

    Begun begin() override;
    bool abandon(CancelMode mode) override;
    void skip() override;
    void cancelMembers(CancelMode mode);
    void memberEnded() noexcept;

    CompletionQueue &m_queue;
    bool m_isAbandoned = false; // cancelled: wait for all
};

// Starts: at the first next(); tasks are then spawned in the order of the arguments. Resumes: from the ready queue,
// when the next one has ended; at once when it has already. Cancel: cancels those that have not ended, in order, and
// waits for all of them, as gather does (asyncio leaves them running).
template<Awaitable A>
AsyncGenerator<TaskHandle<AwaitResult<A>>> asCompleted(std::vector<A> awaitables)
{
    std::vector<TaskHandle<AwaitResult<A>>> handles;
    handles.reserve(awaitables.size());
    for (A &awaitable : awaitables)
        handles.push_back(asHandle(std::move(awaitable)));
    CompletionQueue queue(handles.size());
    for (auto &handle : handles)
        queue.add(handle.state());
    while (!queue.isEmpty()) {
        CompletionQueue::Next next(queue);
        const std::size_t place = co_await inPlace(next);
        co_yield handles[place];
    }
}

} // namespace interloop
