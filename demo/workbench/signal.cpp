// SPDX-License-Identifier: MIT
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>
#include <interloop/uv/signal.h>

#include <QElapsedTimer>

#include <csignal>

using interloop::Progress;
using interloop::runSync;
using interloop::Task;

namespace {

int signalNumber(const QString &name)
{
    const QString wanted = name.startsWith(QLatin1String("SIG")) ? name : QStringLiteral("SIG") + name;
    for (int number = 1; number < NSIG; ++number) {
        if (QString::fromStdString(interloop::UnixSignal(number, 1).name()) == wanted)
            return number;
    }
    throw ActionError(Action::tr("There is no signal \"%1\": SIGUSR1 and SIGHUP are some.").arg(name.left(60)));
}

// The list of waits says how to send it.
void tellHow(const QString &name)
{
    const QString command = QStringLiteral("kill -%1 %2")
                                    .arg(QString(name).remove(QLatin1String("SIG")))
                                    .arg(QCoreApplication::applicationPid());
    Progress::current().setText(Action::tr("send it with: %1").arg(command).toStdString());
}

} // namespace

//! [code]
Task<> hear(QString name)
{
    tellHow(name); // "send it with: kill -USR1 4711"
    co_await interloop::waitForUnixSignal(signalNumber(name));
}

QString waitForSignal(Wait &wait, const QString &name)
{
    QElapsedTimer clock;
    clock.start();
    runSync(wait.watch(hear(name)));
    return Action::tr("%1 came after %2 ms.").arg(name).arg(clock.elapsed());
}
//! [code]
