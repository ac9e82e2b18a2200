// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <cstdint>
#include <vector>

/*
 * Whether code of Qt's is running on a part of a stack: whether one of its functions has called something there that
 * has not returned yet.
 *
 * Qt keeps records that are shaped like a stack, and in them pointers into its own frames (QObject::sender()'s, for
 * one, through which ~QObject writes). They are right while frames end last in, first out. A stack with such a frame on
 * it must therefore not be left for another one: a wait there nests.
 *
 * Qt's is every module whose file's name begins with libQt6, and the one that has QObject, whatever its name; modules
 * that are loaded or unloaded meanwhile are noticed. In a program into which Qt and Interloop are linked statically
 * nobody can tell their frames apart: all count as Qt's.
 */

namespace interloop {

// Of one thread. `position` and `base` are addresses of frames, by __builtin_frame_address(0): of a function that waits
// and of the outermost one that counts (FiberContext::base()). REQUIRES: on the same stack, position <= base
class INTERLOOP_EXPORT QtFrames
{
public:
    // Whether there is such a frame between `position` and `base` on the stack that the caller runs on. Exact, but for
    // stacks with frames that nobody can unwind (code made at run time, assembler without tables): whatever looks like
    // a frame of Qt's beneath one of those is taken for one.
    bool areBetween(const void *position, const void *base);

    // The same for a stack on which the caller does not run now: never false when there is one, but maybe true without.
    bool mayBeBetween(const void *position, const void *base);

private:
    class Code // executable memory
    {
    public:
        Code() noexcept = default; // none
        Code(std::uintptr_t begin, std::uintptr_t end) noexcept : m_begin(begin), m_size(end - begin) { }
        std::uintptr_t begin() const noexcept { return m_begin; }
        std::uintptr_t end() const noexcept { return m_begin + m_size; }
        bool contains(std::uintptr_t word) const noexcept { return word - m_begin < m_size; }

    private:
        std::uintptr_t m_begin = 0;
        std::uintptr_t m_size = 0;
    };
    class Modules;
    class Walk;

    void noticeModules();
    bool contains(std::uintptr_t word) const noexcept;
    const void *highestSuspect(const void *position, const void *base) const noexcept;

    std::vector<Code> m_code; // Qt's, in no order
    Code m_hull; // all of it, and what lies between: one comparison rules out nearly all words
    bool m_isEverythingQts = false; // Qt is linked statically
    unsigned long long m_loaded = 0; // modules, ever, in this program
    unsigned long long m_unloaded = 0;
};

} // namespace interloop
