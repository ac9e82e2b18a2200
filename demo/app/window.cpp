// SPDX-License-Identifier: MIT
#include <demo/app/window.h>

#include <demo/breaking/breaking.h>
#include <demo/console/console.h>
#include <demo/inside/insidepage.h>
#include <demo/monitor/loopview.h>
#include <demo/monitor/recorder.h>
#include <demo/parts/errorsentence.h>
#include <demo/parts/spinner.h>
#include <demo/parts/tabs.h>
#include <demo/parts/waitlist.h>
#include <demo/threads/threadspage.h>
#include <demo/workbench/runner.h>
#include <demo/workbench/workbench.h>

#include <interloop/qt/connect.h>

#include <QKeyEvent>
#include <QLabel>
#include <QSplitter>
#include <QTabBar>
#include <QVBoxLayout>

using interloop::Overlap;

Window::Window(Server &server, const QString &firstUrl, int timeout)
    : m_runner(std::make_unique<ActionRunner>(m_waits)), m_recorder(std::make_unique<Recorder>()),
      m_pages(new Tabs(this)), m_theme(new QComboBox(this)), m_spinner(new Spinner(this)),
      m_status(new StatusLine)
{
    setWindowTitle(tr("Interloop: slots that wait, a window that lives"));
    makePages(server, firstUrl, timeout);
    arrange();
    m_status->showInfo(tr("Nothing waits. Press a button: its slot will block until the result is there."));
}

Window::~Window()
{
    delete m_pages; // before the waits that the pages refer to
}

void Window::makePages(Server &server, const QString &firstUrl, int timeout)
{
    m_workbench = new Workbench(QStringLiteral("workbench"), tr("&1 Workbench"), QString(), firstUrl);
    m_workbench->setTimeout(timeout);
    m_workbench->follow(*m_runner, m_waits);
    ActionRunner *runner = m_runner.get();
    interloop::connect(m_workbench, &Workbench::requested, runner,
                       [runner](int action, const QString &inputs) { runner->run(action, inputs); }, Overlap::Parallel);
    connect(m_workbench, &Workbench::cancelRequested, this, [this](int id) { tellCancelled(m_waits.cancel(id)); });

    m_console = new Console(m_waits, firstUrl);
    m_breaking = new BreakingPage(m_waits, server);
    m_threads = new ThreadsPage(m_waits, firstUrl);
    for (Page *page : {static_cast<Page *>(m_workbench), static_cast<Page *>(m_console),
                       static_cast<Page *>(new InsidePage(m_waits)), static_cast<Page *>(m_breaking),
                       static_cast<Page *>(m_threads)})
        addPage(page);
}

void Window::addPage(Page *page)
{
    connect(page, &Page::said, m_status, &StatusLine::showInfo);
    connect(page, &Page::complained, m_status, &StatusLine::showError);
    m_pages->add(page, page->title(), page->firstFocus());
}

void Window::arrange()
{
    auto *waitList = new WaitList(m_waits);
    connect(waitList, &WaitList::cancelRequested, this, [this] { tellCancelled(m_waits.cancelNewest()); });
    m_pages->setObjectName(QStringLiteral("pages"));
    m_pages->tabBar()->setObjectName(QStringLiteral("tabs"));
    m_pages->tabBar()->setAccessibleName(tr("Pages"));

    auto *lower = new QSplitter(this);
    lower->setObjectName(QStringLiteral("lower"));
    lower->addWidget(waitList);
    makeLoopView();
    lower->addWidget(m_loopView);
    lower->setStretchFactor(1, 1);
    lower->setChildrenCollapsible(false);
    lower->setMinimumHeight(lower->minimumSizeHint().height() + fontMetrics().lineSpacing()); // its texts may wrap
    auto *all = new QVBoxLayout(this);
    all->addLayout(head());
    for (QWidget *half : {static_cast<QWidget *>(m_pages), static_cast<QWidget *>(lower)})
        half->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored); // as high as each other
    all->addWidget(m_pages, 1);
    all->addWidget(lower, 1);
    all->addWidget(m_status);
    all->setSizeConstraint(QLayout::SetNoConstraint);
    setMinimumSize(all->minimumSize()); // once, whatever the status line says
    resize(QSize(1180, 880).expandedTo(minimumSize()));
}

