// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QApplication>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QTextStream>
#include <QTimer>
#include <QVBoxLayout>

/*
 * The first wait: a plain function calls runSync and gets a task's result as a return value. The code waits in that
 * line; the window does not: its bar goes on moving.
 *
 * Without a screen (QT_QPA_PLATFORM=offscreen) nobody can click. The examples with windows then do it themselves, once,
 * and end.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// A task is a coroutine. It may wait for anything: a socket, a file, a program, or for time to pass.
Task<QString> fetchGreeting(QString name)
{
    co_await sleepFor(500ms);
    co_return QStringLiteral("Hello, ") + name;
}

// This is no coroutine, and takes no callback: it returns what its caller wants to have.
QString greeting(const QString &name)
{
    return runSync(fetchGreeting(name));
}

} // namespace

int main(int argc, char **argv)
{
    const QApplication application(argc, argv);
    QWidget window;
    QPushButton button(QStringLiteral("&Greet"));
    QLineEdit answer;
    QProgressBar bar;
    QVBoxLayout layout(&window);
    layout.addWidget(&button);
    layout.addWidget(&answer);
    layout.addWidget(&bar);
    answer.setReadOnly(true);
    bar.setFormat(QStringLiteral("%v ticks"));
    QTimer ticker;
    QObject::connect(&ticker, &QTimer::timeout, &bar, [&bar] { bar.setValue((bar.value() + 1) % 100); });
    ticker.start(50ms);

    interloop::connect(&button, &QPushButton::clicked, &window, [&answer] {
        answer.setText(greeting(QStringLiteral("Qt"))); // half a second
    });
    window.show();

    if (QGuiApplication::platformName() == QLatin1String("offscreen")) {
        QObject::connect(&answer, &QLineEdit::textChanged, &window, &QWidget::close);
        QTimer::singleShot(0, &button, &QPushButton::click);
    }
    const int code = QApplication::exec();
    QTextStream(stdout) << answer.text() << ", said the window after " << bar.value() << " ticks" << Qt::endl;
    Bridge::current().close();
    return code;
}
