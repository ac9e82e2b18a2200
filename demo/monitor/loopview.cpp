// SPDX-License-Identifier: MIT
#include <demo/monitor/loopview.h>

#include <demo/monitor/legend.h>
#include <demo/monitor/tasktree.h>
#include <demo/monitor/timeline.h>
#include <demo/parts/tabs.h>

#include <QHBoxLayout>
#include <QTabBar>
#include <QVBoxLayout>

using namespace std::chrono_literals;

namespace {

constexpr int framesPerFigure = 6; // they could not be read faster
constexpr std::chrono::milliseconds frame = 34ms;

void setTextIfOther(QLabel *label, const QString &text)
{
    if (label->text() != text)
        label->setText(text);
}

} // namespace

LoopView::LoopView(QWidget *parent) : QWidget(parent), m_tabs(new Tabs(this))
{
    m_timeline = new Timeline;
    auto *times = new QWidget;
    times->setObjectName("timelinePage");
    auto *timesLayout = new QVBoxLayout(times);
    timesLayout->addWidget(makeControls());

    m_timeline->setObjectName("timeline");
    m_timeline->setAccessibleName(tr("Timeline of the tasks"));
    m_timeline->setWhatsThis(
            tr("Space pauses, + and - zoom, the arrow keys scroll and select a task, End is the present."));
    timesLayout->addWidget(m_timeline, 1);

    m_detail = new QLabel;
    m_detail->setObjectName("timelineDetail");
    m_detail->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_detail->setWordWrap(true);
    m_detail->setMinimumHeight(2 * m_detail->fontMetrics().lineSpacing());
    m_detail->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_detail->setTextFormat(Qt::PlainText);
    timesLayout->addWidget(m_detail);

    m_tabs->tabBar()->setObjectName("loopTabs");
    m_tabs->tabBar()->setAccessibleName(tr("Views of the loop"));
    m_tabs->add(times, tr("&6 Timeline"), m_timeline);
    QWidget *tree = makeTree();
    m_tabs->add(tree, tr("&7 Task tree"), m_tree);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_figures);
    layout->addWidget(m_tabs, 1);

    m_frames.setInterval(frame);
    m_frames.setTimerType(Qt::PreciseTimer);
    connect(&m_frames, &QTimer::timeout, this, &LoopView::refresh);
    connect(m_timeline, &Timeline::pausedChanged, this, &LoopView::showPaused);
    connect(m_timeline, &Timeline::detailChanged, this, &LoopView::showDetail);
    showDetail();
}

QWidget *LoopView::makeControls()
{
    auto *controls = new QWidget;
    auto *layout = new QHBoxLayout(controls);
    layout->setContentsMargins(0, 0, 0, 0);
    m_pause = new QPushButton(tr("Pa&use"));
    m_pause->setObjectName("pauseTimeline");
    m_pause->setCheckable(true);
    m_pause->setToolTip(tr("Stops the timeline, so that it can be read. What happens meanwhile is recorded."));
    connect(m_pause, &QPushButton::clicked, this, [this](bool on) { m_timeline->setPaused(on); });
    layout->addWidget(m_pause);
    const auto addZoom = [this, layout](const char *name, const QString &text, const QString &title,
                                        QKeySequence::StandardKey key, void (Timeline::*zoom)()) {
        auto *button = new QPushButton(text);
        button->setObjectName(name);
        button->setAccessibleName(title);
        button->setShortcut(key);
        button->setToolTip(tr("%1 (%2)").arg(title, button->shortcut().toString(QKeySequence::NativeText)));
        button->setFixedWidth(button->sizeHint().height() * 3 / 2);
        connect(button, &QPushButton::clicked, m_timeline, zoom);
        layout->addWidget(button);
    };
    addZoom("zoomIn", tr("+"), tr("Zoom in: a shorter time, in more detail"), QKeySequence::ZoomIn, &Timeline::zoomIn);
    addZoom("zoomOut", tr("−"), tr("Zoom out: a longer time"), QKeySequence::ZoomOut, &Timeline::zoomOut);
    layout->addSpacing(fontMetrics().averageCharWidth());
    layout->addWidget(new Legend(controls), 1);
    return controls;
}

QWidget *LoopView::makeTree()
{
    auto *box = new QWidget;
    box->setObjectName("treePage");
    auto *layout = new QVBoxLayout(box);
    auto *row = new QHBoxLayout;
    row->addWidget(new QLabel(tr("What dumpTasks() tells, beneath each task what it spawned:")), 1);
    auto *copy = new QPushButton(tr("C&opy"));
    copy->setObjectName("copyTasks");
    copy->setToolTip(tr("Copies the whole tree to the clipboard."));
    row->addWidget(copy);
    layout->addLayout(row);
    m_tree = new TaskTree;
    m_tree->setObjectName("taskTree");
    m_tree->setAccessibleName(tr("Task tree"));
    m_tree->setToolTip(tr("Who waits for what, beneath whom. Several times a second."));
    layout->addWidget(m_tree, 1);
    connect(copy, &QPushButton::clicked, m_tree, &TaskTree::copyAll);
    return box;
}

void LoopView::setCorner(QWidget *corner)
{
    m_tabs->setCornerWidget(corner);
}

void LoopView::setRecorder(const Recorder *recorder)
{
    const std::shared_ptr<Recording> recording = recorder ? recorder->recording() : nullptr;
    m_frame = 0;
    m_timeline->setRecording(recording);
    m_tree->setRecording(recording);
    m_figures->setRecorder(recorder);
    showDetail();
}

void LoopView::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_frames.start();
}

void LoopView::hideEvent(QHideEvent *event)
{
    QWidget::hideEvent(event);
    m_frames.stop();
}

void LoopView::refresh()
{
    m_timeline->refresh();
    if (++m_frame % framesPerFigure != 0)
        return;
    m_figures->refresh();
    showDetail();
}

void LoopView::showDetail()
{
    const QString detail = m_timeline->detail();
    setTextIfOther(m_detail,
                   detail.isEmpty() ? tr("Point at a bar, or select a task with the arrow keys, to read what it does. "
                                         "The wheel, + and − zoom, Space pauses.")
                                    : detail);
    const QString summary = m_timeline->summary();
    if (m_timeline->accessibleDescription() != summary)
        m_timeline->setAccessibleDescription(summary);
}

void LoopView::showPaused(bool paused)
{
    m_pause->setChecked(paused);
    m_pause->setText(paused ? tr("Contin&ue") : tr("Pa&use"));
    showDetail();
}