QLayout *Window::head()
{
    auto *headline = new QLabel(tr("<b>The slot behind each button here blocks in <code>runSync()</code> until its "
                                   "result is there, and yet this window stays alive.</b> Watch the wheel turn, start "
                                   "several at once, cancel one with Esc."), this);
    headline->setObjectName(QStringLiteral("headline"));
    headline->setWordWrap(true);

    auto *themeLabel = new QLabel(tr("The&me:"), this);
    themeLabel->setBuddy(m_theme);
    m_theme->setObjectName(QStringLiteral("theme"));
    m_theme->addItems({tr("System"), tr("Light"), tr("Dark")}); // in Theme's order
    m_theme->setToolTip(tr("The colours of this window"));
    connect(m_theme, &QComboBox::currentIndexChanged, this, [](int index) { applyTheme(Theme(index)); });
    m_spinner->setObjectName(QStringLiteral("spinner"));

    auto *line = new QHBoxLayout;
    line->addWidget(headline, 1);
    line->addWidget(themeLabel);
    line->addWidget(m_theme);
    line->addWidget(m_spinner);
    return line;
}

void Window::makeLoopView()
{
    auto *corner = new QWidget;
    auto *thread = new QComboBox(corner);
    thread->setObjectName(QStringLiteral("watchedThread"));
    thread->addItems({tr("This window's thread"), tr("The second thread")});
    thread->setToolTip(tr("Whose loop is shown here"));
    connect(thread, &QComboBox::currentIndexChanged, this, &Window::watch);
    auto *label = new QLabel(tr("&The loop of:"), corner);
    label->setBuddy(thread);
    auto *line = new QHBoxLayout(corner);
    line->setContentsMargins(0, 0, 0, 2);
    line->addWidget(label);
    line->addWidget(thread);
    m_loopView = new LoopView;
    m_loopView->setCorner(corner);
    watch(0);
}

void Window::watch(int thread)
{
    m_loopView->setRecorder(thread == 0 ? m_recorder.get() : m_threads->thread().recorder());
}

QList<Page *> Window::pages() const
{
    QList<Page *> pages;
    for (int i = 0; i < m_pages->count(); ++i)
        pages << static_cast<Page *>(m_pages->widget(i));
    return pages;
}

Page *Window::page() const
{
    return static_cast<Page *>(m_pages->currentWidget());
}

Page *Window::page(const QString &name) const
{
    for (Page *page : pages()) {
        if (page->objectName() == name)
            return page;
    }
    return nullptr;
}

void Window::turnTo(Page *page)
{
    m_pages->setCurrentWidget(page);
}

Theme Window::theme() const
{
    return Theme(m_theme->currentIndex());
}

void Window::setTheme(Theme theme)
{
    m_theme->setCurrentIndex(int(theme));
}

void Window::tellCancelled(const QString &title)
{
    if (!title.isEmpty())
        m_status->showInfo(tr("Cancelled: %1.").arg(title));
}

void Window::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        tellCancelled(m_waits.cancelNewest());
    else
        QWidget::keyPressEvent(event);
}

void Window::paintEvent(QPaintEvent *event)
{
    QWidget::paintEvent(event);
    if (m_clock && m_firstPaint < 0)
        m_firstPaint = m_clock->elapsed();
}

LagFigures Window::takeLag()
{
    const LagFigures lag = m_recorder->lag()->ownSinceReset();
    m_recorder->lag()->reset();
    return lag;
}

void Window::showFailure(const QString &where, const std::exception_ptr &error)
{
    m_breaking->unhandledError(where, error);
    m_status->showError(errorSentence(error));
}
