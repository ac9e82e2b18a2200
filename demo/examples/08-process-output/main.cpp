// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QApplication>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTextStream>
#include <QTimer>
#include <QVBoxLayout>

/*
 * A window that runs a command and shows what it writes, line by line, as it comes. "Stop" cancels the slot, whatever
 * it waits for, and the command ends with it.
 */

using namespace interloop;

namespace {

Task<> run(QString command, QPlainTextEdit &output)
{
    ProcessOptions options(QStringLiteral("sh"), {QStringLiteral("-c"), QStringLiteral("exec 2>&1; ") + command});
    options.standardOutput(Stdio::pipe()).newSession();
    Process process = Process::start(options);
    const auto stop = qScopeGuard([&process] { // with all that it has started
        if (process.isRunning())
            ::kill(-process.processId(), SIGTERM);
    });
    Stream &lines = process.standardOutput();
    for (auto line = co_await lines.readLine(); !line.isEmpty(); line = co_await lines.readLine())
        output.appendPlainText(QString::fromLocal8Bit(line.trimmed()));
    const ProcessExit exit = co_await process.wait();
    output.appendPlainText(exit.toString());
}

} // namespace

int main(int argc, char **argv)
{
    const QApplication application(argc, argv);
    QWidget window;
    QLineEdit command(QStringLiteral("for i in 1 2 3 4 5; do echo line $i; sleep 1; done"));
    QPushButton runButton(QStringLiteral("&Run"));
    QPushButton stopButton(QStringLiteral("&Stop"));
    QPlainTextEdit output;
    QVBoxLayout layout(&window);
    for (QWidget *widget : std::initializer_list<QWidget *>{&command, &runButton, &stopButton, &output})
        layout.addWidget(widget);
    output.setReadOnly(true);

    const auto runCommand = [&command, &output]() -> Task<> { co_await run(command.text(), output); };
    Connection running = interloop::connect(&runButton, &QPushButton::clicked, &window, runCommand);
    QObject::connect(&stopButton, &QPushButton::clicked, &window, [&running] { running.cancel(); });
    running.onRunningChanged(&window, [&runButton, &stopButton](bool isRunning) {
        runButton.setDisabled(isRunning);
        stopButton.setEnabled(isRunning);
    });
    window.show();

    if (QGuiApplication::platformName() == QLatin1String("offscreen")) { // nobody can click: it does so itself
        command.setText(QStringLiteral("echo first line; sleep 0.1; echo second line"));
        QTimer::singleShot(0, &runButton, &QPushButton::click);
        running.onRunningChanged(&window, [&window, &output](bool isRunning) {
            if (!isRunning && !output.document()->isEmpty())
                window.close();
        });
    }
    const int code = QApplication::exec();
    QTextStream(stdout) << output.toPlainText() << Qt::endl;
    Bridge::current().close();
    return code;
}
