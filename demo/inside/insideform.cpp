// SPDX-License-Identifier: MIT
#include <demo/inside/insideform.h>

#include <demo/parts/codeview.h>

#include <QFontDatabase>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QVBoxLayout>

#include <utility>

InsideForm::InsideForm() : Page(QStringLiteral("inside"), tr("&3 Served from inside"))
{
    setNames();
    setTexts();
    fillPaths();
    arrange();
}

void InsideForm::setNames()
{
    note->setObjectName(QStringLiteral("insideNote"));
    address->setObjectName(QStringLiteral("insideAddress"));
    load->setObjectName(QStringLiteral("load50"));
    count->setObjectName(QStringLiteral("loadCount"));
    path->setObjectName(QStringLiteral("loadPath"));
    stop->setObjectName(QStringLiteral("cancelLoad"));
    strip->setObjectName(QStringLiteral("loadRequests"));
    summary->setObjectName(QStringLiteral("loadSummary"));
    open->setObjectName(QStringLiteral("insideOpen"));
    served->setObjectName(QStringLiteral("insideServed"));
    failed->setObjectName(QStringLiteral("insideFailed"));
    mostAtOnce->setObjectName(QStringLiteral("insideMostAtOnce"));
    median->setObjectName(QStringLiteral("loadMedian"));
    slowest->setObjectName(QStringLiteral("loadSlowest"));
    pause->setObjectName(QStringLiteral("loadPause"));
}

void InsideForm::setTexts()
{
    address->setReadOnly(true);
    address->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    address->setToolTip(tr("A command for a terminal: any program of this computer can ask the server"));
    load->setToolTip(tr("Sends that many requests at once, in a slot that blocks until all are answered"));
    count->setRange(1, 200);
    count->setValue(50);
    count->setAccessibleName(tr("Number of requests"));
    count->setToolTip(tr("How many requests are sent at once"));
    path->setToolTip(tr("Which page is asked for, and so which handler works"));
    stop->setText(tr("&Stop"));
    stop->setToolTip(tr("Hangs up; the handlers that still wait end, too"));
    stop->setEnabled(false);
    served->setToolTip(tr("By the server, those included that /chain sends to it"));
    pause->setToolTip(tr("The longest that Qt's event loop was late during the load, without what other threads and "
                         "programs took from it"));
    for (QLabel *figure : {median, slowest, pause})
        figure->setText(QStringLiteral("–"));
    note->setWordWrap(true);
    summary->setWordWrap(true);
    summary->setTextFormat(Qt::PlainText); // it may quote an answer
    summary->setTextInteractionFlags(Qt::TextSelectableByMouse);
}

void InsideForm::fillPaths()
{
    const QStringList one = {QStringLiteral("/slow?ms=500"), QStringLiteral("/report"),
                             QStringLiteral("/sum?n=3000000"), QStringLiteral("/chain")};
    for (const QString &item : one)
        path->addItem(item, QStringList(item));
    path->addItem(tr("these in turn"), one);
    path->addItem(QStringLiteral("/fail"), QStringList(QStringLiteral("/fail")));
}

void InsideForm::arrange()
{
    auto *intro = new QLabel(tr("A web server runs inside this window, on the window's own thread. A plain function "
                                "that blocks with runSync answers each request: any number of them wait at once, and the "
                                "window stays alive."),
                             this);
    intro->setWordWrap(true);
    auto *sides = new QHBoxLayout;
    sides->addLayout(serverSide(), 1);
    sides->addSpacing(fontMetrics().averageCharWidth());
    sides->addLayout(codeSide(), 1);
    auto *all = new QVBoxLayout(this);
    all->addWidget(intro);
    all->addWidget(note);
    all->addLayout(sides, 1);
}

QLayout *InsideForm::serverSide()
{
    auto *label = new QLabel(tr("&Ask it in a terminal:"), this);
    label->setBuddy(address);
    auto *top = new QHBoxLayout;
    top->addWidget(label);
    top->addWidget(address, 1);
    auto *side = new QVBoxLayout;
    side->addLayout(top);
    side->addLayout(loadLine());
    side->addWidget(strip, 1);
    side->addWidget(summary);
    side->addLayout(figures());
    return side;
}

QLayout *InsideForm::loadLine()
{
    auto *label = new QLabel(tr("&Path:"), this);
    label->setBuddy(path);
    auto *line = new QHBoxLayout;
    line->addWidget(load);
    line->addWidget(count);
    line->addWidget(label);
    line->addWidget(path);
    line->addWidget(stop);
    line->addStretch();
    return line;
}

QLayout *InsideForm::figures()
{
    const std::pair<QString, QLabel *> all[] = {
        {tr("Handlers waiting now:"), open},      {tr("Most at once:"), mostAtOnce},
        {tr("Served:"), served},                  {tr("Failed:"), failed},
        {tr("Half were answered in:"), median},   {tr("99 % were answered in:"), slowest},
        {tr("Longest pause of the window:"), pause},
    };
    auto *grid = new QGridLayout;
    grid->setVerticalSpacing(grid->verticalSpacing() / 2);
    int place = 0;
    for (const auto &[text, value] : all) {
        const int column = 2 * (place % 2);
        grid->addWidget(new QLabel(text, this), place / 2, column);
        grid->addWidget(value, place / 2, column + 1);
        value->setAccessibleName(text);
        grid->setColumnStretch(column + 1, 1);
        ++place;
    }
    return grid;
}

QLayout *InsideForm::codeSide()
{
    auto *code = new CodeView(this);
    code->setObjectName(QStringLiteral("insideCode"));
    code->setAccessibleName(tr("Code of two handlers"));
    code->showCode(codeOf(QStringLiteral("inside/handlers.cpp")));
    auto *label = new QLabel(tr("Two of its &handlers:"), this);
    label->setBuddy(code);
    auto *side = new QVBoxLayout;
    side->addWidget(label);
    side->addWidget(code, 1);
    return side;
}
