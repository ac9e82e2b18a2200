// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>

#include <QCoreApplication>
#include <QString>
#include <QStringList>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <system_error>

/*
 * What the workbench's buttons do: plain functions that block until they have their result. Each has a source file of
 * its own, and the stretch of it that the page shows beside the button.
 *
 * They know their wait and their arguments and no widget, and run on any thread that has a bridge. A result's first
 * line is a sentence that can stand alone; so is that of what they throw.
 */

class HttpReply;
class Wait;

// Takes text as it comes, whole lines or parts of them.
using Output = std::function<void(const QString &)>;

// What to fetch, resolve, hash and run at once.
class Everything
{
public:
    explicit Everything(const QStringList &inputs)
        : url(inputs.value(0)), host(inputs.value(1)), folder(inputs.value(2)), command(inputs.value(3))
    { }

    QString url;
    QString host;
    QString folder;
    QString command;
};

QString fetchPage(Wait &wait, const QString &url, std::chrono::seconds timeout);
QString resolveName(Wait &wait, const QString &host);
QString hashFolder(Wait &wait, const QString &folder);
QString runProgram(Wait &wait, const QString &command, const Output &output);
QString countInRedis(Wait &wait, const QString &host, int port);
QString waitForSignal(Wait &wait, const QString &name);
QString everythingAtOnce(Wait &wait, const Everything &what);
QString raceTheClock(Wait &wait, const QString &url, std::chrono::milliseconds limit);

// What some of them are made of.
QString pageText(const HttpReply &reply);
QString addressesText(const QString &host, const QStringList &addresses);
interloop::Task<QStringList> addressesOf(QString host);
interloop::Task<QString> hashFiles(QString folder);
interloop::Task<QString> streamProgram(QString command, Output output);

// A failure in a sentence of the workbench's own, with a full stop.
class ActionError : public std::runtime_error
{
public:
    explicit ActionError(const QString &sentence) : std::runtime_error(sentence.toStdString()) { }
};

// "connection refused"
QString reasonOf(const std::system_error &error);

// A button: what it is called and what it does.
class Action
{
    Q_DECLARE_TR_FUNCTIONS(Action)

public:
    enum Index { Fetch, Resolve, Hash, Run, Redis, Signal, Gather, Race };

    // Calls the function with the inputs that the page has for it, a line each.
    using Function = std::function<QString(Wait &wait, const QStringList &inputs, const Output &output)>;

    Action(const char *name, const QString &text, const QString &title, const QString &tip, Function function)
        : name(QString::fromLatin1(name)), text(text), title(title), tip(tip), function(std::move(function))
    { }

    QString code() const; // the stretch of its source that is shown

    QString name; // "fetch": of its button, and of its source file
    QString text; // the button's, with a mnemonic
    QString title; // the wait's
    QString tip;
    QString argumentTip;
    QString defaultArgument;
    Function function;
};

// All of them, in the order of Action::Index.
QList<Action> workbenchActions();
