// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

/*
 * A guard for code that holds something shaped like the stack - a QMutexLocker, a QPainter, a QSettings group, an override
 * cursor, a QSignalBlocker: other code must not run before it is let go, or only on top.
 *
 *     const NoSuspend guard;
 *     QMutexLocker locker(&mutex);
 *     runSync(save()); // nests
 *
 * Counts for the stack that it is made on, from construction to destruction: in a coroutine not across a co_await, which
 * may go on on another.
 */

namespace interloop {

class Pump;

class INTERLOOP_EXPORT NoSuspend
{
public:
    enum RefuseTag { Refuse };

    NoSuspend() noexcept; // waits nest
    explicit NoSuspend(RefuseTag) noexcept; // waits are refused: RunSyncError (NoSuspend)
    ~NoSuspend();
    NoSuspend(const NoSuspend &) = delete;
    NoSuspend &operator=(const NoSuspend &) = delete;

private:
    Pump *m_pump; // nullptr: this thread had no bridge, hence no stack that could be parked
    bool m_isRefusing = false;
};

} // namespace interloop
