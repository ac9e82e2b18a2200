// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>

#include <utility>

/*
 * The pieces that a line of the console's language is made of.
 */

class Token
{
public:
    enum class Kind { Word, Open, Close, Semicolon, End };

    Token(Kind kind, qsizetype begin, qsizetype end, QString text = {})
        : kind(kind), begin(begin), end(end), text(std::move(text))
    { }

    Kind kind;
    qsizetype begin; // in the line
    qsizetype end;
    QString text; // of a word, without its quotes
};

// Those of the line, and an End behind them. Throws CommandError for a quote that is not closed.
QList<Token> readTokens(const QString &line);
