// SPDX-License-Identifier: MIT
#include <demo/workbench/actions.h>

#include <demo/parts/codeview.h>

#include <interloop/task/errors.h>

#include <QDir>

#include <system_error>

namespace {

// The input, or a failure that says what is missing.
QString required(const QString &input, const QString &complaint)
{
    if (input.trimmed().isEmpty())
        throw ActionError(complaint);
    return input.trimmed();
}

QString talk(Wait &wait, const QString &address)
{
    const QString host = address.section(':', 0, -2);
    bool isPort = false;
    const int port = address.section(':', -1).toInt(&isPort);
    if (host.isEmpty() || !isPort)
        throw ActionError(Action::tr("\"%1\" is no address of a redis-server: 127.0.0.1:6379 is one.").arg(address));
    try {
        return countInRedis(wait, host, port);
    } catch (const std::system_error &error) {
        throw ActionError(Action::tr("No redis-server answers at %1: %2.").arg(address, reasonOf(error)));
    } catch (const interloop::TimeoutError &) {
        throw ActionError(Action::tr("The redis-server at %1 has not answered within 5 s.").arg(address));
    }
}

std::chrono::milliseconds duration(const QString &seconds)
{
    bool isNumber = false;
    const double number = seconds.trimmed().toDouble(&isNumber);
    if (!isNumber || !(number >= 0 && number <= 3600))
        throw ActionError(Action::tr("\"%1\" is no time: please enter seconds, 0 to 3600.").arg(seconds.left(60)));
    return std::chrono::milliseconds(qRound64(number * 1000));
}

// Enough files for a progress to be seen, and there on most systems.
QString exampleFolder()
{
    const QString headers = QStringLiteral("/usr/include");
    return QDir(headers).isEmpty() ? QDir::currentPath() : headers;
}

} // namespace

QString reasonOf(const std::system_error &error)
{
    const QString reason = QString::fromStdString(error.code().message());
    return reason.left(1).toLower() + reason.mid(1);
}

QString Action::code() const
{
    return codeOf(QStringLiteral("workbench/%1.cpp").arg(name));
}

QList<Action> workbenchActions()
{
    QList<Action> actions;
    const auto add = [&actions](const char *name, const QString &text, const QString &title, const QString &tip,
                                const QString &argumentTip, const QString &argument, Action::Function function) {
        Action action(name, text, title, tip, std::move(function));
        action.argumentTip = argumentTip;
        action.defaultArgument = argument;
        actions << action;
    };
    add("fetch", Action::tr("&Fetch"), Action::tr("Fetch"),
        Action::tr("Gets the page with libcurl, in a slot that blocks until it is there"),
        Action::tr("URL to fetch, http:// or https://"), QString(),
        [](Wait &wait, const QStringList &in, const Output &) {
            return fetchPage(wait, in.value(0), std::chrono::seconds(in.value(1).toInt()));
        });
    add("resolve", Action::tr("&Resolve"), Action::tr("Resolve"),
        Action::tr("Asks the system's resolver for the addresses of a host"), Action::tr("Name of a host"),
        QStringLiteral("localhost"), [](Wait &wait, const QStringList &in, const Output &) {
            return resolveName(wait,
                               required(in.value(0), Action::tr("There is no name to resolve: please enter one.")));
        });
    add("hash", Action::tr("&Hash"), Action::tr("Hash"),
        Action::tr("Hashes all files of a folder in libuv's thread pool, and counts them"),
        Action::tr("Folder whose files are hashed"), exampleFolder(),
        [](Wait &wait, const QStringList &in, const Output &) {
            return hashFolder(wait, required(in.value(0), Action::tr("There is no folder to hash: please enter one.")));
        });
    add("run", Action::tr("Ru&n"), Action::tr("Run"),
        Action::tr("Runs a program and shows its output as it comes; Cancel kills it"),
        Action::tr("Command line; no shell reads it"),
        QStringLiteral("sh -c \"for i in 1 2 3 4 5; do echo line $i; sleep 0.4; done\""),
        [](Wait &wait, const QStringList &in, const Output &output) { return runProgram(wait, in.value(0), output); });
    add("redis", Action::tr("Re&dis"), Action::tr("Redis"),
        Action::tr("Sends a redis-server a thousand commands at once and reads the answers, if one runs there"),
        Action::tr("Host and port of a redis-server"), QStringLiteral("127.0.0.1:6379"),
        [](Wait &wait, const QStringList &in, const Output &) {
            return talk(
                    wait,
                    required(in.value(0), Action::tr("There is no redis-server to talk to: please enter an address.")));
        });
    add("signal", Action::tr("&Signal"), Action::tr("Signal"),
        Action::tr("Waits for a Unix signal; send it from a terminal: kill -USR1 %1")
                .arg(QCoreApplication::applicationPid()),
        Action::tr("Name of the signal to wait for"), QStringLiteral("SIGUSR1"),
        [](Wait &wait, const QStringList &in, const Output &) {
            return waitForSignal(
                    wait, required(in.value(0), Action::tr("There is no signal to wait for: please enter its name.")));
        });
    add("gather", Action::tr("&Gather"), Action::tr("Gather"),
        Action::tr("Fetch, resolve, hash and run, all four at once in one slot"), QString(), QString(),
        [](Wait &wait, const QStringList &in, const Output &) { return everythingAtOnce(wait, Everything(in)); });
    add("race", Action::tr("Rac&e"), Action::tr("Race"),
        Action::tr("Fetches the URL above against the clock: who is first wins, the other one is cancelled"),
        Action::tr("How many seconds the fetch has"), QStringLiteral("2"),
        [](Wait &wait, const QStringList &in, const Output &) {
            return raceTheClock(wait, in.value(1), duration(in.value(0)));
        });
    return actions;
}
