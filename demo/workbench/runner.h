// SPDX-License-Identifier: MIT
#pragma once

#include <demo/workbench/actions.h>

#include <QList>
#include <QObject>

/*
 * Does what the workbench's buttons ask for, in the thread it lives in, and tells how it went: each run() tells
 * started() once and then finished(), failed() or cancelled(). Knows no widgets, so that it may live in any thread that
 * has a bridge.
 *
 *     interloop::connect(&workbench, &Workbench::requested, &runner,
 *                        [&runner](int action, QString inputs) { runner.run(action, inputs); }, Overlap::Parallel);
 */

class Waits;

class ActionRunner final : public QObject
{
    Q_OBJECT

public:
    explicit ActionRunner(Waits &waits); // those of its thread, which must outlive it

    // Blocks until the action has ended. `inputs` has what the page has for it, a line each. Throws what ends the waits
    // of a slot, Cancelled, and nothing else.
    void run(int action, const QString &inputs);

Q_SIGNALS:
    void started(int action, int waitId);
    void output(int action, const QString &text); // as it comes; 100,000 characters of it
    void finished(int action, const QString &result); // its first line is a sentence
    void failed(int action, const QString &sentence); // likewise
    void cancelled(int action);

private:
    QString perform(int action, const QString &inputs);
    Output outputOf(int action);

    Waits &m_waits;
    const QList<Action> m_actions;
};
