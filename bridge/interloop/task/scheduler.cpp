// SPDX-License-Identifier: MIT
#include <interloop/task/scheduler.h>

#include <interloop/task/chain.h>
#include <interloop/task/chainextras.h>
#include <interloop/task/syncframe.h>

namespace interloop {

// A pass that was left in the middle, as the loop above had no more time, goes on: how long things take decides nothing.
std::uint64_t Scheduler::beginRandomPass()
{
    if (m_taken < m_randomPassEnd)
        return m_randomPassEnd;
    while (hasReady()) {
        Operation &operation = m_ready.takeFirst();
        m_batch.push_back(&operation);
        if (operation.keepsOrder())
            m_ordered.append(operation);
    }
    m_randomPassEnd = m_taken + m_batch.size();
    while (!m_batch.empty()) {
        std::swap(m_batch[m_order.below(m_batch.size())], m_batch.back());
        m_ready.append(m_batch.back()->keepsOrder() ? m_ordered.takeFirst() : *m_batch.back());
        m_batch.pop_back();
    }
    return m_randomPassEnd;
}

const LocalValues &Scheduler::localValues() const noexcept
{
    static const LocalValues none;
    const Chain *chain = callingChain();
    if (!chain)
        return m_locals;
    return chain->hasExtras() ? chain->extras().locals : none;
}

LocalValues &Scheduler::ownLocalValues()
{
    Chain *chain = callingChain();
    return chain ? chain->extras().locals : m_locals;
}

Scheduler::StackAddress Scheduler::stackAddress(const void *) const noexcept
{
    return StackAddress();
}

void Scheduler::enterStack(Stack &stack) noexcept
{
    if (stack.isParked()) {
        stack.unlink();
        --m_parkedCount;
    }
    m_stack->m_current = std::exchange(m_current, stack.m_current);
    stack.m_beneath = std::exchange(m_stack, &stack);
    if (stack.m_topFrame) {
        stack.m_bottomFrame->m_below = m_topFrame;
        m_topFrame = stack.m_topFrame;
        m_depth += stack.m_depth;
    }
}

void Scheduler::leaveStack(bool isParked) noexcept
{
    Stack &stack = *m_stack;
    m_stack = std::exchange(stack.m_beneath, nullptr);
    stack.m_current = std::exchange(m_current, m_stack->m_current);
    if (stack.m_topFrame) {
        m_topFrame = std::exchange(stack.m_bottomFrame->m_below, nullptr);
        m_depth -= stack.m_depth;
    }
    if (isParked) {
        m_parkedStacks.append(stack);
        ++m_parkedCount;
    }
}

void Scheduler::deliverCancel(Operation &operation, CancelMode mode)
{
    constexpr int maximumDepth = 16;
    if (m_cancelDepth == maximumDepth) {
        m_undelivered.emplace_back(&operation, mode);
        return;
    }
    ++m_cancelDepth;
    operation.cancel(mode);
    if (m_cancelDepth == 1) {
        for (std::size_t next = 0; next < m_undelivered.size(); ++next) {
            const auto [undelivered, itsMode] = m_undelivered[next];
            undelivered->cancel(itsMode);
        }
        m_undelivered.clear();
    }
    --m_cancelDepth;
}

} // namespace interloop
