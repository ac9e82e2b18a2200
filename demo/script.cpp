// SPDX-License-Identifier: MIT
#include "script.h"

#include <QFile>
#include <QKeySequence>

namespace {

const QStringList buttons = {QStringLiteral("fetch"), QStringLiteral("second"), QStringLiteral("cancel")};
const QStringList fields = {QStringLiteral("result"), QStringLiteral("status"), QStringLiteral("waits")};

[[noreturn]] void fail(const Step &step, const QString &sentence)
{
    throw ScriptError(QStringLiteral("%1: \"%2\": %3").arg(step.place, step.source, sentence));
}

int numberIn(const Step &step, const QString &text, int least, int most)
{
    bool isNumber = false;
    const int number = text.toInt(&isNumber);
    if (!isNumber || number < least || number > most)
        fail(step, QStringLiteral("a number from %1 to %2 is needed").arg(least).arg(most));
    return number;
}

QString oneOf(const Step &step, const QString &name, const QStringList &names)
{
    if (!names.contains(name))
        fail(step, QStringLiteral("\"%1\" is none of %2").arg(name, names.join(QStringLiteral(", "))));
    return name;
}

// "FIELD CONTAINS TEXT" or "depth N"
void parseCondition(Step &step, const QString &condition, Step::Verb ofText, Step::Verb ofDepth)
{
    const QString field = condition.section(' ', 0, 0);
    if (field == QLatin1String("depth")) {
        step.verb = ofDepth;
        step.number = numberIn(step, condition.section(' ', 1), 0, 64);
        return;
    }
    step.verb = ofText;
    step.object = oneOf(step, field, fields + QStringList(QStringLiteral("depth")));
    step.text = condition.section(' ', 2);
    if (condition.section(' ', 1, 1) != QLatin1String("CONTAINS") || step.text.isEmpty())
        fail(step, QStringLiteral("%1 CONTAINS TEXT is needed").arg(field));
}

int keyIn(const Step &step, const QString &name)
{
    const QKeySequence sequence(name, QKeySequence::PortableText);
    if (sequence.count() != 1 || sequence[0].key() == Qt::Key_unknown || sequence[0].key() == 0)
        fail(step, QStringLiteral("\"%1\" is no key").arg(name));
    return sequence[0].toCombined();
}

Step parseStep(const QString &line, const QString &place)
{
    using Verb = Step::Verb;
    Step step;
    step.source = line;
    step.place = place;
    const QString verb = line.section(' ', 0, 0);
    const QString rest = line.section(' ', 1).trimmed();
    const auto set = [&step](Verb verb, int number = 0) {
        step.verb = verb;
        step.number = number;
    };
    step.text = rest;
    if (verb == QLatin1String("url"))
        set(Verb::Url);
    else if (verb == QLatin1String("timeout"))
        set(Verb::Timeout, numberIn(step, rest, 1, 600));
    else if (verb == QLatin1String("click"))
        set(Verb::Click), step.object = oneOf(step, rest, buttons);
    else if (verb == QLatin1String("key"))
        set(Verb::Key, keyIn(step, rest));
    else if (verb == QLatin1String("wait-for"))
        parseCondition(step, rest, Verb::WaitForText, Verb::WaitForDepth);
    else if (verb == QLatin1String("expect"))
        parseCondition(step, rest, Verb::ExpectText, Verb::ExpectDepth);
    else if (verb == QLatin1String("patience"))
        set(Verb::Patience, numberIn(step, rest, 0, 600000));
    else if (verb == QLatin1String("wait-ms"))
        set(Verb::WaitMs, numberIn(step, rest, 0, 600000));
    else if (verb == QLatin1String("screenshot") && !rest.isEmpty())
        set(Verb::Screenshot);
    else if (verb == QLatin1String("close") && rest.isEmpty())
        set(Verb::Close);
    else
        fail(step,
             QStringLiteral("there is no such step; there are url, timeout, click, key, wait-for, expect, patience, "
                            "wait-ms, screenshot FILE and close"));
    return step;
}

} // namespace

QList<Step> readScript(const QString &fileName)
{
    QFile file(fileName);
    if (!file.open(QIODevice::ReadOnly | QIODevice::Text))
        throw ScriptError(QStringLiteral("%1 cannot be read: %2").arg(fileName, file.errorString()));
    QList<Step> steps;
    for (int number = 1; !file.atEnd(); ++number) {
        const QString line = QString::fromUtf8(file.readLine()).trimmed();
        if (line.isEmpty() || line.startsWith('#'))
            continue;
        if (!steps.isEmpty() && steps.last().verb == Step::Verb::Close)
            fail(steps.last(), QStringLiteral("close must be the last step"));
        steps << parseStep(line, QStringLiteral("%1:%2").arg(fileName).arg(number));
    }
    if (steps.isEmpty())
        throw ScriptError(QStringLiteral("%1 has no steps").arg(fileName));
    return steps;
}
