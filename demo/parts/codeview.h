// SPDX-License-Identifier: MIT
#pragma once

#include <QPlainTextEdit>
#include <QString>

/*
 * Shows a stretch of the demo's own source: the code that runs, not a copy of it. The sources are resources of the
 * program, and a stretch of one is what lies between two lines with its marker:
 *
 *     //! [code]
 *     const HttpReply reply = runSync(wait.watch(httpGet(url, timeout)));
 *     //! [code]
 */

// The stretch of `file`, "workbench/fetch.cpp", without the indentation that all of its lines have. Empty: there is
// none.
QString codeOf(const QString &file, const QString &section = QStringLiteral("code"));

// Read-only, to be read and copied by mouse and keyboard, with the waits set off.
class CodeView final : public QPlainTextEdit
{
public:
    explicit CodeView(QWidget *parent = nullptr);

    void showCode(const QString &code);

private:
    void changeEvent(QEvent *event) override;

    class Highlighter;
    Highlighter *m_highlighter;
};
