// SPDX-License-Identifier: MIT
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>
#include <tests/torture/cell.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QCloseEvent>
#include <QThread>

#include <memory>

/*
 * Rows Q01 and Q02 with parked stacks: whatever ends the application or the thread, each of them unwinds first. Cells
 * are processes of their own, torture/quitcell.cpp.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class TestParkedQuit : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { prepareWindows(); }
    void init() { m_parking.begin(); }
    void cleanup() { m_parking.check(); }

    void Q01a_quitEndsParkedAndNestedWaits_data();
    void Q01a_quitEndsParkedAndNestedWaits();
    void cleanUpOfAParkedStackMayWaitWhileQuitUnwinds();
    void Q02_theApplicationsDestructionEndsParkedWaits();
    void Q02_aThreadsEndEndsParkedWaits();
    void anExitThatComesWithTheEndOfANestedWaitEndsParkedOnes_data();
    void anExitThatComesWithTheEndOfANestedWaitEndsParkedOnes();
    void theNextExecIsNoLongerQuitting();
    void aWindowThatQuitClosesTakesNoTimeFromParkedWaits();
    void aQuitThatAWindowRefusesLosesNoSignal();

private:
    ParkingCheck m_parking;
};

void TestParkedQuit::Q01a_quitEndsParkedAndNestedWaits_data()
{
    QTest::addColumn<QString>("way");
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("parked");
    QTest::addColumn<int>("nested");
    const auto add = [](int parked, int nested) {
        const auto addWay = [&](const char *way, int code) {
            QTest::addRow("%s, %d parked, %d nested", way, parked, nested)
                    << QString::fromLatin1(way) << code << parked << nested;
        };
        addWay("quit", 0);
        addWay("exit", 7);
        addWay("inaslot", 7);
        addWay("otherthread", 0);
        addWay("postedlater", 0);
        addWay("sigterm", 0);
        if (hasWindows())
            addWay("windowclosed", 0);
    };
    add(1, 0);
    add(5, 0);
    add(100, 0);
    add(1, 1);
    add(6, 5);
    add(100, 20);
}

void TestParkedQuit::Q01a_quitEndsParkedAndNestedWaits()
{
    QFETCH(QString, way);
    QFETCH(int, code);
    QFETCH(int, parked);
    QFETCH(int, nested);

    const Cell cell({"parked", way, QString::number(parked), QString::number(nested)});

    QCOMPARE(cell.fault(code), QString());
    QCOMPARE(cell.number("parked"), parked);
    QCOMPARE(cell.number("depth"), nested);
    QCOMPARE(cell.values("outcome").count("parked Quit"), parked);
    QCOMPARE(cell.values("outcome").count("nested Quit"), nested);
    QCOMPARE(cell.values("outcome").size(), parked + nested);
    QCOMPARE(cell.value("left-in-exec"), "0"); // all had unwound when exec() returned
    QCOMPARE(cell.value("parked-behind-exec"), "0");
}

void TestParkedQuit::cleanUpOfAParkedStackMayWaitWhileQuitUnwinds()
{
    const Cell cell({"parked-cleanup"});

    QCOMPARE(cell.fault(7), QString());
    QCOMPARE(cell.number("parked"), 3);
    QCOMPARE(cell.values("outcome"), QStringList({"parked Quit", "parked Quit"}));
    QCOMPARE(cell.value("caught"), "Quit");
    QCOMPARE(cell.value("in-slot-catch"), "42");
    QCOMPARE(cell.value("slow"), "Quit"); // past the limit, which the cell sets to 300 ms, and which each wait has
    QCOMPARE(cell.value("in-slot-destructor"), "Value");
    QCOMPARE(cell.value("left-in-exec"), "0");
}

void TestParkedQuit::Q02_theApplicationsDestructionEndsParkedWaits()
{
    const Cell cell({"parked-noexec"});

    QCOMPARE(cell.fault(0), QString());
    QCOMPARE(cell.number("parked"), 5);
    QCOMPARE(cell.values("outcome"), QStringList(5, "parked Cancelled"));
}

namespace {

class Alive
{
public:
    Alive() { ++count; }
    ~Alive() { --count; }
    Alive(const Alive &) = delete;
    Alive &operator=(const Alive &) = delete;

    static inline thread_local int count = 0;
};

// What a thread leaves behind that ends while slots of its are parked.
class ThreadsEnd
{
public:
    QStringList outcomes;
    int parked = -1;
    int alive = -1;
};

} // namespace

void TestParkedQuit::Q02_aThreadsEndEndsParkedWaits()
{
    ThreadsEnd end;
    QThread thread;
    thread.start();
    auto *sender = new QObject;
    sender->moveToThread(&thread);
    const auto finished = [&end, sender] {
        end.alive = Alive::count;
        delete sender;
    };
    QMetaObject::invokeMethod(sender, [&] {
        Bridge::current().setParking(true);
        // behind the bridge's own
        QObject::connect(&thread, &QThread::finished, sender, finished, Qt::DirectConnection);
        const auto slot = [&end] {
            const Alive alive;
            end.outcomes += nameOf(tryRunSync(sleepFor(60s)).outcome());
        };
        interloop::connect(sender, &QObject::objectNameChanged, sender, slot, Overlap::Parallel);
        for (int n = 1; n <= 5; ++n)
            sender->setObjectName(QString::number(n));
        end.parked = Bridge::current().parked();
        thread.quit();
    });
    QElapsedTimer timer;
    timer.start();
    QVERIFY(thread.wait(10'000));

    QCOMPARE(end.parked, 5);
    QCOMPARE(end.outcomes, QStringList(5, "Quit"));
    QCOMPARE(end.alive, 0); // before the thread's last code
    QVERIFY2(timer.elapsed() < 1000, qPrintable(QString::number(timer.elapsed())));
}

void TestParkedQuit::anExitThatComesWithTheEndOfANestedWaitEndsParkedOnes_data()
{
    QTest::addColumn<bool>("isExitFirst");
    QTest::newRow("exit, then the end") << true;
    QTest::newRow("the end, then exit") << false;
}

// As if the nested wait went on: it has its value, and the exit is for all others. Nobody else runs an event loop here.
void TestParkedQuit::anExitThatComesWithTheEndOfANestedWaitEndsParkedOnes()
{
    QFETCH(bool, isExitFirst);
    QObject sender;
    QStringList outcomes;
    Event end;
    const auto slot = [&outcomes] { outcomes += nameOf(tryRunSync(sleepFor(60s)).outcome()); };
    const auto waitForEnd = [](Event &end) -> Task<> { co_await end.wait(); };
    interloop::connect(&sender, &QObject::objectNameChanged, &sender, slot);
    QTimer::singleShot(0, &sender, [&sender, &end, isExitFirst] {
        sender.setObjectName(QStringLiteral("a slot that waits"));
        if (isExitFirst)
            QCoreApplication::exit(0);
        end.set();
        if (!isExitFirst)
            QCoreApplication::exit(0);
    });

    QCOMPARE(tryRunSync(waitForEnd(end)).outcome(), Outcome::Value);
    QCOMPARE(Bridge::current().parked(), 1);
    runSync(yield());

    QCOMPARE(outcomes, QStringList({"Quit"}));
    QCOMPARE(Bridge::current().parked(), 0);
    QTimer::singleShot(0, QCoreApplication::instance(), &QCoreApplication::quit); // Qt forgets the exit
    QCoreApplication::exec();
}

void TestParkedQuit::theNextExecIsNoLongerQuitting()
{
    QObject sender;
    QStringList outcomes;
    const auto slot = [&outcomes](const QString &name) {
        outcomes += nameOf(tryRunSync(sleepFor(name == "long" ? 60s : 0s)).outcome());
    };
    interloop::connect(&sender, &QObject::objectNameChanged, &sender, slot, Overlap::Parallel);

    for (int round = 0; round < 3; ++round) {
        QTimer::singleShot(0, &sender, [&sender] {
            sender.setObjectName(QStringLiteral("short"));
            sender.setObjectName(QStringLiteral("long"));
            QTimer::singleShot(20, QCoreApplication::instance(), &QCoreApplication::quit);
        });
        QCoreApplication::exec();
        QCOMPARE(outcomes, QStringList({"Value", "Quit"}));
        QCOMPARE(Bridge::current().parked(), 0);
        outcomes.clear();
    }
}

namespace {

Task<> cleanedUp(bool &isClean)
{
    bool isCancelled = false;
    try {
        co_await sleepFor(60s);
    } catch (const Cancelled &) {
        isCancelled = true;
    }
    if (isCancelled) {
        co_await shield(sleepFor(20ms));
        isClean = true;
    }
}

} // namespace

// Closing the last window posts another Quit, which comes behind the end of exec().
void TestParkedQuit::aWindowThatQuitClosesTakesNoTimeFromParkedWaits()
{
    if (!hasWindows())
        QSKIP("needs windows");
    QGuiApplication::setQuitOnLastWindowClosed(true);
    QWidget window;
    window.show();
    bool isClean = false;
    interloop::connect(&window, &QObject::objectNameChanged, &window, [&isClean] { runSync(cleanedUp(isClean)); });
    QTimer::singleShot(0, &window, [&window] {
        window.setObjectName(QStringLiteral("a slot that waits"));
        QTimer::singleShot(20, QCoreApplication::instance(), &QCoreApplication::quit);
    });

    QCoreApplication::exec();

    QGuiApplication::setQuitOnLastWindowClosed(false);
    QVERIFY(!window.isVisible());
    QVERIFY(isClean);
    QCOMPARE(Bridge::current().parked(), 0);
}

namespace {

class RefusesToClose final : public QWidget
{
    void closeEvent(QCloseEvent *event) override { event->ignore(); }
};

} // namespace

void TestParkedQuit::aQuitThatAWindowRefusesLosesNoSignal()
{
    if (!hasWindows())
        QSKIP("needs windows");
    RefusesToClose window;
    window.show();
    QObject sender;
    QStringList names;
    Event mayEnd;
    const auto waitForEnd = [](Event &event) -> Task<> { co_await event.wait(); };
    const auto slot = [&](const QString &name) {
        runSync(waitForEnd(mayEnd));
        names += name;
        if (name == "second")
            QCoreApplication::exit(0);
    };
    interloop::connect(&sender, &QObject::objectNameChanged, &sender, slot, Overlap::Enqueue);
    QTimer::singleShot(0, &sender, [&] {
        sender.setObjectName(QStringLiteral("first"));
        sender.setObjectName(QStringLiteral("second"));
        QCoreApplication::quit();
        QTimer::singleShot(20, &sender, [&mayEnd] { mayEnd.set(); });
    });
    QTimer::singleShot(2000, &sender, [] { QCoreApplication::exit(1); });

    QCOMPARE(QCoreApplication::exec(), 0);
    QCOMPARE(names, QStringList({"first", "second"}));
}

INTERLOOP_TEST_MAIN(TestParkedQuit)
#include "tst_parkedquit.moc"
