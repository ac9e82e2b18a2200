// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/taskstate.h>
#include <interloop/task/waitoperation.h>

/*
 * Waiting for a spawned task's end. The awaiter keeps the task's state alive.
 */

namespace interloop {

enum class TakeResult : unsigned char { Copy, Move };

class INTERLOOP_EXPORT HandleWait : public WaitOperation
{
public:
    void wake() final { complete(); }
    const Chain *awaitedChain() const noexcept final { return isOver() ? nullptr : m_target; }
    std::string describe() const final { return m_target->name(); }

protected:
    explicit HandleWait(TaskState &target) noexcept : m_target(&target) { target.addReference(); }
    ~HandleWait() { m_target->release(); }

    Begun begin() final; // throws RunSyncError
    bool abandon(CancelMode mode) final;
    void skip() final;

    TaskState *m_target;

    // Throws how the wait or its target ended, when that is not with a value.
    void throwUnlessValue();
};

template<typename T, TakeResult Take>
class HandleAwaiter final : public HandleWait
{
public:
    explicit HandleAwaiter(SpawnedTask<T> &target) noexcept : HandleWait(target) { }

    T await_resume()
    {
        throwUnlessValue();
        auto &slot = static_cast<SpawnedTask<T> *>(m_target)->slot();
        if constexpr (Take == TakeResult::Move) {
            return slot.take();
        } else {
            static_assert(!std::is_object_v<T> || std::is_copy_constructible_v<T>,
                          "a move-only result must be taken: co_await std::move(handle)");
            return slot.get();
        }
    }
};

} // namespace interloop
