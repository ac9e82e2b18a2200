// SPDX-License-Identifier: MIT
#include <interloop/test/runtest.h>

#include <interloop/loop/runsync.h>
#include <interloop/task/introspection.h>
#include <interloop/task/spawn.h>
#include <interloop/test/randomorder.h>

#include <QObject>
#include <QString>
#include <QTest>
#include <QTimer>

#include <optional>

namespace interloop {

namespace {

QString currentTest()
{
    QString name = QString::fromLatin1(QTest::currentTestFunction());
    if (const char *tag = QTest::currentDataTag())
        name += QLatin1Char('(') + QString::fromUtf8(tag) + QLatin1Char(')');
    return name;
}

// Ends a test when the time is up.
class TimeLimit
{
public:
    TimeLimit(TaskHandle<> test, std::chrono::milliseconds limit) : m_test(std::move(test)), m_limit(limit)
    {
        m_timer.setSingleShot(true);
        QObject::connect(&m_timer, &QTimer::timeout, [this] { timeIsUp(); });
        m_timer.start(limit);
    }

    // What waited when the time was up; empty when it has not been.
    const QString &text() const { return m_text; }

private:
    void timeIsUp()
    {
        if (!m_text.isEmpty())
            qFatal("%sand could not be cancelled. Now there are:\n%s", qPrintable(m_text), dumpTasks().c_str());
        m_text = QStringLiteral("%1 has not ended within %2 ms. There are:\n%3")
                         .arg(currentTest()).arg(m_limit.count()).arg(QString::fromStdString(dumpTasks()));
        m_test.cancel();
        m_timer.start(m_limit);
    }

    TaskHandle<> m_test;
    std::chrono::milliseconds m_limit;
    QTimer m_timer;
    QString m_text;
};

} // namespace

bool runTest(const char *file, int line, Task<> test, std::chrono::milliseconds limit)
{
    std::optional<RandomOrder> order;
    if (!OrderScope::isInForce())
        order.emplace();

    const TaskHandle<> handle = spawn(std::move(test), currentTest().toStdString());
    const TimeLimit timeLimit(handle, limit);
    const Result<> result = tryRunSync(handle);
    if (!timeLimit.text().isEmpty())
        QTest::qFail(qPrintable(timeLimit.text().trimmed()), file, line);
    else if (!result)
        QTest::qFail(("the test threw: " + result.errorString()).c_str(), file, line);
    return !QTest::currentTestFailed();
}

} // namespace interloop
