// SPDX-License-Identifier: MIT
#include <interloop/loop/waitlog.h>

#include <interloop/loop/logging.h>

#include <set>

namespace interloop {

void adviseToAwait(Pump &pump, const Chain &caller, const std::source_location &location)
{
    if (caller.kind() == Chain::Kind::Slot || !waitLog().isInfoEnabled())
        return;
    static thread_local std::set<std::string> told;
    const std::string where = toString(location);
    if (!told.insert(where).second)
        return;
    pump.report(Report::Advice,
                "runSync at " + where + " runs inside " + caller.name()
                        + ": co_await would do, unless a plain function calls it", nullptr);
}

WaitLog::WaitLog(const SyncFrame &frame)
{
    if (!waitLog().isDebugEnabled()) [[likely]]
        return;
    m_frame = &frame;
    logBegin();
}

void WaitLog::logBegin()
{
    m_begin = std::chrono::steady_clock::now();
    const Chain *caller = m_frame->caller();
    qCDebug(waitLog, "%s begins%s", m_frame->target()->name().c_str(), caller ? (" in " + caller->name()).c_str() : "");
}

void WaitLog::logReturn() noexcept
{
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - m_begin;
    qCDebug(waitLog, "%s returns after %.3f ms", m_frame->target()->name().c_str(), time.count());
}

} // namespace interloop
