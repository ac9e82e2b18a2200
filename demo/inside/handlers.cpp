// SPDX-License-Identifier: MIT
#include <demo/inside/handlers.h>

#include <demo/http/http.h>
#include <demo/inside/httpserver.h>

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QCryptographicHash>

#include <cmath>
#include <stdexcept>

using interloop::runSync;
using interloop::sleepFor;
using interloop::Task;
using interloop::toThread;
using namespace std::chrono_literals;

namespace {

Task<QByteArray> beginningOfThisProgram()
{
    constexpr qsizetype most = 512 * 1024;
    const interloop::File file = co_await interloop::File::open(QCoreApplication::applicationFilePath());
    co_return co_await file.read(most);
}

QByteArray sha256(const QByteArray &bytes)
{
    return QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex();
}

double sumOfRoots(qint64 count)
{
    double sum = 0;
    for (qint64 number = 1; number <= count; ++number)
        sum += std::sqrt(double(number));
    return sum;
}

HttpAnswer listOfPages(const Request &)
{
    return QByteArray("This page comes from inside a window: its thread and its loop serve it, too.\n\n"
                      "/report         reads a file and hashes it\n"
                      "/sum?n=1000000  computes for a while\n"
                      "/slow?ms=200    waits so long\n"
                      "/chain          fetches /sum from this same server, while its own request waits\n"
                      "/fail           throws an exception\n"
                      "/tasks          what all tasks wait for\n");
}

//! [code]
HttpAnswer report(const Request &)
{
    // Each runSync blocks this function, and not the window.
    const QByteArray bytes = runSync(beginningOfThisProgram());
    const QByteArray hash = runSync(toThread(sha256, bytes));
    return "this program begins with SHA-256 " + hash + '\n';
}

HttpAnswer slow(const Request &request)
{
    const qint64 time = request.number("ms", 200, 60000);
    runSync(sleepFor(time * 1ms)); // 50 wait here, on one thread
    return "waited " + QByteArray::number(time) + " ms\n";
}
//! [code]

HttpAnswer sum(const Request &request)
{
    const qint64 count = request.number("n", 1000000, 1000000000);
    const double sum = runSync(toThread(sumOfRoots, count));
    return "the square roots from 1 to " + QByteArray::number(count) + " add up to " + QByteArray::number(sum, 'f', 1)
            + '\n';
}

HttpAnswer chain(const QString &url, const Request &)
{
    const HttpReply reply = runSync(httpGet(url + QStringLiteral("/sum?n=1000"), 10s));
    return HttpAnswer("from this same server: " + reply.body, reply.isSuccess() ? 200 : 503);
}

HttpAnswer fail(const Request &)
{
    throw std::runtime_error("This handler throws an exception on purpose");
}

HttpAnswer tasks(const Request &)
{
    return QByteArray::fromStdString(interloop::dumpTasks());
}

} // namespace

void addHandlers(HttpServer &server)
{
    server.handle(QStringLiteral("/"), listOfPages);
    server.handle(QStringLiteral("/report"), report);
    server.handle(QStringLiteral("/slow"), slow);
    server.handle(QStringLiteral("/sum"), sum);
    server.handle(QStringLiteral("/fail"), fail);
    server.handle(QStringLiteral("/tasks"), tasks);
    const QString url = server.url();
    server.handle(QStringLiteral("/chain"), [url](const Request &request) { return chain(url, request); });
}
