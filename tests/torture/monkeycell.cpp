// SPDX-License-Identifier: MIT
#include <tests/descriptors.h>
#include <tests/timeline.h>
#include <tests/torture/monkey/handler.h>
#include <tests/torture/monkey/journal.h>
#include <tests/torture/monkey/monkey.h>
#include <tests/torture/monkey/window.h>

#include <interloop/loop/fences.h>

#include <QCommandLineParser>
#include <QMessageBox>
#include <QTest>
#include <QThreadPool>

#include <cstdio>
#include <dlfcn.h>

/*
 * A session under a monkey; tst_monkey.cpp starts them.
 *
 *     interloop-monkeycell --seed N [--seconds S] [--form parked|nested|mixed]
 *                          [--waiter interloop|qeventloop|qcoro] [--without qtframes|exceptions]
 *
 * A session is several lives: each is an exec() that the application is told to leave in the middle of everything, in
 * one of several ways, and after which nothing may be left of what was begun in it. The last one ends with the bridge.
 * What must hold is looked at all the time; what did not is printed as "wrong ...", with the last actions before it.
 * The last line is "ok". Exit codes: 0, 1 (something was wrong), 86 (it hung).
 *
 * For a debugger: INTERLOOP_MONKEY_STAY=1 makes a session that hangs stay as it is.
 */

using namespace interloop;
using namespace interloop::monkey;
using namespace std::chrono_literals;

namespace {

// What Qt says of itself is harmless. So is what a TaskGroup says that was made while an exception passed and is left
// by another one elsewhere: it takes that for a return.
void takeMessage(QtMsgType type, const QMessageLogContext &, const QString &text)
{
    static constexpr const char *harmless[] = {"propagateSizeHints", "This plugin does not support",
                                                "a TaskGroup was left without join"};
    for (const char *part : harmless) {
        if (text.contains(QLatin1String(part)))
            return;
    }
    const Life *life = Life::current();
    if (life && life->phase() >= Life::Phase::Closing && text.contains(QLatin1String("this thread's bridge has ended")))
        return; // signals may still come
    if (type != QtInfoMsg)
        Journal::instance().wrong("logged: " + text.toStdString());
}

void createWhatStays()
{
    QMessageBox box(QMessageBox::Information, QStringLiteral("title"), QStringLiteral("text"), QMessageBox::Ok);
    box.show();
    static_cast<void>(QTest::qWaitForWindowExposed(&box));
    TcpServer::listen(QStringLiteral("127.0.0.1"), 0).close();
    runSync(toThread([] { }));
    const Worker first(1);
    const Worker second(2);
    QTest::qWait(100);
}

void deleteWindows()
{
    while (!Window::all().empty())
        delete Window::all().back();
}

void playALife(Monkey &player, quint64 seed, Form form, monkey::Waiter waiter, std::chrono::milliseconds duration)
{
    Journal &journal = Journal::instance();
    Life life(seed, form, waiter);
    player.play(life, duration);
    const int code = QCoreApplication::exec();
    Watchdog::beat();
    journal.count("lives");
    journal.atLeast("most-ms-to-end", int(player.sinceTold().count()));
    if (code != player.expectedCode())
        journal.wrong("exec() returned " + std::to_string(code));
    if (player.sinceTold() > 3s)
        journal.wrong("it took " + std::to_string(player.sinceTold().count()) + " ms to end");
    if (!Handler::isNone())
        journal.wrong("event handlers are on the stack behind exec()");
    if (life.phase() == Life::Phase::Acting)
        journal.wrong("exec() returned, and nobody has told it to");
    if (life.waiting() != 0)
        journal.wrong("behind exec() there are still: " + life.leftovers());
    if (Bridge::exists() && (Bridge::current().parked() != 0 || Bridge::current().depth() != 0))
        journal.wrong("behind exec() there are still: " + life.leftovers());
    life.setPhase(Life::Phase::Ending);
    deleteWindows();
    life.cancelAll();
    if (!QTest::qWaitFor([&life] { return life.leftovers().empty(); }, 5000))
        journal.wrong("left behind: " + life.leftovers());
}

} // namespace

