// SPDX-License-Identifier: MIT
#pragma once

#include <QWidget>

/*
 * One of the window's pages, behind a tab. Its object name is what scripts call it by: `page NAME`.
 */

class Page : public QWidget
{
    Q_OBJECT

public:
    // `title` is for the tab and has a digit as its mnemonic: "&1 Workbench".
    Page(const QString &name, const QString &title) : m_title(title) { setObjectName(name); }

    const QString &title() const noexcept { return m_title; }

    // What gets the focus when somebody turns to the page; nullptr: the first in its tab order.
    virtual QWidget *firstFocus() { return nullptr; }

Q_SIGNALS:
    void said(const QString &sentence); // for the window's status line
    void complained(const QString &sentence); // likewise, with a warning sign

private:
    QString m_title;
};
