// SPDX-License-Identifier: MIT
#include <demo/threads/threadspage.h>

#include <demo/parts/errorsentence.h>
#include <demo/parts/waitlist.h>
#include <demo/threads/ping.h>
#include <demo/threads/postlog.h>
#include <demo/threads/poststrip.h>
#include <demo/threads/wheel.h>
#include <demo/workbench/workbench.h>

#include <interloop/interloop.h>

#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPointer>
#include <QPushButton>
#include <QVBoxLayout>

using namespace std::chrono_literals;

namespace {

constexpr int rounds = 1000;

} // namespace

ThreadsPage::ThreadsPage(Waits &waits, const QString &firstUrl)
    : Page(QStringLiteral("threads"), tr("&5 Two threads")), m_waits(waits),
      m_workbench(new Workbench(QStringLiteral("threadWorkbench"), QString(), QStringLiteral("thread"), firstUrl)),
      m_wheel(new Wheel), m_state(new QLabel), m_strip(new PostStrip), m_list(new QListWidget),
      m_posts(new PostLog(m_thread.crossings(), *m_strip)), m_pingResult(new QLabel)
{
    m_workbench->setIntroduction(
            tr("The same workbench once more, in a second thread with an event loop and a bridge of its own. Its slots "
               "block there; neither thread waits for the other. What they tell each other is posted, and shown."));
    m_workbench->hideTexts();
    m_workbench->layout()->setContentsMargins(0, 0, 0, 0);
    m_cancel = addButton(QStringLiteral("cancelThread"), tr("C&ancel its newest"),
                         tr("Ends the newest wait of the other thread; Esc ends the newest one of this window's"));
    m_block = addButton(QStringLiteral("blockThread"), tr("Bloc&k naively 2 s"),
                        tr("Makes the other thread sleep as one should not: all its waits stand still, this window "
                           "does not"));
    m_ping = addButton(QStringLiteral("pingThread"), tr("&Ping 1,000 times"),
                       tr("Goes to the other thread and back a thousand times, and measures"));
    describe();
    arrange();
    listenToThread();
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_thread.cancelNewest(); });
    connect(m_block, &QPushButton::clicked, this, [this] { m_thread.blockNaively(2s); });
    interloop::connect(m_ping, &QPushButton::clicked, this, &ThreadsPage::ping);
    connect(&m_frame, &QTimer::timeout, this, &ThreadsPage::showState);
    showWaits({});
    showState();
}

QPushButton *ThreadsPage::addButton(const QString &name, const QString &text, const QString &toolTip)
{
    auto *button = new QPushButton(text);
    button->setObjectName(name);
    button->setToolTip(toolTip);
    return button;
}

void ThreadsPage::describe()
{
    m_wheel->setAccessibleName(tr("A wheel that the other thread turns"));
    m_wheel->setToolTip(tr("The other thread's loop turns it 30 times a second; it stands still when that thread does"));
    m_state->setObjectName(QStringLiteral("threadState"));
    m_state->setWordWrap(true);
    m_list->setObjectName(QStringLiteral("threadWaits"));
    m_list->setToolTip(tr("What blocks in the other thread now, and how far it is"));
    m_list->setWordWrap(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setAccessibleName(tr("The other thread's waits, the newest first"));
    m_pingResult->setObjectName(QStringLiteral("pingResult"));
    m_pingResult->setWordWrap(true);
    m_pingResult->setText(tr("Not pinged yet."));
}

void ThreadsPage::arrange()
{
    auto *layout = new QHBoxLayout(this);
    layout->addWidget(m_workbench, 1);
    layout->addLayout(threadSide(), 1);
    const QList<QWidget *> order = {m_cancel, m_block, m_ping, m_list, m_posts->findChild<QListWidget *>()};
    for (qsizetype i = 1; i < order.size(); ++i)
        setTabOrder(order[i - 1], order[i]);
}

QBoxLayout *ThreadsPage::threadSide()
{
    auto *state = new QHBoxLayout;
    state->addWidget(m_wheel);
    state->addWidget(m_state, 1);
    m_state->setMinimumHeight(2 * m_state->fontMetrics().lineSpacing());

    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_block);
    buttons->addWidget(m_ping);

    auto *listTitle = new QLabel(tr("&Its waits, the newest first:"));
    listTitle->setBuddy(m_list);
    auto *waits = new QVBoxLayout;
    waits->addWidget(listTitle);
    waits->addWidget(m_list, 1);
    auto *lists = new QHBoxLayout;
    lists->addLayout(waits, 2);
    lists->addWidget(m_posts, 3);

    auto *layout = new QVBoxLayout;
    layout->addLayout(state);
    layout->addLayout(buttons);
    layout->addWidget(m_pingResult);
    layout->addWidget(m_strip);
    layout->addLayout(lists, 1);
    return layout;
}

