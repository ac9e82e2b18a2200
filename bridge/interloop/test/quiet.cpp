// SPDX-License-Identifier: MIT
#include <interloop/test/quiet.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>

#include <uv.h>

#include <stdexcept>

namespace interloop {

namespace {

constinit thread_local std::uint64_t eventsSeen = 0; // that Qt has brought to objects of this thread

bool countEvent(void **)
{
    ++eventsSeen;
    return false; // it goes on to its object
}

// Qt keeps its list of callbacks without a lock: added before there can be other threads, and for good.
const bool isCounting = QInternal::registerCallback(QInternal::EventNotifyCallback, &countEvent);

bool isChildRunning(uv_loop_t *loop)
{
    bool isRunning = false;
    const auto look = [](uv_handle_t *handle, void *answer) {
        if (uv_handle_get_type(handle) == UV_PROCESS && uv_is_active(handle))
            *static_cast<bool *>(answer) = true;
    };
    uv_walk(loop, look, &isRunning);
    return isRunning;
}

// Something is under way that ends by itself, in real time.
bool isBusy(uv_loop_t *loop)
{
    return loop->active_reqs.count > 0 || isChildRunning(loop);
}

} // namespace

std::shared_ptr<Quiet> Quiet::ofThread()
{
    static thread_local std::weak_ptr<Quiet> shared;
    Pump &pump = currentPump();
    if (pump.isClosing())
        throw RunSyncError(Refusal::ShuttingDown, "this thread's bridge is about to end");
    std::shared_ptr<Quiet> quiet = shared.lock();
    if (!quiet || quiet->m_pump != &pump) {
        quiet = std::make_shared<Quiet>(pump);
        shared = quiet;
    }
    return quiet;
}

Quiet::Quiet(Pump &pump) : m_pump(&pump)
{
    pump.setIdleWatch(this);
}

Quiet::~Quiet()
{
    if (m_pump)
        m_pump->setIdleWatch(nullptr);
}

void Quiet::addWaiter(Operation &waiter) noexcept
{
    m_waiters.append(waiter);
    m_pump->arm();
}

void Quiet::startClock()
{
    if (m_pump->isTimeVirtual())
        throw std::logic_error("VirtualClock: this thread's tasks have one already");
    m_pump->setVirtualNow(Pump::realNow());
}

void Quiet::stopClock() noexcept
{
    if (m_pump)
        m_pump->leaveVirtualTime();
}

TimePoint Quiet::now() const noexcept
{
    return m_pump ? m_pump->now() : m_lastNow;
}

bool Quiet::isWaiting() noexcept
{
    if (!m_waiters.isEmpty())
        return true;
    return m_pump->isTimeVirtual() && !m_pump->timers().isEmpty() && m_pump->timers().firstDeadline() != TimePoint::max()
            && !isBusy(m_pump->uvLoop());
}

// Whatever Qt had posted before this turn has been delivered by now. What that has posted comes before the next one.
void Quiet::turned() noexcept
{
    const bool hadNoEvent = m_expectedEvents == eventsSeen;
    const bool hadNoResume = m_resumes == m_pump->takenCount();
    m_expectedEvents = eventsSeen + 1;
    m_resumes = m_pump->takenCount();
    if (hadNoEvent && hadNoResume && m_pump->isIdle() && isWaiting()) {
        if (!m_waiters.isEmpty())
            wakeWaiters();
        else
            m_pump->setVirtualNow(m_pump->timers().firstDeadline());
    }
    m_pump->arm();
}

void Quiet::detached() noexcept
{
    m_lastNow = m_pump->now();
    m_pump = nullptr;
    wakeWaiters();
}

void Quiet::wakeWaiters() noexcept
{
    while (!m_waiters.isEmpty())
        m_waiters.takeFirst().wake();
}

} // namespace interloop
