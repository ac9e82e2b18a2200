// SPDX-License-Identifier: MIT
#include <demo/monitor/words.h>

#include <QCoreApplication>
#include <QLocale>

namespace {

class Words
{
    Q_DECLARE_TR_FUNCTIONS(Words)
};

} // namespace

namespace words {

Colours::Role roleOf(Activity activity)
{
    switch (activity) {
    case Activity::Created:
        return Colours::Role::Created;
    case Activity::Ready:
        return Colours::Role::Ready;
    case Activity::Running:
        return Colours::Role::Running;
    case Activity::Waiting:
        return Colours::Role::Waiting;
    case Activity::Nested:
        return Colours::Role::Nested;
    case Activity::Parked:
        return Colours::Role::Parked;
    case Activity::HeldBack:
        break;
    }
    return Colours::Role::HeldBack;
}

QString nameOf(Activity activity)
{
    switch (activity) {
    case Activity::Created:
        return Words::tr("created");
    case Activity::Ready:
        return Words::tr("ready");
    case Activity::Running:
        return Words::tr("running");
    case Activity::Waiting:
        return Words::tr("waiting");
    case Activity::Nested:
        return Words::tr("blocks, nested");
    case Activity::Parked:
        return Words::tr("blocks, parked");
    case Activity::HeldBack:
        break;
    }
    return Words::tr("held back");
}

QString titleOf(const Track &track)
{
    QString name = QString::fromStdString(track.name);
    if (track.kind == Track::Kind::Slot && name.startsWith(QLatin1String("a ")))
        return name.mid(2);
    if (track.kind != Track::Kind::Task || !name.startsWith(QLatin1String("task '")))
        return name;
    return Words::tr("%1 #%2").arg(name.mid(6, name.size() - 7)).arg(track.id);
}

QString sentenceOf(Activity activity, const std::string &text, std::chrono::nanoseconds duration, Tense tense)
{
    const QString what = QString::fromStdString(text);
    const QString time = durationOf(duration);
    const bool isPresent = tense == Tense::Present;
    switch (activity) {
    case Activity::Created:
        return (isPresent ? Words::tr("created %1 ago, has not begun") : Words::tr("began %1 after it was created"))
                .arg(time);
    case Activity::Ready:
        return (isPresent ? Words::tr("ready for %1") : Words::tr("was ready for %1")).arg(time);
    case Activity::Running:
        return (isPresent ? Words::tr("running for %1") : Words::tr("ran for %1")).arg(time);
    case Activity::Waiting:
        return (isPresent ? Words::tr("waiting for %1, for %2 so far") : Words::tr("waited for %1, for %2"))
                .arg(what, time);
    case Activity::Nested:
        return (isPresent ? Words::tr("blocks in %1, nested, for %2 so far")
                          : Words::tr("blocked in %1, nested, for %2"))
                .arg(what, time);
    case Activity::Parked:
        return (isPresent ? Words::tr("blocks in %1, parked, for %2 so far")
                          : Words::tr("blocked in %1, parked, for %2"))
                .arg(what, time);
    case Activity::HeldBack:
        break;
    }
    return (isPresent ? Words::tr("has ended and cannot return, as %1 waits on top of it, for %2 so far")
                      : Words::tr("had ended and could not return, as %1 waited on top of it, for %2"))
            .arg(what, time);
}

QString relationOf(const Track &track, const Track *parent)
{
    const QString whom = parent ? titleOf(*parent) : Words::tr("#%1").arg(track.parent);
    switch (track.relation) {
    case Track::Relation::BegunBy:
        return Words::tr("begun by %1").arg(whom);
    case Track::Relation::CalledBy:
        return Words::tr("called by %1").arg(whom);
    case Track::Relation::OnTopOf:
        return Words::tr("nested in %1").arg(whom);
    case Track::Relation::None:
        break;
    }
    return track.kind == Track::Kind::Wait ? Words::tr("called by plain code") : QString();
}

QString durationOf(std::chrono::nanoseconds duration)
{
    const double seconds = std::chrono::duration<double>(duration).count();
    const QLocale locale;
    if (seconds > 0 && seconds < 1e-3)
        return Words::tr("%1 µs").arg(locale.toString(seconds * 1e6, 'f', 0));
    if (seconds < 1)
        return Words::tr("%1 ms").arg(locale.toString(seconds * 1e3, 'f', seconds > 0 && seconds < 0.1 ? 1 : 0));
    return Words::tr("%1 s").arg(locale.toString(seconds, 'f', 2));
}

} // namespace words
