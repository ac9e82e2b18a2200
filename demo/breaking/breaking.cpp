// SPDX-License-Identifier: MIT
#include <demo/breaking/breaking.h>

#include <demo/parts/codeview.h>
#include <demo/server/server.h>

#include <interloop/qt/connect.h>

#include <QButtonGroup>
#include <QGridLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QTime>
#include <QVBoxLayout>

BreakingPage::BreakingPage(Waits &waits, Server &server)
    : Page(QStringLiteral("breaking"), tr("&4 Break it")), m_waits(waits), m_server(server)
{
    auto *introduction =
            new QLabel(tr("What makes other nested event loops hang, crash or freeze, to try for yourself: at "
                          "any time, in any combination, as often as you like. The window must live on, and "
                          "each attempt must end with a true sentence on the right."));
    introduction->setWordWrap(true);

    auto *columns = new QHBoxLayout;
    columns->addWidget(makeExperiments(), 3);
    columns->addWidget(makeResults(), 2);
    auto *all = new QVBoxLayout(this);
    all->addWidget(introduction);
    all->addLayout(columns, 1);
    showCodeOf(QStringLiteral("tryServer"));
}

QWidget *BreakingPage::firstFocus()
{
    return findChild<QWidget *>(QStringLiteral("serverNormal"));
}

QWidget *BreakingPage::makeExperiments()
{
    auto *list = new QWidget;
    auto *grid = new QGridLayout(list);
    grid->setColumnStretch(1, 1);

    addServerSwitches(grid);
    addExperiment(grid, "tryServer", tr("&Ask the server"), &BreakingPage::tryServer,
                  tr("Fetches a page from the demo's own server. The switches above say what it does to every request, "
                     "from all pages."),
                  tr("Elsewhere a fetch without an answer waits for ever, and an endless one fills the memory. Here it "
                     "must end with a sentence."));
    addExperiment(grid, "throwElsewhere", tr("Throw in another s&lot"), &BreakingPage::throwElsewhere,
                  tr("While this button's slot waits, another slot throws an exception."),
                  tr("Elsewhere it leaves through Qt's event loop, which cannot stand that, or comes out of a "
                     "stranger's wait. Here the unhandled-error hook must get it, and the wait goes on."));
    addExperiment(
            grid, "deleteWindow", tr("&Delete the waiting window"), &BreakingPage::deleteWindow,
            tr("Opens a little window whose button's slot waits, and deletes it meanwhile."),
            tr("Elsewhere the slot goes on in an object that is gone. Here its wait must end with ContextDestroyed."));
    addExperiment(grid, "badOrder", tr("End in the wron&g order"), &BreakingPage::waitInBadOrder,
                  tr("Two waits, one on top of the other; the lower one ends first. Once nested, once parked."),
                  tr("Nested event loops can only end last in, first out, here too: the first wait is held back, and "
                     "you must be told for how long. Parked waits must return at once."));
    addExperiment(grid, "deadlock", tr("Build a deadloc&k"), &BreakingPage::buildDeadlock,
                  tr("Two tasks each hold a lock that the other one wants, and the slot waits for both."),
                  tr("Elsewhere all three wait for ever. Here the second task must be refused, with who waits for "
                     "whom, and where."));
    addExperiment(grid, "deepRecursion", tr("&Pile up waits"), &BreakingPage::pileUp,
                  tr("Begins wait on top of wait, each in an event loop of its own, until something gives."),
                  tr("Elsewhere that is the stack, and the program crashes. Here the wait that is one too many must be "
                     "refused."));
    addExperiment(grid, "blockNicely", tr("Block nicel&y"), &BreakingPage::blockNicely,
                  tr("The slot blocks in runSync() for two seconds."),
                  tr("The wheel at the top must go on turning. For comparison, press the next one."));
    QPushButton *naive = addRow(
            grid, "blockNaively", tr("Block nai&vely"), tr("The slot sleeps for two seconds, without Interloop."),
            tr("The whole window freezes, here as elsewhere. What you do meanwhile happens later."));
    connect(naive, &QPushButton::clicked, this, &BreakingPage::blockNaively);
    addExperiment(grid, "quitDeep", tr("&Quit at depth five"), &BreakingPage::quitDeep,
                  tr("Begins five waits on top of each other, and ends the program. It does not ask."),
                  tr("Elsewhere the program hangs, or goes on with values that nobody has produced. Here all slots "
                     "must unwind, and the program must be gone within a second."));
    grid->setRowStretch(grid->rowCount(), 1);

    auto *scrolling = new QScrollArea;
    scrolling->setWidget(list);
    scrolling->setWidgetResizable(true);
    scrolling->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scrolling->setFocusPolicy(Qt::NoFocus); // the buttons in it have it, and are scrolled to
    return scrolling;
}

