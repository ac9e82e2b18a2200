// SPDX-License-Identifier: MIT
#include <demo/breaking/breaking.h>

#include <demo/breaking/experiment.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/runsync.h>
#include <interloop/task/future.h>

#include <QCoreApplication>
#include <QPointer>

#include <functional>

using interloop::Bridge;
using interloop::Future;
using interloop::RunOptions;
using interloop::runSync;
using interloop::Task;

/*
 * Waits on top of each other: two that end in the wrong order, as many as there is room for, and the program's end
 * beneath five.
 */

// Two waits end in the wrong order

//! [badOrder]
// How long the first of two waits was held back, when the second has begun on top of it and ends later.
std::chrono::nanoseconds BreakingPage::heldBackInBadOrder(interloop::Wait form)
{
    Bridge::current().post([page = QPointer<BreakingPage>(this), form, pace = m_pace] {
        if (!page)
            return;
        Wait second(page->m_waits, tr("The second of two waits"));
        runSync(second.watch(pauseFor(3 * pace)), RunOptions().wait(form).context(page));
    });
    Wait first(m_waits, tr("The first of two waits"));
    runSync(first.watch(pauseFor(m_pace)), RunOptions().wait(form));
    return Bridge::current().lastHeldBack();
}
//! [badOrder]

//! [badOrder]
void BreakingPage::waitInBadOrder()
{
    const QString nested = inWords(heldBackInBadOrder(interloop::Wait::Nest));
    const QString parked = inWords(heldBackInBadOrder(interloop::Wait::Park));
    tell(tr("Nested, the first of two waits ended first, and its slot went on only %1 later: the second one lay on top "
            "of it on the stack.")
                 .arg(nested)
         + ' '
         + (Bridge::current().isParking() ? tr("The same two waits again, parked: %1 later.").arg(parked)
                                          : tr("Again, since waits cannot park in this run: %1 later.").arg(parked)));
}
//! [badOrder]

// Deep down

// Waits on top of each other, each begun while the one before it waits.
class BreakingPage::Dive
{
public:
    explicit Dive(int wanted) : left(wanted) { }

    int left; // to begin
    int begun = 0;
    std::function<void()> atTheBottom; // when none is left to begin; may be empty
    QString refusal; // of a wait that was one too many
    Future<> surface; // the end of all of them
};

namespace {

Task<> awaitEnd(Future<> future)
{
    co_await future;
}

} // namespace

//! [deepRecursion]
void BreakingPage::descend(std::shared_ptr<Dive> dive)
{
    Wait wait(m_waits, tr("Wait on top of %1 others").arg(Bridge::current().depth()));
    const auto goOn = [page = QPointer<BreakingPage>(this), dive] {
        if (page && dive->left > 0)
            page->descend(dive);
        else if (dive->atTheBottom)
            dive->atTheBottom();
    };
    --dive->left;
    Bridge::current().post(goOn);
    try {
        ++dive->begun;
        runSync(wait.watch(awaitEnd(dive->surface)), RunOptions().wait(interloop::Wait::Nest).context(this));
    } catch (const interloop::RunSyncError &refused) {
        --dive->begun;
        dive->left = 0;
        dive->refusal = QString::fromUtf8(refused.what());
        dive->surface.setResult();
    }
}

void BreakingPage::pileUp()
{
    auto dive = std::make_shared<Dive>(1000);
    descend(dive);
    tell(tr("%1 waits were begun on top of each other, and all have returned. One more was refused: \"%2\".")
                 .arg(dive->begun)
                 .arg(dive->refusal));
}
//! [deepRecursion]

//! [quitDeep]
void BreakingPage::quitDeep()
{
    auto dive = std::make_shared<Dive>(5);
    dive->atTheBottom = [page = QPointer<BreakingPage>(this), dive = dive.get()] {
        if (page)
            page->tell(tr("%1 waits are on top of each other, at depth %2, and now the application is told to quit.")
                               .arg(dive->begun)
                               .arg(Bridge::current().depth()));
        QCoreApplication::quit();
    };
    descend(dive);
}
//! [quitDeep]
