// SPDX-License-Identifier: MIT
#include <interloop/task/resumeorder.h>

#include <atomic>

namespace interloop {

namespace {

constinit std::atomic<ResumeOrder> initialOrder = ResumeOrder();

} // namespace

ResumeOrder ResumeOrder::initial() noexcept
{
    return initialOrder.load(std::memory_order_relaxed);
}

void ResumeOrder::setInitial(ResumeOrder order) noexcept
{
    initialOrder.store(order, std::memory_order_relaxed);
}

} // namespace interloop
