// SPDX-License-Identifier: MIT
#include <interloop/qt/slotbody.h>


namespace interloop {

PlainBody::PlainBody(Pump &pump, std::shared_ptr<ConnectionState> state)
    : Chain(pump), m_state(std::move(state)), m_level(pump), m_run(*this)
{
    m_state->add(*this);
}

PlainBody::~PlainBody()
{
    unlink();
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
    if (pump.isInUvRun()) {
        task->schedule();
        return;
    }
    const Pump::LevelScope level(pump);
    task->startNow();
}

} // namespace interloop
