// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>

#include <stdexcept>

/*
 * A script that plays the demo: one step a line, '#' begins a comment line. NAME is a widget's object name: a tool tip
 * of Qt's inspectors shows it, and so does demo/README.md.
 *
 *     page NAME                      turns to a tab: workbench, console, inside, breaking, threads; timelinePage, treePage
 *     click NAME                     presses a button or a box with the mouse
 *     type NAME TEXT                 replaces what a line has, key by key; {server} is the demo's own server,
 *                                    {scripts} the folder of the script
 *     select NAME TEXT               chooses the entry of a combo box
 *     key NAME                       Escape, Return, Tab, Space, Ctrl+L, …: to what has the focus
 *     raise SIGUSR1|SIGUSR2          sends the program that signal
 *     wait-for NAME CONTAINS TEXT    what the widget says
 *     wait-for depth N               the number of waits, nested and parked
 *     wait-for lag AT-MOST MS        the loop's lag (99 of 100, without what other programs took) since the last look,
 *                                    which must be 3 s ago; it waits so long
 *     wait-for lag AT-LEAST MS       that it shows what was done to it
 *     expect …                       as wait-for, but it must hold now
 *     patience MS                    how long later wait-for steps try; 10000 at first
 *     wait-ms MS                     lets time pass
 *     screenshot FILE                saves the window
 *     close                          closes the window, which must end the program within a second; the last step
 *     end                            what came before must end the program, within a second; the last step
 */

class Step
{
public:
    enum class Verb { Page, Click, Type, Select, Key, Raise, WaitFor, Expect, Patience, WaitMs, Screenshot, Close, End };
    enum class Subject { Text, Depth, LagAtMost, LagAtLeast }; // of WaitFor and Expect

    Step() = default;

    bool isAboutWidget() const noexcept;
    bool isLast() const noexcept; // nothing may follow it

    Verb verb = Verb::Close;
    Subject subject = Subject::Text;
    QString object; // the widget's or the page's name
    QString text;
    int number = 0; // a depth, a time in ms, a key, a signal
    QString source; // the step as it is written
    QString place; // "demo/scripts/tour.txt:12"
};

// What is wrong, for a person: "tour.txt:3: …".
class ScriptError : public std::runtime_error
{
public:
    ScriptError(const Step &step, const QString &sentence);
    explicit ScriptError(const QString &sentence) : std::runtime_error(sentence.toStdString()) { }
};

// Throws ScriptError.
QList<Step> readScript(const QString &fileName);
