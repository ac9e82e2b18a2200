// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <cstddef>
#include <cstdint>

/*
 * In which order a pass over the ready queue takes what is ready: first come, first served, or, to find out what a
 * program takes for granted, at random. The same seed gives the same choices.
 *
 * For tests: see test/randomorder.h. A pass is what was ready when it began (Trio's batch); only within it is anything
 * exchanged, so that nothing starves.
 */

namespace interloop {

class ResumeOrder
{
public:
    constexpr ResumeOrder() noexcept = default; // first come, first served
    explicit constexpr ResumeOrder(std::uint64_t seed) noexcept : m_state(mixed(seed) | 1) { }

    bool isRandom() const noexcept { return m_state != 0; }

    // A number below `limit`, each with the same chance. REQUIRES: isRandom(), limit > 0
    std::size_t below(std::size_t limit) noexcept
    {
        m_state += 2 * step; // stays odd
        return static_cast<std::size_t>(mixed(m_state) % limit);
    }

    // What schedulers begin with that are made from now on, in all threads.
    INTERLOOP_EXPORT static ResumeOrder initial() noexcept;
    INTERLOOP_EXPORT static void setInitial(ResumeOrder order) noexcept;

private:
    static constexpr std::uint64_t step = 0x9e3779b97f4a7c15;

    // Sebastiano Vigna's SplitMix64: neighbouring numbers give unrelated ones.
    static constexpr std::uint64_t mixed(std::uint64_t number) noexcept
    {
        number += step;
        number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
        number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
        return number ^ (number >> 31);
    }

    std::uint64_t m_state = 0; // 0: first come, first served; odd: where the random numbers are
};

} // namespace interloop
