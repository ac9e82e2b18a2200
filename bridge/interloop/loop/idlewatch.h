// SPDX-License-Identifier: MIT
#pragma once

/*
 * Who wants to know when a pump has nothing left to do: the tools for tests, which then make time jump or wake a test.
 *
 * Idle means: no operation is ready, and libuv has no callback to make now. Qt may still have events; the watch is asked
 * in turns of Qt's event loop, one after the other, so that it can see them go by.
 */

namespace interloop {

class IdleWatch
{
public:
    // Asked when the pump is idle. True: Qt shall come back as soon as it has had a turn, and then turned() is called.
    virtual bool isWaiting() noexcept = 0;

    // A turn that Qt's timer began is over. Only queues operations.
    virtual void turned() noexcept = 0;

    // The end of the loop begins; nothing is told from now on.
    virtual void detached() noexcept = 0;

protected:
    ~IdleWatch() = default;
};

} // namespace interloop
