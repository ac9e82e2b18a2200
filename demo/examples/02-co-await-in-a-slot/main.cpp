// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QApplication>
#include <QColor>
#include <QLineEdit>
#include <QListWidget>
#include <QTextStream>
#include <QThread>
#include <QTimer>
#include <QVBoxLayout>

/*
 * A slot that is a coroutine: it searches while one types. Each letter restarts the slot, which first waits for a pause
 * in the typing, so that a word is searched for once, and an answer that is out of date is never shown.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// As slow as a database; runs on a thread of the pool.
QStringList search(const QString &text)
{
    QThread::msleep(100);
    return QColor::colorNames().filter(text, Qt::CaseInsensitive);
}

} // namespace

int main(int argc, char **argv)
{
    const QApplication application(argc, argv);
    QWidget window;
    QLineEdit edit;
    QListWidget list;
    QVBoxLayout layout(&window);
    layout.addWidget(&edit);
    layout.addWidget(&list);
    edit.setPlaceholderText(QStringLiteral("Part of a colour's name"));

    int searches = 0;
    // The connection keeps a copy of this lambda, and of the text, until the slot has ended.
    const auto showMatches = [&](const QString &text) -> Task<> {
        co_await sleepFor(200ms);
        ++searches;
        const QStringList found = co_await toThread(&search, text);
        list.clear();
        list.addItems(found);
    };
    interloop::connect(&edit, &QLineEdit::textChanged, &window, showMatches, Overlap::Restart);
    window.show();

    if (QGuiApplication::platformName() == QLatin1String("offscreen")) { // nobody can type: it does so itself
        QObject::connect(list.model(), &QAbstractItemModel::rowsInserted, &window, &QWidget::close);
        QTimer::singleShot(0, &edit, [&edit] {
            for (const QChar letter : QStringLiteral("salmon"))
                edit.insert(letter);
        });
    }
    const int code = QApplication::exec();
    QTextStream out(stdout);
    out << "after " << searches << " search:";
    for (int row = 0; row < list.count(); ++row)
        out << ' ' << list.item(row)->text();
    out << Qt::endl;
    Bridge::current().close();
    return code;
}
