// SPDX-License-Identifier: MIT
#include "randomprogram.h"

namespace interloop::test {

namespace {

class Live
{
public:
    explicit Live(ProgramCounts &counts) : m_counts(counts) { ++m_counts.live; }
    ~Live() { --m_counts.live; }
    Live(const Live &) = delete;
    Live &operator=(const Live &) = delete;

private:
    ProgramCounts &m_counts;
};

// A mutex held, and the proof that nobody else holds it.
class Held
{
public:
    Held(MutexGuard guard, Program &program, Domain &domain, int mutex)
        : m_guard(std::move(guard)), m_domain(domain), m_mutex(mutex)
    {
        if (++m_domain.inside[std::size_t(mutex)] != 1)
            ++program.counts.wrongs;
    }
    ~Held() { --m_domain.inside[std::size_t(m_mutex)]; }
    Held(const Held &) = delete;
    Held &operator=(const Held &) = delete;

private:
    MutexGuard m_guard;
    Domain &m_domain;
    int m_mutex;
};

Task<> producer(Queue<int> &queue, int count)
{
    for (int n = 0; n < count; ++n)
        co_await queue.put(n);
}

Task<> consumer(Programs program, Queue<int> &queue, int count)
{
    for (int n = 0; n < count; ++n) {
        const int item = co_await queue.get();
        if (item != n)
            ++program->counts.wrongs;
    }
}

Task<> setter(Event &event, std::chrono::milliseconds delay)
{
    co_await sleepFor(delay);
    event.set();
}

Task<> awaitEvent(Event &event)
{
    co_await event.wait();
}

Task<> arrive(Barrier &barrier, std::chrono::milliseconds delay)
{
    co_await sleepFor(delay);
    co_await barrier.wait();
}

Task<> takePermit(Semaphore &semaphore, std::chrono::milliseconds delay)
{
    const SemaphoreGuard guard = co_await semaphore.acquireGuard();
    co_await sleepFor(delay);
}

// The groups are members of the frame that waits for all of them, so that they outlive their users.
Task<> useQueue(Programs program)
{
    Queue<int> queue(std::size_t(program->below(3)));
    const int count = 1 + program->below(4);
    auto consuming = consumer(program, queue, count);
    auto producing = producer(queue, count);
    co_await gatherResults(std::move(consuming), std::move(producing));
}

Task<> useEvent(Programs program)
{
    Event event;
    auto a = awaitEvent(event);
    auto b = awaitEvent(event);
    auto c = setter(event, program->time());
    co_await gatherResults(std::move(a), std::move(b), std::move(c));
}

Task<> useBarrier(Programs program)
{
    Barrier barrier(3);
    auto a = arrive(barrier, program->time());
    auto b = arrive(barrier, program->time());
    auto c = arrive(barrier, program->time());
    co_await gatherResults(std::move(a), std::move(b), std::move(c));
}

Task<> useSemaphore(Programs program)
{
    Semaphore semaphore(1 + program->below(2));
    auto a = takePermit(semaphore, program->time());
    auto b = takePermit(semaphore, program->time());
    auto c = takePermit(semaphore, program->time());
    co_await gatherResults(std::move(a), std::move(b), std::move(c));
}

// A plain function that blocks for a program of its own.
int blockFor(Programs program, int depth, int how)
{
    auto task = randomNode(program, std::make_shared<Domain>(), -1, depth + 1, {});
    switch (how) {
    case 0:
        return runSync(std::move(task));
    case 1:
        return runSync(spawn(std::move(task), "run"));
    case 2: {
        const auto result = tryRunSync(std::move(task), RunOptions().timeout(program->time()));
        if (result.outcome() == Outcome::Refused)
            std::rethrow_exception(result.error());
        return result ? result.value() : 0;
    }
    default: {
        auto other = randomNode(program, std::make_shared<Domain>(), -1, depth + 1, {});
        const auto both = runSync(gather(std::move(task), std::move(other)));
        return std::get<0>(both) + std::get<1>(both);
    }
    }
}

// What one task knows.
class Node
{
public:
    Node(Programs program, Domains domain, int floor, int depth, std::vector<Handle> older)
        : program(std::move(program)), domain(std::move(domain)), floor(floor), depth(depth), children(std::move(older))
    {
    }

    Task<int> child() { return randomNode(program, domain, floor, depth + 1, {}); }
    Task<int> youngerChild() { return randomNode(program, domain, floor, depth + 1, olderOfMyFloor()); }

    // Those that may be awaited now, and by a new child.
    std::vector<Handle> olderOfMyFloor() const { return floor == floorOfChildren ? children : std::vector<Handle>(); }

