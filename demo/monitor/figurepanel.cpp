// SPDX-License-Identifier: MIT
#include <demo/monitor/figurepanel.h>

#include <demo/monitor/words.h>

#include <QGridLayout>
#include <QLabel>
#include <QLocale>

using namespace std::chrono_literals;

namespace {

constexpr int figuresPerRow = 3;
constexpr std::chrono::milliseconds blockedFrom = 250ms; // another thread's loop has told nothing for so long

// A screen reader says the name and not the text.
void setFigure(QLabel *label, const QString &text)
{
    if (label->text() == text)
        return;
    label->setText(text);
    label->setAccessibleName(label->whatsThis() + QLatin1String(": ") + text);
}

} // namespace

FigurePanel::FigurePanel(QWidget *parent) : QWidget(parent)
{
    auto *grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(2);
    const QString period =
            tr("Over the last 10 s. If other programs had the processor meanwhile, the program's own is told too.");
    m_lagP50 = addFigure("lagP50", tr("Lag, p50"),
                         tr("Half of the time the event loop came to what was due faster than this.") + ' ' + period);
    m_lagP99 = addFigure("lagP99", tr("Lag, p99"),
                         tr("99 of 100 times the event loop came to what was due faster than this.") + ' ' + period);
    m_lagMax = addFigure("lagMax", tr("Lag, max"), tr("The longest that anything due had to wait.") + ' ' + period);
    m_uvRate =
            addFigure("uvRate", tr("uv callbacks/s"),
                      tr("What libuv's callbacks made ready to go on, each second; and what sleeps and timeouts did."));
    m_taskCount = addFigure("taskCount", tr("Tasks"), tr("Spawned tasks that have not ended."));
    m_heldBack = addFigure(
            "heldBack", tr("Held back"),
            tr("Now, and altogether: how long waits that have ended could not return, as others sat on top of them."));
    m_depth = addFigure("depth", tr("Depth"), tr("Waits that are nested: each one on top of the one before."));
    m_parked = addFigure("parked", tr("Parked"), tr("Waits whose stack is put aside: they return in any order."));
}

QLabel *FigurePanel::addFigure(const char *name, const QString &title, const QString &explanation)
{
    auto *grid = static_cast<QGridLayout *>(layout());
    const int row = grid->count() / 2 / figuresPerRow;
    const int column = grid->count() % (2 * figuresPerRow);
    auto *caption = new QLabel(title);
    auto *figure = new QLabel(tr("–"));
    figure->setObjectName(name);
    figure->setAccessibleName(title);
    figure->setWhatsThis(title);
    figure->setTextInteractionFlags(Qt::TextSelectableByMouse);
    QFont font = figure->font();
    font.setBold(true);
    figure->setFont(font);
    figure->setMinimumWidth(QFontMetrics(font).horizontalAdvance(tr("%1 (own %2)").arg(tr("888 ms"), tr("888 ms"))));
    for (QLabel *label : {caption, figure}) {
        label->setToolTip(explanation);
        label->setAccessibleDescription(explanation);
    }
    grid->addWidget(caption, row, column);
    grid->addWidget(figure, row, column + 1);
    grid->setColumnStretch(column + 1, 1);
    return figure;
}

void FigurePanel::setRecorder(const Recorder *recorder)
{
    m_recording = recorder ? recorder->recording() : nullptr;
    m_lag = recorder ? recorder->lag() : nullptr;
    m_past.clear();
    refresh();
}

void FigurePanel::refresh()
{
    if (!m_recording)
        return;
    const QLocale locale;
    const LagFigures lag = m_lag->recent();
    const LagFigures own = m_lag->ownRecent();
    const auto milliseconds = [&locale](double value) {
        return tr("%1 ms").arg(locale.toString(value, 'f', value < 10 ? 1 : 0));
    };
    const auto bothOf = [&](double LagFigures::*figure) {
        const QString text = milliseconds(lag.*figure);
        return lag.*figure - own.*figure < 1 ? text : tr("%1 (own %2)").arg(text, milliseconds(own.*figure));
    };
    setFigure(m_lagP50, bothOf(&LagFigures::p50));
    setFigure(m_lagP99, bothOf(&LagFigures::p99));
    setFigure(m_lagMax, bothOf(&LagFigures::maximum));

    const LoopFigures figures = m_recording->figures();
    const auto silence = std::chrono::steady_clock::now() - figures.time;
    if (figures.time > m_recording->begin() && silence > blockedFrom && !figures.isOver)
        setFigure(m_lagMax, tr("blocked for %1").arg(words::durationOf(silence)));
    m_past.push_back(figures);
    while (m_past.size() > 2 && figures.time - m_past[1].time >= 1s)
        m_past.pop_front();
    const double seconds = std::chrono::duration<double>(figures.time - m_past.front().time).count();
    const auto rate = [&](std::uint64_t (interloop::LoopStatistics::*count)() const noexcept) {
        const auto events = (figures.statistics.*count)() - (m_past.front().statistics.*count)();
        return locale.toString(seconds > 0 ? double(events) / seconds : 0, 'f', 0);
    };
    setFigure(m_uvRate,
              tr("%1, timers %2")
                      .arg(rate(&interloop::LoopStatistics::uvCompletions),
                           rate(&interloop::LoopStatistics::timerCompletions)));
    setFigure(m_depth, locale.toString(figures.depth));
    setFigure(m_parked, locale.toString(figures.parked));
    setFigure(m_taskCount, locale.toString(figures.tasks));
    const std::chrono::nanoseconds heldBack = figures.heldBackSince == RecordedTime::max()
            ? std::chrono::nanoseconds()
            : std::chrono::nanoseconds(std::chrono::steady_clock::now() - figures.heldBackSince);
    setFigure(m_heldBack,
              tr("%1, total %2").arg(words::durationOf(heldBack), words::durationOf(figures.heldBackTotal + heldBack)));
}
