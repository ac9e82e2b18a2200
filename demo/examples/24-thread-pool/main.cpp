// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QTextStream>
#include <QTimer>

#include <memory>
#include <vector>

/*
 * Work that takes long, on libuv's threads: arguments go there, results and exceptions come back, and this thread's
 * loop goes on meanwhile. Here primes are counted, in four parts at the same time.
 */

using namespace interloop;
using namespace std::chrono_literals;

int countPrimes(int from, int to)
{
    if (from > to)
        throw std::invalid_argument("countPrimes: from is greater than to");
    int count = 0;
    for (int number = std::max(from, 2); number < to; ++number) {
        bool isPrime = true;
        for (int divisor = 2; isPrime && divisor * divisor <= number; ++divisor)
            isPrime = number % divisor != 0;
        count += isPrime;
    }
    return count;
}

Task<int> countPrimesInParts(int to, int parts)
{
    std::vector<Task<int>> tasks;
    for (int i = 0; i < parts; ++i)
        tasks.push_back(toThread(&countPrimes, to / parts * i, to / parts * (i + 1)));
    const std::vector<int> counts = co_await gather(std::move(tasks));
    int sum = 0;
    for (const int count : counts)
        sum += count;
    co_return sum;
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    int ticks = 0;
    QTimer ticker; // of this thread, while the others count
    QObject::connect(&ticker, &QTimer::timeout, [&ticks] { ++ticks; });
    ticker.start(5ms);
    QElapsedTimer time;
    time.start();
    const int count = runSync(countPrimesInParts(1'000'000, 4));
    out << count << " primes in " << time.elapsed() << " ms; the timer fired " << ticks << " times" << Qt::endl;

    const Result<int> failed = tryRunSync(toThread(&countPrimes, 2, 1));
    out << "a failure comes back: " << QString::fromStdString(failed.errorString()) << Qt::endl;

    // A function may own what it works on: a move-only closure, a move-only result.
    auto numbers = std::make_unique<std::vector<int>>(1000, 1);
    auto append = [numbers = std::move(numbers)]() mutable {
        numbers->push_back(2);
        return std::move(numbers);
    };
    const std::unique_ptr<std::vector<int>> longer = runSync(toThread(std::move(append)));
    out << "back with " << longer->size() << " numbers" << Qt::endl;
    Bridge::current().close();
    return 0;
}
