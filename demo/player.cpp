// SPDX-License-Identifier: MIT
#include "player.h"

#include <interloop/interloop.h>

#include <QApplication>
#include <QMouseEvent>

#include <stdexcept>

using interloop::Task;
using namespace std::chrono_literals;

namespace {

class StepError : public std::runtime_error
{
public:
    explicit StepError(const QString &sentence) : std::runtime_error(sentence.toStdString()) { }
};

// When the events posted so far have been delivered, or one of them is on the stack in a slot that waits.
interloop::Future<> delivered()
{
    interloop::Future<> future;
    QMetaObject::invokeMethod(
            qApp, [future]() mutable { future.setResult(); }, Qt::QueuedConnection);
    return future;
}

QString textOf(const Window &window, const QString &field)
{
    if (field == QLatin1String("result"))
        return window.result->toPlainText();
    if (field == QLatin1String("status"))
        return window.status->text();
    QStringList lines;
    for (int row = 0; row < window.waits->count(); ++row)
        lines << window.waits->item(row)->text();
    return lines.join('\n');
}

// What is there instead of what `step` wants; empty when it is fulfilled.
QString complaint(const Window &window, const Step &step)
{
    if (step.verb == Step::Verb::WaitForDepth || step.verb == Step::Verb::ExpectDepth) {
        const int depth = interloop::Bridge::current().depth() + interloop::Bridge::current().parked();
        return depth == step.number ? QString() : QStringLiteral("the depth is %1").arg(depth);
    }
    const QString text = textOf(window, step.object);
    return text.contains(step.text) ? QString() : QStringLiteral("%1 is \"%2\"").arg(step.object, text.left(500));
}

} // namespace

Player::Player(Window &window, QList<Step> steps, QString server, const QString &screenshot)
    : m_window(window), m_steps(std::move(steps)), m_server(std::move(server))
{
    const auto implied = [](Step::Verb verb, const QString &source) {
        Step step;
        step.verb = verb;
        step.source = source;
        step.place = QStringLiteral("the end of the script");
        return step;
    };
    if (m_steps.last().verb != Step::Verb::Close)
        m_steps << implied(Step::Verb::Close, QStringLiteral("close"));
    if (screenshot.isEmpty())
        return;
    Step last = implied(Step::Verb::Screenshot, QStringLiteral("screenshot ") + screenshot);
    last.text = screenshot;
    m_steps.insert(m_steps.size() - 1, last);
}

void Player::start()
{
    m_window.spinner->restart();
    interloop::spawn(play(), "player");
}

Task<> Player::play()
{
    for (const Step &step : std::as_const(m_steps)) {
        QElapsedTimer clock;
        clock.start();
        StepResult result(step.source, step.place);
        try {
            co_await run(step);
        } catch (const std::exception &error) {
            result.error = QString::fromUtf8(error.what());
        }
        result.milliseconds = clock.elapsed();
        m_report.steps << result;
        if (!result.error.isEmpty())
            break;
    }
    closeWindow();
}

Task<> Player::run(const Step &step)
{
    switch (step.verb) {
    case Step::Verb::Url:
        m_window.url->setText(QString(step.text).replace(QLatin1String("{server}"), m_server));
        break;
    case Step::Verb::Timeout:
        m_window.timeout->setValue(step.number);
        break;
    case Step::Verb::Click:
        co_await click(step.object);
        break;
    case Step::Verb::Key:
        co_await key(step.number);
        break;
    case Step::Verb::WaitForText:
    case Step::Verb::WaitForDepth:
        co_await waitUntil(step, m_patience);
        break;
    case Step::Verb::ExpectText:
    case Step::Verb::ExpectDepth:
        co_await waitUntil(step, 0ms);
        break;
    case Step::Verb::Patience:
        m_patience = std::chrono::milliseconds(step.number);
        break;
    case Step::Verb::WaitMs:
        co_await interloop::sleepFor(std::chrono::milliseconds(step.number));
        break;
    case Step::Verb::Screenshot:
        saveScreenshot(step.text);
        break;
    case Step::Verb::Close:
        break; // the end of play()
    }
}

Task<> Player::click(const QString &name)
{
    co_await delivered(); // a slot that was parked or has ended may have posted what switches the button
    auto *button = m_window.findChild<QPushButton *>(name);
    if (!button->isEnabled())
        throw StepError(QStringLiteral("the button is disabled"));
    const QPointF at = button->rect().center();
    const QPointF global = button->mapToGlobal(at);
    const auto post = [&](QEvent::Type type, Qt::MouseButtons buttons) {
        QCoreApplication::postEvent(button, new QMouseEvent(type, at, global, Qt::LeftButton, buttons, Qt::NoModifier));
    };
    post(QEvent::MouseButtonPress, Qt::LeftButton);
    post(QEvent::MouseButtonRelease, Qt::NoButton);
    co_await delivered();
}

Task<> Player::key(int keyAndModifiers)
{
    const QKeyCombination combination = QKeyCombination::fromCombined(keyAndModifiers);
    QWidget *focus = m_window.focusWidget() ? m_window.focusWidget() : &m_window;
    for (const QEvent::Type type : {QEvent::KeyPress, QEvent::KeyRelease}) {
        QCoreApplication::postEvent(focus, new QKeyEvent(type, combination.key(), combination.keyboardModifiers()));
    }
    co_await delivered();
}

Task<> Player::waitUntil(const Step &step, std::chrono::milliseconds limit)
{
    QElapsedTimer clock;
    clock.start();
    for (QString wrong = complaint(m_window, step); !wrong.isEmpty(); wrong = complaint(m_window, step)) {
        if (clock.elapsed() >= limit.count())
            throw StepError(limit == 0ms ? wrong : QStringLiteral("after %1 ms %2").arg(limit.count()).arg(wrong));
        co_await interloop::sleepFor(10ms);
    }
}

void Player::saveScreenshot(const QString &fileName)
{
    if (!m_window.grab().save(fileName))
        throw StepError(QStringLiteral("the screenshot %1 cannot be written").arg(fileName));
}

void Player::closeWindow()
{
    m_report.frames = m_window.spinner->frames();
    m_report.longestGap = m_window.spinner->longestGap();
    m_report.spinning = m_window.spinner->elapsed();
    m_sinceClosed.start();
    QMetaObject::invokeMethod(&m_window, &QWidget::close, Qt::QueuedConnection);
}

Report Player::finish()
{
    constexpr qint64 longestEnd = 1000;
    m_report.maximumDepth = m_window.deepest();
    m_report.quit = m_sinceClosed.isValid() ? m_sinceClosed.elapsed() : 0;
    if (m_report.firstError().isEmpty() && m_report.steps.size() < m_steps.size()) {
        const Step &step = m_steps[m_report.steps.size()];
        m_report.steps << StepResult(step.source, step.place, QStringLiteral("the window was closed before"));
    } else if (m_report.quit > longestEnd) {
        m_report.steps.last().error = QStringLiteral("the program took %1 ms to end").arg(m_report.quit);
    }
    return std::move(m_report);
}
