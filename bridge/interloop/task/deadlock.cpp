// SPDX-License-Identifier: MIT
#include <interloop/task/deadlock.h>

#include <interloop/task/deadlocksearch.h>
#include <interloop/task/errors.h>
#include <interloop/task/syncframe.h>

#include <algorithm>

namespace interloop {

namespace {

// Whether it is plain, without a search, that `target` will go on: most waits end here.
bool isPlainlyFree(const Chain &waiting, const Chain &target)
{
    constexpr int maximumLength = 100'000; // of a line of waiters; a step is a hundredth of a search's
    const Chain *chain = &target;
    for (int length = 0; length < maximumLength; ++length) {
        if (chain == &waiting)
            return false;
        if (chain->isDone())
            return chain->kind() != Chain::Kind::Wait; // which may be held back
        if (chain->isRunning()) // or it begins to wait just now
            return !chain->waiting() && !hasWaitOnTop(chain->scheduler(), chain->place());
        const Operation *wait = chain->waiting();
        if (!wait || wait->isOver() || wait->isOpen())
            return true;
        chain = wait->awaitedChain();
        if (!chain)
            return false;
    }
    return false;
}

bool isPlainlyFree(const Chain &waiting, const Needs &needs)
{
    if (needs.isOpen())
        return true;
    const auto isFree = [&waiting](const Needs::Item &item) {
        return item.chain ? isPlainlyFree(waiting, *item.chain) : !hasWaitOnTop(waiting.scheduler(), item.place);
    };
    const auto items = needs.items();
    return needs.of() == Needs::Of::All ? std::all_of(items.begin(), items.end(), isFree)
                                        : std::any_of(items.begin(), items.end(), isFree);
}

// Nobody can wait for `waiting` but itself.
bool isFreeAsNobodyWaits(const Chain &waiting, const Needs &needs)
{
    const auto isItself = [&waiting](const Needs::Item &item) { return item.chain == &waiting; };
    return !waiting.isAwaited() && std::ranges::none_of(needs.items(), isItself);
}

} // namespace

void refuseDeadlock(const Chain &waiting, const Operation &wait)
{
    waiting.scheduler().givenLocks().settle();
    if (const Chain *target = wait.awaitedChain(); target && target != &waiting) {
        if (!waiting.isAwaited() || isPlainlyFree(waiting, *target)) [[likely]]
            return;
    }
    Needs needs;
    wait.collectNeeds(needs);
    if (isFreeAsNobodyWaits(waiting, needs) || isPlainlyFree(waiting, needs))
        return;
    DeadlockSearch search(waiting.scheduler());
    search.waitOf(waiting, needs);
    if (search.isStuck())
        throw RunSyncError(Refusal::Deadlock, search.describe(wait.describe()));
}

bool closesCircle(const Chain &waiting, const Chain &target)
{
    waiting.scheduler().givenLocks().settle();
    Needs needs;
    needs.add(target);
    if (isFreeAsNobodyWaits(waiting, needs) || isPlainlyFree(waiting, needs))
        return false;
    DeadlockSearch search(waiting.scheduler());
    search.waitOf(waiting, needs);
    return search.isStuck();
}

std::string findBuried(const Chain &target, BlockingForm form)
{
    target.scheduler().givenLocks().settle();
    DeadlockSearch search(target.scheduler());
    search.blockingWaitFor(target, form);
    return search.isStuck() ? search.describe(target.name()) : std::string();
}

} // namespace interloop
