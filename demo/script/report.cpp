// SPDX-License-Identifier: MIT
#include <demo/script/report.h>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

QString Report::firstError() const
{
    for (const StepResult &step : steps) {
        if (!step.error.isEmpty())
            return QStringLiteral("%1: %2: %3").arg(step.place, step.step, step.error);
    }
    return QString();
}

QByteArray Report::toJson() const
{
    QJsonArray list;
    for (const StepResult &result : steps) {
        QJsonObject step;
        step[QStringLiteral("step")] = result.step;
        step[QStringLiteral("place")] = result.place;
        step[QStringLiteral("ok")] = result.error.isEmpty();
        step[QStringLiteral("ms")] = result.milliseconds;
        step[QStringLiteral("error")] = result.error;
        list << step;
    }
    QJsonObject spinner;
    spinner[QStringLiteral("frames")] = frames;
    spinner[QStringLiteral("longestGapMs")] = longestGap;
    spinner[QStringLiteral("ms")] = spinning;
    QJsonObject lag;
    lag[QStringLiteral("p99Ms")] = lagP99;
    lag[QStringLiteral("maxMs")] = lagMaximum;
    QJsonObject report;
    report[QStringLiteral("ok")] = firstError().isEmpty();
    report[QStringLiteral("maxDepth")] = maximumDepth;
    report[QStringLiteral("startMs")] = start;
    report[QStringLiteral("quitMs")] = quit;
    report[QStringLiteral("lag")] = lag;
    report[QStringLiteral("spinner")] = spinner;
    report[QStringLiteral("steps")] = list;
    return QJsonDocument(report).toJson();
}
