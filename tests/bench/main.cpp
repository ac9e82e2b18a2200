// SPDX-License-Identifier: MIT
//
// All benchmarks, each beside its peer. The numbers are worth something as ratios within one run only.

#include "rawtcp.h"
#include "report.h"
#include "settings.h"

#include <QAbstractEventDispatcher>
#include <QCoreApplication>
#include <QMetaObject>
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace interloop::bench;

constexpr const char *usage = R"(usage: interloop-bench [--smoke] [--report FILE.md] [--benchmark_...=...]

  --smoke           everything once and briefly, to see that it runs; the numbers mean nothing
  --report FILE.md  repeats each benchmark, in random order, and appends a table to FILE.md:
                    what, ours, peer, ratio, target
  --help            this text; Google Benchmark's own options: --benchmark_help

QT_NO_GLIB=1 in the environment measures with Qt's other dispatcher.
)";

std::string dispatcherName()
{
    const QByteArray name = QAbstractEventDispatcher::instance()->metaObject()->className();
    return name.contains("GLib") || name.contains("Glib") ? "GLib" : "UNIX";
}

} // namespace

int main(int argc, char **argv)
{
    std::string file;
    std::vector<std::string> arguments = {argv[0]};
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--help" || argument == "-h") {
            std::fputs(usage, stdout);
            return 0;
        }
        if (argument == "--smoke") {
            setMode(Mode::Smoke);
            arguments.insert(arguments.begin() + 1, "--benchmark_min_time=0.001");
        } else if (argument == "--report" && i + 1 < argc) {
            file = argv[++i];
            arguments.insert(arguments.begin() + 1, {"--benchmark_repetitions=5",
                                                     "--benchmark_enable_random_interleaving=true",
                                                     "--benchmark_min_time=0.1"});
        } else {
            arguments.emplace_back(argument);
        }
    }

    std::vector<char *> pointers;
    for (std::string &argument : arguments)
        pointers.push_back(argument.data());
    int count = int(pointers.size());
    benchmark::Initialize(&count, pointers.data());
    if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) {
        std::fputs(usage, stderr);
        return 2;
    }

    startEchoProcess();
    QCoreApplication application(argc, argv);
    Report report;
    // In a slot, as users' code is.
    QMetaObject::invokeMethod(
            &application,
            [&report] {
                benchmark::RunSpecifiedBenchmarks(&report);
                QCoreApplication::quit();
            },
            Qt::QueuedConnection);
    const int result = application.exec();
    if (result == 0 && !file.empty() && !report.write(file, dispatcherName()))
        return 1;
    return result;
}
