// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/gather.h>
#include <interloop/task/shield.h>

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

/*
 * Several tasks at once, and the result of whichever ends first.
 *
 * Starts: when awaited; the tasks are then spawned in the order of the arguments. Resumes: when the first has ended and
 * the others, cancelled, have unwound; their results and failures are dropped. Cancel: cancels all of them in order
 * and waits for their ends. A loser that waits for the racing task itself is let off that wait and cancels nothing.
 */

namespace interloop {

// A variant whose index names the winner (std::monostate for void), or the exception with which the first one ended.
template<Awaitable... As>
    requires(sizeof...(As) > 0)
Task<std::variant<Gathered<AwaitResult<As>>...>> race(As... awaitables)
{
    std::tuple<TaskHandle<AwaitResult<As>>...> handles{asHandle(std::move(awaitables))...};
    GroupWait first(GroupWait::Until::FirstEnded, sizeof...(As));
    std::apply([&first](auto &...handle) { (first.add(handle.state()), ...); }, handles);
    co_await inPlace(first);
    {
        const ChainScope scope(*currentScheduler().currentChain(), ChainScope::Shield::Yes);
        GroupWait losers(GroupWait::Until::AllUnwound, sizeof...(As));
        std::apply([&losers](auto &...handle) { (losers.add(handle.state()), ...); }, handles);
        losers.markSeenExcept(first.decisive());
        co_await inPlace(losers);
    }
    first.rethrowFailure();
    using Winner = std::variant<Gathered<AwaitResult<As>>...>;
    const auto take = [&]<std::size_t... I>(std::index_sequence<I...>) {
        std::optional<Winner> winner;
        ((!winner && first.decisive() == &std::get<I>(handles).state()
                  ? static_cast<void>(winner.emplace(std::in_place_index<I>, takeGathered<As>(std::get<I>(handles))))
                  : static_cast<void>(0)),
         ...);
        return Winner(*std::move(winner));
    };
    co_return take(std::index_sequence_for<As...>());
}

} // namespace interloop
