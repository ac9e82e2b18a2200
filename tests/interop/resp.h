// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <QByteArray>

#include <stdexcept>
#include <utility>
#include <vector>

/*
 * As much of redis's protocol (RESP 2) as the tests need.
 */

namespace interloop::test {

class Reply
{
public:
    explicit Reply(char itsKind, QByteArray itsText = {}) : kind(itsKind), text(std::move(itsText)) { }

    char kind; // '+' a status, '-' an error, ':' a number, '$' bytes, '*' a list; '_' nothing
    QByteArray text;
    std::vector<Reply> elements;
};

template<typename... Words>
QByteArray command(const Words &...words)
{
    QByteArray bytes = '*' + QByteArray::number(int(sizeof...(words))) + "\r\n";
    const auto add = [&bytes](const QByteArray &word) {
        bytes += '$' + QByteArray::number(word.size()) + "\r\n" + word + "\r\n";
    };
    (add(QByteArray(words)), ...);
    return bytes;
}

inline Task<Reply> readReply(Stream &stream)
{
    const QByteArray line = co_await stream.readUntil("\r\n");
    if (line.size() < 3)
        throw std::runtime_error("redis has closed the connection");
    Reply reply(line.front(), line.mid(1, line.size() - 3));
    if (reply.kind == '$' || reply.kind == '*') {
        const int count = reply.text.toInt();
        reply.text.clear();
        if (count < 0) {
            reply.kind = '_';
        } else if (reply.kind == '$') {
            reply.text = co_await stream.readExactly(count + 2);
            reply.text.chop(2);
        } else {
            for (int i = 0; i < count; ++i)
                reply.elements.push_back(co_await readReply(stream));
        }
    }
    co_return reply;
}

inline Task<Reply> ask(Stream &stream, QByteArray command)
{
    co_await stream.write(std::move(command));
    co_return co_await readReply(stream);
}

} // namespace interloop::test
