// SPDX-License-Identifier: MIT
#pragma once

#include <QLabel>
#include <QWidget>

/*
 * The sentence at the foot of the window: the last thing that happened. Screen readers are told as well.
 */

class StatusLine final : public QWidget
{
    Q_OBJECT

public:
    StatusLine();

    void showInfo(const QString &sentence);
    void showError(const QString &sentence);

private:
    QLabel *const m_icon = new QLabel(this);
    QLabel *const m_text = new QLabel(this); // "status"
};