void BreakingPage::addServerSwitches(QGridLayout *grid)
{
    auto *group = new QButtonGroup(this);
    auto *switches = new QHBoxLayout;
    grid->addLayout(switches, 0, 0, 1, 2);
    const auto add = [&](Misbehaviour misbehaviour, const char *name, const QString &text, const QString &toolTip) {
        auto *button = new QRadioButton(text);
        button->setObjectName(QLatin1String(name));
        button->setToolTip(toolTip);
        group->addButton(button, int(misbehaviour));
        switches->addWidget(button);
    };
    add(Misbehaviour::None, "serverNormal", tr("The server a&nswers"), tr("The demo's server does its work"));
    add(Misbehaviour::Stall, "serverStall", tr("It &stalls"), tr("It takes requests and never answers"));
    add(Misbehaviour::Reset, "serverReset", tr("It &resets"), tr("It takes requests and resets the connection"));
    add(Misbehaviour::Flood, "serverFlood", tr("It &floods"), tr("It answers with a page that has no end"));
    group->button(int(m_server.misbehaviour()))->setChecked(true);
    connect(group, &QButtonGroup::idClicked, this, [this](int id) { m_server.setMisbehaviour(Misbehaviour(id)); });
    switches->addStretch();
}

QPushButton *BreakingPage::addRow(QGridLayout *grid, const char *name, const QString &text, const QString &tried,
                                  const QString &elsewhereAndHere)
{
    auto *button = new QPushButton(text);
    button->setObjectName(QLatin1String(name));
    button->setToolTip(tried);
    button->installEventFilter(this);
    connect(button, &QPushButton::pressed, this,
            [this, button] { showCodeOf(button->objectName()); }); // not all get the focus
    auto *explanation = new QLabel(QStringLiteral("<b>%1</b> %2").arg(tried, elsewhereAndHere));
    explanation->setTextFormat(Qt::RichText);
    explanation->setWordWrap(true);
    const int row = grid->rowCount();
    grid->addWidget(button, row, 0, Qt::AlignTop);
    grid->addWidget(explanation, row, 1, Qt::AlignTop);
    return button;
}

void BreakingPage::addExperiment(QGridLayout *grid, const char *name, const QString &text, Experiment experiment,
                                 const QString &tried, const QString &elsewhereAndHere)
{
    QPushButton *button = addRow(grid, name, text, tried, elsewhereAndHere);
    const QString title = button->text().remove('&');
    interloop::connect(button, &QPushButton::clicked, this, [this, experiment, title] { run(experiment, title); });
}

QWidget *BreakingPage::makeResults()
{
    m_results = new QPlainTextEdit;
    m_results->setObjectName(QStringLiteral("breakingResult"));
    m_results->setReadOnly(true);
    m_results->setTabChangesFocus(true);
    m_results->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_results->setMaximumBlockCount(1000);
    m_results->setPlaceholderText(tr("Nothing has been tried yet."));
    m_results->setToolTip(tr("What has come of each attempt, the latest at the end"));
    m_code = new CodeView;
    m_code->setObjectName(QStringLiteral("breakingCode"));
    m_code->setToolTip(tr("What the slot of the button does that has the focus"));

    const auto labelFor = [](QWidget *buddy, const QString &text) {
        auto *label = new QLabel(text);
        label->setBuddy(buddy);
        return label;
    };
    auto *results = new QWidget;
    auto *column = new QVBoxLayout(results);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(labelFor(m_results, tr("W&hat happened:")));
    column->addWidget(m_results, 1);
    column->addWidget(labelFor(m_code, tr("Code of the e&xperiment:")));
    column->addWidget(m_code, 1);
    return results;
}

bool BreakingPage::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::FocusIn)
        showCodeOf(watched->objectName());
    return Page::eventFilter(watched, event);
}

void BreakingPage::showCodeOf(const QString &experiment)
{
    QString code; // in one of these
    for (const char *file : {"strangers", "stacked", "deadlock", "blocking"})
        code += codeOf(QStringLiteral("breaking/%1.cpp").arg(QLatin1String(file)), experiment);
    m_code->showCode(code);
}

void BreakingPage::tell(const QString &sentence)
{
    m_results->appendPlainText(QTime::currentTime().toString(QStringLiteral("HH:mm:ss  ")) + sentence);
    m_results->verticalScrollBar()->setValue(m_results->verticalScrollBar()->maximum());
    Q_EMIT said(sentence);
}
