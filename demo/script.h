// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>

#include <stdexcept>

/*
 * A script that plays the demo: one step a line, '#' begins a comment line.
 *
 *     url TEXT                       writes into the URL line; {server} stands for the demo's own server
 *     timeout SECONDS                sets the window's timeout
 *     click fetch|second|cancel      with the mouse
 *     key NAME                       Escape, Return, Tab, Space, …
 *     wait-for FIELD CONTAINS TEXT   FIELD is result, status or waits
 *     wait-for depth N               the number of waits, nested and parked
 *     expect …                       as wait-for, but it must hold now
 *     patience MS                    how long later wait-for steps try; 10000 at first
 *     wait-ms MS                     lets time pass
 *     screenshot FILE                saves the window
 *     close                          closes the window, which must end the program within a second; the last step
 */

class Step
{
public:
    enum class Verb {
        Url,
        Timeout,
        Click,
        Key,
        WaitForText,
        WaitForDepth,
        ExpectText,
        ExpectDepth,
        Patience,
        WaitMs,
        Screenshot,
        Close
    };

    Step() = default;

    Verb verb = Verb::Close;
    QString object; // of Click, WaitForText and ExpectText: the widget's name
    QString text;
    int number = 0;
    QString source; // the step as it is written
    QString place; // "demo/scripts/tour.txt:12"
};

// What is wrong, for a person: "tour.txt:3: …".
class ScriptError : public std::runtime_error
{
public:
    explicit ScriptError(const QString &sentence) : std::runtime_error(sentence.toStdString()) { }
};

// Throws ScriptError.
QList<Step> readScript(const QString &fileName);
