// SPDX-License-Identifier: MIT
#include <demo/console/runprogram.h>

#include <demo/console/command.h>

#include <interloop/interloop.h>

#include <QStringDecoder>

#include <csignal>

using interloop::Process;
using interloop::Task;
using namespace std::chrono_literals;

namespace {

using Print = std::function<void(const QString &)>;

interloop::ProcessOptions optionsFor(const QStringList &words)
{
    using interloop::Stdio;
    interloop::ProcessOptions options = words.size() > 1
            ? interloop::ProcessOptions(words.first(), words.mid(1))
            : interloop::ProcessOptions(QStringLiteral("/bin/sh"), {QStringLiteral("-c"), words.first()});
    options.standardInput(Stdio::null()).standardOutput(Stdio::pipe()).standardError(Stdio::pipe());
    options.newSession().whenDropped(interloop::Abandoned::Killed);
    return options;
}

// Ends a program, and all that it has started, when nobody waits for it any more.
class KillWhenLeft
{
public:
    explicit KillWhenLeft(const Process &process) : m_process(process) { }
    ~KillWhenLeft()
    {
        if (m_process.isRunning())
            ::kill(-m_process.processId(), SIGKILL); // it leads a group of its own
    }
    KillWhenLeft(const KillWhenLeft &) = delete;
    KillWhenLeft &operator=(const KillWhenLeft &) = delete;

private:
    const Process &m_process;
};

Task<> printLines(interloop::Stream &output, Print print)
{
    constexpr qsizetype longestLine = 2000;
    QStringDecoder decode(QStringDecoder::Utf8);
    QString rest; // of a line that has not ended
    for (;;) {
        const QByteArray piece = co_await output.read(2048);
        rest += decode(piece);
        rest.remove('\r').replace(QChar(0), QChar(0xfffd));
        const bool isOver = piece.isEmpty();
        const qsizetype end = isOver || rest.size() > longestLine ? rest.size() : rest.lastIndexOf('\n') + 1;
        if (end > 0) {
            const QString lines = rest.left(end);
            rest.remove(0, end);
            print(lines.endsWith('\n') ? lines.chopped(1) : lines);
            co_await interloop::sleepFor(lines.size() > 1000 ? 10ms : 0ms); // the window's turn
        }
        if (isOver)
            co_return;
    }
}

} // namespace

Task<QString> runProgram(QStringList words, Print print)
{
    Process process = Process::start(optionsFor(words));
    const KillWhenLeft kill(process);
    interloop::TaskGroup outputs;
    outputs.spawn(printLines(process.standardOutput(), print), "standard output");
    outputs.spawn(printLines(process.standardError(), print), "standard error");
    co_await outputs.join();
    const interloop::ProcessExit exit = co_await process.wait();
    if (!exit.isSuccess())
        throw CommandError(Command::tr("the program failed: %1").arg(exit.toString()));
    co_return exit.toString();
}
