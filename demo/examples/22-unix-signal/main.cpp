// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

#include <csignal>
#include <unistd.h>

/*
 * A service that reads its settings again at SIGHUP and ends at SIGTERM. Nothing of it runs in a signal handler: the
 * signals are items of a sequence, taken between other things. Here the program sends them to itself.
 */

using namespace interloop;
using namespace std::chrono_literals;

Task<> serve(QTextStream &out)
{
    UnixSignals heard({SIGHUP, SIGTERM});
    out << "serving; SIGHUP reads the settings again, SIGTERM ends" << Qt::endl;
    for (auto signal = co_await heard.next(); signal; signal = co_await heard.next()) {
        out << QString::fromStdString(signal->name()) << ", " << signal->count() << " times" << Qt::endl;
        if (signal->number() == SIGTERM)
            break;
    }
    out << "ending in good order" << Qt::endl;
}

Task<> annoy()
{
    for (int i = 0; i < 3; ++i) {
        kill(getpid(), SIGHUP);
        co_await sleepFor(20ms);
    }
    for (int i = 0; i < 5; ++i)
        kill(getpid(), SIGHUP); // nobody takes them in between: one item
    kill(getpid(), SIGTERM);
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    const TaskHandle<> service = spawn(serve(out));
    QCoreApplication::processEvents(); // it listens
    runSync(annoy());
    runSync(service);
    Bridge::current().close();
    return 0;
}
