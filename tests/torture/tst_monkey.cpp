// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QElapsedTimer>
#include <QProcess>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

/*
 * Random sessions: windows full of widgets whose slots, handlers and tasks wait in all ways, and a monkey that clicks,
 * types, closes, resizes, deletes, cancels, throws and quits. Each session is a process of its own, monkeycell.cpp,
 * with a watchdog; some run at a time, as most of them wait.
 *
 *     export QT_QPA_PLATFORM=offscreen QTEST_FUNCTION_TIMEOUT=3600000
 *     INTERLOOP_MONKEY_SESSIONS=100 INTERLOOP_MONKEY_SECONDS=10 build/asan/tests/tst_torture_monkey
 *
 * asks for more and longer ones than a run of all tests can afford; INTERLOOP_MONKEY_JOBS=n for n at a time, 4 unless
 * told. INTERLOOP_PARKING=0 makes all waits nest.
 * INTERLOOP_TEST_SEED=n runs the session with that seed alone.
 */

using namespace interloop;
using namespace interloop::test;

namespace {

int numberFrom(const char *variable, int otherwise)
{
    const int number = qEnvironmentVariableIntValue(variable);
    return number > 0 ? number : otherwise;
}

// A session that runs or has run.
class Session
{
public:
    Session(quint64 seed, const QString &form, int seconds, const QStringList &more = {}) : m_seed(seed)
    {
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        QStringList arguments = {QStringLiteral("--seed"), QString::number(seed), QStringLiteral("--form"), form,
                                 QStringLiteral("--seconds"), QString::number(seconds)};
        m_process.start(QStringLiteral(INTERLOOP_MONKEYCELL), arguments + more);
        m_time.start();
        m_limit = 1000 * seconds + (isSanitized ? 60'000 : 20'000);
    }
    ~Session()
    {
        m_process.kill();
        m_process.waitForFinished(1000);
    }

    // Whether it has ended; one that takes too long is killed.
    bool hasEnded()
    {
        if (m_process.state() != QProcess::NotRunning && m_time.elapsed() > m_limit)
            m_process.kill();
        if (m_process.state() != QProcess::NotRunning)
            m_process.waitForFinished(10);
        m_text += QString::fromUtf8(m_process.readAll());
        return m_process.state() == QProcess::NotRunning;
    }

    bool isGood() const
    {
        return m_process.exitStatus() == QProcess::NormalExit && m_process.exitCode() == 0
                && m_text.contains(QStringLiteral("\nok\n"));
    }
    bool has(const char *text) const { return m_text.contains(QLatin1String(text)); }
    QByteArray fault() const { return "seed " + QByteArray::number(m_seed) + ":\n" + m_text.right(6000).toUtf8(); }

    // "count KEY NUMBER" lines.
    std::map<QString, int> counts() const
    {
        std::map<QString, int> counts;
        for (const QString &line : m_text.split(QLatin1Char('\n'))) {
            if (line.startsWith(QStringLiteral("count ")))
                counts[line.section(QLatin1Char(' '), 1, -2)] = line.section(QLatin1Char(' '), -1).toInt();
        }
        return counts;
    }

private:
    quint64 m_seed;
    QProcess m_process;
    QElapsedTimer m_time;
    qint64 m_limit;
    QString m_text;
};

// What the sessions of one form did, together.
class Sum
{
public:
    void add(const Session &session)
    {
        for (const auto &[key, count] : session.counts()) {
            int &sum = m_counts[key];
            sum = key.startsWith(QStringLiteral("most-")) ? std::max(sum, count) : sum + count;
        }
    }
    void print() const
    {
        for (const auto &[key, count] : m_counts)
            qInfo("%s: %d", qPrintable(key), count);
    }
    int value(const char *key) const
    {
        const auto found = m_counts.find(QLatin1String(key));
        return found == m_counts.end() ? 0 : found->second;
    }

private:
    std::map<QString, int> m_counts;
};

} // namespace

class TestMonkey : public QObject
{
    Q_OBJECT

private slots:
    void nothingCrashesHangsOrIsLeft_data();
    void nothingCrashesHangsOrIsLeft();
    void control_naiveWaitsReturnWhatNobodyProduced_data();
    void control_naiveWaitsReturnWhatNobodyProduced();
};

void TestMonkey::nothingCrashesHangsOrIsLeft_data()
{
    QTest::addColumn<QString>("form");
    for (const char *form : {"parked", "mixed", "nested"})
        QTest::newRow(form) << QString::fromLatin1(form);
}

void TestMonkey::nothingCrashesHangsOrIsLeft()
{
    QFETCH(QString, form);
    const auto only = seedFromEnvironment();
    const int sessions = only ? 1 : numberFrom("INTERLOOP_MONKEY_SESSIONS", 2);
    const int seconds = numberFrom("INTERLOOP_MONKEY_SECONDS", isSanitized ? 5 : 3);
    const auto jobs = std::size_t(numberFrom("INTERLOOP_MONKEY_JOBS", 4));

    std::vector<std::unique_ptr<Session>> running;
    QByteArrayList faults;
    Sum sum;
    for (int begun = 0; begun < sessions || !running.empty();) {
        if (begun < sessions && running.size() < jobs) {
            const quint64 seed = only ? *only : quint64(++begun);
            begun += only ? 1 : 0;
            running.push_back(std::make_unique<Session>(seed, form, seconds));
        }
        std::erase_if(running, [&](const std::unique_ptr<Session> &session) {
            if (!session->hasEnded())
                return false;
            sum.add(*session);
            if (!session->isGood())
                faults += session->fault();
            return true;
        });
    }

    sum.print();
    const QByteArray text = QByteArray::number(faults.size()) + " sessions failed\n" + faults.join("\n");
    QVERIFY2(faults.isEmpty(), text.constData());
    const int least = 20 * sum.value("ms without what others took") / 1000; // twenty a second
    QVERIFY(least > 0);
    QVERIFY2(sum.value("actions") > least, QByteArray::number(least));
    QVERIFY2(sum.value("waits") > least, QByteArray::number(least));
}

void TestMonkey::control_naiveWaitsReturnWhatNobodyProduced_data()
{
    QTest::addColumn<QString>("waiter");
    QTest::newRow("a bare QEventLoop") << QStringLiteral("qeventloop");
#ifdef INTERLOOP_TEST_QCORO
    if (isSanitized) // what it does is a use of memory that is gone, mostly
        QTest::newRow("QCoro 0.8.0's waitFor") << QStringLiteral("qcoro");
#endif
}

void TestMonkey::control_naiveWaitsReturnWhatNobodyProduced()
{
    QFETCH(QString, waiter);
    std::vector<std::unique_ptr<Session>> sessions;
    const QStringList more = {QStringLiteral("--waiter"), waiter};
    for (quint64 seed = 1; seed <= 4; ++seed)
        sessions.push_back(std::make_unique<Session>(seed, QStringLiteral("nested"), 3, more));
    int broken = 0;
    for (const auto &session : sessions) {
        while (!session->hasEnded()) {
        }
        broken += !session->isGood();
    }
    QVERIFY2(broken > 0, "no seed breaks with it");
}

INTERLOOP_TEST_MAIN(TestMonkey)
#include "tst_monkey.moc"
