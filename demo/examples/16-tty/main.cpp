// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QTextStream>

/*
 * Keys as they are pressed, each at once: "raw" mode, which is given back however the program ends. It waits a second
 * and a half for them, as long as keys go on.
 */

using namespace interloop;
using namespace std::chrono_literals;

QByteArray nameOf(char key)
{
    if (key >= 0 && key < ' ')
        return QByteArray("Ctrl-") + char(key + '@');
    return key == 127 ? QByteArray("Backspace") : QByteArray(1, key);
}

Task<> showKeys(Tty &terminal)
{
    co_await terminal.write("Press keys; q ends.\n");
    for (;;) {
        const Result<QByteArray> keys = co_await tryAwait(withTimeout(1500ms, terminal.read()));
        if (!keys || keys.value().isEmpty())
            break; // nobody types, or the terminal has gone
        for (const char key : keys.value())
            co_await terminal.write(nameOf(key) + '\n');
        if (keys.value().contains('q'))
            break;
    }
    co_await terminal.write("Thank you.\n");
}

int main(int argc, char *argv[])
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    if (!Tty::isTerminal(0)) {
        out << "The standard input is no terminal, so there are no keys to show." << Qt::endl;
        return 0;
    }
    Tty terminal = Tty::open(0);
    const QSize size = terminal.size();
    out << terminal.name() << " has " << size.width() << " columns and " << size.height() << " rows." << Qt::endl;
    terminal.setMode(TtyMode::Raw);
    runSync(showKeys(terminal));
    return 0;
}
