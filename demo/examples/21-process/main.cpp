// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

/*
 * A program beside this one: give it input and take its output, talk to it line by line, end one that takes too long.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

ProcessOptions piped(const char *program)
{
    return ProcessOptions(QString::fromUtf8(program)).standardInput(Stdio::pipe()).standardOutput(Stdio::pipe());
}

// All in one go.
Task<> sortNames(QTextStream &out)
{
    Process sort = Process::start(piped("sort"));
    const ProcessOutput output = co_await sort.communicate("pear\nfig\napple\n");
    out << "sort gave " << output.standardOutput().simplified() << ", " << output.exit().toString() << '\n';
}

// A conversation.
Task<> askForLines(QTextStream &out)
{
    Process cat = Process::start(piped("cat"));
    for (int i = 1; i <= 3; ++i) {
        co_await cat.standardInput().write("line " + QByteArray::number(i) + '\n');
        const QByteArray answer = co_await cat.standardOutput().readLine();
        out << "cat answers " << answer.trimmed() << '\n';
    }
    cat.standardInput().close(); // that ends cat
    const ProcessExit exit = co_await cat.wait();
    out << "cat: " << exit.toString() << '\n';
}

// A wait that is given up does not end the program.
Task<> giveUp(QTextStream &out)
{
    Process sleep = Process::start(ProcessOptions(QStringLiteral("sleep"), {QStringLiteral("60")}));
    const Result<ProcessExit> result = co_await tryAwait(withTimeout(50ms, sleep.wait()));
    if (!result)
        sleep.kill();
    const ProcessExit exit = co_await sleep.wait();
    out << "sleep: " << exit.toString() << '\n';
}

Task<> show(QTextStream &out)
{
    co_await sortNames(out);
    co_await askForLines(out);
    co_await giveUp(out);
    try {
        Process::start(ProcessOptions(QStringLiteral("no-such-program")));
    } catch (const std::system_error &error) {
        out << error.what() << '\n';
    }
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    runSync(show(out));
    return 0;
}
