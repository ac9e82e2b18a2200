// SPDX-License-Identifier: MIT
#include <interloop/task/chainextras.h>

namespace interloop {

ChainExtras::~ChainExtras()
{
    while (!locks.isEmpty())
        locks.first().release();
}

bool ChainExtras::isWanted() const noexcept
{
    for (const HeldLock *lock = locks.firstOrNull(); lock; lock = locks.after(*lock)) {
        if (lock->isWanted())
            return true;
    }
    return false;
}

} // namespace interloop
