// SPDX-License-Identifier: MIT
#include <demo/http/request.h>

#include <QUrlQuery>

#include <algorithm>
#include <system_error>

namespace {

const char *reasonPhrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

} // namespace

Request::Request(const QByteArray &line) : m_status(400)
{
    const QList<QByteArray> words = line.trimmed().split(' ');
    if (words.size() != 3 || !words[1].startsWith('/') || !words[2].startsWith("HTTP/1."))
        return;
    m_url = QUrl::fromEncoded("http://server" + words[1]);
    if (m_url.isValid())
        m_status = words[0] == "GET" ? 200 : 405;
}

Request Request::refused(int status)
{
    Request request;
    request.m_status = status;
    return request;
}

qint64 Request::number(const char *name, qint64 otherwise, qint64 maximum) const
{
    bool isNumber = false;
    const qint64 value = QUrlQuery(m_url).queryItemValue(QLatin1String(name)).toLongLong(&isNumber);
    return isNumber ? std::clamp<qint64>(value, 0, maximum) : otherwise;
}

interloop::Task<Request> readRequest(interloop::TcpSocket &socket)
{
    constexpr qsizetype longest = 16384;
    QByteArray head;
    try {
        head = co_await socket.readUntil("\r\n\r\n", longest);
    } catch (const std::system_error &error) {
        if (error.code() != std::errc::message_size)
            throw;
        co_return Request::refused(431);
    }
    if (head.isEmpty())
        co_return Request();
    if (!head.endsWith("\r\n\r\n"))
        co_return Request::refused(400);
    co_return Request(head.left(head.indexOf('\r')));
}

QByteArray responseHead(int status, qint64 length)
{
    return "HTTP/1.1 " + QByteArray::number(status) + ' ' + reasonPhrase(status)
            + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " + QByteArray::number(length)
            + "\r\nConnection: close\r\n\r\n";
}
