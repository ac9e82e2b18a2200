// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/test/test.h>

#include <QObject>
#include <QTest>

#include <stdexcept>

/*
 * Testing an hour in milliseconds: under a VirtualClock time jumps to the next deadline when nothing else is going on.
 */

using namespace interloop;
using namespace std::chrono_literals;

// What is tested: asks again and again, with pauses that double up to 17 minutes.
template<typename Ask>
Task<QByteArray> askPatiently(Ask &ask)
{
    for (std::chrono::seconds pause = 1s;; pause = std::min(2 * pause, std::chrono::seconds(1024s))) {
        const Result<QByteArray> answer = co_await tryAwait(ask());
        if (answer)
            co_return answer.value();
        co_await sleepFor(pause);
    }
}

// A server that does not answer at first.
class LazyServer
{
public:
    explicit LazyServer(int failures) : m_failures(failures) { }

    Task<QByteArray> operator()()
    {
        co_await sleepFor(100ms);
        if (++questions <= m_failures)
            throw std::runtime_error("busy");
        co_return QByteArrayLiteral("answer");
    }

    int questions = 0;

private:
    int m_failures;
};

class TestPatience : public QObject
{
    Q_OBJECT

private slots:
    void isAnsweredAfterAnHour()
    {
        const VirtualClock clock;
        LazyServer server(12);
        QCOMPARE(runSync(askPatiently(server)), "answer");
        QCOMPARE(clock.elapsed(), 1023s + 2 * 1024s + 13 * 100ms); // not a millisecond more
        QCOMPARE(server.questions, 13);
    }

    void givesUpWhenItIsTold()
    {
        const VirtualClock clock;
        LazyServer server(1'000'000);
        QVERIFY_EXCEPTION_THROWN(runSync(withTimeout(24h, askPatiently(server))), TimeoutError);
        QCOMPARE(clock.elapsed(), 24h);
    }
};

QTEST_GUILESS_MAIN(TestPatience)
#include "main.moc"
