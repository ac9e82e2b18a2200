// SPDX-License-Identifier: MIT
#include <interloop/task/mailbox.h>

#include <utility>

namespace interloop {

bool Mailbox::put(Letter letter)
{
    const std::lock_guard lock(m_mutex);
    if (m_isClosed)
        return false;
    append(std::move(letter));
    return true;
}

bool Mailbox::putAnswer(Letter letter)
{
    const std::lock_guard lock(m_mutex);
    if (!m_wake)
        return false;
    append(std::move(letter));
    return true;
}

void Mailbox::append(Letter letter)
{
    m_letters.push_back(std::move(letter));
    if (m_letters.size() == 1)
        m_wake();
}

std::vector<Mailbox::Letter> Mailbox::take()
{
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_letters, {});
}

void Mailbox::close()
{
    const std::lock_guard lock(m_mutex);
    m_isClosed = true;
}

void Mailbox::end()
{
    const std::lock_guard lock(m_mutex);
    m_isClosed = true;
    m_wake = nullptr;
}

bool Mailbox::isClosed() const
{
    const std::lock_guard lock(m_mutex);
    return m_isClosed;
}

} // namespace interloop
