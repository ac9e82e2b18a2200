// SPDX-License-Identifier: MIT
#include <demo/script/script.h>

#include <QFile>
#include <QHash>
#include <QKeySequence>

#include <csignal>

namespace {

using Verb = Step::Verb;

int numberIn(const Step &step, const QString &text, int least, int most)
{
    bool isNumber = false;
    const int number = text.toInt(&isNumber);
    if (!isNumber || number < least || number > most)
        throw ScriptError(step, QStringLiteral("a number from %1 to %2 is needed").arg(least).arg(most));
    return number;
}

int keyIn(const Step &step, const QString &name)
{
    const QKeySequence sequence(name, QKeySequence::PortableText);
    if (sequence.count() != 1 || sequence[0].key() == Qt::Key_unknown || sequence[0].key() == 0)
        throw ScriptError(step, QStringLiteral("\"%1\" is no key").arg(name));
    return sequence[0].toCombined();
}

int signalIn(const Step &step, const QString &name)
{
    if (name != QLatin1String("SIGUSR1") && name != QLatin1String("SIGUSR2"))
        throw ScriptError(step, QStringLiteral("\"%1\" is neither SIGUSR1 nor SIGUSR2").arg(name));
    return name == QLatin1String("SIGUSR1") ? SIGUSR1 : SIGUSR2;
}

// "NAME CONTAINS TEXT", "depth N" or "lag AT-MOST MS"
void parseCondition(Step &step, const QString &condition)
{
    step.object = condition.section(' ', 0, 0);
    const QString relation = condition.section(' ', 1, 1);
    if (step.object == QLatin1String("depth")) {
        step.subject = Step::Subject::Depth;
        step.number = numberIn(step, condition.section(' ', 1), 0, 64);
    } else if (step.object == QLatin1String("lag") && relation.startsWith(QLatin1String("AT-"))) {
        step.subject = relation == QLatin1String("AT-LEAST") ? Step::Subject::LagAtLeast : Step::Subject::LagAtMost;
        step.number = numberIn(step, condition.section(' ', 2), 0, 60000);
    } else {
        step.text = condition.section(' ', 2);
        if (relation != QLatin1String("CONTAINS") || step.text.isEmpty())
            throw ScriptError(step, QStringLiteral("NAME CONTAINS TEXT, depth N or lag AT-MOST|AT-LEAST MS is needed"));
    }
}

void parseArguments(Step &step, const QString &rest)
{
    step.text = rest;
    switch (step.verb) {
    case Verb::Page:
    case Verb::Click:
        step.object = rest;
        break;
    case Verb::Type:
    case Verb::Select:
        step.object = rest.section(' ', 0, 0);
        step.text = rest.section(' ', 1);
        break;
    case Verb::Key:
        step.number = keyIn(step, rest);
        break;
    case Verb::Raise:
        step.number = signalIn(step, rest);
        break;
    case Verb::WaitFor:
    case Verb::Expect:
        parseCondition(step, rest);
        break;
    case Verb::Patience:
    case Verb::WaitMs:
        step.number = numberIn(step, rest, 0, 600000);
        break;
    case Verb::Screenshot:
        if (rest.isEmpty())
            throw ScriptError(step, QStringLiteral("a file's name is needed"));
        break;
    case Verb::Close:
    case Verb::End:
        if (!rest.isEmpty())
            throw ScriptError(step, QStringLiteral("nothing may follow"));
        break;
    }
}

Step parseStep(const QString &line, const QString &place)
{
    static const QHash<QString, Verb> verbs = {
            {QStringLiteral("page"), Verb::Page},
            {QStringLiteral("click"), Verb::Click},
            {QStringLiteral("type"), Verb::Type},
            {QStringLiteral("select"), Verb::Select},
            {QStringLiteral("key"), Verb::Key},
            {QStringLiteral("raise"), Verb::Raise},
            {QStringLiteral("wait-for"), Verb::WaitFor},
            {QStringLiteral("expect"), Verb::Expect},
            {QStringLiteral("patience"), Verb::Patience},
            {QStringLiteral("wait-ms"), Verb::WaitMs},
            {QStringLiteral("screenshot"), Verb::Screenshot},
            {QStringLiteral("close"), Verb::Close},
            {QStringLiteral("end"), Verb::End},
    };
    Step step;
    step.source = line;
    step.place = place;
    const auto verb = verbs.find(line.section(' ', 0, 0));
    if (verb == verbs.end()) {
        throw ScriptError(step,
                          QStringLiteral("there is no such step; there are page, click, type, select, key, raise, "
                                         "wait-for, expect, patience, wait-ms, screenshot FILE, close and end"));
    }
    step.verb = *verb;
    parseArguments(step, line.section(' ', 1).trimmed());
    if ((step.isAboutWidget() || step.verb == Verb::Page) && step.object.isEmpty())
        throw ScriptError(step, QStringLiteral("a NAME is needed"));
    return step;
}

} // namespace

bool Step::isAboutWidget() const noexcept
{
    return verb == Verb::Click || verb == Verb::Type || verb == Verb::Select
            || ((verb == Verb::WaitFor || verb == Verb::Expect) && subject == Subject::Text);
}

bool Step::isLast() const noexcept
{
    return verb == Verb::Close || verb == Verb::End;
}

ScriptError::ScriptError(const Step &step, const QString &sentence)
    : ScriptError(QStringLiteral("%1: \"%2\": %3").arg(step.place, step.source, sentence))
{
}

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
        if (!steps.isEmpty() && steps.last().isLast())
            throw ScriptError(steps.last(), QStringLiteral("it must be the last step"));
        steps << parseStep(line, QStringLiteral("%1:%2").arg(fileName).arg(number));
    }
    if (steps.isEmpty())
        throw ScriptError(QStringLiteral("%1 has no steps").arg(fileName));
    return steps;
}
