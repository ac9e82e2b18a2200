// SPDX-License-Identifier: MIT
#include <interloop/task/errors.h>
#include <interloop/task/result.h>

#include <QObject>
#include <QStringList>
#include <QTest>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

using namespace interloop;

static_assert(!std::is_aggregate_v<Result<>>);
static_assert(!std::is_aggregate_v<Result<int>>);
static_assert(!std::is_aggregate_v<Result<int &>>);
static_assert(!std::is_aggregate_v<Slot<int>>);
static_assert(!std::is_convertible_v<Result<int>, bool>);
static_assert(std::is_same_v<decltype(std::declval<const Result<std::string> &>().value()), const std::string &>);
static_assert(std::is_same_v<decltype(std::declval<Result<std::string>>().value()), std::string>);
static_assert(std::is_same_v<decltype(std::declval<const Result<int &> &>().value()), int &>);

namespace {

template<typename T, typename... U>
Result<T> resultOf(U &&...value)
{
    Slot<T> slot;
    slot.setValue(std::forward<U>(value)...);
    return Result<T>(Outcome::Value, std::move(slot));
}

template<typename Exception>
std::exception_ptr error(Exception e)
{
    return std::make_exception_ptr(std::move(e));
}

} // namespace

class TestResult : public QObject
{
    Q_OBJECT

private slots:
    void valueIsThere();
    void valueIsMovedOutOfAnRvalue();
    void secondTakeIsAnError();
    void failureIsThrownByValue();
    void failureHasAText_data();
    void failureHasAText();
    void resultWithoutAValueNeverGivesADefault();
    void outcomesAndRefusalsHaveNames();
};

void TestResult::valueIsThere()
{
    int number = 3;
    const Result<int> value = resultOf<int>(5);
    const Result<int &> reference = resultOf<int &>(number);
    const Result<> nothing = resultOf<void>();
    QVERIFY(value && reference && nothing);
    QCOMPARE(value.value(), 5);
    QCOMPARE(value.value(), 5); // stays
    QCOMPARE(&reference.value(), &number);
    nothing.value();
    QVERIFY(!value.error());
    QCOMPARE(value.errorString(), std::string());
}

void TestResult::valueIsMovedOutOfAnRvalue()
{
    auto result = resultOf<std::unique_ptr<int>>(std::make_unique<int>(4));
    const std::unique_ptr<int> pointer = std::move(result).value();
    QCOMPARE(*pointer, 4);
}

void TestResult::secondTakeIsAnError()
{
    auto result = resultOf<std::string>("text");
    const std::string text = std::move(result).value();
    QCOMPARE(text, std::string("text"));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, static_cast<void>(std::move(result).value()));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, static_cast<void>(result.value()));
}

void TestResult::failureIsThrownByValue()
{
    const Result<int> failed(Outcome::Exception, error(std::out_of_range("row 9")));
    QVERIFY(!failed);
    QVERIFY(failed.error());
    QCOMPARE(failed.errorString(), std::string("row 9"));
    QVERIFY_THROWS_EXCEPTION(std::out_of_range, static_cast<void>(failed.value()));
    QVERIFY_THROWS_EXCEPTION(std::out_of_range, static_cast<void>(Result<int>(failed).value()));

    const Result<> nothing(Outcome::Cancelled, error(Cancelled()));
    QVERIFY_THROWS_EXCEPTION(Cancelled, nothing.value());
}

void TestResult::failureHasAText_data()
{
    QTest::addColumn<int>("outcome");
    QTest::addColumn<std::exception_ptr>("error");
    QTest::addColumn<QString>("text");
    QTest::newRow("exception") << int(Outcome::Exception) << error(std::runtime_error("broken")) << "broken";
    QTest::newRow("timeout") << int(Outcome::TimedOut) << error(TimeoutError("after 1 s")) << "after 1 s";
    QTest::newRow("cancelled") << int(Outcome::Cancelled) << error(Cancelled()) << "cancelled (Cancelled)";
    QTest::newRow("quit") << int(Outcome::Quit) << error(Cancelled(Outcome::Quit)) << "cancelled (Quit)";
    QTest::newRow("refused") << int(Outcome::Refused) << error(RunSyncError(Refusal::TooDeep, "65 waits"))
                             << "TooDeep: 65 waits";
    QTest::newRow("stranger") << int(Outcome::Exception) << error(42) << "unknown exception";
}

void TestResult::failureHasAText()
{
    QFETCH(int, outcome);
    QFETCH(std::exception_ptr, error);
    QFETCH(QString, text);
    const Result<int> result(static_cast<Outcome>(outcome), error);
    QCOMPARE(QString::fromStdString(result.errorString()), text);
    QCOMPARE(int(result.outcome()), outcome);
}

void TestResult::resultWithoutAValueNeverGivesADefault()
{
    const Result<int> empty(Outcome::Exception, Slot<int>());
    QVERIFY(!empty);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, static_cast<void>(empty.value()));
}

void TestResult::outcomesAndRefusalsHaveNames()
{
    QStringList names;
    for (int outcome = 0; outcome <= int(Outcome::Refused) + 1; ++outcome)
        names += nameOf(static_cast<Outcome>(outcome));
    for (int refusal = 0; refusal <= int(Refusal::ShuttingDown) + 1; ++refusal)
        names += nameOf(static_cast<Refusal>(refusal));
    QCOMPARE(names,
             (QStringList{"Value", "Exception", "TimedOut", "Cancelled", "Quit", "ContextDestroyed", "Refused", "?",
                          "InsideLibuvCallback", "WrongThread", "TooDeep", "StackLow", "NoSuspend", "Deadlock",
                          "NoApplication", "ShuttingDown", "?"}));
}

QTEST_APPLESS_MAIN(TestResult)
#include "tst_result.moc"