// In front of libuv's own: what it says about the loop's state.
extern "C" int uv_loop_close(uv_loop_t *loop)
{
    const auto close = reinterpret_cast<int (*)(uv_loop_t *)>(dlsym(RTLD_NEXT, "uv_loop_close"));
    const int error = close(loop);
    if (error != 0)
        Journal::instance().wrong(std::string("uv_loop_close: ") + uv_strerror(error));
    Journal::instance().count("closed loops");
    return error;
}

int main(int argc, char **argv)
{
    Application application(argc, argv);
    QCommandLineParser parser;
    const auto option = [](const char *name, const char *value, const char *otherwise) {
        return QCommandLineOption(QString::fromLatin1(name), QString(), QString::fromLatin1(value),
                                  QString::fromLatin1(otherwise));
    };
    const QCommandLineOption seedOption = option("seed", "N", "1");
    const QCommandLineOption secondsOption = option("seconds", "S", "10");
    const QCommandLineOption formOption = option("form", "F", "mixed");
    const QCommandLineOption waiterOption = option("waiter", "W", "interloop");
    const QCommandLineOption withoutOption = option("without", "FENCE", "");
    parser.addOptions({seedOption, secondsOption, formOption, waiterOption, withoutOption});
    parser.addHelpOption();
    parser.process(application);
    const quint64 seed = parser.value(seedOption).toULongLong();
    const auto length = std::chrono::milliseconds(qint64(parser.value(secondsOption).toDouble() * 1000));
    const QString form = parser.value(formOption);
    const QString waiter = parser.value(waiterOption);
    Fences::qtFrames = parser.value(withoutOption) != QStringLiteral("qtframes");
    Fences::exceptionState = parser.value(withoutOption) != QStringLiteral("exceptions");
    const Form waitForm = form == QStringLiteral("parked") ? Form::Parked
            : form == QStringLiteral("nested")             ? Form::Nested
                                                           : Form::Mixed;
    const monkey::Waiter waits = waiter == QStringLiteral("qeventloop") ? monkey::Waiter::QEventLoop
            : waiter == QStringLiteral("qcoro")                 ? monkey::Waiter::QCoro
                                                                : monkey::Waiter::Interloop;

    Journal &journal = Journal::instance();
    journal.install();
    qInstallMessageHandler(&takeMessage);
    QGuiApplication::setQuitOnLastWindowClosed(false);
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);

    createWhatStays();
    Bridge::current().close();
    const QStringList before = test::openDescriptors();
    {
        Watchdog watchdog;
        QTimer heart;
        QObject::connect(&heart, &QTimer::timeout, &heart, &Watchdog::beat);
        heart.start(20ms);
        Monkey player(seed);
        Dice dice(seed);
        const test::OwnTime ownTime;
        QElapsedTimer time;
        time.start();
        for (;;) {
            const auto left = length - std::chrono::milliseconds(time.elapsed());
            const bool isLast = left < 2s || journal.wrongs() > 0;
            player.setIsLast(isLast);
            const auto duration = isLast ? left : std::chrono::milliseconds(500 + dice.below(2500));
            playALife(player, dice.next(), waitForm, waits, duration);
            if (isLast || journal.wrongs() > 0)
                break;
        }
        journal.atLeast("most-missed-ms", watchdog.mostMissed() * int(Watchdog::tick.count()));
        journal.count("ms without what others took", int(ownTime.elapsed() / 1ms));
    }
    if (Bridge::exists())
        Bridge::current().close();
    QThreadPool::globalInstance()->waitForDone(); // Qt paints with threads, which keep descriptors
    static_cast<void>(QTest::qWaitFor([&before] { return test::openDescriptors().size() <= before.size(); }, 2000));
    if (const QStringList now = test::openDescriptors(); now.size() != before.size())
        journal.wrong("file descriptors: " + now.join(u' ').toStdString() + " instead of "
                      + before.join(u' ').toStdString());
    journal.printCounts();
    std::printf(journal.wrongs() == 0 ? "ok\n" : "failed\n");
    std::fflush(stdout);
    return journal.wrongs() == 0 ? 0 : 1;
}
