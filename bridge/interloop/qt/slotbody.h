// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/qt/connectionstate.h>
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
    PlainBody(Pump &pump, std::shared_ptr<ConnectionState> state); // inherits from the running chain, or who started this stack
    ~PlainBody();

    Kind kind() const noexcept override { return Kind::Slot; }
    std::string name() const override { return "a slot of " + m_state->name(); }
    void cancel(Outcome outcome) override { Chain::cancel(outcome); }

private:
    std::shared_ptr<ConnectionState> m_state;
    Pump::LevelScope m_level;
    Run m_run;
    ToldStep m_step;
};

// A coroutine body until it has ended.
class CoroutineBody final : public BodyRun
{
public:
    CoroutineBody(std::shared_ptr<ConnectionState> state) : m_state(std::move(state)) { m_state->add(*this); }
    ~CoroutineBody() { m_state->remove(*this); }

    void cancel(Outcome outcome) override { m_task->cancel(outcome); }
    void setTask(Chain &task) noexcept { m_task = &task; }

private:
    std::shared_ptr<ConnectionState> m_state;
    Chain *m_task = nullptr;
};

// Spawns `body`, the task of a slot, and starts it at once. REQUIRES: no raw libuv callback is on the stack
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

// Whether a parameter of a signal's can outlive the emission as a copy: what comes through other references goes back.
template<typename Parameter>
constexpr bool isOneWay = !std::is_reference_v<Parameter>
        || (std::is_lvalue_reference_v<Parameter> && std::is_const_v<std::remove_reference_t<Parameter>>);

// A body with what it needs, until it runs.
template<typename Function, typename... Arguments>
class SlotCall final : public BodyStart
{
public:
    SlotCall(std::shared_ptr<const Function> function, const Arguments &...arguments)
        : BodyStart(isCoroutine() ? Kind::Coroutine : Kind::Plain, &SlotCall::runSelf, &SlotCall::destroySelf),
          m_function(std::move(function)), m_arguments(arguments...)
    {
    }

    static Owner make(std::shared_ptr<const Function> function, const Arguments &...arguments)
    {
        return Owner(new SlotCall(std::move(function), arguments...));
    }

private:
    using Indices = std::make_index_sequence<acceptedCount<const Function, sizeof...(Arguments), Arguments...>()>;

    static constexpr bool isCoroutine()
    {
        return isTask<decltype(callWith(std::declval<const Function &>(), std::declval<std::tuple<Arguments...> &>(), Indices()))>;
    }

    static void destroySelf(BodyStart *self) noexcept { delete static_cast<SlotCall *>(self); }

    static void runSelf(BodyStart &start, std::shared_ptr<ConnectionState> state) noexcept
    {
        auto &self = static_cast<SlotCall &>(start);
        try {
            if constexpr (isCoroutine()) {
                startCoroutine(state, keepWhileRunning(std::move(self.m_function), std::move(self.m_arguments)));
            } else {
                const PlainBody body(currentPump(), state);
                callWith(*self.m_function, self.m_arguments, Indices());
            }
        } catch (...) {
            state->reportCurrentException();
        }
    }

    std::shared_ptr<const Function> m_function; // the slot object may die under its body
    std::tuple<Arguments...> m_arguments;
};

// A signal has come.
template<typename Function, typename... Arguments>
void startBody(const std::shared_ptr<ConnectionState> &state, const std::shared_ptr<const Function> &function,
               const Arguments &...arguments) noexcept
{
    if (!state->takesSignals())
        return;
    const std::shared_ptr<ConnectionState> kept = state;
    try {
        kept->take(SlotCall<Function, Arguments...>::make(function, arguments...));
    } catch (...) {
        kept->reportCurrentException();
    }
}

} // namespace interloop
