// SPDX-License-Identifier: MIT
#include <demo/console/token.h>

#include <demo/console/command.h>

namespace {

// The word that begins at `begin`.
Token readWord(const QString &line, qsizetype begin)
{
    QString text;
    QChar quote; // null: outside quotes
    qsizetype opened = begin;
    qsizetype i = begin;
    for (; i < line.size(); ++i) {
        const QChar c = line[i];
        const bool isEscape = c == '\\' && quote == '"' && i + 1 < line.size();
        if (isEscape && (line[i + 1] == '"' || line[i + 1] == '\\')) {
            text += line[++i];
        } else if (quote.isNull() && (c == '"' || c == '\'')) {
            quote = c;
            opened = i;
        } else if (c == quote) {
            quote = QChar();
        } else if (quote.isNull() && (c.isSpace() || c == '{' || c == '}' || c == ';')) {
            break;
        } else {
            text += c;
        }
    }
    if (!quote.isNull())
        throw CommandError(Command::tr("character %1: this quote is not closed").arg(opened + 1));
    return Token(Token::Kind::Word, begin, i, text);
}

} // namespace

QList<Token> readTokens(const QString &line)
{
    QList<Token> tokens;
    for (qsizetype i = 0; i < line.size();) {
        const QChar c = line[i];
        if (c.isSpace()) {
            ++i;
        } else if (c == '{' || c == '}' || c == ';') {
            using Kind = Token::Kind;
            const Kind kind = c == '{' ? Kind::Open : c == '}' ? Kind::Close : Kind::Semicolon;
            tokens << Token(kind, i, i + 1);
            ++i;
        } else {
            tokens << readWord(line, i);
            i = tokens.last().end;
        }
    }
    tokens << Token(Token::Kind::End, line.size(), line.size());
    return tokens;
}
