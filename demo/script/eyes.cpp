// SPDX-License-Identifier: MIT
#include <demo/script/eyes.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/future.h>
#include <interloop/uv/work.h>

#include <QAbstractButton>
#include <QComboBox>
#include <QImageWriter>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QSpinBox>

#include <stdexcept>

using interloop::Future;
using interloop::Task;

namespace {

// A sanitizer makes a program that much slower.
#if defined(__SANITIZE_ADDRESS__) // g++
constexpr int slowness = 10;
#elif defined(__has_feature) // clang++
constexpr int slowness = __has_feature(address_sanitizer) ? 10 : 1;
#else
constexpr int slowness = 1;
#endif

} // namespace

QString textOf(const QWidget &widget)
{
    if (const auto *label = qobject_cast<const QLabel *>(&widget))
        return label->text();
    if (const auto *text = qobject_cast<const QPlainTextEdit *>(&widget))
        return text->toPlainText();
    if (const auto *line = qobject_cast<const QLineEdit *>(&widget))
        return line->text();
    if (const auto *button = qobject_cast<const QAbstractButton *>(&widget))
        return button->text();
    if (const auto *box = qobject_cast<const QComboBox *>(&widget))
        return box->currentText();
    if (const auto *box = qobject_cast<const QSpinBox *>(&widget))
        return box->text();
    if (const auto *view = qobject_cast<const QAbstractItemView *>(&widget)) {
        QStringList lines;
        for (int row = 0; row < view->model()->rowCount(); ++row) {
            QStringList cells;
            for (int column = 0; column < view->model()->columnCount(); ++column)
                cells << view->model()->index(row, column).data().toString();
            lines << cells.join(' ');
        }
        return lines.join('\n');
    }
    return widget.accessibleDescription();
}

QString complaint(const Step &step, const QWidget *widget, double lag)
{
    switch (step.subject) {
    case Step::Subject::Depth: {
        const interloop::Bridge &bridge = interloop::Bridge::current();
        const int depth = bridge.depth() + bridge.parked();
        return depth == step.number ? QString() : QStringLiteral("the depth is %1").arg(depth);
    }
    case Step::Subject::LagAtLeast:
        return lag >= step.number ? QString() : QStringLiteral("the lag is %1 ms").arg(lag, 0, 'f', 1);
    case Step::Subject::LagAtMost:
        return lag <= step.number * slowness ? QString() : QStringLiteral("the lag is %1 ms").arg(lag, 0, 'f', 1);
    case Step::Subject::Text:
        break;
    }
    const QString text = textOf(*widget);
    return text.contains(step.text) ? QString() : QStringLiteral("%1 is \"%2\"").arg(step.object, text.left(500));
}

namespace {

// In an event of Qt's: a task should not take as long as a window to paint itself.
Future<QImage> pictureOf(QWidget &window)
{
    Future<QImage> picture;
    QMetaObject::invokeMethod(
            &window, [picture, &window]() mutable { picture.setResult(window.grab().toImage()); }, Qt::QueuedConnection);
    return picture;
}

// Empty: it is written.
QString errorOfWriting(const QImage &picture, const QString &fileName)
{
    QImageWriter writer(fileName);
    return writer.write(picture) ? QString() : writer.errorString();
}

} // namespace

Task<> saveScreenshot(QWidget &window, QString fileName)
{
    const QImage image = co_await pictureOf(window);
    const QString error = co_await interloop::toThread(errorOfWriting, image, fileName);
    if (!error.isEmpty())
        throw std::runtime_error(
                QStringLiteral("the screenshot %1 cannot be written: %2").arg(fileName, error).toStdString());
}
