// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

#include <algorithm>
#include <vector>

/*
 * Random bytes from the operating system: a key as an array of its own, and 4 MiB into memory of the program's, while
 * the event loop goes on.
 */

using namespace interloop;
using namespace std::chrono_literals;

Task<> countTurns(int &turns)
{
    for (;; ++turns)
        co_await sleepFor(1ms);
}

Task<> show(QTextStream &out)
{
    const QByteArray key = co_await randomBytes(32);
    out << "a key: " << key.toHex() << Qt::endl;

    int turns = 0;
    TaskHandle<> counting = spawn(countTurns(turns));
    std::vector<std::byte> memory(4 << 20);
    co_await randomBytes(std::span(memory));
    counting.cancel();
    const auto count = std::count(memory.begin(), memory.end(), std::byte(42));
    out << "4 MiB; the byte 42 came " << count << " times, about 16384 are to be expected" << Qt::endl;
    out << "meanwhile the event loop had " << turns << " turns" << Qt::endl;
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    runSync(show(out));
    Bridge::current().close();
    return 0;
}
