// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QObject>
#include <QTest>

#include <thread>

/*
 * Without a QCoreApplication everything says so, and a thing made afterwards works; when it is gone, the same again.
 */

using namespace interloop;

class TestNoApplication : public QObject
{
    Q_OBJECT

private slots:
    void everythingIsRefusedBefore();
    void worksWhileThereIsOne();
    void everythingIsRefusedAfterwards();
    void aSecondApplicationGetsABridgeOfItsOwn();
};

namespace {

Task<int> givesAtOnce(int number)
{
    co_return number;
}

Task<int> givesLater(int number)
{
    co_await sleepFor(std::chrono::milliseconds(5));
    co_return number;
}

template<typename Function>
QString refusalOf(Function function)
{
    try {
        function();
    } catch (const RunSyncError &error) {
        return nameOf(error.reason());
    }
    return QStringLiteral("not refused");
}

QStringList refusals()
{
    QStringList texts;
    texts += refusalOf([] { Bridge::current(); });
    texts += refusalOf([] { runSync(givesAtOnce(1)); });
    texts += refusalOf([] { runSync(givesLater(1)); });
    texts += refusalOf([] { spawn(givesAtOnce(1)); });
    const auto result = tryRunSync(givesAtOnce(1));
    texts += nameOf(result.outcome());
    texts += QString::fromStdString(result.errorString()).section(':', 0, 0);
    uv_loop_t loop;
    uv_loop_init(&loop);
    texts += refusalOf([&loop] { const Bridge bridge(&loop); });
    uv_loop_close(&loop);
    return texts;
}

const QStringList allRefused = {"NoApplication", "NoApplication", "NoApplication", "NoApplication",
                                "Refused", "NoApplication", "NoApplication"};

class Application
{
public:
    Application() : m_application(m_count, m_arguments) { }

private:
    int m_count = 1;
    char m_name[5] = "test";
    char *m_arguments[2] = {m_name, nullptr};
    QCoreApplication m_application;
};

} // namespace

void TestNoApplication::everythingIsRefusedBefore()
{
    QCOMPARE(refusals(), allRefused);
    QVERIFY(!Bridge::exists());
    QStringList inThread;
    std::thread([&inThread] { inThread = refusals(); }).join();
    QCOMPARE(inThread, allRefused);
}

void TestNoApplication::worksWhileThereIsOne()
{
    const Application application;
    QCOMPARE(runSync(givesLater(3)), 3);
    QVERIFY(Bridge::exists());
}

void TestNoApplication::everythingIsRefusedAfterwards()
{
    QVERIFY(!Bridge::exists());
    QCOMPARE(refusals(), allRefused);
}

void TestNoApplication::aSecondApplicationGetsABridgeOfItsOwn()
{
    const Application application;
    QCOMPARE(runSync(givesLater(4)), 4);
    QCOMPARE(Bridge::current().taskCount(), 0);
}

QTEST_APPLESS_MAIN(TestNoApplication)
#include "tst_noapplication.moc"
