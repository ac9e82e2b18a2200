// SPDX-License-Identifier: MIT
//
// Messages there and back over loopback TCP. An iteration is one round trip, whichever connection it is on.

#include "bareloop.h"
#include "pingpong.h"
#include "rawtcp.h"

#include <interloop/loop/runsync.h>
#include <interloop/task/spawn.h>

#include <benchmark/benchmark.h>

namespace interloop::bench {

namespace {

// Where the echo server is.
enum class Peer : unsigned char { SameLoop, OtherProcess };

// How the loop is run meanwhile.
enum class Under : unsigned char { Qt, RunSync };

// state.KeepRunning(), but may be asked again after it has said no.
std::function<bool()> keepRunning(benchmark::State &state, bool &hasEnded)
{
    return [&state, &hasEnded] {
        hasEnded = hasEnded || !state.KeepRunning();
        return !hasEnded;
    };
}

void raw(benchmark::State &state, Peer peer)
{
    endBridge();
    RawLoop loop;
    bool hasEnded = false;
    if (peer == Peer::OtherProcess) {
        rawPingPong(&loop.loop, echoProcessPort(), int(state.range(0)), keepRunning(state, hasEnded));
    } else {
        RawEchoServer server(&loop.loop);
        rawPingPong(&loop.loop, server.port(), int(state.range(0)), keepRunning(state, hasEnded));
        server.close();
        uv_run(&loop.loop, UV_RUN_DEFAULT); // the server's ends of the connections go
    }
}

Task<> thenQuit(Task<> task, QEventLoop &loop)
{
    co_await std::move(task);
    loop.quit();
}

void bridged(benchmark::State &state, Peer peer, Under under)
{
    Bridge::current();
    int port = echoProcessPort();
    if (peer == Peer::SameLoop) {
        TcpServer server = listenOnLoopback();
        port = server.port();
        spawn(echoServer(std::move(server)));
    }
    bool hasEnded = false;
    const std::function<bool()> next = keepRunning(state, hasEnded);
    if (under == Under::RunSync) {
        runSync(pingPong(port, int(state.range(0)), next));
    } else {
        QEventLoop loop;
        spawn(thenQuit(pingPong(port, int(state.range(0)), next), loop));
        loop.exec();
    }
    endBridge();
}

void runSyncEach(benchmark::State &state)
{
    Bridge::current();
    TcpServer server = listenOnLoopback();
    const int port = server.port();
    spawn(echoServer(std::move(server)));
    {
        TcpSocket socket = runSync(connectLoopback(port));
        for (auto _ : state)
            runSync(roundTrip(socket));
    }
    endBridge();
}

} // namespace

BENCHMARK(runSyncEach)->Name("RunSyncTcpRoundTrip/interloop");
BENCHMARK_CAPTURE(raw, same, Peer::SameLoop)->Name("TcpPingPong/raw")->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(bridged, qt, Peer::SameLoop, Under::Qt)->Name("TcpPingPong/qt")->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(bridged, runSync, Peer::SameLoop, Under::RunSync)->Name("TcpPingPong/runSync")->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(raw, other, Peer::OtherProcess)->Name("TcpOtherProcess/raw")->Arg(1)->Arg(64)->UseRealTime();
BENCHMARK_CAPTURE(bridged, other, Peer::OtherProcess, Under::Qt)->Name("TcpOtherProcess/qt")->Arg(1)->Arg(64)->UseRealTime();

} // namespace interloop::bench
