// SPDX-License-Identifier: MIT
#include <tests/parking/lookaround.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QDialog>
#include <QEventLoop>
#include <QMenu>
#include <QStringListModel>

#include <functional>
#include <memory>

/*
 * Where a wait parks and where it nests: it parks only on a stack that is ours from its base, and only where whoever
 * called the slot may go on.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class Source : public QObject
{
    Q_OBJECT

signals:
    void fired();
    void firedPlainly();
    void said(const QString &text, int number);
    void asks(int &answer);
    void asksForText(const QString &question, QString *answer);
    void aboutToLeave();
    void itemsAboutToGo();
};

class TestWhereNested : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { prepareWindows(); }
    void init() { m_parking.begin(); }
    void cleanup() { m_parking.check(); }

    void bodiesOfConnectionsPark();
    void tasksAndPostedFunctionsPark();
    void aWaitInATaskThatAParkedOneBlocksForParksToo();
    void theThreadsOwnStackNests();
    void plainSlotsVirtualOverridesAndEventFiltersNest_data();
    void plainSlotsVirtualOverridesAndEventFiltersNest();
    void whoAsksForNestingNests_data();
    void whoAsksForNestingNests();
    void aSignalWithAReferenceThatMayBeWrittenNests();
    void aSignalAfterWhichTheEmitterGoesOnNests_data();
    void aSignalAfterWhichTheEmitterGoesOnNests();
    void underFramesOfQtABodyNests_data();
    void underFramesOfQtABodyNests();
    void behindFramesOfQtABodyParksAgain();
    void aStackParkedUnderAnotherEventLoopParksAgain();
    void whatABodysOwnEventLoopRunsParksThere();

private:
    ParkingCheck m_parking;
};

void TestWhereNested::bodiesOfConnectionsPark()
{
    Source source;
    QString plain, withArguments, privateSignal;
    interloop::connect(&source, &Source::fired, this, [&] { plain = lookAround(); });
    emit source.fired();
    QTRY_COMPARE(plain, "parked");

    interloop::connect(&source, &Source::said, this, [&](const QString &text) { withArguments = text + lookAround(); });
    emit source.said(QStringLiteral("is "), 1);
    QTRY_COMPARE(withArguments, "is parked");

    QTimer timer;
    timer.setSingleShot(true);
    interloop::connect(&timer, &QTimer::timeout, this, [&] { privateSignal = lookAround(); });
    timer.start(0);
    QTRY_COMPARE(privateSignal, "parked");
}

namespace {

Task<QString> looksAround(bool yieldsFirst)
{
    if (yieldsFirst)
        co_await yield();
    co_return lookAround();
}

Task<> looksAroundInto(QString &way)
{
    way = lookAround();
    co_return;
}

} // namespace

void TestWhereNested::tasksAndPostedFunctionsPark()
{
    QString fresh, posted, ofConnection;
    const TaskHandle<> first = spawn(looksAroundInto(fresh), "fresh");
    QTRY_COMPARE(fresh, "parked");

    const TaskHandle<QString> second = spawn(looksAround(true), "resumed");
    QTRY_VERIFY(second.isDone());
    QCOMPARE(runSync(second), "parked");

    Bridge::current().post([&] { posted = lookAround(); });
    QTRY_COMPARE(posted, "parked");

    Source source;
    interloop::connect(&source, &Source::fired, this, [&]() -> Task<> {
        co_await yield();
        ofConnection = lookAround();
    });
    emit source.fired();
    QTRY_COMPARE(ofConnection, "parked");
}

void TestWhereNested::aWaitInATaskThatAParkedOneBlocksForParksToo()
{
    // given: a body that blocks for a task which blocks for a task
    Source source;
    int parkedAtMost = 0;
    bool hasEnded = false;
    const auto blocks = [](int &parkedAtMost) -> Task<> {
        co_await yield();
        QTimer::singleShot(0, QCoreApplication::instance(), [&] { parkedAtMost = Bridge::current().parked(); });
        runSync(sleepFor(5ms));
    };
    interloop::connect(&source, &Source::fired, this, [&] {
        runSync(blocks(parkedAtMost));
        hasEnded = true;
    });
    emit source.fired();
    QTRY_VERIFY(hasEnded);
    QCOMPARE(parkedAtMost, 2);
}

void TestWhereNested::theThreadsOwnStackNests()
{
    QCOMPARE(lookAround(), "nested");

    // the task begins on the caller's stack, but goes on elsewhere
    QCOMPARE(runSync(looksAround(false)), "depth 2, parked 0");
    QCOMPARE(runSync(looksAround(true)), "depth 1, parked 1");
}

namespace {

// Calls `slot` in the ways that a QObject's code is called without interloop::connect.
class Receiver : public QObject
{
public:
    explicit Receiver(std::function<void()> slot) : m_slot(std::move(slot)) { }

    bool event(QEvent *event) override
    {
        if (event->type() == QEvent::User)
            m_slot();
        return QObject::event(event);
    }
    bool eventFilter(QObject *, QEvent *event) override
    {
        if (event->type() == QEvent::User)
            m_slot();
        return false;
    }

private:
    std::function<void()> m_slot;
};

} // namespace

void TestWhereNested::plainSlotsVirtualOverridesAndEventFiltersNest_data()
{
    QTest::addColumn<QString>("place");
    for (const char *place : {"plain slot", "queued slot", "timer", "event()", "event filter"})
        QTest::newRow(place) << QString::fromLatin1(place);
}

void TestWhereNested::plainSlotsVirtualOverridesAndEventFiltersNest()
{
    QFETCH(QString, place);
    QString way;
    const auto slot = [&way] { way = lookAround(); };
    Receiver receiver(slot);
    Source source;
    if (place == "plain slot") {
        connect(&source, &Source::fired, this, slot);
        emit source.fired();
    } else if (place == "queued slot") {
        connect(&source, &Source::fired, this, slot, Qt::QueuedConnection);
        emit source.fired();
    } else if (place == "timer") {
        QTimer::singleShot(0, this, slot);
    } else if (place == "event()") {
        QCoreApplication::postEvent(&receiver, new QEvent(QEvent::User));
    } else {
        source.installEventFilter(&receiver);
        QCoreApplication::postEvent(&source, new QEvent(QEvent::User));
    }
    QTRY_COMPARE(way, "nested");
}

void TestWhereNested::whoAsksForNestingNests_data()
{
    QTest::addColumn<QString>("who");
    for (const char *who : {"the wait", "the connection", "the bridge", "no input"})
        QTest::newRow(who) << QString::fromLatin1(who);
}

void TestWhereNested::whoAsksForNestingNests()
{
    QFETCH(QString, who);
    RunOptions options;
    if (who == "the wait")
        options.wait(Wait::Nest);
    if (who == "no input")
        options.input(Input::Exclude); // what is excluded would be let in by a loop that goes on
    if (who == "the bridge")
        Bridge::current().setParking(false);
    QString way;
    const auto slot = [&] { way = lookAround(options); };
    Source source;
    interloop::connect(&source, &Source::fired, this, slot, Overlap::Drop,
                       who == "the connection" ? Wait::Nest : Wait::Park);
    emit source.fired();
    QTRY_COMPARE(way, "nested");
}

void TestWhereNested::aSignalWithAReferenceThatMayBeWrittenNests()
{
    Source source;
    QString reference, pointer;
    interloop::connect(&source, &Source::asks, this, [&] { reference = lookAround(); });
    int answer = 0;
    emit source.asks(answer);
    QCOMPARE(reference, "nested"); // and has returned: the emitter may look at its answer

    interloop::connect(&source, &Source::asksForText, this, [&] { pointer = lookAround(); });
    QString text;
    emit source.asksForText(QString(), &text);
    QTRY_COMPARE(pointer, "parked"); // a pointer is a value
}

void TestWhereNested::aSignalAfterWhichTheEmitterGoesOnNests_data()
{
    QTest::addColumn<QString>("signal");
    for (const char *signal : {"destroyed", "aboutToQuit", "rowsAboutToBeRemoved", "modelAboutToBeReset",
                               "aboutToLeave", "itemsAboutToGo"})
        QTest::newRow(signal) << QString::fromLatin1(signal);
    if (hasWindows())
        QTest::newRow("aboutToShow") << QStringLiteral("aboutToShow");
}

void TestWhereNested::aSignalAfterWhichTheEmitterGoesOnNests()
{
    QFETCH(QString, signal);
    QString way;
    const auto slot = [&way] { way = lookAround(); };
    auto source = std::make_unique<Source>();
    QStringListModel model({"row"});
    if (signal == "destroyed") {
        interloop::connect(source.get(), &QObject::destroyed, this, slot);
        source.reset();
    } else if (signal == "aboutToQuit") {
        QObject context;
        QCoreApplication *application = QCoreApplication::instance();
        interloop::connect(application, &QCoreApplication::aboutToQuit, &context, slot);
        QTimer::singleShot(0, application, &QCoreApplication::quit);
        QCoreApplication::exec();
    } else if (signal == "rowsAboutToBeRemoved") {
        interloop::connect(&model, &QStringListModel::rowsAboutToBeRemoved, this, slot);
        model.removeRows(0, 1);
    } else if (signal == "modelAboutToBeReset") {
        interloop::connect(&model, &QStringListModel::modelAboutToBeReset, this, slot);
        model.setStringList({});
    } else if (signal == "aboutToLeave") {
        interloop::connect(source.get(), &Source::aboutToLeave, this, slot);
        emit source->aboutToLeave();
    } else if (signal == "aboutToShow") {
        QMenu menu;
        interloop::connect(&menu, &QMenu::aboutToShow, this, slot);
        emit menu.aboutToShow();
    } else {
        interloop::connect(source.get(), &Source::itemsAboutToGo, this, slot);
        emit source->itemsAboutToGo();
    }
    QCOMPARE(way, "nested"); // and the emitter had to wait for it
}

void TestWhereNested::underFramesOfQtABodyNests_data()
{
    QTest::addColumn<QString>("frames");
    for (const char *frames : {"a plain slot", "an invoked function", "an event handler", "an event loop"})
        QTest::newRow(frames) << QString::fromLatin1(frames);
    if (hasWindows())
        QTest::newRow("a dialog") << QStringLiteral("a dialog");
}

void TestWhereNested::underFramesOfQtABodyNests()
{
    QFETCH(QString, frames);
    QString way;
    const auto slot = [&way] { way = lookAround(); };
    Source source;
    Receiver receiver(slot);
    connect(&source, &Source::firedPlainly, this, slot);
    interloop::connect(&source, &Source::fired, this, [&] {
        if (frames == "a plain slot") {
            emit source.firedPlainly();
        } else if (frames == "an invoked function") {
            QMetaObject::invokeMethod(&source, std::function<void()>(slot));
        } else if (frames == "an event handler") {
            QEvent event(QEvent::User);
            QCoreApplication::sendEvent(&receiver, &event);
        } else if (frames == "an event loop") {
            QEventLoop loop;
            QTimer::singleShot(0, &loop, [&] {
                slot();
                loop.quit();
            });
            loop.exec();
        } else {
            QDialog dialog;
            QTimer::singleShot(0, &dialog, [&] {
                slot();
                dialog.accept();
            });
            dialog.exec();
        }
    });
    emit source.fired();
    QTRY_COMPARE(way, "nested");
}

void TestWhereNested::behindFramesOfQtABodyParksAgain()
{
    Source source;
    QStringList ways;
    connect(&source, &Source::firedPlainly, this, [&] { ways += lookAround(); });
    interloop::connect(&source, &Source::fired, this, [&] {
        ways += lookAround();
        emit source.firedPlainly();
        ways += lookAround();
    });
    emit source.fired();
    QTRY_COMPARE(ways, QStringList({"parked", "nested", "parked"}));
}

void TestWhereNested::aStackParkedUnderAnotherEventLoopParksAgain()
{
    // given: a body that begins and parks in a foreign event loop
    Source source;
    Future<> gate;
    QString way;
    interloop::connect(&source, &Source::fired, this, [&] {
        runSync(gate);
        way = lookAround();
    });
    QEventLoop loop;
    QTimer::singleShot(0, &loop, [&] {
        emit source.fired();
        loop.quit();
    });
    loop.exec();
    QCOMPARE(Bridge::current().parked(), 1);

    // when it goes on beneath that loop's level
    gate.setResult();
    QTRY_COMPARE(way, "parked");
}

void TestWhereNested::whatABodysOwnEventLoopRunsParksThere()
{
    // given: a body whose own event loop runs, and in that another body waits
    Source source;
    QStringList order;
    interloop::connect(&source, &Source::said, this, [&] {
        order += lookAround();
        order += QStringLiteral("inner");
    });
    interloop::connect(&source, &Source::fired, this, [&] {
        QEventLoop loop;
        QTimer::singleShot(0, &loop, [&] {
            emit source.said(QString(), 0);
            order += QStringLiteral("emitted");
        });
        QTimer::singleShot(20ms, &loop, &QEventLoop::quit);
        loop.exec();
        order += QStringLiteral("outer");
    });
    emit source.fired();
    QTRY_COMPARE(order.join(' '), "emitted parked inner outer");
}

INTERLOOP_TEST_MAIN(TestWhereNested)
#include "tst_wherenested.moc"
