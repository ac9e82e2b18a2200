// SPDX-License-Identifier: MIT
#include <demo/breaking/experiment.h>

#include <demo/breaking/breaking.h>
#include <demo/parts/errorsentence.h>

#include <interloop/task/errors.h>
#include <interloop/task/progress.h>
#include <interloop/task/sleep.h>

#include <QLocale>
#include <QPointer>

QString inWords(std::chrono::nanoseconds time)
{
    const double milliseconds = double(time.count()) / 1e6;
    const QLocale locale;
    if (milliseconds >= 1000)
        return BreakingPage::tr("%1 s").arg(locale.toString(milliseconds / 1000, 'f', 2));
    return BreakingPage::tr("%1 ms").arg(locale.toString(milliseconds, 'f', milliseconds < 10 ? 1 : 0));
}

QString inWords(const QElapsedTimer &clock)
{
    return inWords(std::chrono::nanoseconds(clock.nsecsElapsed()));
}

interloop::Task<> pauseFor(std::chrono::milliseconds duration)
{
    interloop::Progress::current().setText(BreakingPage::tr("for %1").arg(inWords(duration)).toStdString());
    co_await interloop::sleepFor(duration);
}

void BreakingPage::run(Experiment experiment, const QString &title)
{
    const QPointer<BreakingPage> page(this);
    try {
        (this->*experiment)();
    } catch (const interloop::Cancelled &end) {
        if (page)
            tell(tr("%1: the wait was ended before its time (%2), and the slot unwound.")
                         .arg(title, QLatin1String(interloop::nameOf(end.outcome()))));
        throw;
    } catch (...) {
        if (page)
            tell(tr("%1: %2").arg(title, errorSentence(std::current_exception())));
    }
}
