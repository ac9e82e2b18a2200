// SPDX-License-Identifier: MIT
#pragma once

#include <QString>
#include <QStringList>

#include <exception>

/*
 * When the bodies of slots that overlap begin and end, as a list of words.
 */

namespace interloop::test {

// Notes a body's beginning and its end: "1+", "1-" or "1-cancelled".
class Note
{
public:
    Note(QStringList &order, int number) : m_order(order), m_number(number), m_exceptions(std::uncaught_exceptions())
    {
        m_order += QStringLiteral("%1+").arg(number);
    }
    ~Note()
    {
        const bool isCancelled = std::uncaught_exceptions() > m_exceptions;
        m_order += QStringLiteral("%1-").arg(m_number) + (isCancelled ? QStringLiteral("cancelled") : QString());
    }
    Note(const Note &) = delete;
    Note &operator=(const Note &) = delete;

private:
    QStringList &m_order;
    int m_number;
    int m_exceptions;
};

} // namespace interloop::test
