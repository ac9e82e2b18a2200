// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QThread>
#include <QTimer>

#include <cstdio>

/*
 * A program with parked stacks, for a debugger to look at where allAreParked() is called: those of three slots and a
 * task, and one in another thread.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

class Office : public QObject
{
public:
    void readLetter(int page)
    {
        if (page > 0)
            readLetter(page - 1);
        else
            runSync(sleepFor(1h));
        asm volatile(""); // no tail call
    }
    void writeAnswer()
    {
        runSync(m_answer.wait());
        asm volatile("");
    }
    void drinkTea()
    {
        runSync(sleepFor(2h));
        asm volatile("");
    }

private:
    Event m_answer;
};

[[gnu::noinline]] void waitForThePost()
{
    runSync(sleepFor(3h));
    asm volatile("");
}

Task<> callInTask(void (*function)())
{
    function();
    co_return;
}

[[gnu::noinline]] void allAreParked()
{
    std::printf("%d parked\n", Bridge::current().parked());
    asm volatile("");
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    Office office;
    QTimer timers[3];
    interloop::connect(&timers[0], &QTimer::timeout, &office, [&office] { office.readLetter(2); });
    interloop::connect(&timers[1], &QTimer::timeout, &office, &Office::writeAnswer);
    interloop::connect(&timers[2], &QTimer::timeout, &office, &Office::drinkTea);
    for (QTimer &timer : timers) {
        timer.setSingleShot(true);
        timer.start(0);
    }
    const TaskHandle<> task = spawn(callInTask(waitForThePost), "the postman");

    QThread thread;
    thread.setObjectName(QStringLiteral("kitchen"));
    thread.start();
    QObject inThread;
    inThread.moveToThread(&thread);
    const auto begin = [] { Bridge::current().post([] { waitForThePost(); }); };
    QMetaObject::invokeMethod(&inThread, begin, Qt::BlockingQueuedConnection);

    QTimer look;
    QObject::connect(&look, &QTimer::timeout, &office, [&] {
        int elsewhere = 0;
        const auto ask = [&elsewhere] { elsewhere = Bridge::current().parked(); };
        QMetaObject::invokeMethod(&inThread, ask, Qt::BlockingQueuedConnection);
        if (Bridge::current().parked() != 4 || elsewhere != 1)
            return;
        look.stop();
        allAreParked();
        QCoreApplication::quit();
    });
    look.start(1ms);
    const int code = QCoreApplication::exec();
    thread.quit();
    thread.wait();
    return code;
}