void ThreadsPage::listenToThread()
{
    connect(m_workbench, &Workbench::requested, &m_thread, &WorkerThread::perform);
    connect(m_workbench, &Workbench::cancelRequested, &m_thread, &WorkerThread::cancel);
    connect(m_workbench, &Workbench::said, this, &ThreadsPage::said);
    connect(m_workbench, &Workbench::complained, this, &ThreadsPage::complained);
    connect(&m_thread, &WorkerThread::actionStarted, m_workbench, &Workbench::actionStarted);
    connect(&m_thread, &WorkerThread::actionTold, m_workbench, &Workbench::actionTold);
    connect(&m_thread, &WorkerThread::actionFinished, m_workbench, &Workbench::actionFinished);
    connect(&m_thread, &WorkerThread::actionFailed, m_workbench, &Workbench::actionFailed);
    connect(&m_thread, &WorkerThread::actionCancelled, m_workbench, &Workbench::actionCancelled);
    connect(&m_thread, &WorkerThread::waitsChanged, m_workbench, &Workbench::showWaits);
    connect(&m_thread, &WorkerThread::waitsChanged, this, &ThreadsPage::showWaits);
    connect(&m_thread, &WorkerThread::blockedChanged, this, &ThreadsPage::setBlocked);
    connect(&m_thread, &WorkerThread::failed, this, &ThreadsPage::complained);
}

QWidget *ThreadsPage::firstFocus()
{
    return m_workbench->firstFocus();
}

void ThreadsPage::ping()
{
    const QPointer<ThreadsPage> self = this;
    Wait wait(m_waits, tr("Ping the other thread"));
    try {
        const PingFigures figures =
                interloop::runSync(wait.watch(pingBridge(m_thread.bridge(), m_thread.crossings(), rounds)));
        const QLocale locale;
        m_pingResult->setText(tr("%1 times there and back: median %2, 99 of 100 within %3; %4 posts a second.")
                                      .arg(locale.toString(figures.rounds), durationText(figures.median),
                                           durationText(figures.p99), locale.toString(figures.postsPerSecond, 'f', 0)));
    } catch (const std::exception &) {
        if (self) // else the page has gone, and the thread with it
            Q_EMIT complained(errorSentence(std::current_exception()));
    }
}

void ThreadsPage::showWaits(const QList<WaitInfo> &waits)
{
    ::showWaits(*m_list, waits, tr("Nothing waits there."));
}

void ThreadsPage::setBlocked(bool isBlocked)
{
    if (isBlocked)
        m_blocked.start();
    else
        m_blocked.invalidate();
    showState();
}

void ThreadsPage::showState()
{
    m_wheel->setTurns(m_thread.turns());
    m_state->setText(
            m_blocked.isValid()
                    ? tr("The other thread has been asleep for %1 s: its waits stand still, this window does not.")
                              .arg(double(m_blocked.elapsed()) / 1000, 0, 'f', 1)
                    : tr("The other thread turns this wheel: it is alive, however many waits block there."));
}

void ThreadsPage::showEvent(QShowEvent *event)
{
    m_thread.setTurning(true);
    m_frame.start(33ms);
    Page::showEvent(event);
}

void ThreadsPage::hideEvent(QHideEvent *event)
{
    m_frame.stop();
    m_thread.setTurning(false);
    Page::hideEvent(event);
}
