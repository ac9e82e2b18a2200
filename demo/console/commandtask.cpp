// SPDX-License-Identifier: MIT
#include <demo/console/commandtask.h>

#include <demo/console/deepwaits.h>
#include <demo/console/runprogram.h>
#include <demo/http/http.h>
#include <demo/parts/errorsentence.h>

#include <interloop/interloop.h>

#include <QLocale>
#include <QUrl>

#include <algorithm>

using interloop::Progress;
using interloop::Task;
using namespace std::chrono_literals;

namespace {

Task<QString> sleepTask(std::chrono::duration<double> duration)
{
    using std::chrono::steady_clock;
    Progress progress = Progress::current();
    const auto end = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(duration);
    for (auto now = steady_clock::now(); now < end; now = steady_clock::now()) {
        const std::chrono::duration<double> left = end - now;
        progress.setText(Command::tr("%1 s left").arg(left.count(), 0, 'f', 1).toStdString());
        co_await interloop::sleepUntil(std::min(end, now + 100ms));
    }
    co_return Command::tr("slept for %1 s").arg(duration.count());
}

// The first lines of a page.
QString beginningOf(const HttpReply &reply)
{
    constexpr qsizetype mostLines = 5;
    constexpr qsizetype longest = 100;
    if (!reply.contentType.startsWith(QLatin1String("text/")))
        return QString();
    QStringList lines = QString::fromUtf8(reply.body.left(2000)).trimmed().split('\n');
    const bool isAll = lines.size() <= mostLines && reply.body.size() <= 2000;
    lines = lines.mid(0, mostLines);
    for (QString &line : lines)
        line = line.size() > longest ? line.left(longest) + QChar(0x2026) : line;
    if (!isAll)
        lines << QString(QChar(0x2026));
    return '\n' + lines.join('\n');
}

Task<QString> fetchTask(QUrl url)
{
    const HttpReply reply = co_await httpGet(url.toString(QUrl::FullyEncoded), 30s);
    const QString seconds = QString::number(double(reply.duration.count()) / 1000, 'f', 2);
    co_return Command::tr("%1 %2, %3 bytes in %4 s%5")
            .arg(QString::number(reply.status), reply.reason, QLocale().toString(reply.body.size()), seconds,
                 beginningOf(reply));
}

Task<QString> resolveTask(QString host)
{
    const QList<interloop::SocketAddress> addresses = co_await interloop::resolve(host);
    QStringList hosts;
    for (const interloop::SocketAddress &address : addresses)
        hosts << address.host();
    hosts.removeDuplicates();
    co_return hosts.join(QStringLiteral(", "));
}

// A member of a gather: what it says about its own progress is not the gather's.
Task<QString> memberTask(Command member, CommandContext context, Progress whole)
{
    QString answer = co_await Progress().follow(commandTask(member, context));
    answer.replace('\n', QStringLiteral("\n  "));
    whole.setValue(whole.value() + 1);
    whole.setText(Command::tr("%1 of %2 have ended").arg(whole.value()).arg(whole.maximum()).toStdString());
    co_return Command::tr("%1: %2").arg(member.text, answer);
}

Task<QString> gatherTask(QList<Command> members, CommandContext context)
{
    Progress progress = Progress::current();
    progress.setRange(0, int(members.size()));
    std::vector<interloop::TaskHandle<QString>> handles;
    for (const Command &member : members)
        handles.push_back(interloop::spawn(memberTask(member, context, progress), member.text.toStdString()));
    try {
        const std::vector<QString> answers = co_await interloop::gather(handles);
        co_return QStringList(answers.begin(), answers.end()).join('\n');
    } catch (const std::exception &) {
        const auto left =
                std::count_if(handles.begin(), handles.end(), [](const auto &task) { return !task.isDone(); });
        if (left == 0)
            throw;
        const QString reason = errorSentence(std::current_exception());
        throw CommandError(Command::tr("%1 The others of the gather go on: see tasks.").arg(reason));
    }
}

} // namespace

Task<QString> commandTask(Command command, CommandContext context)
{
    switch (command.kind) {
    case Command::Kind::Sleep:
        return sleepTask(std::chrono::duration<double>(command.seconds));
    case Command::Kind::Fetch:
        return fetchTask(QUrl(context.firstUrl).resolved(QUrl(command.arguments.value(0))));
    case Command::Kind::Resolve:
        return resolveTask(command.arguments.first());
    case Command::Kind::Run:
        return runProgram(command.arguments, context.print);
    case Command::Kind::Gather:
        return gatherTask(command.members, context);
    case Command::Kind::Deep:
        return deepWaits(*context.waits, command.number, std::chrono::duration<double>(command.seconds));
    default:
        throw std::logic_error("a command that has nothing to wait for");
    }
}
