// SPDX-License-Identifier: MIT
#include "request.h"

#include <QUrlQuery>

#include <algorithm>

Request::Request(const QByteArray &line)
{
    const QList<QByteArray> words = line.trimmed().split(' ');
    if (words.size() != 3 || words[0] != "GET" || !words[1].startsWith('/'))
        return;
    m_url = QUrl::fromEncoded("http://server" + words[1]);
    m_isGet = m_url.isValid();
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
    while (!head.contains("\r\n\r\n")) {
        const QByteArray more = co_await socket.read();
        if (more.isEmpty() || head.size() > longest)
            co_return Request();
        head += more;
    }
    co_return Request(head.left(head.indexOf('\r')));
}
