// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/page.h>
#include <demo/workbench/actions.h>

#include <QList>

/*
 * The workbench's controls, their texts and their places: a row for each action on the left, what there is to read on
 * the right.
 *
 * A window may have several: `prefix` tells their controls' names apart: "fetch" becomes "threadFetch".
 */

class ActionRow;
class CodeView;
class QLabel;
class QSpinBox;
class ResultView;

class WorkbenchForm : public Page
{
    Q_OBJECT

public:
    WorkbenchForm(const QString &pageName, const QString &title, const QString &prefix, const QString &firstUrl);

    void setIntroduction(const QString &sentence);
    void setTimeout(int seconds); // of the fetch: how long its server may be silent
    void hideTexts(); // the code and the results, where there is no room for them; a row tells a result's first line
    QWidget *firstFocus() override;

protected:
    QList<Action> actions;
    QList<ActionRow *> rows; // in their order
    QSpinBox *const timeout;
    QLabel *const codeTitle;
    CodeView *const code;
    QLabel *const resultTitle;
    ResultView *const result;

private:
    QString nameOf(const QString &name) const;
    void makeRows(const QString &firstUrl);
    void arrange();
    void setOrder();

    QString m_prefix;
    QLabel *m_introduction;
    QWidget *m_texts;
};
