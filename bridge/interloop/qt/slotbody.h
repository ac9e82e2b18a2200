// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/qt/connection.h>
#include <interloop/task/spawn.h>
#include <interloop/task/task.h>

#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

/*
 * Running the body of a slot: its functor and copies of the arguments are kept until it has ended, and it can be
 * cancelled while it waits.
 */

namespace interloop {

// A plain body while it is on the stack: the chain whose cancellation reaches the waits in it.
class INTERLOOP_EXPORT PlainBody final : public Chain, public BodyRun
{
public:
    PlainBody(Pump &pump, std::shared_ptr<ConnectionState> state);
    ~PlainBody();

    Kind kind() const noexcept override { return Kind::Slot; }
    std::string name() const override { return "a slot of " + m_state->name(); }
    void cancel(Outcome outcome) override { Chain::cancel(outcome); }

private:
    std::shared_ptr<ConnectionState> m_state;
    Pump::LevelScope m_level;
    Run m_run;
};

// A coroutine body until it has ended.
class CoroutineBody final : public BodyRun
{
public:
    CoroutineBody(std::shared_ptr<ConnectionState> state) : m_state(std::move(state)) { m_state->add(*this); }
    ~CoroutineBody() { unlink(); }

    void cancel(Outcome outcome) override { m_task->cancel(outcome); }
    void setTask(Chain &task) noexcept { m_task = &task; }

private:
    std::shared_ptr<ConnectionState> m_state;
    Chain *m_task = nullptr;
};

// Spawns `body`, the task of a slot, and starts it at once unless a raw libuv callback is on the stack.
INTERLOOP_EXPORT void startCoroutine(std::shared_ptr<ConnectionState> state, Task<> body);

// Calls `function` with as many of `arguments` as it takes.
template<typename Function, typename... Arguments, std::size_t... I>
decltype(auto) callWith(Function &function, std::tuple<Arguments...> &arguments, std::index_sequence<I...>)
{
    return function(std::as_const(std::get<I>(arguments))...);
}

// The greatest number of arguments, of the first Count, that a Function accepts.
template<typename Function, std::size_t Count, typename... Arguments>
constexpr std::size_t acceptedCount()
{
    using Tuple = std::tuple<const Arguments &...>;
    constexpr bool accepts = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::is_invocable_v<Function &, std::tuple_element_t<I, Tuple>...>;
    }(std::make_index_sequence<Count>());
    if constexpr (accepts)
        return Count;
    else if constexpr (Count > 0)
        return acceptedCount<Function, Count - 1, Arguments...>();
    else
        static_assert(accepts, "the slot's body takes other arguments than the signal has");
}

// Keeps the functor and the arguments while the coroutine that it makes runs.
template<typename Function, typename... Arguments>
Task<> keepWhileRunning(std::shared_ptr<const Function> function, std::tuple<Arguments...> arguments)
{
    constexpr std::size_t count = acceptedCount<const Function, sizeof...(Arguments), Arguments...>();
    auto body = callWith(*function, arguments, std::make_index_sequence<count>());
    co_await std::move(body);
}

template<typename T>
constexpr bool isTask = false;
template<typename T>
constexpr bool isTask<Task<T>> = true;

// A signal has come.
template<typename Function, typename... Arguments>
void startBody(const std::shared_ptr<ConnectionState> &state, std::shared_ptr<const Function> function,
               const Arguments &...arguments) noexcept
{
    if (!state->accepts())
        return;
    const std::shared_ptr<ConnectionState> kept = state; // the slot object may die under its body
    try {
        std::tuple<std::decay_t<const Arguments &>...> copies(arguments...);
        constexpr std::size_t count = acceptedCount<const Function, sizeof...(Arguments), std::decay_t<Arguments>...>();
        using Indices = std::make_index_sequence<count>;
        if constexpr (isTask<decltype(callWith(*function, copies, Indices()))>) {
            startCoroutine(kept, keepWhileRunning(std::move(function), std::move(copies)));
        } else {
            const PlainBody body(currentPump(), kept);
            callWith(*function, copies, Indices());
        }
    } catch (...) {
        kept->reportCurrentException();
    }
}

} // namespace interloop
