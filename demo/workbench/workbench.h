// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/waits.h>
#include <demo/workbench/workbenchform.h>

/*
 * The page with a button for each action, the code behind it, and its result. It only shows: who does it, in which
 * thread, is told by requested() and tells by the slots here; see ActionRunner.
 */

class ActionRunner;

class Workbench final : public WorkbenchForm
{
    Q_OBJECT

public:
    Workbench(const QString &pageName, const QString &title, const QString &prefix, const QString &firstUrl);

    // Shows what they tell, also from another thread.
    void follow(const ActionRunner &runner, const Waits &waits);

Q_SIGNALS:
    // The button was pressed. `inputs`: its argument, and what else the action needs of the page, a line each.
    void requested(int action, const QString &inputs);
    void cancelRequested(int waitId);

public Q_SLOTS:
    void actionStarted(int action, int waitId);
    void actionTold(int action, const QString &text);
    void actionFinished(int action, const QString &text);
    void actionFailed(int action, const QString &sentence);
    void actionCancelled(int action);
    void showWaits(const QList<WaitInfo> &waits);

private:
    void press(int action);
    QString inputsOf(int action) const;
    void showCode(int action);
    void showResult(int action, const QString &text);
    bool eventFilter(QObject *watched, QEvent *event) override;

    int m_shown = -1; // the action whose result is shown
};
