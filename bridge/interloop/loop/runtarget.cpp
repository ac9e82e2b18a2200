// SPDX-License-Identifier: MIT
#include <interloop/loop/runtarget.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/fiber.h>
#include <interloop/loop/qtwait.h>

namespace interloop {

// Tells, once, when a wait that has ended is held back for too long, and then when it returns.
class HeldBackWarning final : private Timer, private Operation
{
public:
    HeldBackWarning(Pump &pump, const Chain &wait, const Chain &onTop)
        : m_pump(pump), m_wait(wait.name()), m_onTop(onTop.name()), m_begin(pump.now())
    {
        pump.startTimer(*this, std::chrono::nanoseconds(pump.limits().heldBackThreshold));
    }
    ~HeldBackWarning() { stop(); }

    std::chrono::nanoseconds time() const { return m_pump.now() - m_begin; }

    // The wait returns. A slot that is told of it may close the bridge: its end comes at once if this was the last wait.
    void released() noexcept
    {
        stop();
        if (!m_isTold)
            return;
        const std::chrono::nanoseconds heldBack = time();
        tell([&](Bridge &bridge) { Q_EMIT bridge.waitReleased(QString::fromStdString(m_wait), heldBack); });
    }

private:
    void stop() noexcept
    {
        if (isActive())
            m_pump.stopTimer(*this);
        unlink();
    }

    void expire() override { m_pump.post(*this); }

    void run() override
    {
        m_isTold = true;
        m_pump.report(Report::HeldBack, m_wait + " has ended, but cannot return: " + m_onTop + " waits on top of it", nullptr);
        tell([this](Bridge &bridge) {
            Q_EMIT bridge.waitHeldBack(QString::fromStdString(m_wait), QString::fromStdString(m_onTop));
        });
    }

    template<typename Emit>
    void tell(Emit emitSignal) noexcept
    {
        try {
            if (Bridge::exists())
                emitSignal(Bridge::current());
        } catch (...) {
            if (Pump *pump = existingPump())
                pump->report(Report::UnhandledError, "a slot of the bridge's threw", std::current_exception());
        }
    }

    Pump &m_pump;
    std::string m_wait;
    std::string m_onTop;
    TimePoint m_begin;
    bool m_isTold = false;
};

RunTarget::RunTarget(Pump &pump, std::source_location location) : Chain(pump), m_pump(pump), m_calledAt(location)
{
    setLocation(location);
    pump.watchForQuit();
    m_quitsBefore = pump.quitsSeen();
    m_isBegunAfterQuit = pump.isQuitting() || pump.quitDeadline() != TimePoint::min();
    m_isBegunBeforeQuit = pump.isWaitLoopRunning();
}

RunTarget::~RunTarget()
{
    if (m_warning) [[unlikely]]
        m_warning->released();
}

std::string RunTarget::name() const
{
    const std::string location = isKnown(m_calledAt) ? " (" + toString(m_calledAt) + ')' : std::string();
    if (m_frame->stack().isParked())
        return "parked runSync" + location;
    return "runSync at depth " + std::to_string(m_frame->depth()) + location;
}

bool RunTarget::isOlderThanQuit() const noexcept
{
    return m_isBegunBeforeQuit || (!m_isBegunAfterQuit && m_pump.quitsSeen() != m_quitsBefore);
}

void RunTarget::ended() noexcept
{
    if (m_fiber) {
        m_pump.postFirst(*m_fiber);
        return;
    }
    if (m_loop)
        leave(*m_loop);
    const SyncFrame *top = m_pump.topFrame();
    if (top == m_frame)
        return;
    m_warning = std::make_unique<HeldBackWarning>(m_pump, *this, *top->target());
}

std::chrono::nanoseconds RunTarget::heldBack() const
{
    return m_warning ? m_warning->time() : std::chrono::nanoseconds();
}

} // namespace interloop
