// SPDX-License-Identifier: MIT
#include <demo/script/player.h>

#include <demo/parts/spinner.h>
#include <demo/script/eyes.h>
#include <demo/script/hands.h>

#include <interloop/interloop.h>

#include <QApplication>
#include <QTabWidget>

#include <algorithm>
#include <csignal>
#include <stdexcept>

using interloop::Task;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds longestEnd = 1s;
constexpr std::chrono::milliseconds shortestLag = 3s; // 99 of 100 moments want some hundreds

std::runtime_error stepError(const QString &sentence)
{
    return std::runtime_error(sentence.toStdString());
}

// That `page` is one of; nullptr: of none.
QTabWidget *tabsOf(QWidget *page)
{
    QWidget *stack = page ? page->parentWidget() : nullptr; // QTabWidget keeps its pages in one
    return stack ? qobject_cast<QTabWidget *>(stack->parentWidget()) : nullptr;
}

Step impliedStep(Step::Verb verb, const QString &source)
{
    Step step;
    step.verb = verb;
    step.source = source;
    step.place = QStringLiteral("the end of the script");
    return step;
}

} // namespace

Player::Player(Window &window, QList<Step> steps, QHash<QString, QString> placeholders, const QString &screenshot)
    : m_window(window), m_steps(std::move(steps)), m_placeholders(std::move(placeholders))
{
    for (const Step &step : std::as_const(m_steps)) {
        if (step.isAboutWidget() && !widgetOf(step))
            throw ScriptError(step, QStringLiteral("the window has no \"%1\"").arg(step.object));
        if (step.verb == Step::Verb::Page && !tabsOf(pageOf(step)))
            throw ScriptError(step, QStringLiteral("there is no page \"%1\"").arg(step.object));
    }
    if (!m_steps.last().isLast())
        m_steps << impliedStep(Step::Verb::Close, QStringLiteral("close"));
    if (screenshot.isEmpty())
        return;
    if (m_steps.last().verb == Step::Verb::End)
        throw ScriptError(m_steps.last(), QStringLiteral("it leaves no time for a screenshot; close would"));
    Step last = impliedStep(Step::Verb::Screenshot, QStringLiteral("screenshot ") + screenshot);
    last.text = screenshot;
    m_steps.insert(m_steps.size() - 1, last);
}

void Player::start()
{
    m_window.spinner().restart();
    m_window.takeLag(); // without what it took to open the window
    m_sinceLag = std::chrono::steady_clock::now();
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
    case Step::Verb::Page:
        tabsOf(pageOf(step))->setCurrentWidget(pageOf(step));
        break;
    case Step::Verb::Click:
        co_await clickOn(widgetOf(step));
        break;
    case Step::Verb::Type:
        co_await typeInto(widgetOf(step), expanded(step.text));
        break;
    case Step::Verb::Select:
        co_await selectIn(widgetOf(step), step.text);
        break;
    case Step::Verb::Key:
        co_await pressKey(m_window.focusWidget() ? m_window.focusWidget() : &m_window, step.number);
        break;
    case Step::Verb::Raise:
        ::raise(step.number);
        break;
    case Step::Verb::WaitFor:
        co_await waitUntil(step, m_patience);
        break;
    case Step::Verb::Expect:
        co_await waitUntil(step, 0ms);
        break;
    case Step::Verb::Patience:
        m_patience = std::chrono::milliseconds(step.number);
        break;
    case Step::Verb::WaitMs:
        co_await interloop::sleepFor(std::chrono::milliseconds(step.number));
        break;
    case Step::Verb::Screenshot:
        co_await saveScreenshot(m_window, step.text);
        break;
    case Step::Verb::Close:
        break; // the end of play()
    case Step::Verb::End:
        m_sinceClosed.start();
        co_await interloop::sleepFor(longestEnd);
        throw stepError(QStringLiteral("the program has not ended after %1 ms").arg(longestEnd.count()));
    }
}

Task<> Player::waitUntil(const Step &step, std::chrono::milliseconds limit)
{
    QElapsedTimer clock;
    clock.start();
    Step wanted = step;
    wanted.text = expanded(step.text);
    const QWidget *widget = widgetOf(step);
    const bool isAboutLag = step.subject == Step::Subject::LagAtMost || step.subject == Step::Subject::LagAtLeast;
    if (isAboutLag)
        co_await interloop::sleepUntil(m_sinceLag + shortestLag);
    const double lag = isAboutLag ? takeLag() : 0;
    for (QString wrong = complaint(wanted, widget, lag); !wrong.isEmpty(); wrong = complaint(wanted, widget, lag)) {
        if (clock.elapsed() >= limit.count())
            throw stepError(limit == 0ms ? wrong : QStringLiteral("after %1 ms %2").arg(limit.count()).arg(wrong));
        co_await interloop::sleepFor(10ms);
    }
}

QWidget *Player::widgetOf(const Step &step) const
{
    return step.isAboutWidget() ? m_window.findChild<QWidget *>(step.object) : nullptr;
}

QWidget *Player::pageOf(const Step &step) const
{
    return m_window.findChild<QWidget *>(step.object);
}

QString Player::expanded(QString text) const
{
    for (auto it = m_placeholders.begin(); it != m_placeholders.end(); ++it)
        text.replace(it.key(), it.value());
    return text;
}

double Player::takeLag()
{
    m_sinceLag = std::chrono::steady_clock::now();
    const LagFigures lag = m_window.takeLag();
    m_report.lagP99 = std::max(m_report.lagP99, lag.p99);
    m_report.lagMaximum = std::max(m_report.lagMaximum, lag.maximum);
    return lag.p99;
}

void Player::closeWindow()
{
    takeLag();
    m_report.frames = m_window.spinner().frames();
    m_report.longestGap = m_window.spinner().longestGap();
    m_report.spinning = m_window.spinner().elapsed();
    m_sinceClosed.start();
    QMetaObject::invokeMethod(&m_window, &QWidget::close, Qt::QueuedConnection);
}

Report Player::finish()
{
    m_report.maximumDepth = m_window.waits().deepest();
    m_report.quit = m_sinceClosed.isValid() ? m_sinceClosed.elapsed() : 0;
    if (m_report.firstError().isEmpty() && m_report.steps.size() < m_steps.size()) {
        const Step &step = m_steps[m_report.steps.size()];
        const bool isEnd = step.verb == Step::Verb::End;
        m_report.steps << StepResult(step.source, step.place,
                                     isEnd ? QString() : QStringLiteral("the program was ended before"));
    }
    if (m_report.firstError().isEmpty() && m_report.quit > longestEnd.count()) {
        m_report.steps.last().error = QStringLiteral("the program took %1 ms to end").arg(m_report.quit);
    }
    return std::move(m_report);
}
