// SPDX-License-Identifier: MIT
#pragma once

#include <QPlainTextEdit>

/*
 * What was said in the console, by both sides; of the last 5,000 lines. It follows what comes, unless somebody has
 * scrolled back.
 */

class Transcript final : public QPlainTextEdit
{
public:
    Transcript();

    enum class Kind { Plain, Failure };

    // A label, and a text of one or more lines beside it.
    void add(const QString &label, const QString &text, Kind kind = Kind::Plain);

private:
    void changeEvent(QEvent *event) override;
};
