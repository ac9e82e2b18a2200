// SPDX-License-Identifier: MIT
#include <tests/parking/lookaround.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>

#include <optional>

/*
 * NoSuspend: while code holds something that follows the stack, its waits do not let other stacks go on.
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
};

class TestNoSuspend : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_parking.begin(); }
    void cleanup() { m_parking.check(); }

    void waitsNestWhileItLives();
    void waitsAreRefusedWhileItLivesIfToldSo();
    void theStricterOfTwoCounts();
    void aTaskThatIsBlockedForHasAStackOfItsOwn();
    void itCountsForItsOwnStackOnly();
    void onTheThreadsOwnStackItRefusesToo();

private:
    ParkingCheck m_parking;
};

namespace {

QString refusalOf(const Result<> &result)
{
    try {
        if (!result)
            std::rethrow_exception(result.error());
    } catch (const RunSyncError &error) {
        return QString::fromLatin1(nameOf(error.reason()));
    } catch (...) {
        return QString::fromStdString(errorText(std::current_exception()));
    }
    return QStringLiteral("not refused");
}

// Calls `body` as a connection's body and waits until it has ended.
template<typename Body>
void inABody(Body body)
{
    Source source;
    const Connection connection = interloop::connect(&source, &Source::fired, &source, std::move(body));
    emit source.fired();
    QTRY_VERIFY(!connection.isRunning());
}

} // namespace

void TestNoSuspend::waitsNestWhileItLives()
{
    QStringList ways;
    inABody([&ways] {
        ways += lookAround();
        {
            const NoSuspend guard;
            ways += lookAround();
        }
        ways += lookAround();
    });
    QCOMPARE(ways, QStringList({"parked", "nested", "parked"}));
}

void TestNoSuspend::waitsAreRefusedWhileItLivesIfToldSo()
{
    QString whileItLived, afterwards;
    bool hasBegun = false;
    inABody([&] {
        {
            const NoSuspend guard(NoSuspend::Refuse);
            const auto begins = [](bool &hasBegun) -> Task<> {
                hasBegun = true;
                co_return;
            };
            whileItLived = refusalOf(tryRunSync(begins(hasBegun)));
        }
        afterwards = lookAround();
    });
    QCOMPARE(whileItLived, "NoSuspend");
    QVERIFY(!hasBegun);
    QCOMPARE(afterwards, "parked");
}

void TestNoSuspend::theStricterOfTwoCounts()
{
    QStringList ways;
    inABody([&ways] {
        const NoSuspend outer;
        {
            const NoSuspend inner(NoSuspend::Refuse);
            const NoSuspend innermost;
            ways += refusalOf(tryRunSync(yield()));
        }
        ways += lookAround();
    });
    QCOMPARE(ways, QStringList({"NoSuspend", "nested"}));
}

namespace {

Task<> looksAroundInto(QString &way)
{
    co_await yield();
    QTimer::singleShot(0, QCoreApplication::instance(), [&way] {
        way = QStringLiteral("depth %1, parked %2").arg(Bridge::current().depth()).arg(Bridge::current().parked());
    });
    runSync(sleepFor(5ms));
}

} // namespace

void TestNoSuspend::aTaskThatIsBlockedForHasAStackOfItsOwn()
{
    QString way;
    inABody([&way] {
        const NoSuspend guard;
        runSync(looksAroundInto(way));
    });
    QCOMPARE(way, "depth 1, parked 1"); // the body nests, the task parks on top of it
}

void TestNoSuspend::itCountsForItsOwnStackOnly()
{
    Source source;
    QString way;
    interloop::connect(&source, &Source::firedPlainly, this, [&] { way = lookAround(); });
    inABody([&] {
        const NoSuspend guard(NoSuspend::Refuse);
        emit source.firedPlainly(); // starts on another stack, on top of this one
    });
    QTRY_COMPARE(way, "parked");
}

void TestNoSuspend::onTheThreadsOwnStackItRefusesToo()
{
    {
        const NoSuspend guard(NoSuspend::Refuse);
        QCOMPARE(refusalOf(tryRunSync(yield())), "NoSuspend");
    }
    const NoSuspend guard;
    QCOMPARE(lookAround(), "nested");
}

INTERLOOP_TEST_MAIN(TestNoSuspend)
#include "tst_nosuspend.moc"
