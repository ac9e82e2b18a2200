// SPDX-License-Identifier: MIT
#include <interloop/qt/slotbody.h>

#include <interloop/loop/owner.h>

namespace interloop {

PlainBody::PlainBody(Pump &pump, std::shared_ptr<ConnectionState> state)
    : Chain(pump), m_state(std::move(state)), m_level(pump), m_run(*this, pump.leaveStarter()), m_step(*this)
{
    m_state->add(*this);
}

namespace {

// The bridge's end may have waited for this body to get off the stack.
void bodyReturns() noexcept
{
    if (Pump *pump = existingPump(); pump && pump->isClosing()) [[unlikely]]
        closeSoon();
}

} // namespace

PlainBody::~PlainBody()
{
    m_state->remove(*this);
    bodyReturns();
}

namespace {

Task<> runBody(std::shared_ptr<ConnectionState> state, Task<> body)
{
    CoroutineBody run(state);
    run.setTask(*currentScheduler().currentChain());
    try {
        co_await std::move(body);
    } catch (...) {
        state->reportCurrentException();
    }
}

} // namespace

void startCoroutine(std::shared_ptr<ConnectionState> state, Task<> body)
{
    Pump &pump = currentPump();
    const std::string name = "a slot of " + state->name();
    auto *task = SpawnedTask<void>::make(runBody(std::move(state), std::move(body)), name, std::source_location());
    pump.leaveStarter();
    const Pump::LevelScope level(pump);
    task->startNow();
    bodyReturns();
}

} // namespace interloop
