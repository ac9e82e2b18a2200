// SPDX-License-Identifier: MIT
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>
#include <interloop/task/taskgroup.h>
#include <interloop/uv/process.h>

#include <QLocale>
#include <QProcess>
#include <QStringDecoder>

#include <algorithm>
#include <system_error>

using interloop::Abandoned;
using interloop::Process;
using interloop::ProcessExit;
using interloop::ProcessOptions;
using interloop::Progress;
using interloop::runSync;
using interloop::Stdio;
using interloop::Stream;
using interloop::Task;
using interloop::TaskGroup;

namespace {

Process startProgram(const QString &command)
{
    QStringList words = QProcess::splitCommand(command);
    if (words.isEmpty())
        throw ActionError(Action::tr("There is no program to run: please enter a command line."));
    const QString name = words.takeFirst();
    ProcessOptions options(name, words);
    options.standardInput(Stdio::null()).standardOutput(Stdio::pipe()).standardError(Stdio::pipe());
    options.whenCancelled(Abandoned::Killed).whenDropped(Abandoned::Killed);
    try {
        return Process::start(options);
    } catch (const std::system_error &error) {
        throw ActionError(Action::tr("The program \"%1\" cannot be started: %2.").arg(name, reasonOf(error)));
    }
}

// In pieces: a program that writes short lines without end would keep the thread busy if each were an event of its own.
Task<> pass(Stream &stream, Output output)
{
    QStringDecoder text(QStringDecoder::Utf8);
    Progress progress = Progress::current();
    for (QByteArray piece = co_await stream.read(4096); !piece.isEmpty(); piece = co_await stream.read(4096)) {
        progress.setValue(std::min(progress.value(), 2'000'000'000) + int(piece.size()));
        progress.setText(Action::tr("%1 bytes of output").arg(QLocale().toString(progress.value())).toStdString());
        output(text.decode(piece));
    }
}

QString exitText(const QString &command, const ProcessExit &exit)
{
    const QString sentence = Action::tr("Ended with %1: %2.").arg(exit.toString(), command.trimmed());
    if (!exit.isSuccess())
        throw ActionError(sentence);
    return sentence;
}

} // namespace

//! [code]
QString runProgram(Wait &wait, const QString &command, const Output &output)
{
    return runSync(wait.watch(streamProgram(command, output)));
}

Task<QString> streamProgram(QString command, Output output)
{
    Process program = startProgram(command);
    TaskGroup readers; // both at once, and none outlives this function
    readers.spawn(pass(program.standardOutput(), output));
    readers.spawn(pass(program.standardError(), output));
    co_await readers.join();
    co_return exitText(command, co_await program.wait());
}
//! [code]
