// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

/*
 * The table: which benchmark stands beside which peer, and what we aim at.
 */

namespace interloop::bench {

// What is compared with a row's targets.
enum class Aim : unsigned char {
    RatioAtMost, // ours / peer
    RatioAtLeast,
    AtMost, // ours alone
    None, // shown, not judged
};

// Targets, which differ between Qt's two dispatchers on Linux.
class Target
{
public:
    Target() noexcept = default;
    Target(Aim aim, double both) noexcept : m_aim(aim), m_glib(both), m_unix(both) { }
    Target(Aim aim, double glib, double unixDispatcher) noexcept : m_aim(aim), m_glib(glib), m_unix(unixDispatcher) { }

    Aim aim() const noexcept { return m_aim; }
    double limit(bool isGlib) const noexcept { return isGlib ? m_glib : m_unix; }

private:
    Aim m_aim = Aim::None;
    double m_glib = 0;
    double m_unix = 0;
};

struct Row
{
    std::string title;
    std::string ours; // a benchmark's name
    std::string peer; // a benchmark's name; empty: none
    std::string counter; // what is compared; empty: the time of an iteration
    std::string unit; // "/s" without a counter: iterations a second
    Target target;
};

const std::vector<Row> &rows();

} // namespace interloop::bench
