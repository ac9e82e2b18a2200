// SPDX-License-Identifier: MIT
#include <interloop/qt/signal.h>

namespace interloop {

WaitOperation::Begun SignalWait::begin()
{
    if (startListening())
        return Begun::Waiting; // or over already: a sender may emit when it is connected to
    m_error = source().senderDestroyed();
    return Begun::Ready;
}

bool SignalWait::abandon(CancelMode)
{
    stopListening();
    return true;
}

void SignalWait::arrived(std::exception_ptr error) noexcept
{
    ignoreSignal();
    m_error = std::move(error);
    complete();
}

void SignalWait::signalEnded(std::exception_ptr error) noexcept
{
    arrived(std::move(error));
}

void SignalWait::finish()
{
    stopListening();
    throwIfCancelled();
    if (m_error)
        std::rethrow_exception(m_error);
}

} // namespace interloop
