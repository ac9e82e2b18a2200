// SPDX-License-Identifier: MIT
#include <interloop/task/tasklocal.h>

#include <interloop/task/chain.h>
#include <interloop/task/chainextras.h>
#include <interloop/task/scheduler.h>

#include <atomic>

namespace interloop {

TaskLocalBase::TaskLocalBase() noexcept
{
    static std::atomic<std::uint64_t> lastKey = 0;
    m_key = ++lastKey;
}

const void *TaskLocalBase::find() const noexcept
{
    const Scheduler *here = existingScheduler();
    return here ? here->localValues().find(m_key) : nullptr;
}

void TaskLocalBase::setValue(std::shared_ptr<const void> value) const
{
    currentScheduler().ownLocalValues().set(m_key, std::move(value));
}

} // namespace interloop
