// SPDX-License-Identifier: MIT
#include <interloop/task/errors.h>

#include <QObject>
#include <QTest>

#include <cerrno>
#include <string>
#include <type_traits>

using namespace interloop;

static_assert(!std::is_aggregate_v<Cancelled>);
static_assert(!std::is_base_of_v<std::exception, Cancelled>);
static_assert(std::is_base_of_v<std::runtime_error, TimeoutError>);
static_assert(std::is_base_of_v<std::runtime_error, RunSyncError>);
static_assert(std::is_base_of_v<std::runtime_error, SenderDestroyed>);

class TestErrors : public QObject
{
    Q_OBJECT

private slots:
    void errorEqualsItsErrno_data();
    void errorEqualsItsErrno();
    void libuvsOwnErrorsEqualNoErrno();
    void messageNamesOperationObjectAndReason();
    void cancelledSaysHowAndWhom();
    void refusalIsKeptAndNamed();
    void outcomeOfAnException();
    void onlyCancelledIsACancellation();
};

void TestErrors::errorEqualsItsErrno_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("condition");
    QTest::newRow("refused") << -ECONNREFUSED << int(std::errc::connection_refused);
    QTest::newRow("reset") << -ECONNRESET << int(std::errc::connection_reset);
    QTest::newRow("in use") << -EADDRINUSE << int(std::errc::address_in_use);
    QTest::newRow("no file") << -ENOENT << int(std::errc::no_such_file_or_directory);
    QTest::newRow("cancelled") << -ECANCELED << int(std::errc::operation_canceled);
}

void TestErrors::errorEqualsItsErrno()
{
    QFETCH(int, code);
    QFETCH(int, condition);
    const std::system_error error = uvError(code, "operation");
    QVERIFY(error.code() == static_cast<std::errc>(condition));
    QVERIFY(error.code() != std::errc::permission_denied);
    QCOMPARE(error.code().value(), code); // as libuv says it
    QVERIFY(error.code().category() == uvCategory());
}

void TestErrors::libuvsOwnErrorsEqualNoErrno()
{
    for (const int code : {-3000, -3001, -3008, -3014, -4095}) {
        const std::error_code error(code, uvCategory());
        for (int number = 1; number < 200; ++number)
            QVERIFY(error != static_cast<std::errc>(number));
    }
    QCOMPARE(std::error_code(-4095, uvCategory()).message(), std::string("end of file"));
    QCOMPARE(std::error_code(-3008, uvCategory()).message(), std::string("unknown node or service"));
    QCOMPARE(std::error_code(-3001, uvCategory()).message(), std::string("temporary failure in name resolution"));
    QCOMPARE(std::error_code(-3014, uvCategory()).message(), std::string("name resolution failed (libuv -3014)"));
}

void TestErrors::messageNamesOperationObjectAndReason()
{
    const std::system_error error = uvError(-ECONNREFUSED, "connect 127.0.0.1:1");
    QCOMPARE(QString(error.what()).toLower(), "connect 127.0.0.1:1: connection refused");
    QCOMPARE(uvCategory().name(), "libuv");
}

void TestErrors::cancelledSaysHowAndWhom()
{
    const Cancelled plain;
    QVERIFY(plain.outcome() == Outcome::Cancelled && plain.whom() == Cancelled::Whom::Self);
    const Cancelled other(Outcome::Quit, Cancelled::Whom::Awaited);
    QVERIFY(other.outcome() == Outcome::Quit && other.whom() == Cancelled::Whom::Awaited);
}

void TestErrors::refusalIsKeptAndNamed()
{
    const RunSyncError error(Refusal::Deadlock, "a waits for a");
    QCOMPARE(error.reason(), Refusal::Deadlock);
    QCOMPARE(error.what(), "Deadlock: a waits for a");
}

void TestErrors::outcomeOfAnException()
{
    const auto outcome = [](auto exception) { return std::string(nameOf(outcomeOf(std::make_exception_ptr(exception)))); };
    QCOMPARE(outcome(Cancelled()), std::string("Cancelled"));
    QCOMPARE(outcome(Cancelled(Outcome::Quit)), std::string("Quit"));
    QCOMPARE(outcome(Cancelled(Outcome::TimedOut)), std::string("TimedOut"));
    QCOMPARE(outcome(TimeoutError("late")), std::string("TimedOut"));
    QCOMPARE(outcome(std::runtime_error("broken")), std::string("Exception"));
    QCOMPARE(outcome(42), std::string("Exception"));
}

void TestErrors::onlyCancelledIsACancellation()
{
    QVERIFY(isCancellation(std::make_exception_ptr(Cancelled())));
    QVERIFY(isCancellation(std::make_exception_ptr(Cancelled(Outcome::TimedOut))));
    QVERIFY(!isCancellation(std::make_exception_ptr(TimeoutError("late"))));
    QVERIFY(!isCancellation(std::make_exception_ptr(std::runtime_error("broken"))));
    QVERIFY(!isCancellation(std::make_exception_ptr(42)));
}

QTEST_APPLESS_MAIN(TestErrors)
#include "tst_errors.moc"
