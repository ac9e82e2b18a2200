// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <QProcess>

/*
 * Waits of all kinds in random order: from connected slots, plain slots, tasks, posted functions and dialogs on all
 * kinds of stacks, around throwing and catching, while objects die, tasks are cancelled and the application quits and
 * goes on.
 * Each run is a process of its own, mixedcell.cpp. INTERLOOP_TEST_SEED=n runs that seed alone.
 */

using namespace interloop;
using namespace interloop::test;

namespace {

// A run: what it printed, and how it ended.
class Run
{
public:
    Run(int seed, int waits, const QString &without)
    {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(QStringLiteral(INTERLOOP_MIXEDCELL), {QString::number(seed), QString::number(waits), without});
        const int limit = without.isEmpty() ? 100'000 : 10'000; // one without a fence may hang, too: it is broken then
        process.waitForFinished(isSanitized ? 2 * limit : limit);
        if (process.state() != QProcess::NotRunning) {
            process.kill();
            process.waitForFinished(1000);
        }
        m_text = QString::fromUtf8(process.readAll());
        m_isGood = process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0
                && m_text.endsWith(QStringLiteral("ok\n"));
    }

    bool isGood() const { return m_isGood; }
    QByteArray text() const { return m_text.right(4000).toUtf8(); }

private:
    QString m_text;
    bool m_isGood;
};

bool canPark()
{
    Bridge::current().setParking(true);
    return Bridge::current().isParking();
}

// The seeds' runs have 10^5 waits together in one configuration, a few thousand in the others and under sanitizers.
bool isMainConfiguration()
{
    return !isSanitized && canPark() && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM")
            && !qEnvironmentVariableIsSet("QT_NO_GLIB");
}

} // namespace

class TestMixedWaits : public QObject
{
    Q_OBJECT

private slots:
    void everythingEndsAndNothingIsLeft_data();
    void everythingEndsAndNothingIsLeft();
    void control_withoutAFenceTheSameBreaks_data();
    void control_withoutAFenceTheSameBreaks();
};

void TestMixedWaits::everythingEndsAndNothingIsLeft_data()
{
    QTest::addColumn<int>("seed");
    QTest::addColumn<QString>("without");
    const auto add = [](int seed) {
        QTest::addRow("seed %d", seed) << seed << QString();
        QTest::addRow("seed %d, nested", seed) << seed << QStringLiteral("parking");
    };
    if (const auto seed = seedFromEnvironment()) {
        add(int(*seed));
        return;
    }
    for (int seed = 1; seed <= 10; ++seed)
        add(seed);
}

void TestMixedWaits::everythingEndsAndNothingIsLeft()
{
    QFETCH(int, seed);
    QFETCH(QString, without);
    const Run run(seed, isMainConfiguration() && without.isEmpty() ? 10'000 : 500, without);
    QVERIFY2(run.isGood(), run.text().constData());
}

void TestMixedWaits::control_withoutAFenceTheSameBreaks_data()
{
    QTest::addColumn<QString>("fence");
    for (const char *fence : {"qtframes", "exceptions"})
        QTest::newRow(fence) << QString::fromLatin1(fence);
}

void TestMixedWaits::control_withoutAFenceTheSameBreaks()
{
    if (isSanitized)
        QSKIP("what breaks breaks the sanitizer's own records too");
    if (!canPark())
        QSKIP("nothing is parked in this build");
    QFETCH(QString, fence);
    int broken = 0;
    for (int seed = 1; seed <= 3; ++seed)
        broken += !Run(seed, 10'000, fence).isGood();
    QVERIFY2(broken > 0, "no seed breaks without it");
}

INTERLOOP_TEST_MAIN(TestMixedWaits)
#include "tst_mixedwaits.moc"
