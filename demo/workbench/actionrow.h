// SPDX-License-Identifier: MIT
#pragma once

#include <demo/workbench/actions.h>

#include <QObject>

/*
 * One action's controls, and what they show while it runs. The widgets belong to the page.
 */

class ElidedLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QToolButton;
class QWidget;
class WaitInfo;

class ActionRow final : public QObject
{
public:
    // `name` is of the button; the other names begin with it, but for `cancelName`.
    ActionRow(const Action &action, const QString &name, const QString &cancelName, QWidget *page);

    bool isRunning() const noexcept { return m_isRunning; }
    void begin(); // the button was pressed
    void showProgress(const WaitInfo &wait);

    enum class End { Finished, Failed, Cancelled };
    void end(End how, const QString &text);

    QPushButton *button;
    QLineEdit *argument; // null: the action takes none of its own
    QProgressBar *progress;
    QToolButton *cancel;
    ElidedLabel *note;
    int waitId = 0; // 0: none yet
    QString output; // what has come while it runs, or ran last

private:
    bool m_isRunning = false;
};
