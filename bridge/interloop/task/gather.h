// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/astask.h>
#include <interloop/task/groupwait.h>
#include <interloop/task/result.h>

#include <tuple>
#include <variant>
#include <vector>

/*
 * Several tasks at once, and all their results. asyncio's gather.
 *
 * After a failure the siblings go on, as spawned tasks, and outlive the gather: what they refer to must outlive it too.
 * Pass by value. A later failure goes to the unhandled-error hook.
 *
 * Starts: when awaited; the tasks are then spawned in the order of the arguments. Resumes: from the ready queue, when
 * the last task has ended or the first one has failed. Cancel: cancels the tasks in order and waits for all of them.
 * A gather with a member that could only end after it is refused as a deadlock, though another member's failure might
 * end it first. Handles are accepted wherever tasks are; their results are copied, or moved out when they cannot be copied.
 */

namespace interloop {

// The place of a void result among others.
template<typename T>
using Gathered = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// A task's result for its gather. REQUIRES: the task has a value
template<typename A>
Gathered<AwaitResult<A>> takeGathered(TaskHandle<AwaitResult<A>> &handle)
{
    using T = AwaitResult<A>;
    auto &slot = handle.state().slot();
    if constexpr (std::is_void_v<T>)
        return std::monostate();
    else if constexpr (std::is_same_v<A, TaskHandle<T>> && std::is_copy_constructible_v<T>)
        return slot.get();
    else
        return slot.take();
}

// However a task has ended, as a value. REQUIRES: the task has ended
template<typename A>
Result<AwaitResult<A>> takeResult(TaskHandle<AwaitResult<A>> &handle)
{
    using T = AwaitResult<A>;
    SpawnedTask<T> &task = handle.state();
    task.markSeen();
    if constexpr (std::is_same_v<A, TaskHandle<T>> && (std::is_void_v<T> || std::is_copy_constructible_v<T>)) {
        return Result<T>(task.outcome(), task.slot());
    } else {
        Slot<T> slot;
        slot.moveFrom(task.slot());
        return Result<T>(task.outcome(), std::move(slot));
    }
}

// All the results, in the order of the arguments (std::monostate for void), or the first failure.
template<Awaitable... As>
Task<std::tuple<Gathered<AwaitResult<As>>...>> gather(As... awaitables)
{
    std::tuple<TaskHandle<AwaitResult<As>>...> handles{asHandle(std::move(awaitables))...};
    GroupWait wait(GroupWait::Until::AllSucceeded, sizeof...(As));
    std::apply([&wait](auto &...handle) { (wait.add(handle.state()), ...); }, handles);
    co_await inPlace(wait);
    wait.rethrowFailure();
    co_return std::apply(
            [](auto &...handle) { return std::tuple<Gathered<AwaitResult<As>>...>{takeGathered<As>(handle)...}; }, handles);
}

template<Awaitable A>
Task<std::vector<Gathered<AwaitResult<A>>>> gather(std::vector<A> awaitables)
{
    std::vector<TaskHandle<AwaitResult<A>>> handles;
    handles.reserve(awaitables.size());
    for (A &awaitable : awaitables)
        handles.push_back(asHandle(std::move(awaitable)));
    GroupWait wait(GroupWait::Until::AllSucceeded, handles.size());
    for (auto &handle : handles)
        wait.add(handle.state());
    co_await inPlace(wait);
    wait.rethrowFailure();
    std::vector<Gathered<AwaitResult<A>>> results;
    results.reserve(handles.size());
    for (auto &handle : handles)
        results.push_back(takeGathered<A>(handle));
    co_return results;
}

// How each of them ended, in the order of the arguments: asyncio's gather with return_exceptions. Waits for all.
template<Awaitable... As>
Task<std::tuple<Result<AwaitResult<As>>...>> gatherResults(As... awaitables)
{
    std::tuple<TaskHandle<AwaitResult<As>>...> handles{asHandle(std::move(awaitables))...};
    GroupWait wait(GroupWait::Until::AllEnded, sizeof...(As));
    std::apply([&wait](auto &...handle) { (wait.add(handle.state()), ...); }, handles);
    co_await inPlace(wait);
    co_return std::apply(
            [](auto &...handle) { return std::tuple<Result<AwaitResult<As>>...>{takeResult<As>(handle)...}; }, handles);
}

} // namespace interloop
