// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

#include <cstdint>
#include <sys/timerfd.h>
#include <unistd.h>

/*
 * Waiting for a file descriptor that somebody else reads: here a timer of the kernel's. So is done with any library
 * that hands out a descriptor and says "call me when it is readable".
 */

using namespace interloop;

Task<> ticks(int descriptor, QTextStream &out)
{
    PollHandle handle(descriptor); // the descriptor stays ours
    for (int i = 1; i <= 5; ++i) {
        co_await handle.waitReadable();
        std::uint64_t expirations = 0;
        if (read(descriptor, &expirations, sizeof(expirations)) == sizeof(expirations))
            out << "tick " << i << Qt::endl;
    }
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0)
        return 1;
    itimerspec every50ms = {};
    every50ms.it_interval.tv_nsec = every50ms.it_value.tv_nsec = 50'000'000;
    timerfd_settime(timer, 0, &every50ms, nullptr);
    runSync(ticks(timer, out));
    close(timer);
    Bridge::current().close();
    return 0;
}
