// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/progress.h>
#include <interloop/widgets/progresswait.h>

#include <QObject>
#include <QPointer>
#include <QTimer>
#include <QWidget>

/*
 * Makes the dialog when it is time, keeps it up to date, and cancels the task when the dialog asks for it or dies.
 */

namespace interloop {

class Chain;
class ProgressDialog;

class ProgressView final : public QObject
{
    Q_OBJECT

public:
    ProgressView(QWidget *parent, const QString &text, const ProgressOptions &options, Progress progress);
    ~ProgressView() override;

    void begin(Chain &task); // it has begun, and is what there is to cancel
    void end(); // it has ended, or gone

private:
    void open();
    void update();
    void dialogCloses();
    void cancelTask();
    void giveFocusBack();

    QPointer<QWidget> m_parent;
    QString m_text;
    ProgressOptions m_options;
    Progress m_progress;
    QTimer m_opening;
    QTimer m_updating; // runs: there is something new to show
    QPointer<ProgressDialog> m_dialog; // null: not yet, or not any more
    QPointer<QWidget> m_focusBefore;
    Chain *m_task = nullptr; // nullptr: not begun, or over
};

} // namespace interloop
