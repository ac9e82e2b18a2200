// SPDX-License-Identifier: MIT
#include <demo/threads/postlog.h>

#include <demo/threads/poststrip.h>

#include <interloop/loop/bridge.h>

#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPointer>
#include <QScrollBar>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

using namespace std::chrono_literals;
using Direction = Crossing::Direction;

namespace {

constexpr int mostRows = 200;
constexpr std::size_t mostLatencies = 4000;

} // namespace

QString durationText(qint64 nanoseconds)
{
    const QLocale locale;
    const double us = double(nanoseconds) / 1e3;
    if (us < 10)
        return PostLog::tr("%1 µs").arg(locale.toString(us, 'f', 1));
    if (us < 1000)
        return PostLog::tr("%1 µs").arg(locale.toString(us, 'f', 0));
    if (us < 1e6)
        return PostLog::tr("%1 ms").arg(locale.toString(us / 1e3, 'f', 1));
    return PostLog::tr("%1 s").arg(locale.toString(us / 1e6, 'f', 1));
}

bool PostLog::Row::holds(const Crossing &crossing) const
{
    return isLike(crossing) && firstId <= crossing.id && crossing.id <= newest.id;
}

bool PostLog::Row::isLike(const Crossing &crossing) const
{
    return newest.direction == crossing.direction && newest.what == crossing.what;
}

QString PostLog::Row::text() const
{
    const QString arrow = newest.direction == Direction::ToWorker ? QStringLiteral("→") : QStringLiteral("←");
    const QString what = count == 1 ? newest.what : tr("%1, %2 times").arg(newest.what, QLocale().toString(count));
    const QString time = arrived == count
            ? durationText(latency)
            : tr("on its way for %1").arg(durationText(Crossings::now() - newest.posted));
    return QStringLiteral("%1  %2: %3").arg(arrow, what, time);
}

PostLog::PostLog(std::shared_ptr<Crossings> crossings, PostStrip &strip)
    : m_crossings(std::move(crossings)), m_strip(strip), m_list(new QListWidget), m_figures(new QLabel)
{
    auto *title = new QLabel(tr("Posts, the newest &last:"));
    title->setBuddy(m_list);
    m_list->setObjectName(QStringLiteral("postLog"));
    m_list->setToolTip(tr("What one thread posted to the other, and how long it took to arrive: → to the other thread, ← to this window"));
    m_list->setAccessibleName(tr("Posts between the threads, the newest last"));
    m_list->setUniformItemSizes(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff); // a long line ends in an ellipsis
    stayAtEnd();
    m_figures->setObjectName(QStringLiteral("postFigures"));
    m_figures->setToolTip(tr("How long the posts took from the one thread to the other"));

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(title);
    layout->addWidget(m_list, 1);
    layout->addWidget(m_figures);
    showFigures();

    connect(&m_refresh, &QTimer::timeout, this, &PostLog::takeNews);
    const auto lookSoon = [self = QPointer<PostLog>(this)] {
        if (self && !self->m_refresh.isActive())
            self->m_refresh.start(33ms);
    };
    m_crossings->setListener([window = interloop::Bridge::current().remote(), lookSoon] {
        window.postThreadSafe(lookSoon); // of this one nothing is written down: it would never end
    });
    lookSoon();
}

// Unless somebody has scrolled away from it.
void PostLog::stayAtEnd()
{
    QScrollBar *bar = m_list->verticalScrollBar();
    connect(bar, &QScrollBar::valueChanged, this, [this, bar](int value) { m_isAtEnd = value == bar->maximum(); });
    connect(bar, &QScrollBar::rangeChanged, this, [this, bar] {
        if (m_isAtEnd)
            bar->setValue(bar->maximum());
    });
}

PostLog::~PostLog()
{
    m_crossings->setListener({});
}

void PostLog::takeNews()
{
    const int before = m_posts;
    const std::vector<Crossing> news = m_crossings->takeNews();
    for (const Crossing &crossing : news) {
        m_strip.add(crossing);
        if (crossing.hasRun())
            takeArrival(crossing);
        else
            takeDeparture(crossing);
    }
    m_strip.moveOn();
    showRows();
    if (m_posts != before)
        showFigures();
    if (!m_strip.isMoving())
        m_refresh.stop();
}

void PostLog::takeDeparture(const Crossing &crossing)
{
    // What goes back and forth makes a few rows, not thousands.
    for (qsizetype index = m_rows.size() - 1; index >= std::max<qsizetype>(m_rows.size() - 4, 0); --index) {
        Row &row = m_rows[index];
        if (row.isLike(crossing)) {
            ++row.count;
            row.newest = crossing;
            row.isShown = false;
            return;
        }
    }
    Row row;
    row.newest = crossing;
    row.firstId = crossing.id;
    row.count = 1;
    m_rows.append(row);
    m_list->addItem(QString());
    if (m_rows.size() > mostRows) {
        m_rows.removeFirst();
        delete m_list->takeItem(0);
    }
}

void PostLog::takeArrival(const Crossing &crossing)
{
    if (m_latencies.size() < mostLatencies)
        m_latencies.push_back(crossing.latency());
    else
        m_latencies[std::size_t(m_posts) % mostLatencies] = crossing.latency();
    ++m_posts;
    m_worst = std::max(m_worst, crossing.latency());
    const auto row = std::find_if(m_rows.rbegin(), m_rows.rend(),
                                  [&crossing](const Row &each) { return each.holds(crossing); });
    if (row == m_rows.rend())
        return;
    ++row->arrived;
    row->latency = crossing.latency();
    row->isShown = false;
}

void PostLog::showRows()
{
    for (qsizetype index = 0; index < m_rows.size(); ++index) {
        Row &row = m_rows[index];
        if (row.isShown)
            continue;
        m_list->item(int(index))->setText(row.text());
        row.isShown = row.arrived == row.count; // else the time goes on
    }
}

qint64 PostLog::median() const
{
    if (m_latencies.empty())
        return 0;
    std::vector<qint64> sorted = m_latencies;
    const auto middle = sorted.begin() + std::ptrdiff_t(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
}

void PostLog::showFigures()
{
    const QString text = m_posts == 0 ? tr("No posts yet.")
                                      : tr("%1 posts, median %2, worst %3")
                                                .arg(QLocale().toString(m_posts), durationText(median()),
                                                     durationText(m_worst));
    m_figures->setText(text);
    m_strip.setAccessibleDescription(text);
}
