// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>

/*
 * What a played script gave, as JSON for programs:
 *
 *     { "ok": true, "maxDepth": 2, "startMs": 180, "quitMs": 12,
 *       "spinner": { "frames": 300, "longestGapMs": 21.5, "ms": 5000 }, "lag": { "p99Ms": 1.2, "maxMs": 7.5 },
 *       "steps": [ { "step": "click fetch", "place": "tour.txt:3", "ok": true, "ms": 4, "error": "" } ] }
 */

class StepResult
{
public:
    StepResult(const QString &step, const QString &place, const QString &error = {})
        : step(step), place(place), error(error)
    { }

    QString step;
    QString place;
    QString error; // empty: it went well
    qint64 milliseconds = 0;
};

class Report
{
public:
    Report() = default;

    QString firstError() const; // for a person, with place and step; empty: all went well
    QByteArray toJson() const;

    QList<StepResult> steps;
    int maximumDepth = 0;
    int frames = 0;
    double longestGap = 0; // in ms
    double spinning = 0; // in ms
    double lagP99 = 0; // in ms, of the stretch between two looks in which it was the worst
    double lagMaximum = 0; // in ms, in all
    qint64 start = 0; // in ms, from the beginning of main() to the first painting
    qint64 quit = 0; // in ms, from closing the window to the bridge's end
};
