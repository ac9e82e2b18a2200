// SPDX-License-Identifier: MIT
#include <demo/breaking/breaking.h>

#include <demo/breaking/experiment.h>
#include <demo/breaking/heartbeat.h>

#include <interloop/loop/runsync.h>

#include <QElapsedTimer>
#include <QThread>
#include <QTimer>

using interloop::runSync;

/*
 * The two ways to block a slot: in runSync(), and naively.
 */

//! [blockNicely]
void BreakingPage::blockNicely()
{
    Wait wait(m_waits, tr("Block nicely"));
    const Heartbeat heartbeat;
    QElapsedTimer clock;
    clock.start();
    runSync(wait.watch(pauseFor(4 * m_pace)));
    tell(tr("The slot blocked for %1 in runSync(). The longest time for which nothing moved was %2.")
                 .arg(inWords(clock), inWords(heartbeat.longest())));
}
//! [blockNicely]

//! [blockNaively]
void BreakingPage::blockNaively()
{
    auto *heartbeat = new Heartbeat;
    heartbeat->setParent(this);
    QElapsedTimer clock;
    clock.start();
    QThread::msleep(static_cast<unsigned long>((4 * m_pace).count()));
    const QString blocked = inWords(clock);
    QTimer::singleShot(5 * Heartbeat::period, heartbeat, [this, heartbeat, blocked] {
        tell(tr("The slot blocked for %1 in QThread::msleep(). For %2 nothing moved: no wheel turned, no key was "
                "heard.")
                     .arg(blocked, inWords(heartbeat->longest())));
        heartbeat->deleteLater();
    });
}
//! [blockNaively]
