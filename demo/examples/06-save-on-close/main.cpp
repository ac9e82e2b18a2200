// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/widgets/widgets.h>

#include <QApplication>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QTemporaryDir>
#include <QTextStream>
#include <QTimer>

/*
 * A window that saves when it is closed, and stays open when that fails and the user wants it to. Neither a second
 * click on its close button nor the end of the application comes in between.
 */

using namespace interloop;

namespace {

class Editor : public QPlainTextEdit
{
public:
    explicit Editor(const QString &path) : m_path(path) { setWindowTitle(path); }

protected:
    void closeEvent(QCloseEvent *event) override { confirmClose(this, event, save()); } // last in the event

private:
    // Whether the window may close.
    Task<bool> save()
    {
        const Result<> saved = co_await tryAwait(writeFile(m_path, toPlainText().toUtf8()));
        if (saved)
            co_return true;
        const QString text = QString::fromStdString(saved.errorString()) + QStringLiteral("\n\nClose without saving?");
        QMessageBox box(QMessageBox::Warning, m_path, text, QMessageBox::Yes | QMessageBox::No, this);
        const int answer = co_await execDialog(&box);
        co_return answer == QMessageBox::Yes;
    }

    QString m_path;
};

} // namespace

int main(int argc, char **argv)
{
    const QApplication application(argc, argv);
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("notes.txt"));
    Editor editor(path);
    editor.setPlainText(QStringLiteral("Write something, and close the window."));
    editor.show();

    if (QGuiApplication::platformName() == QLatin1String("offscreen")) { // nobody can type: it does so itself
        editor.appendPlainText(QStringLiteral("Something."));
        QTimer::singleShot(0, &editor, &QWidget::close);
    }
    const int code = QApplication::exec();
    const Result<QByteArray> saved = tryRunSync(readFile(path));
    QTextStream(stdout) << (saved ? saved.value() : QByteArray("nothing was saved")) << Qt::endl;
    Bridge::current().close();
    return code;
}
