// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/page.h>
#include <demo/parts/waits.h>

#include <interloop/loop/runoptions.h>

#include <chrono>
#include <exception>
#include <memory>

/*
 * The page for those who do not believe it: each button does what makes other event loops hang, crash or freeze, and
 * says what has come of it. Buttons may be pressed at any time, in any combination. What is said comes from what
 * happened.
 */

class CodeView;
class Server;

QT_BEGIN_NAMESPACE
class QGridLayout;
class QPlainTextEdit;
class QPushButton;
QT_END_NAMESPACE

class BreakingPage final : public Page
{
    Q_OBJECT

public:
    // Both must outlive it.
    BreakingPage(Waits &waits, Server &server);

    // How long a step of an experiment takes: half a second unless told.
    void setPace(std::chrono::milliseconds pace) noexcept { m_pace = pace; }

    // To be called with what reaches the bridge's unhandled-error hook: one of the experiments throws something there.
    void unhandledError(const QString &where, const std::exception_ptr &error);

    QWidget *firstFocus() override;

private:
    class Dive;
    using Experiment = void (BreakingPage::*)();

    // Each is the body of a button's slot, and blocks until it has something to tell.
    // strangers.cpp: others misbehave
    void tryServer();
    void throwElsewhere();
    void deleteWindow();
    // stacked.cpp: waits on top of each other
    void waitInBadOrder();
    void pileUp();
    void quitDeep();
    std::chrono::nanoseconds heldBackInBadOrder(interloop::Wait form);
    void descend(std::shared_ptr<Dive> dive);
    // deadlock.cpp
    void buildDeadlock();
    // blocking.cpp
    void blockNicely();
    void blockNaively(); // of a plain slot

    // experiment.cpp: what becomes of what they throw.
    void run(Experiment experiment, const QString &title);

    // breaking.cpp: what it looks like.
    void tell(const QString &sentence);
    QWidget *makeExperiments();
    QWidget *makeResults();
    void addServerSwitches(QGridLayout *grid);
    QPushButton *addRow(QGridLayout *grid, const char *name, const QString &text, const QString &tried,
                        const QString &elsewhereAndHere);
    void addExperiment(QGridLayout *grid, const char *name, const QString &text, Experiment experiment,
                       const QString &tried, const QString &elsewhereAndHere);
    bool eventFilter(QObject *watched, QEvent *event) override; // of the buttons
    void showCodeOf(const QString &experiment);

    Waits &m_waits;
    Server &m_server;
    std::chrono::milliseconds m_pace{500};
    QString m_hookWasTold; // of throwElsewhere's exception
    QPlainTextEdit *m_results = nullptr;
    CodeView *m_code = nullptr;
};
