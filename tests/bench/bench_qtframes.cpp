// SPDX-License-Identifier: MIT
//
// What it costs to know that no code of Qt's runs between a wait and the base of its stack.

#include <interloop/loop/qtframes.h>

#include <QObject>
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace interloop::bench {

namespace {

// A stack of which nothing looks like Qt's: numbers, and pointers to itself.
void none(benchmark::State &state)
{
    QtFrames frames;
    std::vector<std::uintptr_t> words(state.range(0) / sizeof(std::uintptr_t));
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = i % 3 == 0 ? reinterpret_cast<std::uintptr_t>(&words[i]) : i;
    for (auto _ : state)
        benchmark::DoNotOptimize(frames.areBetween(words.data(), words.data() + words.size()));
}

[[gnu::noinline]] bool lookFromAbove(int count, QtFrames &frames, const void *base)
{
    bool answer = false;
    benchmark::DoNotOptimize(answer);
    answer = count > 1 ? lookFromAbove(count - 1, frames, base) : frames.areBetween(__builtin_frame_address(0), base);
    benchmark::DoNotOptimize(answer);
    return answer;
}

void pointer(benchmark::State &state)
{
    QtFrames frames;
    const void *base = __builtin_frame_address(0);
    auto function = QObject::staticMetaObject.d.static_metacall;
    for (auto _ : state) {
        benchmark::DoNotOptimize(&function); // so that it is on the stack
        if (lookFromAbove(8, frames, base))
            state.SkipWithError("took a pointer for a frame");
    }
}

} // namespace

BENCHMARK(none)->Name("QtFrames/none")->Arg(0)->Arg(1024)->Arg(2048)->Arg(16384);
BENCHMARK(pointer)->Name("QtFrames/pointer");

} // namespace interloop::bench
