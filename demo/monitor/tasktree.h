// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/recording.h>

#include <QPlainTextEdit>
#include <QTimer>

#include <memory>

/*
 * The text of dumpTasks(), kept up to date while it can be seen: it is asked for four times a second, and shown when it
 * has changed. A long one is shown up to its first lines; all of it can be copied.
 */

class TaskTree final : public QPlainTextEdit
{
    Q_OBJECT

public:
    explicit TaskTree(QWidget *parent = nullptr);

    void setRecording(std::shared_ptr<Recording> recording); // null: nothing is shown
    void copyAll() const; // to the clipboard

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    void refresh();

    std::shared_ptr<Recording> m_recording;
    QTimer m_timer;
    QString m_text; // all of it
};
