// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/page.h>

/*
 * What the console looks like: its widgets, their texts and their places.
 */

class CommandLine;
class QLabel;
class QPushButton;
class Transcript;

class ConsoleForm : public Page
{
    Q_OBJECT

public:
    ConsoleForm();

    QWidget *firstFocus() override;

protected:
    void setPrompt(int number); // of the command that is entered next

    CommandLine *const input;
    Transcript *const output;
    QPushButton *const run;
    QPushButton *const help;

private:
    void setTexts();
    void arrange();

    QLabel *const m_intro;
    QLabel *const m_prompt;
};
