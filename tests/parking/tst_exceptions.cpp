// SPDX-License-Identifier: MIT
#include <tests/messages.h>
#include <tests/parking/parkingcheck.h>
#include <tests/testmain.h>

#include <interloop/interloop.h>
#include <interloop/test/virtualclock.h>

#include <QRegularExpression>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

/*
 * Each stack has its own exceptions: what is being thrown or handled on one is neither seen nor changed by the others,
 * however their waits are interleaved.
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class Source : public QObject
{
    Q_OBJECT

signals:
    void asked(int number);
};

class TestExceptions : public QObject
{
    Q_OBJECT

private slots:
    void init() { m_parking.begin(); }
    void cleanup()
    {
        QVERIFY(!std::current_exception());
        QCOMPARE(std::uncaught_exceptions(), 0);
        m_parking.check();
    }

    void aHandlerHasItsOwnExceptionBehindAWait();
    void handlersInHandlersHaveTheirs();
    void othersSeeNoneWhileAHandlerWaits();
    void destructorsMayWaitWhileAnExceptionUnwinds();
    void aWaitMayThrowInAHandler();
    void tasksThatWaitInHandlersGoOn();
    void theHookGetsTheRightOnes();

private:
    ParkingCheck m_parking;
};

namespace {

class Number
{
public:
    explicit Number(int number) noexcept : value(number) { }
    int value;
};

// Of the exception that is being handled; 0: none.
int handled()
{
    const std::exception_ptr error = std::current_exception();
    if (!error)
        return 0;
    try {
        std::rethrow_exception(error);
    } catch (const Number &number) {
        return number.value;
    } catch (...) {
        return -1;
    }
}

// The same, by throwing it on.
int rethrown()
{
    try {
        throw;
    } catch (const Number &number) {
        return number.value;
    } catch (...) {
        return -1;
    }
}

// Waits, so that everybody's turns come in an order of their own.
void wait(int number)
{
    runSync(sleepFor((number * 7 % 5 + 1) * 1h));
}

constexpr int bodies = 10;

// Begins a body for each number from 1 on and waits until all have returned.
template<typename Body>
void interleave(Body body)
{
    const VirtualClock clock;
    Source source;
    interloop::connect(&source, &Source::asked, &source, std::move(body), Overlap::Parallel);
    for (int number = 1; number <= bodies; ++number)
        emit source.asked(number);
    QVERIFY(Bridge::current().parked() > 0);
    runSync(sleepFor(1000h));
    QCOMPARE(Bridge::current().parked(), 0);
}

} // namespace

void TestExceptions::aHandlerHasItsOwnExceptionBehindAWait()
{
    int right = 0;
    interleave([&right](int number) {
        try {
            throw Number(number);
        } catch (const Number &caught) {
            const bool isRightBefore = handled() == number;
            wait(number);
            const bool isRightAfter = handled() == number && rethrown() == number && caught.value == number;
            wait(number + 1);
            right += isRightBefore && isRightAfter && handled() == number && std::uncaught_exceptions() == 0;
        }
        right += !std::current_exception();
    });
    QCOMPARE(right, 2 * bodies);
}

void TestExceptions::handlersInHandlersHaveTheirs()
{
    int right = 0;
    interleave([&right](int number) {
        try {
            throw Number(number);
        } catch (const Number &) {
            wait(number);
            try {
                wait(number + 1);
                throw Number(100 + number);
            } catch (const Number &) {
                wait(number + 2);
                right += handled() == 100 + number && rethrown() == 100 + number;
            }
            right += handled() == number;
            wait(number + 3);
            right += handled() == number;
        }
    });
    QCOMPARE(right, 3 * bodies);
}

void TestExceptions::othersSeeNoneWhileAHandlerWaits()
{
    // given: a body that waits in a handler
    Source source;
    Future<> gate;
    int after = -1;
    interloop::connect(&source, &Source::asked, this, [&](int number) {
        try {
            throw Number(number);
        } catch (const Number &) {
            runSync(gate);
            after = handled();
        }
    });
    emit source.asked(7);
    QCOMPARE(Bridge::current().parked(), 1);

    // then: the emitter, a plain slot, a posted function and another body handle none, and may handle their own
    QCOMPARE(handled(), 0);
    int inPlainSlot = -1, inPosted = -1, inBody = -1;
    QTimer::singleShot(0, this, [&] { inPlainSlot = handled(); });
    Bridge::current().post([&] { inPosted = handled(); });
    Source other;
    interloop::connect(&other, &Source::asked, this, [&] {
        inBody = handled();
        try {
            throw Number(8);
        } catch (const Number &) {
            runSync(sleepFor(1ms));
            inBody += handled();
        }
    });
    emit other.asked(0);
    QTRY_COMPARE(inPlainSlot, 0);
    QTRY_COMPARE(inPosted, 0);
    QTRY_COMPARE(inBody, 8);
    try {
        throw Number(9);
    } catch (const Number &) {
        gate.setResult();
        QTRY_COMPARE(after, 7);
        QCOMPARE(handled(), 9);
    }
}

namespace {

class WaitsWhenItDies
{
public:
    WaitsWhenItDies(int number, int &right) noexcept : m_number(number), m_right(right) { }
    ~WaitsWhenItDies()
    {
        const int before = std::uncaught_exceptions();
        const Result<> result = tryRunSync(sleepFor((m_number * 3 % 7 + 1) * 1h));
        // ours and nobody else's
        m_right += result && before == 1 && std::uncaught_exceptions() == 1;
        try {
            throw Number(100 + m_number);
        } catch (const Number &) {
            static_cast<void>(tryRunSync(sleepFor(1h)));
            m_right += handled() == 100 + m_number && std::uncaught_exceptions() == 1;
        }
    }
    WaitsWhenItDies(const WaitsWhenItDies &) = delete;
    WaitsWhenItDies &operator=(const WaitsWhenItDies &) = delete;

private:
    int m_number;
    int &m_right;
};

} // namespace

void TestExceptions::destructorsMayWaitWhileAnExceptionUnwinds()
{
    int right = 0;
    interleave([&right](int number) {
        try {
            const WaitsWhenItDies first(number, right);
            const WaitsWhenItDies second(number + 1, right);
            wait(number);
            throw Number(number);
        } catch (const Number &caught) {
            right += caught.value == number && std::uncaught_exceptions() == 0;
        }
    });
    QCOMPARE(right, 5 * bodies);
}

namespace {

Task<> throwsAfter(int hours, int number)
{
    co_await sleepFor(hours * 1h);
    throw Number(number);
}

} // namespace

void TestExceptions::aWaitMayThrowInAHandler()
{
    int right = 0;
    interleave([&right](int number) {
        try {
            throw Number(number);
        } catch (const Number &) {
            try {
                runSync(throwsAfter(number * 7 % 5 + 1, 100 + number));
            } catch (const Number &) {
                right += handled() == 100 + number;
                wait(number);
                right += handled() == 100 + number;
            }
            right += handled() == number;
        }
    });
    QCOMPARE(right, 3 * bodies);
}

namespace {

Task<> waitsInAHandler(int number, int &right)
{
    co_await sleepFor(number % 3 * 1h);
    try {
        throw Number(number);
    } catch (const Number &) {
        wait(number);
        right += handled() == number;
    }
    co_await sleepFor(1h);
    right += handled() == 0 && std::uncaught_exceptions() == 0;
    throw Number(number);
}

} // namespace

void TestExceptions::tasksThatWaitInHandlersGoOn()
{
    const VirtualClock clock;
    int right = 0;
    std::vector<TaskHandle<>> tasks;
    for (int number = 1; number <= bodies; ++number)
        tasks.push_back(spawn(waitsInAHandler(number, right)));
    for (int number = 1; number <= bodies; ++number) {
        try {
            runSync(tasks[std::size_t(number - 1)]);
        } catch (const Number &) {
            right += handled() == number;
        }
    }
    QCOMPARE(right, 3 * bodies);
}

void TestExceptions::theHookGetsTheRightOnes()
{
    UnhandledErrors errors;
    interleave([](int number) {
        try {
            wait(number);
            throw std::runtime_error("inner");
        } catch (const std::runtime_error &) {
            wait(number + 1);
            throw std::runtime_error("body " + std::to_string(number));
        }
    });
    QCOMPARE(errors.texts().size(), bodies);
    for (int number = 1; number <= bodies; ++number) {
        const QString end = QStringLiteral("threw: body %1").arg(number);
        QCOMPARE(errors.texts().filter(QRegularExpression(end + QLatin1Char('$'))).size(), 1);
    }
}

INTERLOOP_TEST_MAIN(TestExceptions)
#include "tst_exceptions.moc"
