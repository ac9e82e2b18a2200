// SPDX-License-Identifier: MIT
#include <demo/console/deepwaits.h>

#include <demo/console/command.h>

#include <interloop/interloop.h>

using interloop::Task;

namespace {

// What the slots have in common.
class Pile
{
public:
    Pile(Waits &waits, int count) : waits(waits), count(count) { }

    Waits &waits; // gone, perhaps, when `over` is set
    const int count;
    int highest = 1;
    interloop::Event over;
    std::exception_ptr refusal; // null: none of them was refused
};

Task<> untilOver(std::shared_ptr<Pile> pile)
{
    co_await pile->over.wait();
}

// A slot that waits; the next one runs meanwhile.
void waitOnTop(const std::shared_ptr<Pile> &pile)
{
    if (pile->over.isSet())
        return;
    const int level = ++pile->highest;
    Wait wait(pile->waits, Command::tr("Level %1 of %2").arg(level).arg(pile->count));
    if (level < pile->count)
        QTimer::singleShot(0, [pile] { waitOnTop(pile); });
    const interloop::Result<> result = interloop::tryRunSync(wait.watch(untilOver(pile)));
    if (result.outcome() == interloop::Outcome::Refused) {
        --pile->highest;
        pile->refusal = result.error();
        pile->over.set();
    }
}

class SetWhenLeft
{
public:
    explicit SetWhenLeft(interloop::Event &event) : m_event(event) { }
    ~SetWhenLeft() { m_event.set(); }
    SetWhenLeft(const SetWhenLeft &) = delete;
    SetWhenLeft &operator=(const SetWhenLeft &) = delete;

private:
    interloop::Event &m_event;
};

} // namespace

Task<QString> deepWaits(Waits &waits, int count, std::chrono::duration<double> duration)
{
    const auto pile = std::make_shared<Pile>(waits, count);
    const SetWhenLeft setWhenLeft(pile->over);
    if (count > 1)
        QTimer::singleShot(0, [pile] { waitOnTop(pile); });
    interloop::CancelScope scope(std::chrono::duration_cast<std::chrono::nanoseconds>(duration));
    const interloop::Result<> ended = co_await scope.run(untilOver(pile));
    if (ended && pile->refusal)
        std::rethrow_exception(pile->refusal);
    co_return Command::tr("%1 waits were on top of each other").arg(pile->highest);
}
