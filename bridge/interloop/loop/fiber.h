// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/fibercontext.h>
#include <interloop/loop/stackstate.h>
#include <interloop/task/operation.h>
#include <interloop/task/stack.h>

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

/*
 * The stacks that can be parked: each one is started from the pool, runs until its code has ended, and goes back. In the
 * ready queue a parked one stands for its code, which goes on.
 */

namespace interloop {

class Pump;

class Fiber final : public Stack, public Operation
{
public:
    Fiber(Pump &pump, std::size_t stackSize)
        : m_pump(pump), m_context(stackSize), m_state(m_context.bounds(), this)
    {
    }

    FiberContext &context() noexcept { return m_context; }
    const FiberContext &context() const noexcept { return m_context; }

    // What the pump knows about it.
    StackState &state() noexcept { return m_state; }
    const StackState &state() const noexcept { return m_state; }

    // Its code waits: goes on with what lies beneath, and returns when it is resumed. REQUIRES: it is on top
    void park()
    {
        ++m_parks;
        m_context.park();
    }

    // How often its code has been parked, ever.
    unsigned parks() const noexcept { return m_parks; }

    void run() override; // from the ready queue
    bool keepsOrder() const noexcept override { return true; }

private:
    Pump &m_pump;
    FiberContext m_context;
    StackState m_state;
    unsigned m_parks = 0;
};

class FiberPool
{
public:
    explicit FiberPool(Pump &pump) noexcept : m_pump(pump) { }
    ~FiberPool(); // REQUIRES: all are back

    // One with nothing to run, or nullptr when there is no memory for another.
    Fiber *take();
    void giveBack(Fiber &fiber) noexcept;

    // Of stacks that are made from now on.
    void setStackSize(std::size_t size) noexcept { m_stackSize = size; }

    // The one that `object` lies on, or nullptr, and where there.
    const Fiber *around(const void *object, const void *&address) const noexcept;

    // The most bytes that one of the stacks has used.
    std::size_t highWaterMark() const noexcept;

private:
    static constexpr std::size_t maximumIdle = 64;

    Fiber *make();

    Pump &m_pump;
    std::size_t m_stackSize = 1024 * 1024;
    std::size_t m_highWaterMark = 0; // of those that are gone
    std::map<const void *, std::unique_ptr<Fiber>> m_fibers; // by their lowest addresses
    std::vector<Fiber *> m_idle; // the one used last is taken first
};

} // namespace interloop
