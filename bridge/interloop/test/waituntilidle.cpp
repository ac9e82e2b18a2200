// SPDX-License-Identifier: MIT
#include <interloop/test/waituntilidle.h>

#include <interloop/test/quiet.h>

namespace interloop {

WaitOperation::Begun IdleAwaiter::begin()
{
    m_quiet = Quiet::ofThread();
    m_quiet->addWaiter(*this);
    return Begun::Waiting;
}

bool IdleAwaiter::abandon(CancelMode)
{
    unlink();
    return true;
}

} // namespace interloop
