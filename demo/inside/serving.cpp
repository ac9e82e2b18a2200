// SPDX-License-Identifier: MIT
#include <demo/inside/serving.h>

#include <demo/parts/errorsentence.h>

#include <interloop/interloop.h>

#include <algorithm>
#include <system_error>

using interloop::Task;
using interloop::TaskHandle;
using interloop::TcpServer;
using interloop::TcpSocket;
using namespace std::chrono_literals;

namespace {

using StatePointer = std::shared_ptr<HttpServer::State>;

// A handler that has begun and not ended.
class OpenRequest
{
public:
    explicit OpenRequest(const StatePointer &state) : m_state(state)
    {
        ServerFigures &figures = state->figures;
        figures.mostAtOnce = std::max(figures.mostAtOnce, ++figures.open);
        state->tell();
    }
    ~OpenRequest()
    {
        --m_state->figures.open;
        m_state->tell();
    }
    OpenRequest(const OpenRequest &) = delete;
    OpenRequest &operator=(const OpenRequest &) = delete;

private:
    StatePointer m_state;
};

HttpAnswer callHandler(const HttpServer::Handler &handler, const Request &request)
{
    try {
        return handler(request);
    } catch (const interloop::Cancelled &) {
        throw;
    } catch (const interloop::RunSyncError &) { // as many wait as may
        return HttpAnswer(errorSentence(std::current_exception()).toUtf8() + '\n', 503);
    } catch (...) {
        return HttpAnswer(errorSentence(std::current_exception()).toUtf8() + '\n', 500);
    }
}

Task<HttpAnswer> answerTo(StatePointer state, Request request)
{
    const HttpServer::Handler handler = state->handlers.value(request.path());
    if (request.status() == 405)
        co_return HttpAnswer("This server understands GET requests only.\n", 405);
    if (request.status() != 200)
        co_return HttpAnswer("This is no request that the server can read.\n", request.status());
    if (!handler)
        co_return HttpAnswer("There is no such page. / lists those that exist.\n", 404);
    const OpenRequest open(state);
    co_return callHandler(handler, request);
}

Task<Request> requestOf(TcpSocket &socket)
{
    try {
        co_return co_await interloop::withTimeout(10s, readRequest(socket));
    } catch (const interloop::TimeoutError &) {
        co_return Request::refused(408);
    }
}

// Until the client has closed its side; throws std::system_error when it resets the connection.
Task<> hangUp(TcpSocket &socket)
{
    for (;;) {
        const QByteArray ignored = co_await socket.read();
        if (ignored.isEmpty())
            co_return;
    }
}

// Closing with bytes unread would reset the connection, and the client might lose the answer.
Task<> linger(TcpSocket &socket)
{
    try {
        static_cast<void>(co_await interloop::race(hangUp(socket), interloop::sleepFor(1s)));
    } catch (const std::system_error &) {
        // That it was reset now is no loss.
    }
}

// Whether the answer was a good one and has reached the client.
Task<bool> serve(TcpSocket &socket, StatePointer state, Request request)
{
    const std::string name = "GET " + request.path().toStdString();
    TaskHandle<HttpAnswer> handler = interloop::spawn(answerTo(state, std::move(request)), name);
    auto first = co_await interloop::race(handler, hangUp(socket));
    if (first.index() != 0)
        co_return false; // the race has ended the handler
    const HttpAnswer answer = std::get<0>(std::move(first));
    co_await socket.write(responseHead(answer.status, answer.text.size()) + answer.text);
    co_await socket.shutdown();
    co_return answer.status < 400;
}

Task<> serveClient(TcpSocket socket, StatePointer state)
{
    bool isServed = false;
    try {
        Request request = co_await requestOf(socket);
        if (request.status() == 0)
            co_return;
        isServed = co_await serve(socket, state, std::move(request));
    } catch (const std::system_error &) {
        // The client has gone: nobody is left to be told.
    }
    ++(isServed ? state->figures.served : state->figures.failed);
    state->tell();
    if (socket.isOpen())
        co_await linger(socket);
}

} // namespace

Task<> serveAll(TcpServer server, StatePointer state)
{
    for (;;) {
        bool isFull = false;
        try {
            TcpSocket socket = co_await server.accept();
            if (state->isOver)
                co_return;
            std::erase_if(state->clients, [](const TaskHandle<> &client) { return client.isDone(); });
            state->clients.push_back(interloop::spawn(serveClient(std::move(socket), state), "client"));
        } catch (const std::system_error &) { // no descriptor is left
            isFull = true;
        }
        if (isFull)
            co_await interloop::sleepFor(100ms);
    }
}
