// SPDX-License-Identifier: MIT
#include <interloop/task/mailbox.h>

#include <utility>

namespace interloop {

bool Mailbox::put(Letter letter)
{
    const std::lock_guard lock(m_mutex);
    if (!m_wake)
        return false;
    m_letters.push_back(std::move(letter));
    if (m_letters.size() == 1)
        m_wake();
    return true;
}

std::vector<Mailbox::Letter> Mailbox::take()
{
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_letters, {});
}

void Mailbox::close()
{
    const std::lock_guard lock(m_mutex);
    m_wake = nullptr;
}

bool Mailbox::isClosed() const
{
    const std::lock_guard lock(m_mutex);
    return !m_wake;
}

} // namespace interloop