    Programs program;
    Domains domain;
    int floor; // the highest mutex held by this task or by those that wait for it
    int depth;
    std::vector<Handle> children; // this task's and its older siblings, all of one floor
    int floorOfChildren = floor;
};

Task<int> move(Node &node);

Task<int> locked(Node &node)
{
    const int mutex = node.floor + 1 + node.program->below(Domain::mutexCount - node.floor - 1);
    const int floorBefore = node.floor;
    const Held held(co_await node.domain->mutexes[std::size_t(mutex)].lock(), *node.program, *node.domain, mutex);
    node.floor = mutex;
    int sum = 0;
    try {
        const int moves = node.program->below(3);
        for (int n = 0; n < moves; ++n)
            sum += co_await move(node);
    } catch (...) {
        node.floor = floorBefore;
        throw;
    }
    node.floor = floorBefore;
    co_return sum;
}

Task<int> awaitOlder(Node &node)
{
    const std::vector<Handle> handles = node.olderOfMyFloor();
    if (handles.empty())
        co_return 0;
    const Handle handle = handles[std::size_t(node.program->below(int(handles.size())))];
    co_return co_await handle;
}

Task<int> move(Node &node)
{
    Program &program = *node.program;
    const int kind = program.below(node.depth < 5 && program.mayHaveMore() ? 21 : 9);
    ++program.counts.moves[std::size_t(kind)];
    switch (kind) {
    case 0:
        co_await yield();
        co_return 0;
    case 1:
    case 2:
        co_await sleepFor(program.time());
        co_return 0;
    case 3:
        co_await useQueue(node.program);
        co_return 0;
    case 4:
        co_await useEvent(node.program);
        co_return 0;
    case 5:
        co_await useBarrier(node.program);
        co_return 0;
    case 6:
        co_await useSemaphore(node.program);
        co_return 0;
    case 7:
        if (node.floor + 1 < Domain::mutexCount)
            co_return co_await locked(node);
        co_return 0;
    case 8:
        co_return co_await awaitOlder(node);
    case 9:
        co_return co_await node.child();
    case 10: {
        auto a = node.child();
        auto b = node.child();
        auto c = node.child();
        const auto all = co_await gather(std::move(a), std::move(b), std::move(c));
        co_return std::get<0>(all) + std::get<1>(all) + std::get<2>(all);
    }
    case 11: {
        auto a = node.child();
        auto b = node.child();
        const auto all = co_await gatherResults(std::move(a), std::move(b));
        co_return (std::get<0>(all) ? std::get<0>(all).value() : 0) + (std::get<1>(all) ? std::get<1>(all).value() : 0);
    }
    case 12: {
        auto a = node.child();
        auto b = node.child();
        const auto winner = co_await race(std::move(a), std::move(b));
        co_return winner.index() == 0 ? std::get<0>(winner) : std::get<1>(winner);
    }
    case 13: {
        auto inner = node.child();
        try {
            co_return co_await withTimeout(program.time(), std::move(inner));
        } catch (const TimeoutError &) {
        }
        co_return 0;
    }
    case 14: {
        auto inner = node.child();
        co_return co_await shield(std::move(inner));
    }
    case 15:
    case 16:
        if (node.floor == node.floorOfChildren)
            node.children.push_back(spawn(node.youngerChild(), "spawned"));
        co_return 0;
    case 17:
        if (!node.children.empty())
            node.children[std::size_t(program.below(int(node.children.size())))].cancel();
        co_return 0;
    case 18:
        if (program.below(4) == 0)
            throw Failure();
        co_return 0;
    case 19: {
        TaskGroup group;
        const Handle a = group.spawn(node.child(), "member");
        const Handle b = group.spawn(node.child(), "member");
        if (program.below(8) == 0)
            group.cancel();
        co_await group.join();
        int sum = 0;
        if (!a.isCancelled())
            sum += co_await a;
        if (!b.isCancelled())
            sum += co_await b;
        co_return sum;
    }
    default:
        co_return blockFor(node.program, node.depth, program.below(4));
    }
}

} // namespace

Task<int> randomNode(Programs program, Domains domain, int floor, int depth, std::vector<Handle> older)
{
    const Live live(program->counts);
    program->countTask();
    Node node(program, std::move(domain), floor, depth, std::move(older));
    int sum = 1;
    const int moves = 1 + program->below(4);
    for (int n = 0; n < moves; ++n) {
        try {
            sum += co_await move(node);
        } catch (const RunSyncError &error) {
            program->refused(error);
        } catch (const Cancelled &cancelled) {
            if (cancelled.whom() == Cancelled::Whom::Self)
                throw;
        } catch (const Failure &) { // its own or a child's
            if (program->below(2) == 0)
                throw;
        }
    }
    if (sum < 1)
        ++program->counts.wrongs;
    co_return sum;
}

} // namespace interloop::test
