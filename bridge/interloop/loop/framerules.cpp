// SPDX-License-Identifier: MIT
#include <interloop/loop/framerules.h>

namespace interloop {

// Reads frames that are others', hence what sanitizers guard.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]]
bool FrameRules::stepOut(Frame &frame, std::uintptr_t limit)
{
    using Word [[gnu::may_alias]] = const std::uintptr_t;
    const UnwindRule &rule = ruleFor(frame.address);
    if (rule.base == UnwindRule::Base::Unknown)
        return false;
    const std::uintptr_t base = rule.base == UnwindRule::Base::StackPointer ? frame.stackPointer : frame.framePointer;
    const std::uintptr_t end = base + rule.size;
    const std::uintptr_t addressPlace = end - sizeof(std::uintptr_t);
    const std::uintptr_t framePointerPlace = end + rule.framePointer;
    if (end <= frame.stackPointer || end % sizeof(std::uintptr_t) != 0 || framePointerPlace < frame.stackPointer)
        return false;

    const bool isRead = addressPlace < limit;
    frame.stackPointer = end;
    frame.address = isRead ? *reinterpret_cast<Word *>(addressPlace) : 0;
    if (isRead && rule.framePointer != 0)
        frame.framePointer = *reinterpret_cast<Word *>(framePointerPlace);
    return true;
}

const UnwindRule &FrameRules::ruleFor(std::uintptr_t address)
{
    constexpr std::size_t count = 256;
    if (m_rules.empty())
        m_rules.resize(count);
    Kept &kept = m_rules[(address ^ address >> 8) % count];
    if (kept.address != address) [[unlikely]] {
        kept.rule = readUnwindRule(address);
        kept.address = address;
    }
    return kept.rule;
}

} // namespace interloop
