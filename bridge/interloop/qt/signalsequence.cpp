// SPDX-License-Identifier: MIT
#include <interloop/qt/signalsequence.h>

namespace interloop {

SignalFeedBase::SignalFeedBase(SignalSource source, std::size_t capacity)
    : SignalListener(std::move(source)), m_capacity(capacity)
{
    if (capacity == 0)
        throw std::invalid_argument("signalsOf: the capacity is 0");
}

void SignalFeedBase::open()
{
    if (!startListening())
        fail(source().senderDestroyed());
}

void SignalFeedBase::close() noexcept
{
    stopListening();
    endFeed(nullptr);
}

void SignalFeedBase::fail(std::exception_ptr error) noexcept
{
    ignoreSignal();
    endFeed(std::move(error));
}

std::exception_ptr SignalFeedBase::overflow() const
{
    return std::make_exception_ptr(SignalOverflow(source().name() + ": more than " + std::to_string(m_capacity)
                                                  + " emissions that nobody has taken; the sequence has ended"));
}

} // namespace interloop
