// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

/*
 * Random programs that are legal by construction: every one of them must end, whatever the order of its steps.
 *
 * A program is a tree of tasks. Each task makes some random moves - sleeps, locks, children awaited in every way there
 * is, queues, events, blocking waits - and these rules keep it from ever closing a circle:
 *
 * - A task waits for tasks that it has made itself, and for older siblings; those never wait for younger ones.
 * - Mutexes have an order. A task locks upwards only. What it waits for while it holds a mutex locks only above that:
 *   its children inherit the highest mutex held as their floor, and an older child is awaited only when its floor is
 *   not below.
 * - What a blocking wait is for shares nothing with anybody outside: it has mutexes of its own, and its tasks are made
 *   in the same step in which the wait begins, so that none of their code can lie beneath it on the stack.
 * - Semaphores, queues, events and barriers are used in closed groups that bring as many puts as gets.
 */

namespace interloop::test {

using namespace std::chrono_literals;

// What happened in all programs so far.
class ProgramCounts
{
public:
    static constexpr std::size_t kinds = 24;
    std::array<std::uint64_t, kinds> moves = {};
    std::uint64_t tasks = 0;
    std::uint64_t refusals = 0; // RunSyncError anywhere: in a legal program a false alarm
    std::uint64_t wrongs = 0; // a result that no order of steps explains
    std::string firstRefusal; // with the seed of its program
    int live = 0;
};

// What the tasks between two blocking waits share.
class Domain
{
public:
    static constexpr int mutexCount = 4;
    std::array<Mutex, mutexCount> mutexes;
    std::array<int, mutexCount> inside = {}; // how many tasks hold it
};

using Handle = TaskHandle<int>;

// What a task may fail with.
class Failure
{
};

// One program's choices: the same seed, the same program.
class Program
{
public:
    Program(ProgramCounts &counts, std::uint64_t seed, int tasks)
        : counts(counts), seed(seed), m_random(seed), m_left(tasks)
    {
    }

    int below(int limit) { return int(m_random() % std::uint64_t(limit)); }
    std::chrono::milliseconds time() { return std::chrono::milliseconds(below(4)); }
    bool mayHaveMore() const { return m_left > 0; }
    void countTask()
    {
        --m_left;
        ++counts.tasks;
    }

    void refused(const RunSyncError &error)
    {
        if (counts.refusals++ == 0)
            counts.firstRefusal = "program " + std::to_string(seed) + ": " + error.what();
    }

    ProgramCounts &counts;
    const std::uint64_t seed;

private:
    std::minstd_rand m_random;
    int m_left;
};

using Programs = std::shared_ptr<Program>;
using Domains = std::shared_ptr<Domain>;

// A task's results are 1 for itself and those of the children whose results it took, so never less than 1.
Task<int> randomNode(Programs program, Domains domain, int floor, int depth, std::vector<Handle> older);

// The whole program, as a task.
inline Task<int> randomProgram(ProgramCounts &counts, std::uint64_t seed, int tasks = 14)
{
    return randomNode(std::make_shared<Program>(counts, seed, tasks), std::make_shared<Domain>(), -1, 0, {});
}

} // namespace interloop::test
