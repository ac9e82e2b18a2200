// SPDX-License-Identifier: MIT
#include <interloop/loop/runtarget.h>

namespace interloop {

// Tells, once, when a wait that has ended is held back for too long.
class HeldBackWarning final : private Timer, private Operation
{
public:
    HeldBackWarning(Pump &pump, std::string text) : m_pump(pump), m_text(std::move(text))
    {
        pump.startTimer(*this, std::chrono::nanoseconds(pump.limits().heldBackThreshold));
    }
    ~HeldBackWarning()
    {
        m_pump.stopTimer(*this);
        unlink();
    }

private:
    void expire() override { m_pump.post(*this); }
    void run() override { m_pump.report(Report::HeldBack, m_text, nullptr); }

    Pump &m_pump;
    std::string m_text;
};

RunTarget::RunTarget(Pump &pump) noexcept : Chain(pump), m_pump(pump) { }

RunTarget::~RunTarget() = default;

std::string RunTarget::name() const
{
    const int depth = m_frame ? m_frame->depth() : runDepth();
    std::string name = "runSync at depth " + std::to_string(depth);
    if (const Operation *waiting = this->waiting()) {
        if (const Chain *awaited = waiting->awaitedChain())
            name += " (for " + awaited->name() + ')';
    }
    return name;
}

void RunTarget::ended() noexcept
{
    if (m_loop)
        m_loop->quit();
    const SyncFrame *top = m_pump.topFrame();
    if (!m_frame || top == m_frame)
        return;
    m_heldBackSince = m_pump.now();
    m_warning = std::make_unique<HeldBackWarning>(
            m_pump, name() + " has ended, but cannot return: " + top->target()->name() + " waits on top of it");
}

std::chrono::nanoseconds RunTarget::heldBack() const
{
    if (m_heldBackSince == TimePoint::max())
        return {};
    return m_pump.now() - m_heldBackSince;
}

} // namespace interloop
