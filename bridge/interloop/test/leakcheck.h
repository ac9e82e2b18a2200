// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/test/leftovers.h>

#include <QStringList>
#include <QTest>

#include <chrono>
#include <source_location>

/*
 * Fails every test function that leaves a task alive or a libuv handle open on this thread's bridge, and names them.
 *
 *     private slots:
 *         void init() { m_leaks.begin(); }
 *         void cleanup() { m_leaks.check(); }
 *     private:
 *         LeakCheck m_leaks;
 */

namespace interloop {

class LeakCheck
{
public:
    // What is there now belongs to nobody's test function.
    void begin() { m_leftovers.begin(); }

    // What is about to end, as a cancelled task or a closing handle, gets `limit` of real time for it; a test function
    // that leaves nothing costs none.
    void check(std::chrono::milliseconds limit = std::chrono::seconds(1),
               const std::source_location &location = std::source_location::current())
    {
        static_cast<void>(QTest::qWaitFor([this] { return m_leftovers.list().isEmpty(); }, int(limit.count())));
        const QStringList left = m_leftovers.list();
        if (!left.isEmpty()) {
            const QString text = QStringLiteral("left behind: ") + left.join(QStringLiteral("; "));
            QTest::qFail(qPrintable(text), location.file_name(), int(location.line()));
        }
    }

private:
    Leftovers m_leftovers;
};

} // namespace interloop
