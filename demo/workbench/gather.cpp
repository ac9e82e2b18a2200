// SPDX-License-Identifier: MIT
#include <demo/http/http.h>
#include <demo/parts/errorsentence.h>
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>
#include <interloop/task/gather.h>
#include <interloop/task/tryawait.h>

#include <vector>

using interloop::gather;
using interloop::Progress;
using interloop::Result;
using interloop::runSync;
using interloop::Task;
using namespace std::chrono_literals;

namespace {

Task<QString> page(QString url)
{
    const HttpReply reply = co_await httpGet(url, 60s);
    co_return pageText(reply).section('\n', 0, 0);
}

Task<QString> addresses(QString host)
{
    const QStringList found = co_await addressesOf(host);
    co_return addressesText(host, found);
}

Task<QString> program(QString command)
{
    co_return co_await streamProgram(command, [](const QString &) {});
}

// `task` as a step of several: what it is about, or what went wrong. Its own progress is nobody's.
Task<QString> step(Task<QString> task)
{
    Progress steps = Progress::current();
    steps.setRange(0, steps.maximum() + 1);
    const Progress own;
    const Result<QString> result = co_await interloop::tryAwait(own.follow(std::move(task)));
    steps.setValue(steps.value() + 1);
    co_return result ? result.value() : errorSentence(result.error()).section('\n', 0, 0);
}

} // namespace

//! [code]
QString everythingAtOnce(Wait &wait, const Everything &what)
{
    std::vector<Task<QString>> steps;
    steps.push_back(step(page(what.url)));
    steps.push_back(step(addresses(what.host)));
    steps.push_back(step(hashFiles(what.folder)));
    steps.push_back(step(program(what.command)));

    // They run at once, on this one thread, until the last one has ended.
    const std::vector<QString> lines = runSync(wait.watch(gather(std::move(steps))));
    return Action::tr("All four have ended.\n\n") + QStringList(lines.begin(), lines.end()).join('\n');
}
//! [code]
