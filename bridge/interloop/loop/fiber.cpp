// SPDX-License-Identifier: MIT
#include <interloop/loop/fiber.h>

#include <interloop/loop/logging.h>
#include <interloop/loop/pump.h>
#include <interloop/loop/sanitizers.h>

#include <algorithm>
#include <new>

namespace interloop {

void Fiber::run()
{
    m_pump.resumeFiber(*this);
}

FiberPool::~FiberPool() = default;

Fiber *FiberPool::take()
{
    if (m_idle.empty())
        return make();
    Fiber *fiber = m_idle.back();
    m_idle.pop_back();
    return fiber;
}

Fiber *FiberPool::make()
{
    try {
        auto fiber = std::make_unique<Fiber>(m_pump, m_stackSize);
        Fiber *made = fiber.get();
        m_idle.reserve(m_fibers.size() + 1); // so that giving back cannot fail
        m_fibers.emplace(made->context().bounds().lowest(), std::move(fiber));
        return made;
    } catch (const std::bad_alloc &) {
        qCWarning(waitLog, "no memory for another stack besides %zu: waits nest", m_fibers.size());
        return nullptr;
    }
}

void FiberPool::giveBack(Fiber &fiber) noexcept
{
    if (m_idle.size() < maximumIdle) {
        m_idle.push_back(&fiber);
        return;
    }
    m_highWaterMark = std::max(m_highWaterMark, fiber.context().highWaterMark());
    m_fibers.erase(fiber.context().bounds().lowest());
}

const Fiber *FiberPool::around(const void *object, const void *&address) const noexcept
{
    const auto contains = [&](const Fiber &fiber) {
        address = fiber.context().addressOf(object);
        return address != nullptr;
    };
    const auto above = m_fibers.upper_bound(object);
    if (above != m_fibers.begin() && contains(*std::prev(above)->second))
        return std::prev(above)->second.get();
    if (sanitizers::fakeStack()) { // the object may be somewhere else entirely
        for (const auto &[lowest, fiber] : m_fibers) {
            if (contains(*fiber))
                return fiber.get();
        }
    }
    return nullptr;
}

std::size_t FiberPool::highWaterMark() const noexcept
{
    std::size_t mark = m_highWaterMark;
    for (const auto &[lowest, fiber] : m_fibers)
        mark = std::max(mark, fiber->context().highWaterMark());
    return mark;
}

} // namespace interloop
